import { AmqpError } from '../wire/errors.ts';
import type { FieldTable } from '../wire/table.ts';
import type { ConsumerRole, DeclaredQueue } from './declared-queue.ts';
import { LazySet } from './lazy-set.ts';
import type { Entry } from './message.ts';
import { Ring } from './ring.ts';

/** What a queue delivers to: a client's channel. Calls return at once and do not throw. */
export interface Receiver {
  /** Whether the channel and its socket take one more message; when it can again it calls `Subscription.resume`. */
  hasCredit(subscription: Subscription): boolean;
  deliver(subscription: Subscription, entry: Entry): void;
  /** The queue is gone, and the subscription with it. */
  cancelled(subscription: Subscription): void;
}

/** How a consumer was asked for. */
export interface SubscriptionSettings {
  readonly consumerTag: string;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  /** Higher ones are served first (CNS-09). */
  readonly priority: number;
  /** How many unacked deliveries it may have; 0 is no limit. */
  readonly prefetch: number;
  /** Its channel has a prefetch for all its consumers. */
  readonly hasChannelLimit: boolean;
  readonly arguments: FieldTable;
}

/** One consumer of one queue. */
export class Subscription implements SubscriptionSettings {
  readonly queue: DeclaredQueue;
  readonly receiver: Receiver;
  readonly consumerTag: string;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  readonly priority: number;
  readonly prefetch: number;
  readonly hasChannelLimit: boolean;
  readonly arguments: FieldTable;
  unacked = 0;
  /** It was asked, had no credit, and is out of the round until `resume`. */
  blocked = false;

  constructor(queue: DeclaredQueue, receiver: Receiver, settings: SubscriptionSettings) {
    this.queue = queue;
    this.receiver = receiver;
    this.consumerTag = settings.consumerTag;
    this.noAck = settings.noAck;
    this.exclusive = settings.exclusive;
    this.priority = settings.priority;
    this.prefetch = settings.prefetch;
    this.hasChannelLimit = settings.hasChannelLimit;
    this.arguments = settings.arguments;
  }

  /** QOS-05; without acks prefetch does not apply (CNS-07). */
  get hasCredit(): boolean {
    if (!this.noAck && this.prefetch !== 0 && this.unacked >= this.prefetch) return false;
    return this.receiver.hasCredit(this);
  }

  /** Something that may have kept it from taking messages is over. */
  resume(): void {
    if (this.blocked) this.queue.resume(this);
  }
}

/** The consumers of a queue: whose turn it is. Those without credit stand outside the round and cost nothing. */
export class Consumers {
  readonly #all = new LazySet<Subscription>();
  /** Rounds by priority, highest first; each holds those that may have credit. */
  readonly #rounds: { readonly priority: number; readonly ring: Ring<Subscription> }[] = [];
  readonly #singleActive: boolean;
  readonly #isQuorum: boolean;
  readonly #displaces: boolean;
  #active: Subscription | undefined = undefined;
  /** Displaces the active one as soon as that has nothing unacked. */
  #challenger: Subscription | undefined = undefined;

  /** @param isQuorum a higher priority displaces the single active consumer (CNS-31), and none is exclusive (CNS-05) */
  constructor(singleActive: boolean, isQuorum = false) {
    this.#singleActive = singleActive;
    this.#isQuorum = isQuorum;
    this.#displaces = singleActive && isQuorum;
  }

  get count(): number {
    return this.#all.size;
  }

  /**
   * Whether one more may come.
   * @throws {AmqpError} ACCESS_REFUSED when one of them wants the queue for itself (CNS-04, CNS-33)
   */
  check({ exclusive }: Subscription, label: string): void {
    if (this.#isQuorum) return;
    let isRefused = exclusive && (this.count > 0 || this.#singleActive);
    for (const subscription of this.#all) if (subscription.exclusive) isRefused = true;
    if (isRefused) throw new AmqpError('ACCESS_REFUSED', `${label} in exclusive use`);
  }

  /** @throws {AmqpError} RESOURCE_LOCKED for a quorum queue with a single active consumer (CNS-34) */
  checkGet(label: string): void {
    if (!this.#isQuorum || !this.#singleActive) return;
    const why = 'basic.get operations are not supported by quorum queues with single active consumer';
    throw new AmqpError('RESOURCE_LOCKED', `cannot obtain access to locked ${label}. ${why}`);
  }

  [Symbol.iterator](): IterableIterator<Subscription> {
    return this.#all[Symbol.iterator]();
  }

  roleOf(subscription: Subscription): ConsumerRole {
    if (!this.#singleActive) return 'equal';
    return subscription === this.#active ? 'single_active' : 'waiting';
  }

  add(subscription: Subscription): void {
    this.#all.add(subscription);
    if (this.#singleActive) this.#active ??= subscription;
    if (this.#displaces) this.#findChallenger();
    this.#enter(subscription);
  }

  remove(subscription: Subscription): void {
    this.#all.delete(subscription);
    for (const { ring } of this.#rounds) {
      for (let left = ring.length; left > 0; left--) {
        const one = ring.shift() as Subscription;
        if (one !== subscription) ring.push(one);
      }
    }
    if (this.#active === subscription) this.#active = this.#heir();
    if (this.#displaces) this.#findChallenger();
  }

  /** Back into the round. */
  resume(subscription: Subscription): void {
    subscription.blocked = false;
    if (this.#all.has(subscription)) this.#enter(subscription);
  }

  /** The consumer whose turn it is, and the turn passes on (CNS-08); undefined when none has credit. */
  next(): Subscription | undefined {
    if (this.#singleActive) return this.#nextActive();
    for (const { ring } of this.#rounds) {
      for (let one = ring.shift(); one !== undefined; one = ring.shift()) {
        if (one.hasCredit) {
          ring.push(one);
          return one;
        }
        one.blocked = true;
      }
    }
    return undefined;
  }

  #nextActive(): Subscription | undefined {
    if (this.#challenger !== undefined && this.#active?.unacked === 0) {
      this.#active = this.#challenger;
      this.#challenger = undefined;
    }
    if (this.#challenger === undefined && (this.#active === undefined || this.#active.hasCredit))
      return this.#active;
    if (this.#active !== undefined) this.#active.blocked = true; // until it settles what it has
    return undefined;
  }

  #findChallenger(): void {
    const heir = this.#heir();
    const isHigher = heir !== undefined && heir.priority > (this.#active?.priority ?? Infinity);
    this.#challenger = isHigher ? heir : undefined;
  }

  #enter(subscription: Subscription): void {
    if (this.#singleActive) return;
    let round = this.#rounds.find(({ priority }) => priority === subscription.priority);
    if (round === undefined) {
      round = { priority: subscription.priority, ring: new Ring<Subscription>() };
      this.#rounds.push(round);
      this.#rounds.sort((a, b) => b.priority - a.priority);
    }
    round.ring.push(subscription);
  }

  /** The next single active consumer: highest priority, then longest waiting (CNS-31). */
  #heir(): Subscription | undefined {
    let heir: Subscription | undefined;
    for (const one of this.#all) if (heir === undefined || one.priority > heir.priority) heir = one;
    return heir;
  }
}
