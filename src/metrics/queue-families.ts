import type { MessageCounts } from '../broker/counts.ts';
import { deathReasons, DeathCounts, lostReasons, strategies } from '../broker/death-counts.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import { Queue } from '../broker/queue.ts';
import { QueueTotals } from '../broker/queue-totals.ts';
import type { QueueType } from '../broker/queue-type.ts';
import { consumerCapacity, memoryOf, queueDepth } from '../management/measures.ts';
import { counter, gauge, valuesOf } from './family.ts';
import type { Cell, Column, Family, Kind, Sums } from './family.ts';
import { labelText } from './figure.ts';
import type { Labels } from './figure.ts';

interface Counted {
  readonly counts: MessageCounts;
}

interface Dying {
  readonly deaths: DeathCounts | undefined;
}

const NO_DEATHS = new DeathCounts();

/** Of what hands messages out: NaN for a stream. */
function held(of: (queue: Queue) => number): (queue: DeclaredQueue) => number {
  return (queue) => (queue instanceof Queue ? of(queue) : NaN);
}

const delayedBytes = ({ delayed }: Queue): number => delayed?.bytes ?? 0;

const consumers = gauge<DeclaredQueue>(
  'queue_consumers',
  'Consumers on a queue',
  (queue) => queue.consumers.count,
);

const typeLabels = new Map<QueueType, Labels>();

/** The same object for all queues of a type: their lines are put together at once. */
function labelsOfType(type: QueueType): Labels {
  let labels = typeLabels.get(type);
  if (labels === undefined)
    typeLabels.set(type, (labels = { queue_type: type.module, membership: 'leader' }));
  return labels;
}

/** What a queue is, for those who join it to its other metrics. */
const kindOfQueue: Column<DeclaredQueue> = {
  ...gauge(
    'queue_info',
    "A metric with a constant '1' value and labels that provide some queue details",
    () => 1,
  ),
  cells: [
    {
      labels: ({ arguments: { type } }) => labelsOfType(type),
      of: () => 1,
    },
  ],
  isAlone: true,
};

const coarse: readonly Column<DeclaredQueue>[] = [
  gauge('queue_messages_ready', 'Messages ready to be delivered to consumers', (queue) => queue.messageCount),
  gauge(
    'queue_messages_unacked',
    'Messages delivered to consumers but not yet acknowledged',
    (queue) => queue.unackedCount,
  ),
  gauge(
    'queue_messages',
    'Sum of ready and unacknowledged messages - total queue depth',
    (queue) => queueDepth(queue)['messages'] as number,
  ),
  kindOfQueue,
];

const detailed: readonly Column<DeclaredQueue>[] = [
  consumers,
  { ...gauge('queue_consumer_capacity', 'Consumer capacity', consumerCapacity), isAlone: true },
  { ...gauge('queue_consumer_utilisation', 'Same as consumer capacity', consumerCapacity), isAlone: true },
  gauge('queue_process_memory_bytes', 'Memory in bytes used by the queue, estimated', held(memoryOf)),
  gauge(
    'queue_messages_persistent',
    'Persistent messages',
    held(({ load }) => load.recordedCount),
  ),
  gauge(
    'queue_messages_persistent_bytes',
    'Size in bytes of persistent messages',
    held(({ load }) => load.recordedBytes),
  ),
  gauge(
    'queue_messages_bytes',
    'Size in bytes of ready and unacknowledged messages',
    held((queue) => queue.ready.bytes + queue.load.unackedBytes + delayedBytes(queue)),
  ),
  gauge(
    'queue_messages_ready_bytes',
    'Size in bytes of ready messages',
    held(({ ready }) => ready.bytes),
  ),
  gauge(
    'queue_messages_unacked_bytes',
    'Size in bytes of all unacknowledged messages',
    held(({ load }) => load.unackedBytes),
  ),
  kindOfQueue,
];

const deliveries: readonly Column<Counted>[] = [
  counter(
    'queue_get_ack_total',
    'Total number of messages fetched from a queue with basic.get in manual acknowledgement mode',
    ({ counts }) => counts.get,
  ),
  counter(
    'queue_get_total',
    'Total number of messages fetched from a queue with basic.get in automatic acknowledgement mode',
    ({ counts }) => counts.getNoAck,
  ),
  counter(
    'queue_messages_delivered_ack_total',
    'Total number of messages delivered from a queue to consumers in manual acknowledgement mode',
    ({ counts }) => counts.deliver,
  ),
  counter(
    'queue_messages_delivered_total',
    'Total number of messages delivered from a queue to consumers in automatic acknowledgement mode',
    ({ counts }) => counts.deliverNoAck,
  ),
  counter(
    'queue_messages_redelivered_total',
    'Total number of messages redelivered from a queue to consumers',
    ({ counts }) => counts.redeliver,
  ),
  counter(
    'queue_messages_acked_total',
    'Total number of messages acknowledged by consumers on a queue',
    ({ counts }) => counts.ack,
  ),
  counter(
    'queue_get_empty_total',
    'Total number of times basic.get operations fetched no message on a queue',
    ({ counts }) => counts.getEmpty,
  ),
];

const published: readonly Column<Counted>[] = [
  counter(
    'queue_messages_published_total',
    'Total number of messages published into a queue',
    ({ counts }) => counts.publish,
  ),
];

const deathCells: readonly Cell<Dying>[] = deathReasons.map((reason) => ({
  labels: { reason },
  of: ({ deaths = NO_DEATHS }) => {
    let sum = 0;
    for (const strategy of strategies) sum += deaths.deaths(strategy, reason);
    return sum;
  },
}));

const lossCells: readonly Cell<Dying>[] = lostReasons.flatMap((why) =>
  deathReasons.map((reason) => ({
    labels: { reason, why: why.replace(/[ -]/g, '_') },
    of: ({ deaths = NO_DEATHS }) => deaths.losses(reason, why) || NaN, // most never happen
  })),
);

const deaths: readonly Column<Dying>[] = [
  {
    owner: 'leveret',
    name: 'queue_deaths_total',
    type: 'counter',
    help: 'Total number of messages that died in a queue, whatever became of them',
    cells: deathCells,
    isAlone: false,
  },
  {
    owner: 'leveret',
    name: 'queue_dead_letters_lost_total',
    type: 'counter',
    help: 'Total number of dead letters that did not reach a queue: why says what was missing',
    cells: lossCells,
    isAlone: false,
  },
];

/** All queues, also those that are gone. */
function everyQueue({ queues }: Sums): QueueTotals {
  const all = new QueueTotals();
  for (const totals of queues.values()) all.add(totals);
  return all;
}

function hasDelivered({ counts }: Counted): boolean {
  return counts.deliver + counts.deliverNoAck + counts.get + counts.getNoAck + counts.getEmpty > 0;
}

function wholeOf(columns: readonly Column<QueueTotals>[]): (sums: Sums) => readonly number[] {
  return (sums) => valuesOf(columns, everyQueue(sums));
}

const families: readonly Family<DeclaredQueue>[] = [
  { name: 'queue_coarse_metrics', columns: coarse },
  { name: 'queue_metrics', columns: detailed },
  { name: 'queue_consumer_count', columns: [consumers, kindOfQueue], isPart: true },
  {
    name: 'queue_delivery_metrics',
    columns: deliveries,
    whole: wholeOf(deliveries),
    has: hasDelivered,
  },
  {
    name: 'queue_exchange_metrics',
    columns: published,
    whole: wholeOf(published),
    has: ({ counts }) => counts.publish > 0,
  },
  {
    name: 'queue_dead_letter_metrics',
    columns: deaths,
    whole: wholeOf(deaths),
    has: (queue) => queue.deaths !== undefined,
  },
];

export const queueKind: Kind<DeclaredQueue> = {
  families,
  subjects: ({ broker }, isWanted) => {
    const all: DeclaredQueue[] = [];
    for (const { name, queues } of broker.vhosts.values()) {
      if (isWanted(name)) for (const queue of queues.values()) all.push(queue);
    }
    return all;
  },
  labels: ({ identity: { vhost, name: queue } }) => labelText({ vhost, queue }),
};
