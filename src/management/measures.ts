import type { Broker } from '../broker/broker.ts';
import { MessageCounts, messageCounters, NO_TRAFFIC, sumOf } from '../broker/counts.ts';
import type { Churn, MessageCounter, Traffic } from '../broker/counts.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import type { Exchange } from '../broker/exchange.ts';
import { Queue } from '../broker/queue.ts';

/** What a waiting message takes of memory beside its body, in bytes, as `npm run bench` measures it. */
const ENTRY_BYTES = 80;
/** The same for a queue without messages. */
const QUEUE_BYTES = 1_800;

/** Numbers by the names the API has for them. */
export type Measures = Readonly<Record<string, number>>;

const counterNames: Readonly<Record<MessageCounter, string>> = {
  publish: 'publish',
  confirm: 'confirm',
  returned: 'return_unroutable',
  dropped: 'drop_unroutable',
  deliver: 'deliver',
  deliverNoAck: 'deliver_no_ack',
  get: 'get',
  getNoAck: 'get_no_ack',
  getEmpty: 'get_empty',
  redeliver: 'redeliver',
  ack: 'ack',
};

/** What happens only between a publisher and an exchange. */
const publisherCounters: readonly MessageCounter[] = ['confirm', 'returned', 'dropped'];
const queueCounters = messageCounters.filter((counter) => !publisherCounters.includes(counter));

/** The `message_stats` of a channel, a vhost or the broker. */
export function messageStats(counts: MessageCounts): Measures {
  return statsOf(counts, messageCounters);
}

/** The `message_stats` of a queue. */
export function queueStats({ counts }: DeclaredQueue): Measures {
  return statsOf(counts, queueCounters);
}

function statsOf(counts: MessageCounts, counters: readonly MessageCounter[]): Measures {
  const stats: Record<string, number> = {};
  for (const counter of counters) stats[counterNames[counter]] = counts[counter];
  stats['deliver_get'] = counts.deliver + counts.deliverNoAck + counts.get + counts.getNoAck;
  return stats;
}

export function exchangeStats({ publishedIn, publishedOut }: Exchange): Measures {
  return { publish_in: publishedIn, publish_out: publishedOut };
}

/**
 * Whether `queueStats` would say the same as before. Most queues do nothing most of the time: to see that, of 50,000 of
 * them, must not cost more than to look.
 * @param before undefined: nothing was ever counted
 */
export function hasSameStats({ counts }: DeclaredQueue, before: Measures | undefined): boolean {
  for (const counter of queueCounters) {
    if (counts[counter] !== (before?.[counterNames[counter]] ?? 0)) return false;
  }
  return true;
}

/** The same for `queueDepth`. */
export function hasSameDepth(queue: DeclaredQueue, before: Measures = NO_DEPTH): boolean {
  const { messageCount: ready, unackedCount: unacked } = queue;
  if (ready !== before['messages_ready'] || unacked !== before['messages_unacknowledged']) return false;
  return ready + unacked + heldBy(queue) === before['messages'];
}

/** Most queues do nothing: they cost no sample, and show no statistics. */
export function hasCounted(measures: Measures): boolean {
  for (const name in measures) if (measures[name] !== 0) return true;
  return false;
}

/** What a queue holds, or many of them. */
export function depth(ready: number, unacked: number): Measures {
  return { messages: ready + unacked, messages_ready: ready, messages_unacknowledged: unacked };
}

/** The same of one queue, of which some may wait to be tried again, or for somebody to take them: they are neither. */
export function queueDepth(queue: DeclaredQueue): Measures {
  const { messageCount, unackedCount } = queue;
  const messages = messageCount + unackedCount + heldBy(queue);
  return { ...depth(messageCount, unackedCount), messages };
}

function heldBy(queue: DeclaredQueue): number {
  return queue instanceof Queue ? (queue.delayed?.length ?? 0) + (queue.kept?.length ?? 0) : 0;
}

const NO_DEPTH = depth(0, 0);

/** Whether consumers would take a message at once: 1 or 0, at this moment. */
export function consumerCapacity({ consumers, messageCount }: DeclaredQueue): number {
  if (consumers.count === 0) return 0;
  if (messageCount === 0) return 1;
  for (const consumer of consumers) if (!consumer.blocked) return 1;
  return 0;
}

/** What a queue takes of memory, without the bodies of its messages: an estimate, in bytes. */
export function memoryOf({ ready, unackedCount, delayed }: Queue): number {
  return QUEUE_BYTES + ENTRY_BYTES * (ready.length + unackedCount + (delayed?.length ?? 0));
}

export function trafficMeasures({ receivedOctets, sentOctets }: Traffic): Measures {
  return { recv_oct: receivedOctets, send_oct: sentOctets };
}

export function churnMeasures(churn: Churn): Measures {
  return {
    connection_created: churn.connectionsOpened,
    connection_closed: churn.connectionsClosed,
    channel_created: churn.channelsOpened,
    channel_closed: churn.channelsClosed,
    queue_declared: churn.queuesDeclared,
    queue_created: churn.queuesCreated,
    queue_deleted: churn.queuesDeleted,
  };
}

/** What a vhost did and holds as a whole, or the broker. */
export interface Totals {
  readonly counts: MessageCounts;
  traffic: Traffic;
  ready: number;
  unacked: number;
}

function noTotals(): Totals {
  return { counts: new MessageCounts(), traffic: NO_TRAFFIC, ready: 0, unacked: 0 };
}

/** Those of every vhost by its name, from the channels that are open and what is left of those that were. */
export function totalsByVhost(broker: Broker): Map<string, Totals> {
  const all = new Map<string, Totals>();
  for (const vhost of broker.vhosts.values()) {
    const totals = noTotals();
    totals.counts.add(vhost.counts);
    totals.traffic = vhost.traffic;
    for (const queue of vhost.queues.values()) {
      totals.ready += queue.messageCount;
      totals.unacked += queue.unackedCount;
    }
    all.set(vhost.name, totals);
  }
  for (const { vhostName, traffic, channels } of broker.connections) {
    const totals = all.get(vhostName);
    if (totals === undefined) continue;
    totals.traffic = sumOf(totals.traffic, traffic);
    for (const { counts } of channels) totals.counts.add(counts);
  }
  return all;
}

/** Those of the broker as a whole: of the vhosts there are, and of those that were. */
export function sumOfTotals(broker: Broker, all: Iterable<Totals>): Totals {
  const sum = noTotals();
  sum.counts.add(broker.counts);
  for (const { counts, traffic, ready, unacked } of all) {
    sum.counts.add(counts);
    sum.traffic = sumOf(sum.traffic, traffic);
    sum.ready += ready;
    sum.unacked += unacked;
  }
  return sum;
}
