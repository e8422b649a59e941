import { AlarmHeap } from './alarm-heap.ts';
import type { Clock } from './clock.ts';
import { Deadline } from './expiry.ts';
import type { Entry } from './message.ts';
import type { DelayedRetrySettings } from './queue-settings.ts';

/**
 * The messages of a quorum queue that came back and wait until they may be tried again (DLV-09): in the queue, counted
 * toward its limits, but not ready. There is one alarm for all of them, aimed at the first that is due.
 */
export class DelayedRetry {
  readonly #clock: Clock;
  /** With the moment when each is due. */
  readonly #waiting = new Map<Entry, number>();
  /** Equal times in the order of their return. */
  #due = new AlarmHeap();
  readonly #alarm: Deadline;
  #released: Entry[] = [];
  #bytes = 0;

  /** @param due some are to be released */
  constructor(clock: Clock, due: () => void) {
    this.#clock = clock;
    this.#alarm = new Deadline(clock, due);
  }

  get length(): number {
    return this.#waiting.size;
  }

  /** The sum of their bodies, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When the first of them is due, in milliseconds since the epoch; Infinity when none waits. */
  get nextAt(): number {
    return this.#due.next();
  }

  /** Some may be released now. */
  get hasDue(): boolean {
    const { nextAt } = this;
    return nextAt !== Infinity && nextAt <= this.#clock.now();
  }

  hold(entry: Entry, dueAt: number): void {
    this.#due.add(dueAt, () => this.#released.push(entry));
    this.#waiting.set(entry, dueAt);
    this.#bytes += entry.message.bodyLength;
    this.#alarm.aim(this.nextAt);
  }

  /** Lets go of those that are due, so many at most. */
  release(most: number): readonly Entry[] {
    for (let left = most; left > 0 && this.hasDue; left--) this.#due.runOne();
    const released = this.#released;
    if (released.length === 0) return released;
    this.#released = [];
    for (const entry of released) {
      this.#waiting.delete(entry);
      this.#bytes -= entry.message.bodyLength;
    }
    this.#alarm.aim(this.nextAt);
    return released;
  }

  /** Takes out all, in the order of their return. */
  clear(): Entry[] {
    const entries = [...this.#waiting.keys()];
    this.#waiting.clear();
    this.#due = new AlarmHeap();
    this.#alarm.cancel();
    this.#bytes = 0;
    return entries;
  }

  /** Each with the moment when it is due. */
  [Symbol.iterator](): IterableIterator<[Entry, number]> {
    return this.#waiting.entries();
  }
}

/**
 * When a message that came back may be tried again, in milliseconds since the epoch; undefined: now (DLV-09).
 * @param hasFailed it came back by basic.reject or because its channel ended
 * @param failures how often it did so, this time included
 */
export function retryAt(
  settings: DelayedRetrySettings,
  now: number,
  hasFailed: boolean,
  failures: number,
): number | undefined {
  const { type, least, most } = settings;
  if (type !== 'all' && (type === 'failed') !== hasFailed) return undefined;
  return now + Math.min(least * Math.max(1, failures), most);
}
