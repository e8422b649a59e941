import type { DeclaredQueue } from '../broker/declared-queue.ts';
import type { Entry } from '../broker/message.ts';
import type { AckDeadline, AckWatch } from './ack-watch.ts';
import type { Consumer } from './consumer.ts';

/** Hears what becomes of a delivery. */
export type Source = Pick<DeclaredQueue, 'ack' | 'reject' | 'requeue'>;

/** A message handed out on a channel and not settled. A link in the list of its channel, oldest first. */
export class Delivery {
  readonly tag: number;
  readonly queue: DeclaredQueue;
  readonly entry: Entry;
  /** Its queue, unless it is a copy: nothing comes of what is done with that. */
  readonly source: Source;
  /** Undefined when it was fetched with basic.get. */
  readonly consumer: Consumer | undefined;
  /** Towards the limit of the whole channel (QOS-05). */
  counts: boolean;
  /** Until when it must be acked, if its queue says so; undefined when what the server says holds (CNS-41). */
  deadline: AckDeadline | undefined = undefined;
  previous: Delivery | undefined = undefined;
  next: Delivery | undefined = undefined;

  constructor(
    tag: number,
    queue: DeclaredQueue,
    entry: Entry,
    consumer: Consumer | undefined,
    source: Source = queue,
  ) {
    this.tag = tag;
    this.queue = queue;
    this.source = source;
    this.entry = entry;
    this.consumer = consumer;
    this.counts = consumer !== undefined;
  }

  get isCopy(): boolean {
    return this.source !== this.queue;
  }
}

/**
 * The unacked deliveries of a channel: by tag, and in order. A map alone would do for single acks, but finding its
 * oldest entry again and again costs more the longer it is (`multiple`).
 */
export class Unacked {
  readonly #watch: AckWatch;
  readonly #byTag = new Map<number, Delivery>();
  #oldest: Delivery | undefined = undefined;
  #youngest: Delivery | undefined = undefined;

  constructor(watch: AckWatch) {
    this.#watch = watch;
  }

  get count(): number {
    return this.#byTag.size;
  }

  get oldest(): Delivery | undefined {
    return this.#oldest;
  }

  get youngest(): Delivery | undefined {
    return this.#youngest;
  }

  [Symbol.iterator](): IterableIterator<Delivery> {
    return this.#byTag.values();
  }

  add(delivery: Delivery): void {
    this.#byTag.set(delivery.tag, delivery);
    const { consumerTimeout } = delivery.queue;
    if (consumerTimeout !== undefined) delivery.deadline ??= this.#watch.beginOwn(consumerTimeout);
    delivery.previous = this.#youngest;
    if (this.#youngest === undefined) {
      this.#oldest = delivery;
      this.#watch.begin();
    } else {
      this.#youngest.next = delivery;
    }
    this.#youngest = delivery;
  }

  get(tag: number): Delivery | undefined {
    return this.#byTag.get(tag);
  }

  /** From now on all that are outstanding count towards the limit of the channel. Returns how many. */
  countAll(): number {
    for (const delivery of this.#byTag.values()) delivery.counts = true;
    return this.count;
  }

  /** Takes out one delivery; undefined when the tag is not outstanding. */
  take(tag: number): Delivery | undefined {
    const delivery = this.#byTag.get(tag);
    if (delivery !== undefined) this.#remove(delivery);
    return delivery;
  }

  /** Takes out all up to a tag, oldest first; undefined when the tag itself is not outstanding (ACK-02). */
  takeUpTo(tag: number): Delivery[] | undefined {
    if (!this.#byTag.has(tag)) return undefined;
    const taken: Delivery[] = [];
    for (let one = this.#oldest; one !== undefined && one.tag <= tag; one = this.#oldest) {
      this.#remove(one);
      taken.push(one);
    }
    return taken;
  }

  /** Puts back what was taken out, at the places it had. */
  restore(deliveries: readonly Delivery[]): void {
    const all = [...this.takeAll(), ...deliveries].sort((a, b) => a.tag - b.tag);
    for (const delivery of all) {
      delivery.next = undefined;
      this.add(delivery);
    }
  }

  /** Takes out all, oldest first. */
  takeAll(): Delivery[] {
    const all = [...this.#byTag.values()];
    this.#byTag.clear();
    this.#oldest = undefined;
    this.#youngest = undefined;
    return all;
  }

  #remove(delivery: Delivery): void {
    this.#byTag.delete(delivery.tag);
    const { previous, next } = delivery;
    if (previous === undefined) this.#oldest = next;
    else previous.next = next;
    if (next === undefined) this.#youngest = previous;
    else next.previous = previous;
  }
}
