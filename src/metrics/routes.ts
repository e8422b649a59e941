import type { Route } from '../management/route.ts';
import { scrapes, TEXT_FORMAT } from './scrape.ts';

/** The metrics on the port of the management API, for who may see everything. */
export const metricsRoutes: readonly Route[] = Object.entries(scrapes).map(([path, scrape]) => ({
  method: 'GET',
  path,
  access: 'monitor',
  summary: 'Metrics for Prometheus',
  handle: ({ host, query }) => ({
    status: 200,
    pieces: scrape(host, query),
    headers: { 'content-type': TEXT_FORMAT },
  }),
}));
