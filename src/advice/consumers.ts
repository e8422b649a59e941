import type { Broker } from '../broker/broker.ts';
import type { OpenChannel, OpenConnection } from '../broker/connections.ts';
import type { Subscription } from '../broker/consumers.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';

/** A consumer of a queue, and what keeps it from taking a message now. */
export interface ConsumerAnswer {
  readonly tag: string;
  /** `PEER:PORT -> HOST:PORT`. */
  readonly connection: string;
  readonly channel: number;
  readonly user: string;
  readonly unacked: number;
  /** 0 is no limit. */
  readonly prefetch: number;
  /** In words that go on after its name; undefined when nothing does. */
  readonly obstacle: string | undefined;
}

/** Who has messages of a queue that are not settled. */
export interface Holder {
  /** Undefined when they were fetched. */
  readonly tag: string | undefined;
  readonly connection: string;
  readonly channel: number;
  readonly unacked: number;
}

export function consumersOf(broker: Broker, queue: DeclaredQueue): ConsumerAnswer[] {
  const answers: ConsumerAnswer[] = [];
  for (const connection of broker.connections) {
    for (const channel of connection.channels) {
      for (const consumer of channel.consumers) {
        if (consumer.queue !== queue) continue;
        const { consumerTag: tag, unacked, prefetch } = consumer;
        answers.push({
          tag,
          connection: connection.details.name,
          channel: channel.number,
          user: connection.user,
          unacked,
          prefetch,
          obstacle: obstacle(queue, consumer, channel, connection),
        });
      }
    }
  }
  return answers;
}

function obstacle(
  queue: DeclaredQueue,
  consumer: Subscription,
  channel: OpenChannel,
  { pendingOctets }: OpenConnection,
): string | undefined {
  const { unacked, prefetch, noAck, receiver } = consumer;
  if (queue.consumers.roleOf(consumer) === 'waiting') return 'waits until the single active consumer is gone';
  if (!noAck && prefetch !== 0 && unacked >= prefetch) {
    return `has ${unacked} unacked, which is all its prefetch allows`;
  }
  if (receiver.hasCredit(consumer)) return undefined;
  const { globalPrefetch, unackedCount } = channel.status();
  if (!noAck && globalPrefetch !== 0 && unackedCount >= globalPrefetch) {
    return `is on a channel with ${unackedCount} unacked, which is all the prefetch of the channel allows`;
  }
  return pendingOctets > 0
    ? `does not read: ${pendingOctets} bytes wait to be sent to it`
    : 'is on a channel that waits for the disk';
}

export function holdersOf(broker: Broker, queue: DeclaredQueue): Holder[] {
  const holders: Holder[] = [];
  for (const connection of broker.connections) {
    for (const channel of connection.channels) {
      const counts = new Map<string | undefined, number>();
      for (const { queue: from, consumer } of channel.deliveries) {
        if (from !== queue) continue;
        counts.set(consumer?.consumerTag, (counts.get(consumer?.consumerTag) ?? 0) + 1);
      }
      for (const [tag, unacked] of counts) {
        holders.push({ tag, connection: connection.details.name, channel: channel.number, unacked });
      }
    }
  }
  return holders;
}
