import type { Subscription } from './consumers.ts';
import type { MessageCounts } from './counts.ts';
import type { DeathCounts } from './death-counts.ts';
import type { Binding } from './exchange.ts';
import type { Recovered } from './journal.ts';
import type { LazySet } from './lazy-set.ts';
import type { Entry, Message } from './message.ts';
import type { AppliedPolicies } from './policies.ts';
import type { QueueType } from './queue-type.ts';
import type { QueueIdentity } from './queue-host.ts';

/** Whether a consumer gets messages as all others do, as the only one, or not yet (CNS-31). */
export type ConsumerRole = 'equal' | 'single_active' | 'waiting';

/** The consumers of a queue, in no particular order. */
export interface ConsumerSet extends Iterable<Subscription> {
  readonly count: number;
  roleOf(subscription: Subscription): ConsumerRole;
}

/**
 * What is declared as a queue, of whatever type: what routing, publishing, consuming and declaring need of it. A
 * `Queue` hands each message to one consumer and forgets it; a `Stream` keeps it for all.
 */
export interface DeclaredQueue {
  readonly kind: 'queue';
  /** It keeps a log of its own, and deletes nothing when it is acked. */
  readonly isStream: boolean;
  readonly identity: QueueIdentity;
  readonly arguments: { readonly type: QueueType };
  readonly name: string;
  readonly durable: boolean;
  readonly policies: AppliedPolicies;
  /** `queue 'Q' in vhost 'VH'` (GEN-05). */
  readonly label: string;
  readonly isDeleted: boolean;
  /** Every binding that leads here. */
  readonly incoming: LazySet<Binding>;
  readonly consumers: ConsumerSet;
  readonly counts: MessageCounts;
  /** What became of its messages that died; undefined when none did. */
  readonly deaths: DeathCounts | undefined;
  /** How long a delivery may stay unacked, in milliseconds; undefined: as long as the server says (CNS-41). */
  readonly consumerTimeout: number | undefined;
  /** What queue.declare-ok and basic.get-ok tell. */
  readonly messageCount: number;
  /** Handed out and not settled. */
  readonly unackedCount: number;
  /** More waits than its consumers take in one go: who fills it by itself lets them catch up first. */
  readonly isBehind: boolean;
  /** For the host: it stands among those that have work. */
  isScheduled: boolean;

  /** Whether the journal notes the place of a message here, which may be transient. */
  records(persistent: boolean): boolean;
  /** What policies say of it has changed, and holds from now on. */
  govern(policies: AppliedPolicies): void;
  /**
   * Takes a message in.
   * @param ttl of the message, in milliseconds
   * @returns false when it is full and refuses it
   */
  publish(message: Message, ttl: number): boolean;
  /** The next message, handed out to be settled; undefined when none is ready. */
  get(): Entry | undefined;
  /** Drops what is ready. Returns how many it was. */
  purge(): number;
  /** It is in use. */
  touch(): void;
  /** One slice of what there is to do; asks for more when more is left. */
  work(): void;
  /** What was found on disk, as it stood before the restart. */
  restore(recovered: Recovered): void;
  /** Ends it and all it holds. Called by the vhost only. */
  close(): void;

  addConsumer(subscription: Subscription): void;
  removeConsumer(subscription: Subscription): void;
  /** A consumer has credit again. */
  resume(subscription: Subscription): void;
  /** A handed-out message has done its work. */
  ack(entry: Entry): void;
  /** A handed-out message is refused for good. */
  reject(entry: Entry): void;
  /**
   * Handed-out messages come back.
   * @param hasFailed by basic.reject or with the end of their channel: a queue that delays retries tells that apart (DLV-09)
   */
  requeue(entries: readonly Entry[], hasFailed: boolean): void;
}

/** In how many of these the journal notes a message. */
export function countDurable(queues: readonly DeclaredQueue[], persistent: boolean): number {
  let count = 0;
  for (const queue of queues) if (queue.records(persistent)) count++;
  return count;
}

/** Whether one of these is a stream: it keeps a message on disk whatever its delivery-mode (STR-14). */
export function reachesStream(queues: readonly DeclaredQueue[]): boolean {
  for (const queue of queues) if (queue.isStream) return true;
  return false;
}
