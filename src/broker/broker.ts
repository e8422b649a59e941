import { AuthAttempts } from './auth-attempts.ts';
import type { Clock } from './clock.ts';
import { Connections } from './connections.ts';
import { Churn, MessageCounts } from './counts.ts';
import type { LostReason } from './dead-letter.ts';
import { DeathCounts } from './death-counts.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import { GlobalParameters } from './global-parameters.ts';
import { Histogram } from './histogram.ts';
import { NOTHING_RECOVERED } from './journal.ts';
import type { Definition, Journal, Recovered, VhostSettings } from './journal.ts';
import { Events } from './observer.ts';
import { hashPassword } from './passwords.ts';
import type { Secrets } from './passwords.ts';
import type { Queue } from './queue.ts';
import type { DeathReason } from './queue-host.ts';
import { GoneQueues } from './queue-totals.ts';
import { Ring } from './ring.ts';
import { ALL_ACCESS, Users } from './users.ts';
import type { Permission, User } from './users.ts';
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
  /** What it is called in copies of traced messages. */
  readonly nodeName?: string;
}

/** Turns of queues that one call of `catchUp` gives: enough for what one read of a socket can bring. */
const CAUGHT_UP = 8;

const CLUSTER_ID = 'internal_cluster_id';
const CLUSTER_NAME = 'cluster_name';
/** Milliseconds. */
const LATENESS_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 60_000];
const FIRST_CLUSTER_NAME = 'leveret@localhost';

/** Vhosts, users, and the queues that have work. Everything it does is done when the call returns. */
export class Broker implements VhostHost {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly users: Users;
  readonly authAttempts = new AuthAttempts();
  /** What came and went. */
  readonly churn = new Churn();
  /** What happened in vhosts that are gone. */
  readonly counts = new MessageCounts();
  confirmsAsked = 0;
  /** How often a queue had its turn: as long as this stays the same, hardly anything happens. */
  turns = 0;
  readonly goneQueues = new GoneQueues();
  readonly lateness = new Histogram(LATENESS_BOUNDS);
  readonly connections = new Connections(this.churn);
  readonly globalParameters: GlobalParameters;
  readonly vhosts = new Map<string, Vhost>();
  /** What happens in all of them. */
  readonly events: Events;
  readonly nodeName: string;
  /** How many queues there may be in all vhosts together. */
  readonly maxQueues: number;
  readonly #turn: Turn;
  readonly #secrets: Secrets;
  readonly #onLost: BrokerPorts['onLost'];
  readonly #onFault: BrokerPorts['onFault'];
  readonly #busy = new Ring<DeclaredQueue>();
  #isScheduled = false;
  /** Made once: `later`, which every message calls, would allocate 40 bytes at each call for being able to make it. */
  readonly #task = (): void => this.#work();
  #nextMessageId = 1;
  #nextQueueId = 1;

  /** @param withDefaults an empty broker gets what a new RabbitMQ has: a vhost `/`, and `guest` with all rights there */
  constructor(ports: BrokerPorts, recovered: Recovered = NOTHING_RECOVERED, withDefaults = true) {
    this.clock = ports.clock;
    this.journal = ports.journal;
    this.events = new Events(ports.clock, ports.journal);
    this.#turn = ports.turn;
    this.#secrets = ports.secrets;
    this.nodeName = ports.nodeName ?? 'nonode@nohost'; // as Erlang calls one without a name
    this.maxQueues = ports.maxQueues ?? Infinity;
    this.#onLost = ports.onLost;
    this.#onFault = ports.onFault;
    this.users = new Users(ports.secrets, ports.journal);
    this.globalParameters = new GlobalParameters(ports.journal);
    this.recover(recovered);
    if (withDefaults && this.isEmpty) this.#firstStart();
    this.#nameCluster();
  }

  /** Deletes everything. */
  clear(): void {
    for (const name of this.vhosts.keys()) this.deleteVhost(name);
    for (const name of this.users.all.keys()) this.deleteUser(name);
    for (const name of this.globalParameters.all.keys()) this.globalParameters.delete(name);
  }

  /** Gives an empty broker what a journal found. */
  recover(recovered: Recovered): void {
    this.#nextMessageId = recovered.nextMessageId;
    this.#nextQueueId = recovered.nextQueueId;
    for (const definition of recovered.definitions) this.#restore(definition);
    countPlaces(recovered, 1); // not to be parked by one queue before the next has it
    for (const vhost of this.vhosts.values()) {
      vhost.policies.apply();
      for (const queue of vhost.queues.values()) queue.restore(recovered);
      for (const exchange of vhost.exchanges.values()) exchange.restore(recovered);
    }
    countPlaces(recovered, -1);
  }

  /** Neither vhosts nor users: nobody could do anything. */
  get isEmpty(): boolean {
    return this.vhosts.size === 0 && this.users.size === 0;
  }

  /** What tells it from others, whatever they are called. */
  get clusterId(): string {
    return String(this.globalParameters.get(CLUSTER_ID));
  }

  /** What it calls itself (API-21). */
  get clusterName(): string {
    return String(this.globalParameters.get(CLUSTER_NAME));
  }

  set clusterName(name: string) {
    this.globalParameters.set(CLUSTER_NAME, name);
  }

  /** Adds a vhost, or gives one that is there these settings. */
  addVhost(name: string, settings: VhostSettings = {}): Vhost {
    const known = this.vhosts.get(name);
    if (known !== undefined && JSON.stringify(known.settings) === JSON.stringify(settings)) return known;
    const vhost = known ?? this.#newVhost(name);
    vhost.settings = settings;
    this.journal.define({ kind: 'vhost', name, ...settings });
    return vhost;
  }

  /** Deletes a vhost with all that is in it, and closes its connections (CON-57). */
  deleteVhost(name: string): boolean {
    const vhost = this.vhosts.get(name);
    if (vhost === undefined) return false;
    for (const connection of this.connections.ofVhost(name)) {
      connection.forceClose(`vhost '${name}' is deleted`);
    }
    this.counts.add(vhost.counts);
    this.confirmsAsked += vhost.confirmsAsked;
    vhost.clear();
    this.vhosts.delete(name);
    this.users.removeVhost(name);
    this.journal.undefine({ kind: 'vhost', name });
    return true;
  }

  /**
   * Adds a user, or gives one that is there another password and other tags.
   * @param password empty: the user cannot log in with one (CON-16)
   */
  addUser(name: string, password: string, tags: readonly string[] = []): User {
    const { limits = {} } = this.users.get(name) ?? {};
    return this.users.put({ name, passwordHash: this.hashPassword(password), tags, limits });
  }

  /** With another salt each time. */
  hashPassword(password: string): string {
    return hashPassword(password, this.#secrets);
  }

  /** Deletes a user with his permissions, and closes his connections (CON-57). */
  deleteUser(name: string): boolean {
    if (!this.users.remove(name)) return false;
    for (const connection of this.connections.ofUser(name)) {
      connection.forceClose(`user '${name}' is deleted`);
    }
    return true;
  }

  grant(user: string, vhost: string, permission: Permission): void {
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

  /** What new messages and queues will be known by. */
  get nextNumbers(): Pick<Recovered, 'nextMessageId' | 'nextQueueId'> {
    return { nextMessageId: this.#nextMessageId, nextQueueId: this.#nextQueueId };
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
    if (this.maxQueues === Infinity) return undefined;
    let count = 0;
    for (const { queues } of this.vhosts.values()) count += queues.size;
    return count >= this.maxQueues ? this.maxQueues : undefined;
  }

  /** How many queues wait for their turn. */
  get busyCount(): number {
    return this.#busy.length;
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
    this.#turn.soon(this.#task);
  }

  /** Gives queues that have work their turn at once, a few of them: for whoever has just brought much. */
  catchUp(): void {
    for (let left = CAUGHT_UP; left > 0 && this.#busy.length > 0; left--) this.#workOne();
  }

  lost(queue: Queue, reason: DeathReason, why: LostReason): void {
    const before = (queue.deaths ??= new DeathCounts()).lost(reason, why);
    if (before === 0 && why !== 'no dead-letter exchange') this.#onLost?.(queue, reason, why);
  }

  /** Queues take turns; after a few milliseconds the loop breathes, and the rest goes on in the next turn. */
  #work(): void {
    this.#isScheduled = false;
    while (this.#busy.length > 0) {
      this.#workOne();
      if (this.#busy.length > 0 && this.#turn.isLong()) break;
    }
    if (this.#busy.length === 0 || this.#isScheduled) return;
    this.#isScheduled = true;
    this.#turn.soon(this.#task);
  }

  #workOne(): void {
    const queue = this.#busy.shift() as DeclaredQueue;
    queue.isScheduled = false;
    this.turns++;
    this.#guard(() => queue.work());
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

  #firstStart(): void {
    this.addVhost('/');
    this.addUser('guest', 'guest', ['administrator']);
    this.grant('guest', '/', ALL_ACCESS);
  }

  /** It can be told from others by what it generates at its first start (API-52). */
  #nameCluster(): void {
    if (!this.globalParameters.has(CLUSTER_ID)) {
      this.globalParameters.set(CLUSTER_ID, this.generatedName('rabbitmq-cluster-id'));
    }
    if (!this.globalParameters.has(CLUSTER_NAME)) this.clusterName = FIRST_CLUSTER_NAME;
  }

  #restore(definition: Definition): void {
    if (definition.kind === 'vhost') {
      const { kind: _kind, name, ...settings } = definition;
      this.#newVhost(name).settings = settings;
    } else if (
      definition.kind === 'user' ||
      definition.kind === 'permission' ||
      definition.kind === 'topic-permission'
    ) {
      this.users.restore(definition);
    } else if (definition.kind === 'global-parameter') {
      this.globalParameters.restore(definition);
    } else {
      this.vhosts.get(definition.vhost)?.restore(definition);
    }
  }
}

/** Adds to the number of places of every message that is an object. */
function countPlaces({ places, parked }: Recovered, count: number): void {
  for (const held of [...places.values(), ...parked.values()]) {
    for (const one of held) if ('message' in one) one.message.places += count;
  }
}
