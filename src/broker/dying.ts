import type { Clock } from './clock.ts';
import { Deadline, takeExpired } from './expiry.ts';
import type { Histogram } from './histogram.ts';
import type { Entry } from './message.ts';
import type { DeathReason } from './queue-host.ts';
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
  readonly #bury: (entry: Entry, reason: DeathReason) => void;
  readonly #expired = new Ring<Entry>();
  readonly #wornOut = new Ring<Entry>();
  readonly #alarm: Deadline;

  /**
   * @param due the message at the head has expired
   * @param bury dead-letters one
   */
  constructor(
    { clock, lateness }: { readonly clock: Clock; readonly lateness: Histogram },
    ready: Ready,
    due: () => void,
    bury: (entry: Entry, reason: DeathReason) => void,
  ) {
    this.#clock = clock;
    this.#lateness = lateness;
    this.#ready = ready;
    this.#bury = bury;
    this.#alarm = new Deadline(clock, due);
  }

  get length(): number {
    return this.#expired.length + this.#wornOut.length;
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
    this.#alarm.aim(this.#ready.peek()?.expiresAt ?? Infinity);
  }

  /** Takes expired ones off the head, so many at most. */
  scan(most: number): void {
    takeExpired(this.#ready, this.#clock.now(), this.#expired, most);
  }

  /** It was returned too often. */
  wornOut(entry: Entry): void {
    this.#wornOut.push(entry);
  }

  /** Dead-letters some of them, and of those that have expired by now. */
  bury(): void {
    if (this.headMayExpire) this.scan(BURIALS - this.length);
    if (this.length === 0) return;
    const now = this.#clock.now();
    for (let left = BURIALS; left > 0 && this.length > 0; left--) {
      const wornOut = this.#wornOut.shift();
      if (wornOut !== undefined) this.#bury(wornOut, 'delivery_limit');
      else this.#buryExpired(this.#expired.shift() as Entry, now);
    }
  }

  #buryExpired(entry: Entry, now: number): void {
    this.#lateness.observe(now - entry.expiresAt);
    this.#bury(entry, 'expired');
  }

  /** No more alarms; returns those that were not dead-lettered. */
  close(): Entry[] {
    this.#alarm.cancel();
    const rest = [...this.#wornOut, ...this.#expired];
    this.#wornOut.clear();
    this.#expired.clear();
    return rest;
  }
}
