import type { Route } from './route.ts';
import { limitRoutes } from './routes/limits.ts';
import { overviewRoutes } from './routes/overview.ts';
import { parameterRoutes } from './routes/parameters.ts';
import { permissionRoutes } from './routes/permissions.ts';
import { topicPermissionRoutes } from './routes/topic-permissions.ts';
import { userRoutes } from './routes/users.ts';
import { vhostRoutes } from './routes/vhosts.ts';
import { whoamiRoutes } from './routes/whoami.ts';

/** Everything the API can do. */
export const routes: readonly Route[] = [
  ...limitRoutes,
  ...overviewRoutes,
  ...parameterRoutes,
  ...permissionRoutes,
  ...topicPermissionRoutes,
  ...userRoutes,
  ...vhostRoutes,
  ...whoamiRoutes,
];
