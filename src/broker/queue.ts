import { laneOf, queueLabel } from './arguments.ts';
import type { QueueArguments } from './arguments.ts';
import { Consumers } from './consumers.ts';
import type { Subscription } from './consumers.ts';
import { consumerTimeout } from './consumer-timeout.ts';
import { MessageCounts } from './counts.ts';
import type { DeathCounts } from './death-counts.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { DelayedRetry } from './delayed-retry.ts';
import type { ReturnCounts } from './delivery-count.ts';
import { Dying } from './dying.ts';
import type { Binding } from './exchange.ts';
import { Deadline } from './expiry.ts';
import type { Recovered, RecoveredPlace } from './journal.ts';
import { Handout } from './handout.ts';
import { KeptDeadLetters } from './kept-dead.ts';
import { LazySet } from './lazy-set.ts';
import { Entry } from './message.ts';
import type { Message } from './message.ts';
import type { DropReason } from './observer.ts';
import { Overflow } from './overflow.ts';
import { NO_POLICIES } from './policies.ts';
import type { AppliedPolicies } from './policies.ts';
import { ParkedRun } from './parked-run.ts';
import { Places } from './places.ts';
import type { DeathReason, QueueHost, QueueIdentity, QueueLoad } from './queue-host.ts';
import { queueSettings } from './queue-settings.ts';
import type { QueueSettings } from './queue-settings.ts';
import { QUORUM } from './queue-type.ts';
import { Ready } from './ready.ts';
import { Returns } from './returns.ts';
import type { Waiting } from './waiting.ts';

/** About as many as consumers take before their acks are read. */
const BEHIND = 2000;

/** A queue: takes messages in, hands them out in order, and takes care of those that come back or fall due. */
export class Queue implements DeclaredQueue {
  readonly kind = 'queue';
  readonly isStream = false;
  readonly identity: QueueIdentity;
  readonly arguments: QueueArguments;
  policies = NO_POLICIES;
  /** What arguments and policies come to. */
  settings: QueueSettings;
  consumerTimeout: number | undefined;
  readonly ready: Ready;
  readonly consumers: Consumers;
  /** Every binding that leads here. */
  readonly incoming = new LazySet<Binding>();
  readonly counts = new MessageCounts();
  /** What became of those that died; undefined when none did. */
  deaths: DeathCounts | undefined = undefined;
  /** For the host: it stands among those that have work. */
  isScheduled = false;
  /** Dead letters nobody took yet; undefined when the queue never kept any. */
  kept: KeptDeadLetters | undefined = undefined;
  /** Those who want to fetch and found nothing; undefined when there never were any. */
  waiting: Waiting | undefined = undefined;
  #isDeleted = false;
  readonly #host: QueueHost;
  readonly #isQuorum: boolean;
  readonly #places: Places;
  readonly #dying: Dying;
  readonly #handout: Handout;
  readonly #overflow: Overflow;
  readonly #returns: Returns;
  /** When it is deleted unless it is used; undefined as long as it never had such a moment. */
  #lease: Deadline | undefined = undefined;

  constructor(host: QueueHost, identity: QueueIdentity, args: QueueArguments) {
    this.#host = host;
    this.identity = identity;
    this.arguments = args;
    this.settings = queueSettings(args, NO_POLICIES.definition);
    this.consumerTimeout = consumerTimeout(identity.table, NO_POLICIES.definition);
    this.#isQuorum = args.type === QUORUM;
    const lanes = args.maxPriority + 1;
    this.ready = new Ready(lanes, this.#isQuorum, host.journal.parking);
    this.consumers = new Consumers(args.singleActiveConsumer, this.#isQuorum);
    this.#places = new Places(host.journal, identity, lanes, this.#isQuorum);
    this.#dying = new Dying(this, host.clock, host.lateness);
    this.#handout = new Handout(this, this.#dying, this.#places, host.events);
    this.#overflow = new Overflow(this, host, this.#handout);
    this.#returns = new Returns(this, host, this.#places, this.#dying);
    if (this.settings.deadLetterAtLeastOnce) this.kept = new KeptDeadLetters(host, this);
    this.touch();
  }

  get name(): string {
    return this.identity.name;
  }

  get durable(): boolean {
    return this.identity.durable;
  }

  records(persistent: boolean): boolean {
    return this.#places.records(persistent);
  }

  /** Handed out and not settled. */
  get unackedCount(): number {
    return this.#handout.unackedCount;
  }

  /** Those that came back and wait until they are tried again (DLV-09); undefined when none ever did. */
  get delayed(): DelayedRetry | undefined {
    return this.#returns.delayed;
  }

  get load(): QueueLoad {
    return this.#places.load(this.#handout.unackedBytes);
  }

  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /** Ready messages. */
  get messageCount(): number {
    return this.ready.length;
  }

  get isBehind(): boolean {
    return this.ready.length > BEHIND && this.consumers.count > 0;
  }

  /** `queue 'Q' in vhost 'VH'` (GEN-05). */
  get label(): string {
    return queueLabel(this.identity.vhost, this.name);
  }

  /**
   * Limits and the DLX hold at once for what is in the queue (POL-08), the TTL for what comes (TTL-11), and the lease
   * begins anew (QEX-08).
   */
  govern(policies: AppliedPolicies): void {
    if (policies === this.policies) return;
    this.policies = policies;
    this.settings = queueSettings(this.arguments, policies.definition);
    this.consumerTimeout = consumerTimeout(this.identity.table, policies.definition);
    if (this.settings.deadLetterAtLeastOnce) this.kept ??= new KeptDeadLetters(this.#host, this);
    else this.#dropKept('policy changed');
    this.#lease?.aim(Infinity);
    this.touch();
    this.#overflow.dropSurplus();
    if (this.#holdsSome) this.later();
  }

  /**
   * Takes a message in; its deadline is fixed here and now (TTL-10).
   * @param ttl of the message, in milliseconds; the smaller of it and the queue's wins (TTL-01)
   * @returns false when the queue is full and refuses it (LEN-10)
   */
  publish(message: Message, ttl: number): boolean {
    const lifetime = Math.min(ttl, this.settings.messageTtl);
    const expiresAt = lifetime === Infinity ? Infinity : this.#host.clock.now() + lifetime;
    const isFull = this.settings.isLimited && this.#overflow.wouldBeOver(message);
    if (isFull && !this.#isQuorum && this.#overflow.refuses(message)) return false;
    const taker = isFull || lifetime === 0 ? this.#handout.taker() : undefined;
    if (isFull && taker === undefined && this.#isQuorum && this.#overflow.refuses(message)) return false; // LEN-11
    const entry = this.#places.take(message, expiresAt, laneOf(this.arguments, message.priority));
    if (this.#host.events.isHeard) this.#host.events.enqueued(this, message, expiresAt);
    if (taker !== undefined) {
      this.#handout.give(taker, entry);
      return true;
    }
    this.ready.push(entry);
    if (isFull) this.#overflow.dropSurplus();
    if (expiresAt !== Infinity) this.#dying.aimAtHead();
    this.later();
    return true;
  }

  /**
   * The next message, handed out to be settled; undefined when none is ready. Renews the queue's lease (QEX-03).
   * @throws {AmqpError} RESOURCE_LOCKED for a quorum queue with a single active consumer (CNS-34)
   */
  get(): Entry | undefined {
    this.consumers.checkGet(this.label);
    this.touch();
    const entry = this.#handout.get();
    if (entry !== undefined && this.#dying.headMayExpire) this.later();
    return entry;
  }

  /** A handed-out message has done its work. */
  ack(entry: Entry): void {
    this.#handout.settled(entry, 'acked');
    this.forget(entry);
  }

  /** A handed-out message is refused for good; when the queue is gone it goes without dead-lettering (EXP-12). */
  reject(entry: Entry): void {
    this.#handout.settled(entry, 'rejected');
    if (this.#isDeleted) this.#drop(entry, 'queue deleted');
    else this.bury(entry, 'rejected');
  }

  /**
   * Handed-out messages come back to where they stood, keeping their deadlines (TTL-12, ACK-04, LEN-08); those that
   * did so too often die (DLV-02), and others may have to wait (DLV-09).
   */
  requeue(entries: readonly Entry[], hasFailed = true): void {
    for (const entry of entries) this.#handout.settled(entry);
    if (this.#isDeleted) {
      for (const entry of entries) this.#drop(entry, 'queue deleted');
      return;
    }
    if (this.settings.isLimited) this.#handout.deliver(); // what a consumer would have taken by now does not count
    this.ready.putBack(this.#returns.take(entries, hasFailed));
    if (this.settings.isLimited) this.#overflow.dropSurplus();
    this.later();
  }

  /** How often a message came back, as its consumers are told. */
  returnCounts(entry: Entry): ReturnCounts {
    return this.#returns.countsOf(entry);
  }

  /** Drops what is ready or waits to be, without dead-lettering (EXP-10). Returns how many. */
  purge(): number {
    const parked = this.#dropParked();
    const entries = [...this.ready.clear(), ...(this.delayed?.clear() ?? [])];
    for (const entry of entries) this.#drop(entry, 'purged');
    return parked + entries.length;
  }

  /** @throws {AmqpError} ACCESS_REFUSED when one of the two wants the queue for itself (CNS-04, CNS-33) */
  addConsumer(subscription: Subscription): void {
    this.consumers.check(subscription, this.label);
    this.consumers.add(subscription);
    if (this.#host.events.isHeard) this.#host.events.consumer('consumer-added', subscription);
    this.#lease?.aim(Infinity);
    this.later();
  }

  /** The last consumer to go starts the queue's lease (QEX-03), or ends an auto-delete queue (QUE-28). */
  removeConsumer(subscription: Subscription): void {
    if (this.#isDeleted) return;
    this.consumers.remove(subscription);
    if (this.#host.events.isHeard) this.#host.events.consumer('consumer-removed', subscription);
    this.touch();
    if (this.identity.autoDelete && this.consumers.count === 0) this.#host.remove(this, 'unused');
    else this.later();
  }

  /** A consumer has credit again. */
  resume(subscription: Subscription): void {
    this.consumers.resume(subscription);
    if (!this.#isDeleted) this.later();
  }

  /** The queue is in use: an idle one is deleted `x-expires` after the last time (QEX-02, QEX-03). */
  touch(): void {
    const { expires } = this.settings;
    if (expires === Infinity || this.consumers.count > 0) return;
    const { clock } = this.#host;
    this.#lease ??= new Deadline(clock, () => this.#host.remove(this, 'expired'));
    this.#lease.aim(clock.now() + expires);
  }

  /** Has `work` called before long. */
  later(): void {
    this.#host.later(this);
  }

  /** One slice of what there is to do: let the expired die, hand out the rest. Asks for more when more is left. */
  work(): void {
    if (this.#isDeleted) return;
    this.#returns.release();
    this.#dying.bury();
    this.kept?.retry();
    if (!this.#dying.isHeadExpired) this.#handout.deliver();
    if (this.waiting !== undefined && this.ready.length > 0) this.waiting.wake();
    const hasMore = this.#dying.length > 0 || this.#dying.isHeadExpired || this.kept?.hasDue === true;
    if (!hasMore) this.#dying.aimAtHead();
    else if (this.#host.isAhead(this)) this.#host.soon(() => this.later());
    else this.later();
  }

  /** Messages found on disk, as they stood before the restart. */
  restore({ places, parked }: Recovered): void {
    for (const place of places.get(this.identity.id) ?? []) this.#restore(place);
    for (const one of parked.get(this.identity.id) ?? []) {
      if (!(one instanceof ParkedRun)) this.#restore(one);
      else if (one.lane > this.arguments.maxPriority || this.settings.deliveryLimit < 1)
        for (const place of this.#places.unpark(one)) this.#restore(place);
      else {
        this.#places.restoreParked(one);
        this.ready.append(one);
      }
    }
    if (this.#holdsSome) this.later();
  }

  #restore(place: RecoveredPlace): void {
    const { death, retryAt = 0 } = { ...place.note };
    const entry = this.#places.restore(place, this.arguments.maxPriority);
    if (death !== undefined && this.kept !== undefined) this.kept.restore(entry, death as DeathReason);
    else if (this.#returns.restore(entry, retryAt)) this.ready.push(entry);
  }

  /** Ends the queue: its messages are dropped, never dead-lettered (EXP-11). Called by the vhost only. */
  close(): void {
    this.#isDeleted = true;
    this.#places.close();
    this.#lease?.cancel();
    this.#dropParked();
    const rest = [...this.ready.clear(), ...this.#dying.close(), ...(this.delayed?.clear() ?? [])];
    for (const entry of rest) this.#drop(entry, 'queue deleted');
    this.#dropKept('queue deleted');
    this.waiting?.wake();
  }

  /** Drops what is parked without making objects of it, if nobody is to hear of each; returns how many. */
  #dropParked(): number {
    if (this.#host.events.isHeard) return 0;
    let count = 0;
    for (const run of this.ready.takeParked()) {
      count += run.length;
      this.#places.forgetParked(run);
    }
    return count;
  }

  /** Messages that are not with consumers: neither a policy nor a restart makes work for thousands of empty queues. */
  get #holdsSome(): boolean {
    const { kept, delayed } = this;
    return this.messageCount > 0 || this.#dying.length > 0 || kept !== undefined || delayed !== undefined;
  }

  #dropKept(why: DropReason): void {
    for (const entry of this.kept?.close() ?? []) this.#drop(entry, why);
  }

  #drop(entry: Entry, why: DropReason): void {
    if (this.#host.events.isHeard) this.#host.events.dropped(this, entry.message, why);
    this.forget(entry);
  }

  /** The message is no longer in this queue. */
  forget(entry: Entry): void {
    this.#places.forget(entry, this.kept?.remove(entry) === true);
  }

  /** Dead-letters a message that is no longer ready. */
  bury(entry: Entry, reason: DeathReason): void {
    if (reason === 'expired' && this.#host.events.isHeard) this.#host.events.expired(this, entry);
    if (this.settings.deadLetterAtLeastOnce) this.kept?.add(entry, reason);
    this.#host.bury(this, entry, reason);
  }
}
