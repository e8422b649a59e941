import type { Vhost } from '../../broker/vhost.ts';
import { notFound, ok } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { seesEverything } from '../auth.ts';
import type { Call, Json } from '../call.ts';
import { consumersOf } from '../client-view.ts';
import { churnMeasures } from '../measures.ts';
import { contextsJson, exchangeTypesJson, listenerJson, memoryJson, nodeJson } from '../node-view.ts';
import type { Route } from '../route.ts';
import { openVhosts } from '../topology.ts';
import { brokerTotals, totalsOf } from '../totals-view.ts';

/** The broker as a whole, and its node (API-20, API-22, API-25). */
export const overviewRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/overview',
    access: 'user',
    summary: 'What the broker is, holds and does',
    handle: overview,
  },
  {
    method: 'GET',
    path: '/version',
    access: 'anybody',
    summary: 'The version of RabbitMQ whose behaviour is followed',
    handle: ({ host }) => ok(host.actsAs),
  },
  {
    method: 'GET',
    path: '/nodes',
    access: 'monitor',
    summary: 'The nodes of the cluster: one',
    handle: async (call) => ok([await nodeJson(call.host)]),
  },
  {
    method: 'GET',
    path: '/nodes/:node',
    access: 'monitor',
    summary: 'A node, with what it has and uses',
    query: { memory: 'true: also what memory is used for' },
    handle: oneNode,
  },
  {
    method: 'GET',
    path: '/nodes/:node/memory',
    access: 'monitor',
    summary: 'What memory is used for',
    handle: memory,
  },
];

function overview(call: Call): Answer {
  const { host, broker, user } = call;
  const { actsAs } = host;
  const isMonitor = seesEverything(user);
  const vhosts = isMonitor ? [...broker.vhosts.values()] : openVhosts(call);
  return ok({
    management_version: actsAs,
    product_name: 'RabbitMQ',
    product_version: actsAs,
    rabbitmq_version: actsAs,
    platform: host.platform,
    cluster_name: broker.clusterName,
    cluster_tags: {},
    node_tags: {},
    erlang_version: process.versions.node,
    erlang_full_version: `Node.js ${process.version}`,
    crypto_lib_version: `OpenSSL ${process.versions.openssl}`,
    rates_mode: 'basic',
    sample_retention_policies: { global: [5], basic: [5], detailed: [] },
    default_queue_type: 'classic',
    is_op_policy_updating_enabled: true,
    disable_stats: false,
    enable_queue_totals: false,
    exchange_types: exchangeTypesJson(),
    churn_rates: host.sampler.withRates(broker.churn, churnMeasures(broker.churn)),
    ...(isMonitor ? brokerTotals(host) : totalsOf(host, vhosts)),
    object_totals: objectTotals(call, vhosts),
    ...(isMonitor ? ofTheNode(call) : {}),
  });
}

/** What only who sees everything is told. */
function ofTheNode({ host }: Call): Json {
  return {
    node: host.nodeName,
    statistics_db_event_queue: 0,
    listeners: host.listeners().map((listener) => listenerJson(host, listener)),
    contexts: contextsJson(host).map((context) => ({ ...context, node: host.nodeName })),
  };
}

function objectTotals({ broker }: Call, vhosts: readonly Vhost[]): Json {
  const names = new Set(vhosts.map(({ name }) => name));
  const connections = [...broker.connections].filter(({ vhostName }) => names.has(vhostName));
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  return {
    connections: connections.length,
    channels: sum(connections.map(({ channelCount }) => channelCount)),
    consumers: [...consumersOf(connections)].length,
    exchanges: sum(vhosts.map(({ exchanges }) => exchanges.size)),
    queues: sum(vhosts.map(({ queues }) => queues.size)),
  };
}

/** @throws {Refusal} 404 for another node than this one */
function atNode(call: Call): Call {
  if (call.param('node') !== call.host.nodeName) throw notFound();
  return call;
}

async function oneNode(call: Call): Promise<Answer> {
  const node = await nodeJson(atNode(call).host);
  return ok(call.query.get('memory') === 'true' ? { ...node, memory: memoryJson() } : node);
}

function memory(call: Call): Answer {
  atNode(call);
  return ok({ memory: memoryJson() });
}
