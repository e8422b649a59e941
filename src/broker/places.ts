import type { Journal, RecoveredPlace } from './journal.ts';
import { Entry } from './message.ts';
import type { Message } from './message.ts';
import type { ParkedRun } from './parked-run.ts';
import type { QueueIdentity, QueueLoad } from './queue-host.ts';

/** Which messages a queue holds, and what the journal must know of that. */
export class Places {
  readonly #journal: Journal;
  readonly #queueId: number;
  readonly #isDurable: boolean;
  readonly #isQuorum: boolean;
  /** By lane: the youngest message a client has been given. */
  readonly #delivered: number[];
  /** Returns that were no failures: only in a queue that tells them apart, and only of messages that have some. */
  #spared: Map<Entry, number> | undefined = undefined;
  #isClosed = false;
  /** What it holds and the journal knows of. */
  #recordedCount = 0;
  /** The sum of their bodies. */
  #recordedBytes = 0;

  constructor(journal: Journal, { id, durable }: QueueIdentity, lanes: number, isQuorum: boolean) {
    this.#journal = journal;
    this.#queueId = id;
    this.#isDurable = durable;
    this.#isQuorum = isQuorum;
    this.#delivered = Array.from({ length: lanes }, () => 0);
  }

  /** @param unackedBytes of those that were handed out */
  load(unackedBytes: number): QueueLoad {
    return { unackedBytes, recordedCount: this.#recordedCount, recordedBytes: this.#recordedBytes };
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
      this.#recordedCount++;
      this.#recordedBytes += message.bodyLength;
    }
    return new Entry(message, expiresAt, lane, recorded, 0);
  }

  /** The queue held it before a restart, or when a snapshot was taken. */
  restore({ message, expiresAt, lane, returns, note }: RecoveredPlace, highestLane: number): Entry {
    const recorded = this.records(message.persistent);
    message.places++;
    if (recorded) {
      this.#recordedCount++;
      this.#recordedBytes += message.bodyLength;
    }
    const entry = new Entry(message, expiresAt, Math.min(lane, highestLane), recorded, returns);
    if (note !== undefined && note.spared > 0) this.#spare(entry, note.spared);
    if (note === undefined && returns > 0) this.#wasOut(entry.lane, message.id);
    return entry;
  }

  /** The same of messages that go on without objects. */
  restoreParked(run: ParkedRun): void {
    this.#recordedCount += run.recordedCount;
    this.#recordedBytes += run.recordedBytes;
    let behind = run.first; // those that were out stand before those that were not
    while (behind < run.end && run.returns(behind) > 0) behind++;
    if (behind > run.first) this.#wasOut(run.lane, run.id(behind - 1));
  }

  /** The mark before the restart was as young as this at least: an older one must not take its place. */
  #wasOut(lane: number, id: number): void {
    this.#delivered[lane] = Math.max(this.#delivered[lane] ?? 0, id);
  }

  /** The same of messages that are to be looked at one by one. */
  *unpark(run: ParkedRun): Generator<RecoveredPlace> {
    for (let index = run.first; index < run.end; index++) {
      const message = this.#journal.parking?.wake(run, index) as Message;
      message.places = 0; // `restore` counts it
      yield {
        message,
        expiresAt: run.expiresAt(index),
        lane: run.lane,
        returns: run.returns(index),
        note: undefined,
      };
    }
  }

  /** How often it came back without having failed, if the queue tells that apart. */
  sparedReturns(entry: Entry): number {
    return this.#spared?.get(entry) ?? 0;
  }

  /** Its last return was no failure. */
  spare(entry: Entry): void {
    this.#spare(entry, this.sparedReturns(entry) + 1);
  }

  /** It came back, and waits until it is tried again. */
  waits(entry: Entry, retryAt: number): void {
    const note = { deliveries: entry.returns, spared: this.sparedReturns(entry), retryAt, death: undefined };
    this.#journal.note(entry.message, this.#queueId, note);
  }

  #spare(entry: Entry, times: number): void {
    this.#spared ??= new Map<Entry, number>();
    this.#spared.set(entry, times);
  }

  /** A client has it, and may return it. */
  handedOut(entry: Entry): void {
    const { message, lane, recorded, returns } = entry;
    if (!recorded) return;
    const { id } = message;
    if (this.#isQuorum && returns > 0) {
      const spared = this.sparedReturns(entry);
      const note = { deliveries: returns + 1, spared, retryAt: 0, death: undefined }; // it will come back once more
      this.#journal.note(message, this.#queueId, note);
    }
    if (id <= (this.#delivered[lane] ?? 0)) return;
    this.#delivered[lane] = id;
    this.#journal.delivered(this.#queueId, lane, id);
  }

  /**
   * The queue no longer holds it.
   * @param isNoted the journal has a note of its death
   */
  forget(entry: Entry, isNoted: boolean): void {
    const { message, recorded, returns } = entry;
    this.#spared?.delete(entry);
    if (recorded) {
      this.#recordedCount--;
      this.#recordedBytes -= message.bodyLength;
      if (!this.#isClosed) this.#journal.settle(message, this.#queueId);
    }
    if (this.#isQuorum && (returns > 0 || isNoted)) {
      this.#journal.note(message, this.#queueId, undefined);
    }
    if (--message.places === 0) this.#journal.release(message);
  }

  /** The queue no longer holds what is parked. */
  forgetParked(run: ParkedRun): void {
    this.#recordedCount -= run.recordedCount;
    this.#recordedBytes -= run.recordedBytes;
    this.#journal.parking?.drop(run, this.#isClosed ? undefined : this.#queueId);
  }

  /** The queue is gone, and the journal knows that: its messages need not be settled. */
  close(): void {
    this.#isClosed = true;
  }
}
