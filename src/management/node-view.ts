import { readdir } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { exchangeTypes } from '../broker/exchange-types.ts';
import type { Json } from './call.ts';
import type { ListenerFacts, ManagementContext } from './host.ts';
import { churnMeasures } from './measures.ts';
import type { Measures } from './measures.ts';

/** Erlang processes RabbitMQ may have; the figure is shown because tools ask for it. */
const MOST_PROCESSES = 1_048_576;

const exchangeTypeTexts: Readonly<Record<keyof typeof exchangeTypes, string>> = {
  direct: 'AMQP direct exchange, as per the AMQP specification',
  fanout: 'AMQP fanout exchange, as per the AMQP specification',
  topic: 'AMQP topic exchange, as per the AMQP specification',
  headers: 'AMQP headers exchange, as per the AMQP specification',
  'x-consistent-hash': 'Consistent Hashing Exchange',
  'x-modulus-hash': 'Modulus Hashing Exchange',
  'x-random': 'Picks one random binding (queue) to route via (to).',
  'x-local-random': 'Picks one random local binding (queue) to route via (to).',
  'x-recent-history': 'Recent History Exchange.',
  'x-delayed-message': 'Delayed Message Exchange.',
};

/** The plugins of RabbitMQ whose work is done here. */
const PLUGINS = [
  'rabbitmq_management',
  'rabbitmq_consistent_hash_exchange',
  'rabbitmq_delayed_message_exchange',
  'rabbitmq_random_exchange',
  'rabbitmq_recent_history_exchange',
];

/** Every type an exchange may have. */
export function exchangeTypesJson(): Json[] {
  return Object.entries(exchangeTypeTexts).map(([name, description]) => ({
    name,
    description,
    enabled: true,
  }));
}

export function listenerJson({ nodeName }: ManagementContext, { protocol, host, port }: ListenerFacts): Json {
  const tls = protocol === 'amqp/ssl' || protocol === 'https';
  return { node: nodeName, protocol, ip_address: host, port, tls, socket_opts: { nodelay: true } };
}

/** The web pages of RabbitMQ; of ours there is the API. */
export function contextsJson(context: ManagementContext): Json[] {
  const http = context.listeners().find(({ protocol }) => protocol === 'http' || protocol === 'https');
  if (http === undefined) return [];
  const { host: ip, port } = http;
  return [{ description: 'RabbitMQ Management', path: '/', ip, port: String(port), ssl_opts: [] }];
}

/** The node, with what it has and uses (API-22). */
export async function nodeJson(context: ManagementContext): Promise<Json> {
  const { broker, node, limits, alarms, wallClock, sampler } = context;
  return {
    name: context.nodeName,
    type: 'disc',
    running: true,
    being_drained: false,
    partitions: [],
    os_pid: String(process.pid),
    uptime: Math.floor(wallClock.now() - node.startedAt),
    run_queue: broker.busyCount,
    processors: availableParallelism(),
    rates_mode: 'basic',
    net_ticktime: 60,
    ...(await resourcesJson(context)),
    mem_alarm: alarms.low.includes('memory'),
    disk_free_alarm: alarms.low.includes('disk'),
    mem_calculation_strategy: 'rss',
    fd_used: await openFiles(),
    fd_total: orMany(limits.sockets),
    sockets_used: broker.connections.count,
    sockets_total: orMany(limits.sockets),
    proc_used: processes(context),
    proc_total: MOST_PROCESSES,
    ...sampler.withRates(broker.churn, churnMeasures(broker.churn)),
    exchange_types: exchangeTypesJson(),
    auth_mechanisms: mechanismsJson(),
    applications: [{ name: 'rabbit', description: context.platform, version: context.actsAs }],
    contexts: contextsJson(context),
    enabled_plugins: PLUGINS,
    log_files: ['<stderr>'],
    config_files: [],
    db_dir: node.data ?? '',
    cluster_links: [],
    rabbitmq_version: context.actsAs,
    erlang_version: process.versions.node,
  };
}

/** Bytes. */
export async function resourcesJson({ node }: Pick<ManagementContext, 'node'>): Promise<Measures> {
  return {
    mem_used: node.usedMemory(),
    mem_limit: node.memoryHigh === Infinity ? totalmem() : node.memoryHigh,
    disk_free: await node.freeDisk(),
    disk_free_limit: node.diskFreeLimit,
  };
}

function mechanismsJson(): Json[] {
  const mechanisms = { PLAIN: 'SASL PLAIN', AMQPLAIN: 'QPid AMQPLAIN', EXTERNAL: 'SASL EXTERNAL' };
  return Object.entries(mechanisms).map(([name, description]) => ({
    name,
    description: `${description} authentication mechanism`,
    enabled: true,
  }));
}

/** A number where there may be no limit. */
function orMany(limit: number): number {
  return limit === Infinity ? Number.MAX_SAFE_INTEGER : limit;
}

/** How many the process has open; 0 where the system does not tell. */
export async function openFiles(): Promise<number> {
  try {
    return (await readdir('/proc/self/fd')).length;
  } catch {
    return 0;
  }
}

/** What has a process of its own in RabbitMQ: connections, channels and queues. */
function processes({ broker }: ManagementContext): number {
  let count = broker.connections.count;
  for (const { channelCount } of broker.connections) count += channelCount;
  for (const { queues } of broker.vhosts.values()) count += queues.size;
  return count;
}

/** Kinds of memory that exist only in RabbitMQ: tools want them all. */
const ELSEWHERE = [
  'connection_readers',
  'connection_writers',
  'connection_channels',
  'connection_other',
  'queue_procs',
  'stream_queue_procs',
  'stream_queue_replica_reader_procs',
  'stream_queue_coordinator_procs',
  'quorum_queue_procs',
  'quorum_queue_dlx_procs',
  'plugins',
  'metadata_store',
  'metrics',
  'mgmt_db',
  'quorum_ets',
  'mnesia',
  'metadata_store_ets',
  'other_ets',
  'msg_index',
  'code',
  'atom',
  'reserved_unallocated',
];

/** What memory is used for: bytes of messages and sockets as `binary`, objects as `other_proc`. */
export function memoryJson(): Json {
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  return {
    ...Object.fromEntries(ELSEWHERE.map((kind) => [kind, 0])),
    binary: external,
    other_proc: heapUsed,
    allocated_unused: heapTotal - heapUsed,
    other_system: Math.max(0, rss - heapTotal - external),
    strategy: 'rss',
    total: { rss, allocated: heapTotal + external, erlang: heapUsed + external },
  };
}
