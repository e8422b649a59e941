import type { Route } from './route.ts';
import { overviewRoutes } from './routes/overview.ts';
import { whoamiRoutes } from './routes/whoami.ts';

/** Everything the API can do. */
export const routes: readonly Route[] = [...overviewRoutes, ...whoamiRoutes];
