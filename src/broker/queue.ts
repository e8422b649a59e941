import { AmqpError } from '../wire/errors.ts';
import type { FieldTable } from '../wire/table.ts';
import { laneOf, queueLabel } from './arguments.ts';
import type { QueueArguments } from './arguments.ts';
import type { Clock } from './clock.ts';
import { Consumers } from './consumers.ts';
import type { Subscription } from './consumers.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { Binding } from './exchange.ts';
import { Deadline, takeExpired } from './expiry.ts';
import type { Journal, Recovered } from './journal.ts';
import { KeptDeadLetters } from './kept-dead.ts';
import { Entry } from './message.ts';
import type { Message } from './message.ts';
import { isLimited, isOver, wouldBeOver } from './overflow.ts';
import { QUORUM } from './queue-type.ts';
import { Ready } from './ready.ts';
import { Ring } from './ring.ts';

/** Why a message leaves a queue to be dead-lettered (DLX-02). */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

/** What a queue needs of the place it is in. */
export interface QueueHost {
  readonly clock: Clock;
  readonly journal: Journal;
  /** Has `queue.work()` called before long, once however often it is asked. */
  later(queue: DeclaredQueue): void;
  /** Dead-letters a message that is no longer ready; it ends with `queue.forget` or, if it is kept, `release`. */
  bury(queue: Queue, entry: Entry, reason: DeathReason): void;
  /** The queue has dead letters that nobody took: `queue.kept.soon()` when that may have changed. */
  keeps(queue: Queue): void;
  /** Deletes the queue: it expired, or its last consumer went away. */
  remove(queue: DeclaredQueue): void;
}

/** What a queue is, fixed when it is declared. */
export interface QueueIdentity {
  /** Never used again, not even by a queue of the same name. */
  readonly id: number;
  readonly vhost: string;
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** The connection that may use an exclusive queue; undefined when it is not exclusive. */
  readonly owner: object | undefined;
  /** As they were declared, for comparison and listing. */
  readonly table: FieldTable;
}

/** Messages one call of `work` may let die, and hand out: about a millisecond. */
const BURIALS = 64;
const DELIVERIES = 256;

/** A queue: takes messages in, hands them out in order, and takes care of those that come back or fall due. */
export class Queue implements DeclaredQueue {
  readonly kind = 'queue';
  readonly isStream = false;
  readonly identity: QueueIdentity;
  readonly arguments: QueueArguments;
  readonly ready: Ready;
  readonly consumers: Consumers;
  /** Every binding that leads here. */
  readonly incoming = new Set<Binding>();
  /** For the host: it stands among those that have work. */
  isScheduled = false;
  /** Dead letters nobody took yet; undefined when the queue does not keep them. */
  readonly kept: KeptDeadLetters | undefined;
  #unackedCount = 0;
  #isDeleted = false;
  readonly #host: QueueHost;
  readonly #isLimited: boolean;
  readonly #isQuorum: boolean;
  /** Expired at the head or returned too often, not yet dead-lettered. */
  readonly #dying = new Ring<Entry>();
  readonly #headExpiry: Deadline;
  readonly #queueExpiry: Deadline;
  /** By lane: the youngest message a client has been given. */
  readonly #delivered: number[];

  constructor(host: QueueHost, identity: QueueIdentity, args: QueueArguments) {
    this.#host = host;
    this.identity = identity;
    this.arguments = args;
    this.#isQuorum = args.type === QUORUM;
    this.ready = new Ready(args.maxPriority + 1, this.#isQuorum);
    this.#delivered = Array.from({ length: args.maxPriority + 1 }, () => 0);
    this.consumers = new Consumers(args.singleActiveConsumer, this.#isQuorum);
    this.#isLimited = isLimited(args);
    this.#headExpiry = new Deadline(host.clock, () => host.later(this));
    this.#queueExpiry = new Deadline(host.clock, () => host.remove(this));
    if (args.deadLetterAtLeastOnce) this.kept = new KeptDeadLetters(host, this);
    this.touch();
  }

  get name(): string {
    return this.identity.name;
  }

  get durable(): boolean {
    return this.identity.durable;
  }

  /** Whether a message would still be there after a restart: quorum queues keep transient ones, too (QUE-31). */
  records(persistent: boolean): boolean {
    return this.identity.durable && (persistent || this.#isQuorum);
  }

  /** Handed out and not settled. */
  get unackedCount(): number {
    return this.#unackedCount;
  }

  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /** Ready messages. */
  get messageCount(): number {
    return this.ready.length;
  }

  /** `queue 'Q' in vhost 'VH'` (GEN-05). */
  get label(): string {
    return queueLabel(this.identity.vhost, this.name);
  }

  /**
   * Takes a message in; its deadline is fixed here and now (TTL-10).
   * @param ttl of the message, in milliseconds; the smaller of it and the queue's wins (TTL-01)
   * @returns false when the queue is full and refuses it (LEN-10)
   */
  publish(message: Message, ttl: number): boolean {
    const lifetime = Math.min(ttl, this.arguments.messageTtl);
    const expiresAt = lifetime === Infinity ? Infinity : this.#host.clock.now() + lifetime;
    const isFull = this.#isLimited && this.#wouldBeOver(message);
    if (isFull && !this.#isQuorum && this.#refuses(message)) return false;
    const taker = isFull || lifetime === 0 ? this.#taker() : undefined;
    if (isFull && taker === undefined && this.#isQuorum && this.#refuses(message)) return false; // LEN-11
    const entry = this.#take(message, expiresAt);
    if (taker !== undefined) {
      this.#give(taker, entry);
      return true;
    }
    this.ready.push(entry);
    if (isFull) this.#dropSurplus();
    if (expiresAt !== Infinity) this.#aimAtHead();
    this.#host.later(this);
    return true;
  }

  /**
   * The next message, handed out to be settled; undefined when none is ready. Renews the queue's lease (QEX-03).
   * @throws {AmqpError} RESOURCE_LOCKED for a quorum queue with a single active consumer (CNS-34)
   */
  get(): Entry | undefined {
    if (this.#isQuorum && this.arguments.singleActiveConsumer) {
      const why = 'basic.get operations are not supported by quorum queues with single active consumer';
      throw new AmqpError('RESOURCE_LOCKED', `cannot obtain access to locked ${this.label}. ${why}`);
    }
    this.touch();
    this.#deliver();
    const entry = this.#unexpiredHead(Infinity);
    if (entry === undefined) return undefined;
    this.ready.shift();
    this.#handedOut(entry);
    if (this.#headMayExpire) this.#host.later(this);
    return entry;
  }

  /** A handed-out message has done its work. */
  ack(entry: Entry): void {
    this.#unackedCount--;
    this.forget(entry);
  }

  /** A handed-out message is refused for good; when the queue is gone it goes without dead-lettering (EXP-12). */
  reject(entry: Entry): void {
    this.#unackedCount--;
    if (this.#isDeleted) this.forget(entry);
    else this.#bury(entry, 'rejected');
  }

  /**
   * Handed-out messages come back to where they stood, keeping their deadlines (TTL-12, ACK-04, LEN-08); those that
   * did so too often die (DLV-02).
   */
  requeue(entries: readonly Entry[]): void {
    this.#unackedCount -= entries.length;
    if (this.#isDeleted) {
      for (const entry of entries) this.forget(entry);
      return;
    }
    for (const entry of entries) entry.returns++;
    if (this.#isLimited) this.#deliver(); // what a consumer would have taken by now does not count
    this.ready.putBack(this.arguments.deliveryLimit === Infinity ? entries : this.#withoutWornOut(entries));
    if (this.#isLimited) this.#dropSurplus();
    this.#host.later(this);
  }

  /** Drops all ready messages without dead-lettering (EXP-10). Returns how many. */
  purge(): number {
    const entries = this.ready.clear();
    for (const entry of entries) this.forget(entry);
    return entries.length;
  }

  /** @throws {AmqpError} ACCESS_REFUSED when one of the two wants the queue for itself (CNS-04, CNS-33) */
  addConsumer(subscription: Subscription): void {
    const exclusive = subscription.exclusive && !this.#isQuorum; // CNS-05
    const refused = exclusive && (this.consumers.count > 0 || this.arguments.singleActiveConsumer);
    if (refused || (!this.#isQuorum && this.consumers.hasExclusive)) {
      throw new AmqpError('ACCESS_REFUSED', `${this.label} in exclusive use`);
    }
    this.consumers.add(subscription);
    this.#queueExpiry.aim(Infinity);
    this.#host.later(this);
  }

  /** The last consumer to go starts the queue's lease (QEX-03), or ends an auto-delete queue (QUE-28). */
  removeConsumer(subscription: Subscription): void {
    if (this.#isDeleted) return;
    this.consumers.remove(subscription);
    this.touch();
    if (this.identity.autoDelete && this.consumers.count === 0) this.#host.remove(this);
    else this.#host.later(this);
  }

  /** A consumer has credit again. */
  resume(subscription: Subscription): void {
    this.consumers.resume(subscription);
    if (!this.#isDeleted) this.#host.later(this);
  }

  /** The queue is in use: an idle one is deleted `x-expires` after the last time (QEX-02, QEX-03). */
  touch(): void {
    const { expires } = this.arguments;
    if (expires === Infinity || this.consumers.count > 0) return;
    this.#queueExpiry.aim(this.#host.clock.now() + expires);
  }

  /** One slice of what there is to do: let the expired die, hand out the rest. Asks for more when more is left. */
  work(): void {
    if (this.#isDeleted) return;
    if (this.#headMayExpire) {
      takeExpired(this.ready, this.#host.clock.now(), this.#dying, BURIALS - this.#dying.length);
    }
    for (let left = BURIALS; left > 0 && this.#dying.length > 0; left--) {
      const entry = this.#dying.shift() as Entry;
      this.#bury(entry, entry.returns > this.arguments.deliveryLimit ? 'delivery_limit' : 'expired');
    }
    this.kept?.retry(BURIALS);
    this.#deliver();
    if (this.#dying.length > 0 || this.#isHeadExpired || this.kept?.hasDue === true) this.#host.later(this);
    else this.#aimAtHead();
  }

  /** Messages found on disk, as they stood before the restart. */
  restore({ places }: Recovered): void {
    for (const { message, expiresAt, lane, returns, death } of places.get(this.identity.id) ?? []) {
      message.places++;
      const entry = new Entry(message, expiresAt, Math.min(lane, this.arguments.maxPriority), true, returns);
      if (death !== undefined && this.kept !== undefined) this.kept.restore(entry, death as DeathReason);
      else if (returns > this.arguments.deliveryLimit) this.#dying.push(entry);
      else this.ready.push(entry);
    }
    this.#host.later(this);
  }

  /** Ends the queue: its messages are dropped, never dead-lettered (EXP-11). Called by the vhost only. */
  close(): void {
    this.#isDeleted = true;
    this.#headExpiry.cancel();
    this.#queueExpiry.cancel();
    const rest = [...this.ready.clear(), ...this.#dying];
    for (const entry of rest) this.forget(entry);
    for (const entry of this.kept?.close() ?? []) this.release(entry);
    this.#dying.clear();
  }

  /** The message is no longer in this queue. */
  forget(entry: Entry): void {
    const { message } = entry;
    if (entry.recorded && !this.#isDeleted) this.#host.journal.settle(message, this.identity.id);
    if (this.#isQuorum && (entry.returns > 0 || this.kept?.get(entry)?.isNoted === true)) {
      this.#host.journal.note(message, this.identity.id, 0, undefined);
    }
    if (--message.places === 0) this.#host.journal.release(message);
  }

  /** Everybody took a dead message that was kept. */
  release(entry: Entry): void {
    this.forget(entry);
    this.kept?.remove(entry);
  }

  #bury(entry: Entry, reason: DeathReason): void {
    this.kept?.add(entry, reason);
    this.#host.bury(this, entry, reason);
  }

  /** Those that may be delivered once more; the others die. */
  #withoutWornOut(entries: readonly Entry[]): Entry[] {
    const { deliveryLimit } = this.arguments;
    for (const entry of entries) if (entry.returns > deliveryLimit) this.#dying.push(entry);
    return entries.filter((entry) => entry.returns <= deliveryLimit);
  }

  #wouldBeOver(message: Message): boolean {
    return wouldBeOver(this.arguments, this.ready, message.bodyLength, this.kept);
  }

  #take(message: Message, expiresAt: number): Entry {
    const lane = laneOf(this.arguments, message.priority);
    const recorded = this.records(message.persistent);
    message.places++;
    if (recorded) this.#host.journal.place(message, this.identity.id, expiresAt, lane);
    return new Entry(message, expiresAt, lane, recorded, 0);
  }

  /** Who can take a message right now: its only chance with TTL 0 (TTL-15), or in a full queue (LEN-07). */
  #taker(): Subscription | undefined {
    this.#deliver();
    return this.ready.length === 0 ? this.consumers.next() : undefined;
  }

  #refuses(message: Message): boolean {
    const limits = this.arguments;
    if (limits.overflow === 'drop-head') return false;
    this.#deliver(); // as above
    if (!this.#wouldBeOver(message)) return false;
    if (limits.overflow === 'reject-publish-dlx') {
      message.places++;
      this.#host.bury(
        this,
        new Entry(message, Infinity, laneOf(this.arguments, message.priority), false, 0),
        'maxlen',
      );
    }
    return true;
  }

  /** drop-head: the oldest go until the rest is within the limits (LEN-05). */
  #dropSurplus(): void {
    if (this.arguments.overflow !== 'drop-head') return;
    while (isOver(this.arguments, this.ready)) {
      this.#host.bury(this, this.ready.shift() as Entry, 'maxlen');
    }
  }

  /** Moves ready messages to consumers until one of the two runs out. */
  #deliver(): void {
    for (let left = DELIVERIES; left > 0; left--) {
      if (this.ready.length === 0) return;
      const entry = this.#unexpiredHead(0);
      const consumer = entry === undefined ? undefined : this.consumers.next();
      if (entry === undefined || consumer === undefined) return;
      this.ready.shift();
      this.#give(consumer, entry);
    }
    this.#host.later(this);
  }

  /**
   * The deliver-time check: a message is never handed out at or past its deadline, whoever asks (TTL-18).
   * @param most how many expired ones may be passed over to find one that is not
   */
  #unexpiredHead(most: number): Entry | undefined {
    if (!this.#isHeadExpired) return this.ready.peek();
    takeExpired(this.ready, this.#host.clock.now(), this.#dying, most);
    this.#host.later(this);
    return this.#isHeadExpired ? undefined : this.ready.peek();
  }

  #give(consumer: Subscription, entry: Entry): void {
    if (consumer.noAck) {
      consumer.receiver.deliver(consumer, entry);
      this.forget(entry);
      return;
    }
    consumer.unacked++;
    this.#handedOut(entry);
    consumer.receiver.deliver(consumer, entry);
  }

  #handedOut(entry: Entry): void {
    this.#unackedCount++;
    if (!entry.recorded) return;
    const { message, returns } = entry;
    const { id } = message;
    if (this.#isQuorum && returns > 0) {
      this.#host.journal.note(message, this.identity.id, returns + 1, undefined); // it will come back once more
    }
    if (id <= (this.#delivered[entry.lane] ?? 0)) return;
    this.#delivered[entry.lane] = id;
    this.#host.journal.delivered(this.identity.id, entry.lane, id);
  }

  get #isHeadExpired(): boolean {
    const expiresAt = this.ready.peek()?.expiresAt ?? Infinity;
    return expiresAt !== Infinity && expiresAt <= this.#host.clock.now();
  }

  get #headMayExpire(): boolean {
    return (this.ready.peek()?.expiresAt ?? Infinity) !== Infinity;
  }

  /** The alarm follows the head, whatever made it the head (EXP-04, EXP-08). */
  #aimAtHead(): void {
    this.#headExpiry.aim(this.ready.peek()?.expiresAt ?? Infinity);
  }
}
