import { inPieces } from '../management/breather.ts';
import type { ManagementHost } from '../management/host.ts';
import { clusterFamilies } from './exchange-families.ts';
import { distributionText, figureText } from './figure.ts';
import type { Figure } from './figure.ts';
import { alarmFigures, identityFigures, nodeFigures } from './node-figures.ts';
import { distributions, ownFigures } from './own-figures.ts';
import { sumUp } from './sums.ts';
import { tables } from './table.ts';
import type { Choice } from './table.ts';
import { countFigures, globalFigures } from './total-figures.ts';

export const TEXT_FORMAT = 'text/plain; version=0.0.4';

/** Everything but distributions, without a label for each queue or channel. */
export async function totalFigures(host: ManagementHost): Promise<Figure[]> {
  const sums = await sumUp(host);
  const figures = Object.values(await nodeFigures(host)).flat();
  for (const table of tables) figures.push(...(await table.totals(host, sums)));
  return [
    ...figures,
    ...countFigures(host),
    ...globalFigures(host, sums),
    ...alarmFigures(host),
    ...ownFigures(host),
  ];
}

/** Everything as a whole. */
async function* aggregated(host: ManagementHost): AsyncGenerator<string> {
  yield* inPieces([...identityFigures(host, 'aggregated'), ...(await totalFigures(host))].map(figureText));
  yield distributionTexts(host);
}

/** With a line for each queue, connection, channel and exchange. */
async function* perObject(host: ManagementHost): AsyncGenerator<string> {
  const sums = await sumUp(host);
  const figures = [
    ...identityFigures(host, 'per-object'),
    ...Object.values(await nodeFigures(host)).flat(),
    ...countFigures(host),
    ...globalFigures(host, sums),
    ...alarmFigures(host),
    ...ownFigures(host),
  ];
  yield* inPieces(figures.map(figureText));
  yield distributionTexts(host);
  yield* each(host, { isFamily: () => true, isVhost: () => true, infix: '' });
}

/**
 * What is asked for.
 * @param families by the names RabbitMQ has for them; others are ignored
 * @param vhosts those whose things are wanted; none: of all
 */
async function* detailed(
  host: ManagementHost,
  families: readonly string[],
  vhosts: readonly string[],
): AsyncGenerator<string> {
  const isVhost = (name: string): boolean => vhosts.length === 0 || vhosts.includes(name);
  const ofNode = Object.entries(await nodeFigures(host))
    .filter(([name]) => families.includes(name))
    .flatMap(([, figures]) => figures)
    .map((figure) => ({ ...figure, name: figure.name.replace('rabbitmq_', 'rabbitmq_detailed_') }));
  const ofCluster = Object.entries(clusterFamilies)
    .filter(([name]) => families.includes(name))
    .map(([, list]) => list(host, isVhost));
  yield* inPieces([...identityFigures(host, 'detailed'), ...ofNode, ...ofCluster].map(figureText));
  yield* each(host, { isFamily: (name) => families.includes(name), isVhost, infix: 'detailed_' });
}

/** What is told at each path, as in RabbitMQ. */
export const scrapes: Readonly<
  Record<string, (host: ManagementHost, query: URLSearchParams) => AsyncIterable<string>>
> = {
  '/metrics': aggregated,
  '/metrics/per-object': perObject,
  '/metrics/detailed': (host, query) => detailed(host, query.getAll('family'), query.getAll('vhost')),
};

async function* each(host: ManagementHost, choice: Choice): AsyncGenerator<string> {
  for (const table of tables) yield* inPieces(table.texts(host, choice));
}

function distributionTexts(host: ManagementHost): string {
  return distributions(host).map(distributionText).join('');
}
