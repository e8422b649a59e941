import { ok } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import type { Route } from '../route.ts';

/** What the node says of itself. */
export const overviewRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/overview',
    access: 'user',
    summary: 'What the broker is and holds',
    handle: overview,
  },
];

function overview({ host, broker }: Call): Answer {
  return ok({
    management_version: host.actsAs,
    product_name: 'RabbitMQ',
    product_version: host.actsAs,
    rabbitmq_version: host.actsAs,
    cluster_name: broker.clusterName,
    node: host.nodeName,
  });
}
