import { withDocument } from './openapi.ts';
import type { Route } from './route.ts';
import { adviceRoutes } from './routes/advice.ts';
import { bindingRoutes } from './routes/bindings.ts';
import { clientRoutes } from './routes/clients.ts';
import { clockRoutes } from './routes/clock.ts';
import { definitionRoutes } from './routes/definitions.ts';
import { exchangeRoutes } from './routes/exchanges.ts';
import { faultRoutes } from './routes/faults.ts';
import { featureRoutes } from './routes/features.ts';
import { healthRoutes } from './routes/health.ts';
import { limitRoutes } from './routes/limits.ts';
import { loginRoutes } from './routes/login.ts';
import { messageRoutes } from './routes/messages.ts';
import { overviewRoutes } from './routes/overview.ts';
import { parameterRoutes } from './routes/parameters.ts';
import { permissionRoutes } from './routes/permissions.ts';
import { policyRoutes } from './routes/policies.ts';
import { queueRoutes } from './routes/queues.ts';
import { topicPermissionRoutes } from './routes/topic-permissions.ts';
import { userRoutes } from './routes/users.ts';
import { vhostRoutes } from './routes/vhosts.ts';

/** Everything the API can do. */
export const routes: readonly Route[] = withDocument([
  ...adviceRoutes,
  ...bindingRoutes,
  ...clientRoutes,
  ...clockRoutes,
  ...definitionRoutes,
  ...exchangeRoutes,
  ...faultRoutes,
  ...featureRoutes,
  ...healthRoutes,
  ...limitRoutes,
  ...loginRoutes,
  ...messageRoutes,
  ...overviewRoutes,
  ...parameterRoutes,
  ...permissionRoutes,
  ...policyRoutes,
  ...queueRoutes,
  ...topicPermissionRoutes,
  ...userRoutes,
  ...vhostRoutes,
]);
