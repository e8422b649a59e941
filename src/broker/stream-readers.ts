import type { ConsumerSet } from './declared-queue.ts';
import type { Subscription } from './consumers.ts';
import { Ring } from './ring.ts';
import type { StreamFilter } from './stream-headers.ts';

/** One consumer of a stream, and where it is. */
export class Reader {
  readonly subscription: Subscription;
  /** Undefined: it wants every message. */
  readonly filter: StreamFilter | undefined;
  /** The offset of the next message it gets. */
  next: number;
  /** The chunk it read last, by its first offset. */
  chunk = -1;
  /** Where in that chunk the message `next` begins. */
  at = 0;

  constructor(subscription: Subscription, filter: StreamFilter | undefined, next: number) {
    this.subscription = subscription;
    this.filter = filter;
    this.next = next;
  }
}

/** The readers of a stream: those with something to read and credit for it take turns, the others cost nothing. */
export class Readers implements ConsumerSet {
  readonly #all = new Map<Subscription, Reader>();
  readonly #round = new Ring<Reader>();
  /** At the end of the stream. */
  #idle: Reader[] = [];

  get count(): number {
    return this.#all.size;
  }

  /** Nobody has anything to do now. */
  get isAtRest(): boolean {
    return this.#round.length === 0;
  }

  [Symbol.iterator](): IterableIterator<Subscription> {
    return this.#all.keys();
  }

  roleOf(): 'equal' {
    return 'equal';
  }

  add(reader: Reader): void {
    this.#all.set(reader.subscription, reader);
    this.enter(reader);
  }

  remove(subscription: Subscription): void {
    this.#all.delete(subscription);
    this.#idle = this.#idle.filter((reader) => reader.subscription !== subscription);
  }

  /** Its turn will come again. */
  enter(reader: Reader): void {
    this.#round.push(reader);
  }

  /** It has read everything, and waits for more. */
  rest(reader: Reader): void {
    this.#idle.push(reader);
  }

  /** There is more to read. */
  wake(): void {
    for (const reader of this.#idle.splice(0)) this.enter(reader);
  }

  /** A consumer that had no credit may have some. */
  resume(subscription: Subscription): void {
    subscription.blocked = false;
    const reader = this.#all.get(subscription);
    if (reader !== undefined) this.enter(reader);
  }

  /** The reader whose turn it is; undefined when all wait. One without credit stays out until `resume`. */
  take(): Reader | undefined {
    for (let reader = this.#round.shift(); reader !== undefined; reader = this.#round.shift()) {
      const { subscription } = reader;
      if (!this.#all.has(subscription)) continue;
      if (subscription.hasCredit) return reader;
      subscription.blocked = true;
    }
    return undefined;
  }
}
