import type { Subscription } from './consumers.ts';
import type { Dying } from './dying.ts';
import type { Entry } from './message.ts';
import type { Events } from './observer.ts';
import type { Places } from './places.ts';
import type { Queue } from './queue.ts';

/** Messages one call of `deliver` may hand out: about a millisecond. */
const DELIVERIES = 256;

/** Hands out what is ready in a queue, in order: to its consumers in turn, or to who asks for one message. */
export class Handout {
  /** Handed out and not settled. */
  unackedCount = 0;
  /** The sum of their bodies. */
  unackedBytes = 0;
  readonly #queue: Queue;
  readonly #dying: Dying;
  readonly #places: Places;
  readonly #events: Events;

  constructor(queue: Queue, dying: Dying, places: Places, events: Events) {
    this.#queue = queue;
    this.#dying = dying;
    this.#places = places;
    this.#events = events;
  }

  /** Moves ready messages to consumers until one of the two runs out. */
  deliver(): void {
    const { ready, consumers } = this.#queue;
    for (let left = DELIVERIES; left > 0; left--) {
      if (ready.length === 0) return;
      const entry = this.#unexpiredHead(0);
      const consumer = entry === undefined ? undefined : consumers.next();
      if (entry === undefined || consumer === undefined) return;
      ready.shift();
      this.give(consumer, entry);
    }
    this.#queue.later();
  }

  /** Who can take a message right now: its only chance with TTL 0 (TTL-15), or in a full queue (LEN-07). */
  taker(): Subscription | undefined {
    this.deliver();
    return this.#queue.ready.length === 0 ? this.#queue.consumers.next() : undefined;
  }

  give(consumer: Subscription, entry: Entry): void {
    if (this.#events.isHeard) this.#events.delivered(this.#queue, entry, consumer.consumerTag);
    if (consumer.noAck) {
      consumer.receiver.deliver(consumer, entry);
      this.#queue.forget(entry);
      return;
    }
    consumer.unacked++;
    this.#handedOut(entry);
    consumer.receiver.deliver(consumer, entry);
  }

  /** The next message, for somebody who asks for one when consumers have had their turn. */
  get(): Entry | undefined {
    this.deliver();
    const entry = this.#unexpiredHead(Infinity);
    if (entry === undefined) return undefined;
    this.#queue.ready.shift();
    if (this.#events.isHeard) this.#events.delivered(this.#queue, entry, undefined);
    this.#handedOut(entry);
    return entry;
  }

  /**
   * What was handed out is not any more.
   * @param how undefined: it comes back
   */
  settled({ message }: Entry, how?: 'acked' | 'rejected'): void {
    this.unackedCount--;
    this.unackedBytes -= message.bodyLength;
    if (how !== undefined && this.#events.isHeard) this.#events.happened(how, this.#queue, message);
  }

  #handedOut(entry: Entry): void {
    this.unackedCount++;
    this.unackedBytes += entry.message.bodyLength;
    this.#places.handedOut(entry);
  }

  /**
   * The deliver-time check: a message is never handed out at or past its deadline, whoever asks (TTL-18).
   * @param most how many expired ones may be passed over to find one that is not
   */
  #unexpiredHead(most: number): Entry | undefined {
    const { ready } = this.#queue;
    if (!this.#dying.isHeadExpired) return ready.peek();
    this.#dying.scan(most);
    this.#queue.later();
    return this.#dying.isHeadExpired ? undefined : ready.peek();
  }
}
