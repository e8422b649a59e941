import type { Clock } from './clock.ts';
import { Deadline, takeExpired } from './expiry.ts';
import type { Histogram } from './histogram.ts';
import type { Entry } from './message.ts';
import type { Queue } from './queue.ts';
import type { Ready } from './ready.ts';
import { Ring } from './ring.ts';

/** Messages that die in one go: about a millisecond. */
const BURIALS = 64;

/**
 * Those that die by themselves: expired at the head of a queue, or returned too often. They are not ready any more, and
 * wait until the queue has its turn and dead-letters them.
 */
export class Dying {
  readonly #clock: Clock;
  readonly #lateness: Histogram;
  readonly #ready: Ready;
  readonly #queue: Queue;
  // what most queues never need: 210 of the 2,000 bytes of an idle one
  #expired: Ring<Entry> | undefined = undefined;
  #wornOut: Ring<Entry> | undefined = undefined;
  #alarm: Deadline | undefined = undefined;

  constructor(queue: Queue, clock: Clock, lateness: Histogram) {
    this.#clock = clock;
    this.#lateness = lateness;
    this.#ready = queue.ready;
    this.#queue = queue;
  }

  get length(): number {
    return (this.#expired?.length ?? 0) + (this.#wornOut?.length ?? 0);
  }

  get isHeadExpired(): boolean {
    const expiresAt = this.#ready.peek()?.expiresAt ?? Infinity;
    return expiresAt !== Infinity && expiresAt <= this.#clock.now();
  }

  get headMayExpire(): boolean {
    return (this.#ready.peek()?.expiresAt ?? Infinity) !== Infinity;
  }

  /** The alarm follows the head, whatever made it the head (EXP-04, EXP-08). */
  aimAtHead(): void {
    const expiresAt = this.#ready.peek()?.expiresAt ?? Infinity;
    if (expiresAt !== Infinity) this.#alarm ??= new Deadline(this.#clock, () => this.#queue.later());
    this.#alarm?.aim(expiresAt);
  }

  /** Takes expired ones off the head, so many at most. */
  scan(most: number): void {
    this.#expired ??= new Ring<Entry>();
    takeExpired(this.#ready, this.#clock.now(), this.#expired, most);
  }

  /** It was returned too often. */
  wornOut(entry: Entry): void {
    this.#wornOut ??= new Ring<Entry>();
    this.#wornOut.push(entry);
  }

  /** Dead-letters some of them, and of those that have expired by now. */
  bury(): void {
    if (this.headMayExpire) this.scan(BURIALS - this.length);
    if (this.length === 0) return;
    const now = this.#clock.now();
    for (let left = BURIALS; left > 0 && this.length > 0; left--) {
      const wornOut = this.#wornOut?.shift();
      if (wornOut !== undefined) this.#queue.bury(wornOut, 'delivery_limit');
      else this.#buryExpired(this.#expired?.shift() as Entry, now);
    }
  }

  #buryExpired(entry: Entry, now: number): void {
    this.#lateness.observe(now - entry.expiresAt);
    this.#queue.bury(entry, 'expired');
  }

  /** No more alarms; returns those that were not dead-lettered. */
  close(): Entry[] {
    this.#alarm?.cancel();
    const rest = [...(this.#wornOut ?? []), ...(this.#expired ?? [])];
    this.#wornOut?.clear();
    this.#expired?.clear();
    return rest;
  }
}
