import type { Broker } from '../../broker/broker.ts';
import { badRequest, NO_CONTENT, notFound, ok } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Call, Json } from '../call.ts';
import type { Route } from '../route.ts';

/** RabbitMQ's names of what may be missing in a cluster of mixed versions, and is here: always on. */
const FLAGS: Readonly<Record<string, string>> = {
  quorum_queue: 'Quorum queues',
  stream_queue: 'Streams',
  implicit_default_bindings: 'Bindings to the default exchange are not stored',
  virtual_host_metadata: 'Vhosts have a description and tags',
  user_limits: 'Users have limits of connections and channels',
  detailed_queues_endpoint: 'Queues are listed with everything by /queues/detailed',
  message_containers_deaths_v2:
    'Deaths in x-death are in the order in which they happened, the youngest first',
};

interface Deprecated {
  readonly name: string;
  readonly desc: string;
  readonly isUsed: (broker: Broker) => boolean;
}

/** What later versions of RabbitMQ refuse and works here. */
const DEPRECATED: readonly Deprecated[] = [
  { name: 'global_qos', desc: 'A prefetch for a whole channel', isUsed: () => false },
  {
    name: 'transient_nonexcl_queues',
    desc: 'Transient queues that are not exclusive',
    isUsed: ({ vhosts }) =>
      [...vhosts.values()].some(({ queues }) =>
        [...queues.values()].some(({ durable, identity }) => !durable && identity.owner === undefined),
      ),
  },
];

/** What this broker can do, as administration tools ask for it (API-23, API-64, API-65). */
export const featureRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/extensions',
    access: 'user',
    summary: 'Extensions of the user interface: none',
    handle: () => ok([]),
  },
  {
    method: 'GET',
    path: '/feature-flags',
    access: 'user',
    summary: 'What there is under a name; all of it is always on',
    handle: () => ok(Object.entries(FLAGS).map(flagJson)),
  },
  {
    method: 'PUT',
    path: '/feature-flags/:name/enable',
    access: 'administrator',
    summary: 'Turns on what is always on',
    handle: enable,
  },
  {
    method: 'GET',
    path: '/deprecated-features',
    access: 'user',
    summary: 'What later versions of RabbitMQ refuse and works here',
    handle: () => ok(DEPRECATED.map(deprecatedJson)),
  },
  {
    method: 'GET',
    path: '/deprecated-features/used',
    access: 'user',
    summary: 'Those of them that are in use, as far as that can be seen',
    handle: ({ broker }) => ok(DEPRECATED.filter(({ isUsed }) => isUsed(broker)).map(deprecatedJson)),
  },
  {
    method: 'POST',
    path: '/rebalance/queues',
    access: 'administrator',
    summary: 'Spreads queues evenly over the nodes, of which there is one',
    handle: () => NO_CONTENT,
  },
  {
    method: 'DELETE',
    path: '/reset',
    access: 'administrator',
    summary: 'Forgets the samples from which rates are computed',
    handle: reset,
  },
  {
    method: 'DELETE',
    path: '/reset/:node',
    access: 'administrator',
    summary: 'The same for a node, of which there is one',
    handle: (call) => {
      if (call.param('node') !== call.host.nodeName) throw notFound();
      return reset(call);
    },
  },
];

function reset({ host }: Call): Answer {
  host.sampler.reset();
  return NO_CONTENT;
}

function flagJson([name, desc]: readonly [string, string]): Json {
  return { name, desc, doc_url: '', state: 'enabled', stability: 'required', provided_by: 'rabbit' };
}

function deprecatedJson({ name, desc }: Deprecated): Json {
  const phase = { state: 'permitted', deprecation_phase: 'permitted_by_default' };
  return { name, desc, ...phase, doc_url: '', provided_by: 'rabbit' };
}

function enable(call: Call): Answer {
  if (!Object.hasOwn(FLAGS, call.param('name'))) throw badRequest('unsupported');
  return NO_CONTENT;
}
