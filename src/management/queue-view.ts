import type { DeclaredQueue } from '../broker/declared-queue.ts';
import { Queue } from '../broker/queue.ts';
import { QUORUM } from '../broker/queue-type.ts';
import type { Message } from '../broker/message.ts';
import type { Call, Json } from './call.ts';
import { consumerJson, consumersOf } from './client-view.ts';
import type { ManagementContext } from './host.ts';
import { queueDepth, queueStats } from './measures.ts';
import { propertiesJson, tableJson } from './table-json.ts';

/** What the entry of a message weighs in memory beside its body, in bytes: measured with `npm run bench`. */
const ENTRY_BYTES = 250;
/** The same for a queue without messages. */
const QUEUE_BYTES = 4_000;

/** A queue as lists show it (API-34). */
export function queueJson(context: ManagementContext, queue: DeclaredQueue): Json {
  const { sampler } = context;
  const idleSince = sampler.idleSince(queue.counts);
  const stats = queueStats(queue);
  const hasStats = Object.values(stats).some((count) => count !== 0);
  return {
    ...plainQueueJson(context, queue),
    ...sampler.withRates(queue, queueDepth(queue)),
    ...(queue instanceof Queue ? heldJson(queue) : {}),
    consumers: queue.consumers.count,
    consumer_capacity: capacity(queue),
    consumer_utilisation: capacity(queue),
    ...consumerTags(queue),
    ...(hasStats ? { message_stats: sampler.withRates(queue.counts, stats) } : {}),
    ...(idleSince === undefined ? {} : { idle_since: idleSince }),
  };
}

/** A queue by itself. What came from whom is not counted, as in RabbitMQ with `rates_mode` basic. */
export function queueAloneJson({ host, broker }: Call, queue: DeclaredQueue): Json {
  const placed = [...consumersOf(broker.connections)].filter(({ consumer }) => consumer.queue === queue);
  const head = queue instanceof Queue ? queue.ready.peek()?.message : undefined;
  const stats = host.sampler.withRates(queue.counts, queueStats(queue));
  return {
    ...queueJson(host, queue),
    message_stats: stats,
    head_message_timestamp: head === undefined ? null : timestampOf(host, head),
    consumer_details: placed.map((one) => consumerJson(host, one)),
    incoming: [],
    deliveries: [],
  };
}

/** A queue without statistics: `disable_stats` (API-10). */
export function plainQueueJson(context: ManagementContext, queue: DeclaredQueue): Json {
  const { name, vhost, autoDelete, durable, owner, table } = queue.identity;
  const { type } = queue.arguments;
  const { policy, operatorPolicy, definition } = queue.policies;
  const { nodeName } = context;
  const members = type.isReplicated ? { leader: nodeName, members: [nodeName], online: [nodeName] } : {};
  return {
    name,
    vhost,
    type: type.name,
    durable,
    auto_delete: autoDelete,
    exclusive: owner !== undefined,
    arguments: tableJson(table),
    node: nodeName,
    state: 'running',
    internal: false,
    internal_owner: false,
    policy: policy?.name ?? null,
    operator_policy: operatorPolicy?.name ?? null,
    effective_policy_definition: definition,
    ...members,
    ...(owner === undefined ? {} : ownerJson(context, owner)),
  };
}

/** The connection an exclusive queue belongs to. */
function ownerJson({ broker }: ManagementContext, owner: object): Json {
  const details = broker.connections.find(owner)?.details;
  if (details === undefined) return {};
  const { name, peerHost, peerPort } = details;
  return { owner_pid_details: { name, peer_host: peerHost, peer_port: peerPort } };
}

/** What a queue that hands messages out holds, in bytes and by kind. */
function heldJson(queue: Queue): Json {
  const { ready, unackedCount, kept, delayed, load } = queue;
  const delayedBytes = delayed?.bytes ?? 0;
  const bytes = ready.bytes + load.unackedBytes + delayedBytes;
  const { deliveryLimit: limit } = queue.settings;
  return {
    message_bytes: bytes,
    message_bytes_ready: ready.bytes,
    message_bytes_unacknowledged: load.unackedBytes,
    messages_persistent: load.recordedCount,
    message_bytes_persistent: load.recordedBytes,
    memory: QUEUE_BYTES + ENTRY_BYTES * (ready.length + unackedCount + (delayed?.length ?? 0)),
    ...(queue.arguments.type === QUORUM
      ? {
          delivery_limit: limit === Infinity ? 'unlimited' : limit,
          messages_dlx: kept?.length ?? 0,
          message_bytes_dlx: kept?.bytes ?? 0,
          ...delayedJson(queue),
        }
      : { storage_version: 2 }),
  };
}

/** Retries that wait, and how long they do (DLV-09). */
function delayedJson({ delayed, settings: { delayedRetry: retry } }: Queue): Json {
  const next = delayed?.nextAt ?? Infinity;
  return {
    delayed_retry:
      retry === undefined ? 'disabled' : `${retry.type} (min: ${retry.least}ms, max: ${retry.most}ms)`,
    messages_delayed: delayed?.length ?? 0,
    ...(next === Infinity ? {} : { next_delayed_at: Math.ceil(next) }),
  };
}

/** Whether consumers would take a message at once: 1 or 0, at this moment. */
function capacity({ consumers, messageCount }: DeclaredQueue): number {
  if (consumers.count === 0) return 0;
  if (messageCount === 0) return 1;
  for (const consumer of consumers) if (!consumer.blocked) return 1;
  return 0;
}

function consumerTags({ consumers }: DeclaredQueue): Json {
  let [exclusive, active]: (string | null)[] = [null, null];
  for (const consumer of consumers) {
    if (consumer.exclusive) exclusive = consumer.consumerTag;
    if (consumers.roleOf(consumer) === 'single_active') active = consumer.consumerTag;
  }
  return { exclusive_consumer_tag: exclusive ?? null, single_active_consumer_tag: active ?? null };
}

function timestampOf(
  { broker }: ManagementContext,
  { page, propertiesAt, propertiesLength }: Message,
): unknown {
  const bytes = page.bytes ?? broker.journal.load(page);
  return propertiesJson(bytes.subarray(propertiesAt, propertiesAt + propertiesLength))['timestamp'] ?? null;
}
