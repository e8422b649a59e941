import type { Clock } from './clock.ts';
import type { LostReason } from './dead-letter.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import { NOTHING_RECOVERED } from './journal.ts';
import type { Definition, Journal, Recovered } from './journal.ts';
import type { DeathReason, Queue } from './queue.ts';
import { Ring } from './ring.ts';
import { ALL_ACCESS, hashPassword, Users } from './users.ts';
import type { Permission, Secrets, User } from './users.ts';
import { Vhost } from './vhost.ts';
import type { VhostHost } from './vhost.ts';

/** "Run me soon": how the broker leaves the loop and comes back to it. */
export interface Turn {
  /** Runs `task` after what is going on, before the loop waits. */
  soon(task: () => void): void;
  /** Whether this turn has lasted so long that others must get theirs: a few milliseconds. */
  isLong(): boolean;
}

/** Everything the broker needs from outside. */
export interface BrokerPorts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly turn: Turn;
  readonly secrets: Secrets;
  /** How many queues there may be in all vhosts together; without it any number. */
  readonly maxQueues?: number;
  /** The first time a queue loses dead letters for a reason; RabbitMQ drops them in silence. */
  readonly onLost?: (queue: Queue, reason: DeathReason, why: LostReason) => void;
  /** Something was thrown in a turn of the broker's own: a bug. The rest goes on; without this the error passes on. */
  readonly onFault?: (error: unknown) => void;
}

/** Vhosts, users, and the queues that have work. Everything it does is done when the call returns. */
export class Broker implements VhostHost {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly users: Users;
  readonly vhosts = new Map<string, Vhost>();
  readonly #turn: Turn;
  readonly #secrets: Secrets;
  readonly #maxQueues: number;
  readonly #onLost: BrokerPorts['onLost'];
  readonly #onFault: BrokerPorts['onFault'];
  readonly #busy = new Ring<DeclaredQueue>();
  #isScheduled = false;
  #nextMessageId: number;
  #nextQueueId: number;
  /** Dead letters that reached nobody: by queue, then by reason and cause. */
  readonly #lost = new WeakMap<Queue, Map<string, number>>();

  constructor(ports: BrokerPorts, recovered: Recovered = NOTHING_RECOVERED) {
    this.clock = ports.clock;
    this.journal = ports.journal;
    this.#turn = ports.turn;
    this.#secrets = ports.secrets;
    this.#maxQueues = ports.maxQueues ?? Infinity;
    this.#onLost = ports.onLost;
    this.#onFault = ports.onFault;
    this.users = new Users(ports.secrets);
    this.#nextMessageId = recovered.nextMessageId;
    this.#nextQueueId = recovered.nextQueueId;
    for (const definition of recovered.definitions) this.#restore(definition);
    for (const vhost of this.vhosts.values()) {
      for (const queue of vhost.queues.values()) queue.restore(recovered);
      for (const exchange of vhost.exchanges.values()) exchange.restore(recovered);
    }
    if (this.vhosts.size === 0) this.#firstStart();
  }

  addVhost(name: string): Vhost {
    this.journal.define({ kind: 'vhost', name });
    return this.#newVhost(name);
  }

  /** @param password empty: the user cannot log in with one (CON-16) */
  addUser(name: string, password: string, tags: readonly string[] = []): User {
    const passwordHash = password === '' ? '' : hashPassword(password, this.#secrets);
    const user: User = { name, passwordHash, tags };
    this.journal.define({ kind: 'user', ...user });
    this.users.add(user);
    return user;
  }

  grant(user: string, vhost: string, permission: Permission): void {
    this.journal.define({ kind: 'permission', user, vhost, ...permission });
    this.users.grant(user, vhost, permission);
  }

  /** A name nobody has: a prefix and 22 characters of URL-safe base64 (QUE-03, CNS-01). */
  generatedName(prefix: string): string {
    return `${prefix}-${this.#secrets.random(16).toString('base64url')}`;
  }

  /** Bytes that nobody can guess. */
  secret(bytes: number): Buffer {
    return this.#secrets.random(bytes);
  }

  nextMessageId(): number {
    return this.#nextMessageId++;
  }

  nextQueueId(): number {
    return this.#nextQueueId++;
  }

  random(below: number): number {
    return Math.floor((this.#secrets.random(4).readUInt32BE() / 2 ** 32) * below);
  }

  get reachedQueueLimit(): number | undefined {
    if (this.#maxQueues === Infinity) return undefined;
    let count = 0;
    for (const { queues } of this.vhosts.values()) count += queues.size;
    return count >= this.#maxQueues ? this.#maxQueues : undefined;
  }

  soon(task: () => void): void {
    this.#turn.soon(() => this.#guard(task));
  }

  /** The queue gets its turn before long, once however often it asks. */
  later(queue: DeclaredQueue): void {
    if (queue.isScheduled) return;
    queue.isScheduled = true;
    this.#busy.push(queue);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#turn.soon(() => this.#work());
  }

  lost(queue: Queue, reason: DeathReason, why: LostReason): void {
    let counts = this.#lost.get(queue);
    if (counts === undefined) this.#lost.set(queue, (counts = new Map<string, number>()));
    const key = `${reason}: ${why}`;
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    if (count === 0 && why !== 'no dead-letter exchange') this.#onLost?.(queue, reason, why);
  }

  /** How many dead letters of this queue reached nobody, by reason and cause. */
  lostOf(queue: Queue): ReadonlyMap<string, number> {
    return this.#lost.get(queue) ?? new Map<string, number>();
  }

  /** Queues take turns; after a few milliseconds the loop breathes, and the rest goes on in the next turn. */
  #work(): void {
    this.#isScheduled = false;
    for (let queue = this.#busy.shift(); queue !== undefined; queue = this.#busy.shift()) {
      queue.isScheduled = false;
      this.#guard(() => queue.work());
      if (this.#busy.length > 0 && this.#turn.isLong()) break;
    }
    if (this.#busy.length === 0 || this.#isScheduled) return;
    this.#isScheduled = true;
    this.#turn.soon(() => this.#work());
  }

  #guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      if (this.#onFault === undefined) throw error;
      this.#onFault(error);
    }
  }

  #newVhost(name: string): Vhost {
    const vhost = new Vhost(name, this);
    this.vhosts.set(name, vhost);
    return vhost;
  }

  /** What a new RabbitMQ has: a vhost `/`, and `guest` who may do everything there. */
  #firstStart(): void {
    this.addVhost('/');
    this.addUser('guest', 'guest', ['administrator']);
    this.grant('guest', '/', ALL_ACCESS);
  }

  #restore(definition: Definition): void {
    if (definition.kind === 'vhost') this.#newVhost(definition.name);
    else if (definition.kind === 'user') this.users.add(definition);
    else if (definition.kind === 'permission')
      this.users.grant(definition.user, definition.vhost, definition);
    else this.vhosts.get(definition.vhost)?.restore(definition);
  }
}
