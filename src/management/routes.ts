import type { Route } from './route.ts';
import { featureRoutes } from './routes/features.ts';
import { limitRoutes } from './routes/limits.ts';
import { loginRoutes } from './routes/login.ts';
import { overviewRoutes } from './routes/overview.ts';
import { parameterRoutes } from './routes/parameters.ts';
import { permissionRoutes } from './routes/permissions.ts';
import { policyRoutes } from './routes/policies.ts';
import { topicPermissionRoutes } from './routes/topic-permissions.ts';
import { userRoutes } from './routes/users.ts';
import { vhostRoutes } from './routes/vhosts.ts';

/** Everything the API can do. */
export const routes: readonly Route[] = [
  ...featureRoutes,
  ...limitRoutes,
  ...loginRoutes,
  ...overviewRoutes,
  ...parameterRoutes,
  ...permissionRoutes,
  ...policyRoutes,
  ...topicPermissionRoutes,
  ...userRoutes,
  ...vhostRoutes,
];
