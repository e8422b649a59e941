import type { FieldTable } from '../wire/table.ts';
import type { Clock } from './clock.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { Histogram } from './histogram.ts';
import type { Journal } from './journal.ts';
import type { Entry } from './message.ts';
import type { Events, QueueEnd } from './observer.ts';
import type { Queue } from './queue.ts';

/** Why a message leaves a queue to be dead-lettered (DLX-02). */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

/** What a queue needs of the place it is in. */
export interface QueueHost {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly events: Events;
  /** How many milliseconds after their deadlines messages died. */
  readonly lateness: Histogram;
  /** Has `queue.work()` called before long, once however often it is asked. */
  later(queue: DeclaredQueue): void;
  /** Runs a task when what arrived meanwhile was read: acks, and what others publish. */
  soon(task: () => void): void;
  /** Whether the dead of this queue come faster than the consumers of others take them. */
  isAhead(queue: Queue): boolean;
  /** Dead-letters a message that is no longer ready; it ends with `queue.forget`. */
  bury(queue: Queue, entry: Entry, reason: DeathReason): void;
  /** The queue has dead letters that nobody took: `queue.kept.soon()` when that may have changed. */
  keeps(queue: Queue): void;
  /** Deletes the queue. */
  remove(queue: DeclaredQueue, why: QueueEnd): void;
}

/** What a queue holds beside the number of what is ready and unacked. */
export interface QueueLoad {
  /** The bodies of what is unacked. */
  readonly unackedBytes: number;
  /** How many of its messages a restart would find, ready or unacked. */
  readonly recordedCount: number;
  /** Their bodies. */
  readonly recordedBytes: number;
}

/** What a queue is, fixed when it is declared. */
export interface QueueIdentity {
  /** Never used again, not even by a queue of the same name. */
  readonly id: number;
  readonly vhost: string;
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** The connection that may use an exclusive queue; undefined when it is not exclusive. */
  readonly owner: object | undefined;
  /** As they were declared, for comparison and listing. */
  readonly table: FieldTable;
}
