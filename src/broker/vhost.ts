import { EMPTY_TABLE } from '../wire/table.ts';
import type { QueueArguments } from './arguments.ts';
import type { Clock } from './clock.ts';
import type { Subscription } from './consumers.ts';
import { MessageCounts, NO_TRAFFIC } from './counts.ts';
import type { Churn, Traffic } from './counts.ts';
import {
  bindingDefinition,
  exchangeDefinition,
  isDurable,
  newQueue,
  queueDefinition,
  restoreDeclared,
} from './declared-definitions.ts';
import { DeathCounts } from './death-counts.ts';
import { DeadLetters } from './dead-letter.ts';
import type { DeadLetterHost, LostReason } from './dead-letter.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import { BROKER_ITSELF, Exchange } from './exchange.ts';
import type { Binding, ExchangeIdentity } from './exchange.ts';
import type { ExchangeHost } from './exchange-type.ts';
import type { Histogram } from './histogram.ts';
import type { Definition, Journal, VhostSettings } from './journal.ts';
import type { Keeper } from './keeper.ts';
import type { Entry, Message } from './message.ts';
import type { Events, QueueEnd } from './observer.ts';
import { Policies } from './policies.ts';
import type { PolicyHost } from './policies.ts';
import { PREDECLARED } from './predeclared.ts';
import type { Queue } from './queue.ts';
import type { DeathReason, QueueHost, QueueIdentity } from './queue-host.ts';
import type { GoneQueues } from './queue-totals.ts';
import { Replies } from './replies.ts';

/** What a vhost needs of the broker it is in. */
export interface VhostHost {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly churn: Churn;
  readonly events: Events;
  readonly lateness: Histogram;
  readonly goneQueues: GoneQueues;
  readonly nodeName: string;
  later(queue: DeclaredQueue): void;
  nextMessageId(): number;
  nextQueueId(): number;
  /** A whole number by chance, from 0 to one less than `below`. */
  random(below: number): number;
  /** How many queues there may be in all vhosts, if there are so many. */
  readonly reachedQueueLimit: number | undefined;
  /** Runs a task after the present one, in the same turn. */
  soon(task: () => void): void;
  lost(queue: Queue, reason: DeathReason, why: LostReason): void;
}

/**
 * A namespace of exchanges and queues: what there is, and how it comes and goes. Whether a client may ask for it is
 * decided in `declare.ts` and `bind.ts`; here everything succeeds.
 */
export class Vhost implements QueueHost, DeadLetterHost, ExchangeHost, PolicyHost {
  readonly name: string;
  readonly exchanges = new Map<string, Exchange>();
  readonly queues = new Map<string, DeclaredQueue>();
  readonly replies: Replies;
  readonly events: Events;
  readonly policies = new Policies(this, () => this.#changed());
  /** Grows with every change of exchanges, queues and bindings: what remembers a route compares it. */
  topology = 0;
  /** Whether what is published and delivered here is copied (RTE-31): asked for every message, so it has a field. */
  isTraced = false;
  /** What happened on channels that are gone, and without any: the rest is with the channels that are open. */
  readonly counts = new MessageCounts();
  /** Messages that were published in confirm mode on channels that are gone. */
  confirmsAsked = 0;
  /** What went over connections that are closed. */
  traffic: Traffic = NO_TRAFFIC;
  #settings: VhostSettings = {};
  readonly #host: VhostHost;
  /** Exclusive queues by the connection that has them. */
  readonly #owned = new Map<object, Set<DeclaredQueue>>();
  readonly #deadLetters = new DeadLetters(this);
  /** Queues with dead letters that nobody took. */
  readonly #keeping = new Set<Queue>();

  constructor(name: string, host: VhostHost) {
    this.name = name;
    this.#host = host;
    this.events = host.events;
    this.replies = new Replies(name, this);
    for (const [exchange, type, internal = false] of PREDECLARED) {
      const identity = {
        id: 0,
        vhost: name,
        name: exchange,
        type,
        durable: true,
        autoDelete: false,
        internal,
        table: EMPTY_TABLE,
        declaredBy: BROKER_ITSELF,
      };
      this.exchanges.set(exchange, new Exchange(identity, this));
    }
  }

  get settings(): VhostSettings {
    return this.#settings;
  }

  set settings(settings: VhostSettings) {
    this.#settings = settings;
    this.isTraced = settings.tracing === true;
  }

  /** The name of the broker among others. */
  get nodeName(): string {
    return this.#host.nodeName;
  }

  get clock(): Clock {
    return this.#host.clock;
  }

  get journal(): Journal {
    return this.#host.journal;
  }

  get lateness(): Histogram {
    return this.#host.lateness;
  }

  get churn(): Churn {
    return this.#host.churn;
  }

  now(): number {
    return this.#host.clock.now();
  }

  nextMessageId(): number {
    return this.#host.nextMessageId();
  }

  nextQueueId(): number {
    return this.#host.nextQueueId();
  }

  random(below: number): number {
    return this.#host.random(below);
  }

  get reachedQueueLimit(): number | undefined {
    return this.#host.reachedQueueLimit;
  }

  later(queue: DeclaredQueue): void {
    this.#host.later(queue);
  }

  bury(queue: Queue, entry: Entry, reason: DeathReason): void {
    if (queue.kept?.get(entry)?.isNoted !== true)
      (queue.deaths ??= new DeathCounts()).died(queue.settings, reason);
    this.#deadLetters.bury(queue, entry, reason);
  }

  isAhead(queue: Queue): boolean {
    return this.#deadLetters.isAhead(queue);
  }

  keeps(queue: Queue): void {
    this.#keeping.add(queue);
  }

  /** What could not be dead-lettered may find its way now (DLX-14). */
  #changed(): void {
    this.topology++;
    for (const queue of this.#keeping) {
      if (!queue.isDeleted && queue.kept !== undefined && queue.kept.length > 0) queue.kept.soon();
      else this.#keeping.delete(queue);
    }
  }

  soon(task: () => void): void {
    this.#host.soon(task);
  }

  /** For many rejects at once: what the task buries is buried when it is done, in slices. */
  holdBurials(task: () => void): void {
    this.#deadLetters.hold(task);
  }

  /** Puts a new message wherever it goes; returns how many queues refused it. */
  enqueue(
    message: Message,
    targets: readonly DeclaredQueue[],
    keepers: readonly Keeper[],
    ttl: number,
  ): number {
    return this.#deadLetters.enqueue(message, targets, keepers, ttl);
  }

  lost(queue: Queue, reason: DeathReason, why: LostReason): void {
    this.#host.lost(queue, reason, why);
  }

  addExchange(identity: Omit<ExchangeIdentity, 'vhost' | 'id'>): Exchange {
    const id = this.nextQueueId();
    const exchange = new Exchange({ ...identity, id, vhost: this.name }, this);
    exchange.govern(this.policies.for(exchange));
    this.exchanges.set(exchange.name, exchange);
    this.#changed();
    if (exchange.durable) this.journal.define(exchangeDefinition(exchange));
    if (this.events.isHeard) this.events.exchangeDeclared(exchange);
    return exchange;
  }

  /** Deletes an exchange with all bindings from it and to it (EXC-14). */
  removeExchange(exchange: Exchange): void {
    if (!this.exchanges.delete(exchange.name)) return;
    if (exchange.durable) this.journal.undefine(exchangeDefinition(exchange));
    this.#changed();
    for (const binding of exchange.bindings) this.removeBinding(binding);
    for (const binding of exchange.incoming) this.removeBinding(binding);
    exchange.close();
    if (this.events.isHeard) this.events.exchangeDeleted(exchange);
  }

  addQueue(identity: QueueIdentity, args: QueueArguments): DeclaredQueue {
    const queue = newQueue(this, identity, args);
    queue.govern(this.policies.for(queue));
    this.queues.set(queue.name, queue);
    this.churn.queuesCreated++;
    this.#changed();
    if (queue.durable) this.journal.define(queueDefinition(queue));
    if (this.events.isHeard) this.events.queueDeclared(queue);
    if (identity.owner !== undefined) this.#own(identity.owner, queue);
    return queue;
  }

  /** Deletes a queue with its bindings and messages; its consumers hear of it afterwards (QUE-27, CNS-26). */
  remove(queue: DeclaredQueue, why: QueueEnd = 'deleted'): void {
    if (queue.isDeleted) return;
    this.queues.delete(queue.name);
    this.churn.queuesDeleted++;
    if (queue.durable) this.journal.undefine(queueDefinition(queue));
    const { owner } = queue.identity;
    if (owner !== undefined) this.#owned.get(owner)?.delete(queue);
    this.#changed();
    for (const binding of queue.incoming) this.removeBinding(binding);
    queue.close();
    this.#host.goneQueues.add(queue);
    if (this.events.isHeard) this.events.queueDeleted(queue, why);
    const cancelled: Subscription[] = [...queue.consumers];
    if (cancelled.length === 0) return;
    this.soon(() => {
      for (const subscription of cancelled) subscription.receiver.cancelled(subscription);
    });
  }

  addBinding(binding: Binding): void {
    binding.source.add(binding);
    this.#changed();
    if (isDurable(binding)) this.journal.define(bindingDefinition(this.name, binding));
    if (this.events.isHeard) this.events.binding('bound', binding);
    binding.source.bound(binding);
  }

  /** Its source goes too if it is auto-delete and this was its last (EXC-15). */
  removeBinding(binding: Binding): void {
    const { source } = binding;
    source.remove(binding);
    this.#changed();
    if (isDurable(binding)) this.journal.undefine(bindingDefinition(this.name, binding));
    if (this.events.isHeard) this.events.binding('unbound', binding);
    if (source.identity.autoDelete && source.bindingCount === 0) this.removeExchange(source);
  }

  /** Deletes everything: the vhost itself goes. */
  clear(): void {
    for (const queue of this.queues.values()) this.remove(queue, 'vhost deleted');
    for (const exchange of this.exchanges.values()) this.removeExchange(exchange);
    this.policies.clear();
  }

  /** Deletes the exclusive queues of a connection that ends (QUE-29). */
  removeOwnedBy(owner: object): void {
    for (const queue of this.#owned.get(owner) ?? []) this.remove(queue, 'owner gone');
    this.#owned.delete(owner);
  }

  #own(owner: object, queue: DeclaredQueue): void {
    const owned = this.#owned.get(owner);
    if (owned === undefined) this.#owned.set(owner, new Set([queue]));
    else owned.add(queue);
  }

  /** Puts back what was there before a restart, without recording it again; ends with `policies.apply`. */
  restore(definition: Definition): void {
    if (definition.kind === 'policy' || definition.kind === 'operator-policy')
      this.policies.restore(definition);
    else restoreDeclared(this, definition);
  }
}
