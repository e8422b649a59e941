import { Deadline } from './expiry.ts';
import type { Keeper } from './keeper.ts';
import type { Entry } from './message.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { Queue } from './queue.ts';
import type { DeathReason, QueueHost } from './queue-host.ts';
import { Ring } from './ring.ts';

/** A dead message that stays in its queue until everybody who is to have it took it. */
export interface KeptDead {
  readonly entry: Entry;
  readonly reason: DeathReason;
  /** Those that took it: they do not get it again, unless the broker restarts. */
  readonly takers: Set<DeclaredQueue | Keeper>;
  /** It waits to be buried, or is being buried. */
  isTried: boolean;
  /** A restart knows of it. */
  isNoted: boolean;
}

/** Those that are tried in one go: about a millisecond. */
const ATTEMPTS = 64;
/** How long the dead that nobody took wait for the next attempt, in milliseconds. */
const RETRY_AFTER = 10_000;
/** The same when exchanges, queues or bindings changed: one attempt for many changes. */
const RETRY_SOON = 100;

/** The dead of a queue that dead-letters at least once (DLX-13): not ready, but counted toward its limits (DLX-14). */
export class KeptDeadLetters {
  readonly #all = new Map<Entry, KeptDead>();
  readonly #host: QueueHost;
  readonly #queue: Queue;
  readonly #retry: Deadline;
  #retryAt = Infinity;
  readonly #due = new Ring<KeptDead>();
  #bytes = 0;

  constructor(host: QueueHost, queue: Queue) {
    this.#host = host;
    this.#queue = queue;
    const retry = (): void => {
      this.#retryAt = Infinity;
      this.#makeDue();
      host.later(queue);
    };
    this.#retry = new Deadline(host.clock, retry, true); // as often as it takes, maybe for ever
  }

  get length(): number {
    return this.#all.size;
  }

  /** The sum of their bodies, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  [Symbol.iterator](): IterableIterator<KeptDead> {
    return this.#all.values();
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
    this.#host.keeps(this.#queue);
    this.soon();
  }

  /** Not everybody took it: it is tried again, also after a restart. */
  failed(dead: KeptDead): void {
    const { entry, reason, isNoted } = dead;
    dead.isTried = false;
    dead.isNoted = true;
    const { identity } = this.#queue;
    if (!isNoted) {
      const note = { deliveries: entry.returns + 1, spared: 0, retryAt: 0, death: reason };
      this.#host.journal.note(entry.message, identity.id, note);
    }
    this.#host.keeps(this.#queue);
    this.#aim(RETRY_AFTER);
  }

  /** It is gone. Returns whether a restart would know of its death. */
  remove(entry: Entry): boolean {
    const dead = this.#all.get(entry);
    if (dead === undefined) return false;
    this.#all.delete(entry);
    this.#bytes -= entry.message.bodyLength;
    return dead.isNoted;
  }

  /** Another attempt is worth it. */
  soon(): void {
    if (this.#all.size > 0) this.#aim(RETRY_SOON);
  }

  /** Some are to be tried again now. */
  get hasDue(): boolean {
    return this.#due.length > 0;
  }

  /** Tries some of them, oldest death first. */
  retry(): void {
    for (let left = ATTEMPTS; left > 0 && this.hasDue; left--) {
      const { entry, reason } = this.#due.shift() as KeptDead;
      this.#host.bury(this.#queue, entry, reason);
    }
  }

  /** No more attempts but those that are going on; returns what is kept beside these. */
  close(): Entry[] {
    this.#retry.cancel();
    this.#retryAt = Infinity;
    for (const dead of this.#due) dead.isTried = false;
    this.#due.clear();
    return [...this.#all.values()].filter(({ isTried }) => !isTried).map(({ entry }) => entry);
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
    const time = this.#host.clock.now() + after;
    if (time >= this.#retryAt) return;
    this.#retryAt = time;
    this.#retry.aim(time);
  }
}
