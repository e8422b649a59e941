import type { Subscription } from '../broker/consumers.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import { Queue } from '../broker/queue.ts';
import { QUORUM } from '../broker/queue-type.ts';
import type { Message } from '../broker/message.ts';
import type { Call, Json } from './call.ts';
import { consumerJson, consumersOf } from './client-view.ts';
import type { ManagementContext } from './host.ts';
import { consumerCapacity, hasCounted, memoryOf, queueDepth, queueStats } from './measures.ts';
import { propertiesJson, tableJson } from './table-json.ts';

/** An object that is made field by field. */
type Fields = Record<string, unknown>;

/**
 * A queue as lists show it (API-34); what is undefined is not shown. Field by field: there may be tens of thousands of
 * queues, and spreading one object into another takes hundreds of times as long.
 */
export function queueJson(context: ManagementContext, queue: DeclaredQueue): Json {
  const { sampler } = context;
  const { consumers } = queue;
  const { messages, messages_ready: ready, messages_unacknowledged: unacked } = queueDepth(queue);
  const stats = queueStats(queue);
  const json = plainQueueJson(context, queue);
  json['messages'] = messages;
  json['messages_details'] = sampler.rateOf(queue, 'messages');
  json['messages_ready'] = ready;
  json['messages_ready_details'] = sampler.rateOf(queue, 'messages_ready');
  json['messages_unacknowledged'] = unacked;
  json['messages_unacknowledged_details'] = sampler.rateOf(queue, 'messages_unacknowledged');
  if (queue instanceof Queue) addHeld(json, queue);
  json['consumers'] = consumers.count;
  json['consumer_capacity'] = consumerCapacity(queue);
  json['consumer_utilisation'] = json['consumer_capacity'];
  json['exclusive_consumer_tag'] = tagOf(queue, ({ exclusive }) => exclusive);
  json['single_active_consumer_tag'] = tagOf(queue, (one) => consumers.roleOf(one) === 'single_active');
  json['message_stats'] = hasCounted(stats) ? sampler.withRates(queue.counts, stats) : undefined;
  json['idle_since'] = sampler.idleSince(queue.counts);
  return json;
}

/** What a queue that hands messages out holds, in bytes and by kind. */
function addHeld(json: Fields, queue: Queue): void {
  const { ready, delayed, load } = queue;
  json['message_bytes'] = ready.bytes + load.unackedBytes + (delayed?.bytes ?? 0);
  json['message_bytes_ready'] = ready.bytes;
  json['message_bytes_unacknowledged'] = load.unackedBytes;
  json['messages_persistent'] = load.recordedCount;
  json['message_bytes_persistent'] = load.recordedBytes;
  json['memory'] = memoryOf(queue);
  if (queue.arguments.type === QUORUM) addQuorum(json, queue);
  else json['storage_version'] = 2;
}

/** The dead that are kept, and retries that wait, and how long they do (DLV-09). */
function addQuorum(json: Fields, { kept, delayed, settings }: Queue): void {
  const { deliveryLimit, delayedRetry: retry } = settings;
  const next = delayed?.nextAt ?? Infinity;
  json['delivery_limit'] = deliveryLimit === Infinity ? 'unlimited' : deliveryLimit;
  json['messages_dlx'] = kept?.length ?? 0;
  json['message_bytes_dlx'] = kept?.bytes ?? 0;
  json['delayed_retry'] =
    retry === undefined ? 'disabled' : `${retry.type} (min: ${retry.least}ms, max: ${retry.most}ms)`;
  json['messages_delayed'] = delayed?.length ?? 0;
  json['next_delayed_at'] = next === Infinity ? undefined : Math.ceil(next);
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
export function plainQueueJson(context: ManagementContext, queue: DeclaredQueue): Fields {
  const { name, vhost, autoDelete, durable, owner, table } = queue.identity;
  const { type } = queue.arguments;
  const { policy, operatorPolicy, definition } = queue.policies;
  const { nodeName } = context;
  const members = type.isReplicated ? [nodeName] : undefined;
  return {
    name,
    vhost,
    type: type.name,
    durable,
    auto_delete: autoDelete,
    exclusive: owner !== undefined,
    owner_pid_details: owner && ownerJson(context, owner),
    arguments: tableJson(table),
    node: nodeName,
    leader: members && nodeName,
    members,
    online: members,
    state: 'running',
    internal: false,
    internal_owner: false,
    policy: policy?.name ?? null,
    operator_policy: operatorPolicy?.name ?? null,
    effective_policy_definition: definition,
  };
}

/** The connection an exclusive queue belongs to; undefined when it is none of a client. */
function ownerJson({ broker }: ManagementContext, owner: object): Json | undefined {
  const details = broker.connections.find(owner)?.details;
  return details && { name: details.name, peer_host: details.peerHost, peer_port: details.peerPort };
}

/** The tag of the first consumer that is so; null when there is none. */
function tagOf({ consumers }: DeclaredQueue, isIt: (consumer: Subscription) => boolean): string | null {
  for (const consumer of consumers) if (isIt(consumer)) return consumer.consumerTag;
  return null;
}

function timestampOf(
  { broker }: ManagementContext,
  { page, propertiesAt, propertiesLength }: Message,
): unknown {
  const bytes = page.bytes ?? broker.journal.load(page);
  return propertiesJson(bytes.subarray(propertiesAt, propertiesAt + propertiesLength))['timestamp'] ?? null;
}
