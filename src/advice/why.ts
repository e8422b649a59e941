import type { Broker } from '../broker/broker.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import { Queue } from '../broker/queue.ts';
import type { Vhost } from '../broker/vhost.ts';
import { consumersOf, holdersOf } from './consumers.ts';
import type { ConsumerAnswer, Holder } from './consumers.ts';
import { exchangeName } from './names.ts';
import { QuestionError } from './question.ts';
import { findMessage } from './whereabouts.ts';
import type { Whereabouts } from './whereabouts.ts';

/** Why messages of a queue are not delivered, at this moment. */
export interface Why {
  readonly vhost: string;
  readonly queue: string;
  /** Milliseconds since the epoch, on the broker's clock; so are all moments here. */
  readonly time: number;
  /** The most important first. */
  readonly reasons: readonly Reason[];
  readonly ready: number;
  readonly unacked: number;
  readonly consumers: readonly ConsumerAnswer[];
  /** Who has messages of the queue that are not settled. */
  readonly holders: readonly Holder[];
  /** The message that was asked for; undefined when none was. */
  readonly message: Whereabouts | undefined;
}

export type ReasonId =
  | 'empty'
  | 'handed out'
  | 'held back by an exchange'
  | 'retried later'
  | 'dead and kept'
  | 'no consumer'
  | 'consumers cannot take it'
  | 'being delivered'
  | 'head has expired'
  | 'head expires later'
  | 'behind the head';

export interface Reason {
  readonly id: ReasonId;
  /** In a sentence, without moments. */
  readonly text: string;
  /** When it is over by itself. */
  readonly until?: number;
}

/**
 * Why messages of a queue are not delivered.
 * @param messageId the `message-id` of one of them
 * @throws {QuestionError} when there is no such vhost or queue
 */
export function why(broker: Broker, vhostName: string, queueName: string, messageId?: string): Why {
  const vhost = broker.vhosts.get(vhostName);
  if (vhost === undefined) throw new QuestionError('vhost', vhostName, broker.vhosts.keys());
  const queue = vhost.queues.get(queueName);
  if (queue === undefined) throw new QuestionError('queue', queueName, vhost.queues.keys());
  const consumers = consumersOf(broker, queue);
  const holders = holdersOf(broker, queue);
  return {
    vhost: vhostName,
    queue: queueName,
    time: broker.clock.now(),
    reasons: reasonsOf(broker, vhost, queue, consumers, holders),
    ready: queue.messageCount,
    unacked: queue instanceof Queue ? queue.unackedCount : 0,
    consumers,
    holders,
    message: messageId === undefined ? undefined : findMessage(broker, queue, messageId),
  };
}

function reasonsOf(
  broker: Broker,
  vhost: Vhost,
  queue: DeclaredQueue,
  consumers: readonly ConsumerAnswer[],
  holders: readonly Holder[],
): Reason[] {
  const elsewhere = [...handedOut(holders), ...heldBack(vhost, queue), ...retried(queue), ...kept(queue)];
  if (queue.messageCount === 0) {
    return elsewhere.length > 0 ? elsewhere : [{ id: 'empty', text: 'There is no message in the queue.' }];
  }
  return [...blocked(broker, queue, consumers), ...head(broker, queue), ...elsewhere];
}

function handedOut(holders: readonly Holder[]): Reason[] {
  if (holders.length === 0) return [];
  const count = holders.reduce((sum, { unacked }) => sum + unacked, 0);
  const who = holders.map(
    ({ tag, connection, unacked }) => `${unacked} with ${holderName(tag)} of ${connection}`,
  );
  const text = `${messages(count)} handed out and not settled: ${who.join('; ')}.`;
  return [{ id: 'handed out', text }];
}

function holderName(tag: string | undefined): string {
  return tag === undefined ? 'who fetched them' : `consumer '${tag}'`;
}

function messages(count: number): string {
  return count === 1 ? 'A message is' : `${count} messages are`;
}

/** Exchanges that let messages wait before they route them, and are bound to the queue. */
function heldBack(vhost: Vhost, queue: DeclaredQueue): Reason[] {
  const sources = new Set([...queue.incoming].map(({ source }) => source));
  return [...sources]
    .filter(({ delayedCount }) => delayedCount > 0)
    .map(({ name, delayedCount }) => ({
      id: 'held back by an exchange',
      text: `${messages(delayedCount)} held back by exchange '${name}' in vhost '${vhost.name}', which is bound to the queue.`,
    }));
}

/** Those that came back to a quorum queue, and wait until they may be tried again (DLV-09). */
function retried(queue: DeclaredQueue): Reason[] {
  const delayed = queue instanceof Queue ? queue.delayed : undefined;
  if (delayed === undefined || delayed.length === 0) return [];
  const text = `${messages(delayed.length)} back, and waiting until another attempt is due.`;
  return [{ id: 'retried later', text, until: delayed.nextAt }];
}

function kept(queue: DeclaredQueue): Reason[] {
  const count = queue instanceof Queue ? (queue.kept?.length ?? 0) : 0;
  if (count === 0) return [];
  const text = `${messages(count)} dead and kept, because not every queue they are dead-lettered to has taken them.`;
  return [{ id: 'dead and kept', text }];
}

/** Who could take the head, and what keeps them from it. */
function blocked(broker: Broker, queue: DeclaredQueue, consumers: readonly ConsumerAnswer[]): Reason[] {
  if (consumers.length === 0) {
    const { owner } = queue.identity;
    const connection = owner && broker.connections.find(owner)?.details.name;
    const only =
      connection === undefined ? '' : ` The queue is exclusive: only ${connection} may consume it.`;
    return [{ id: 'no consumer', text: `The queue has no consumer.${only}` }];
  }
  if (consumers.some(({ obstacle }) => obstacle === undefined)) {
    return [{ id: 'being delivered', text: 'A consumer can take messages: they are on their way.' }];
  }
  const each = consumers.map(({ tag, obstacle }) => `'${tag}' ${obstacle}`);
  return [
    { id: 'consumers cannot take it', text: `No consumer can take a message now: ${each.join('; ')}.` },
  ];
}

/** What the clock will do with the head, and whom it keeps waiting. */
function head(broker: Broker, queue: DeclaredQueue): Reason[] {
  if (!(queue instanceof Queue)) return [];
  const now = broker.clock.now();
  const first = queue.ready.peek();
  if (first === undefined) return [];
  if (first.expiresAt <= now) {
    return [{ id: 'head has expired', text: 'The first message has expired and is about to leave.' }];
  }
  const { deadLetterExchange } = queue.settings;
  const goes = deadLetterExchange === undefined ? 'is gone' : `goes to ${exchangeName(deadLetterExchange)}`;
  const reasons: Reason[] = [];
  if (first.expiresAt !== Infinity) {
    const text = `Unless somebody takes it before, the first message expires and ${goes}.`;
    reasons.push({ id: 'head expires later', text, until: first.expiresAt });
  }
  const late = expiredBehind(queue, now);
  if (late > 0) {
    const text = `${messages(late)} past the deadline, and cannot expire behind a first one that is not.`;
    reasons.push({
      id: 'behind the head',
      text,
      ...(first.expiresAt === Infinity ? {} : { until: first.expiresAt }),
    });
  }
  return reasons;
}

/** Of the first hundred thousand: this is asked in a loop that others wait for. */
const MOST_LOOKED_AT = 100_000;

function expiredBehind({ ready }: Queue, now: number): number {
  let [count, left] = [0, MOST_LOOKED_AT];
  for (const { expiresAt } of ready) {
    if (expiresAt <= now) count++;
    if (--left === 0) break;
  }
  return count;
}
