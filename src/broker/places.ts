import type { Journal } from './journal.ts';
import { Entry } from './message.ts';
import type { Message } from './message.ts';
import type { QueueIdentity } from './queue-host.ts';

/** Which messages a queue holds, and what the journal must know of that. */
export class Places {
  readonly #journal: Journal;
  readonly #queueId: number;
  readonly #isDurable: boolean;
  readonly #isQuorum: boolean;
  /** By lane: the youngest message a client has been given. */
  readonly #delivered: number[];
  #isClosed = false;
  /** What it holds and the journal knows of. */
  recordedCount = 0;
  /** The sum of their bodies. */
  recordedBytes = 0;

  constructor(journal: Journal, { id, durable }: QueueIdentity, lanes: number, isQuorum: boolean) {
    this.#journal = journal;
    this.#queueId = id;
    this.#isDurable = durable;
    this.#isQuorum = isQuorum;
    this.#delivered = Array.from({ length: lanes }, () => 0);
  }

  /** Whether a message would still be there after a restart: quorum queues keep transient ones, too (QUE-31). */
  records(persistent: boolean): boolean {
    return this.#isDurable && (persistent || this.#isQuorum);
  }

  /** The queue holds a new message. */
  take(message: Message, expiresAt: number, lane: number): Entry {
    const recorded = this.records(message.persistent);
    message.places++;
    if (recorded) {
      this.#journal.place(message, this.#queueId, expiresAt, lane);
      this.recordedCount++;
      this.recordedBytes += message.bodyLength;
    }
    return new Entry(message, expiresAt, lane, recorded, 0);
  }

  /** The queue held it before a restart, or when a snapshot was taken. */
  restore(message: Message, expiresAt: number, lane: number, returns: number): Entry {
    const recorded = this.records(message.persistent);
    message.places++;
    if (recorded) {
      this.recordedCount++;
      this.recordedBytes += message.bodyLength;
    }
    return new Entry(message, expiresAt, lane, recorded, returns);
  }

  /** A client has it, and may return it. */
  handedOut({ message, lane, recorded, returns }: Entry): void {
    if (!recorded) return;
    const { id } = message;
    if (this.#isQuorum && returns > 0) {
      this.#journal.note(message, this.#queueId, returns + 1, undefined); // it will come back once more
    }
    if (id <= (this.#delivered[lane] ?? 0)) return;
    this.#delivered[lane] = id;
    this.#journal.delivered(this.#queueId, lane, id);
  }

  /**
   * The queue no longer holds it.
   * @param isNoted the journal has a note of its death
   */
  forget({ message, recorded, returns }: Entry, isNoted: boolean): void {
    if (recorded) {
      this.recordedCount--;
      this.recordedBytes -= message.bodyLength;
      if (!this.#isClosed) this.#journal.settle(message, this.#queueId);
    }
    if (this.#isQuorum && (returns > 0 || isNoted)) {
      this.#journal.note(message, this.#queueId, 0, undefined);
    }
    if (--message.places === 0) this.#journal.release(message);
  }

  /** The queue is gone, and the journal knows that: its messages need not be settled. */
  close(): void {
    this.#isClosed = true;
  }
}
