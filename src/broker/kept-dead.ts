import type { Clock } from './clock.ts';
import { Deadline } from './expiry.ts';
import type { Entry } from './message.ts';
import type { DeathReason, Queue } from './queue.ts';
import { Ring } from './ring.ts';

/** A dead message that stays in its queue until everybody who is to have it took it. */
export interface KeptDead {
  readonly entry: Entry;
  readonly reason: DeathReason;
  /** Those that took it: they do not get it again, unless the broker restarts. */
  readonly takers: Set<Queue>;
  /** It waits to be buried, or is being buried. */
  isTried: boolean;
  /** A restart knows of it. */
  isNoted: boolean;
}

/** How long the dead that nobody took wait for the next attempt, in milliseconds. */
const RETRY_AFTER = 10_000;
/** The same when exchanges, queues or bindings changed: one attempt for many changes. */
const RETRY_SOON = 100;

/** The dead of a queue that dead-letters at least once (DLX-13): not ready, but counted toward its limits (DLX-14). */
export class KeptDeadLetters {
  readonly #all = new Map<Entry, KeptDead>();
  readonly #clock: Clock;
  readonly #retry: Deadline;
  #retryAt = Infinity;
  readonly #due = new Ring<KeptDead>();
  #bytes = 0;

  /** @param wake is called when some are to be tried again: `takeDue` has them */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#retry = new Deadline(clock, () => {
      this.#retryAt = Infinity;
      this.#makeDue();
      wake();
    });
  }

  get length(): number {
    return this.#all.size;
  }

  /** The sum of their bodies, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get(entry: Entry): KeptDead | undefined {
    return this.#all.get(entry);
  }

  /** It died now, and is to be tried at once. */
  add(entry: Entry, reason: DeathReason): void {
    this.#put({ entry, reason, takers: new Set(), isTried: true, isNoted: false });
  }

  /** It died before a restart. */
  restore(entry: Entry, reason: DeathReason): void {
    this.#put({ entry, reason, takers: new Set(), isTried: false, isNoted: true });
    this.soon();
  }

  /** Not everybody took it. */
  failed(dead: KeptDead): void {
    dead.isTried = false;
    this.#aim(RETRY_AFTER);
  }

  remove(entry: Entry): void {
    if (this.#all.delete(entry)) this.#bytes -= entry.message.bodyLength;
  }

  /** Another attempt is worth it. */
  soon(): void {
    if (this.#all.size > 0) this.#aim(RETRY_SOON);
  }

  /** Some are to be tried again now. */
  get hasDue(): boolean {
    return this.#due.length > 0;
  }

  /** The next of them, oldest death first. */
  takeDue(): KeptDead {
    return this.#due.shift() as KeptDead;
  }

  /** No more attempts; returns what is kept. */
  close(): Entry[] {
    this.#retry.cancel();
    this.#due.clear();
    return [...this.#all.keys()];
  }

  #put(dead: KeptDead): void {
    this.#all.set(dead.entry, dead);
    this.#bytes += dead.entry.message.bodyLength;
  }

  #makeDue(): void {
    for (const dead of this.#all.values()) {
      if (dead.isTried) continue;
      dead.isTried = true;
      this.#due.push(dead);
    }
  }

  #aim(after: number): void {
    const time = this.#clock.now() + after;
    if (time >= this.#retryAt) return;
    this.#retryAt = time;
    this.#retry.aim(time);
  }
}
