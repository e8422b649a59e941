import { randomBytes } from 'node:crypto';
import { startBroker } from './brokers.js';
import { Client } from './client.js';
import { Load } from './load.js';
import { Meter } from './meter.js';
import { declareQueue, declareQueues, deleteQueue } from './topology.js';

/** @typedef {import('./brokers.js').Target} Target */
/** @typedef {import('./launch.js').Wanted} Wanted */

/**
 * One run of a scenario on one broker: starts the broker when it is ours, and takes away everything that was opened on
 * it, however the run ends.
 */
export class Session {
  #prefix = `bench-${randomBytes(4).toString('hex')}`;
  /** @type {Client[]} */
  #clients = [];
  /** @type {string[]} */
  #queues = [];
  #named = 0;
  #ended = false;
  /** @type {Promise<unknown>} */
  #restarting = Promise.resolve();
  /** @type {Target} */
  #target;

  /**
   * @param {Wanted} wanted
   * @param {Target} target
   */
  constructor(wanted, target) {
    this.wanted = wanted;
    this.#target = target;
  }

  /**
   * @param {Wanted} wanted
   * @param {{ probe?: boolean }} how whether the event loop of ours is watched
   */
  static async start(wanted, how) {
    return new Session(wanted, await startBroker(wanted, how));
  }

  get url() {
    return this.#target.url;
  }

  /** The broker's process, when it is known. */
  get pid() {
    return this.#target.pid;
  }

  /** The directory with the broker's files, when it is known. */
  get data() {
    return this.#target.data;
  }

  /** @returns {Promise<{ p99: number, max: number } | undefined>} since it was last asked */
  async loopDelay() {
    return this.#target.loopDelay?.();
  }

  async open() {
    const client = await Client.open(this.url);
    this.#clients.push(client);
    if (this.#ended) await client.close();
    return client;
  }

  /** @param {string} purpose */
  name(purpose) {
    return `${this.#prefix}-${purpose}-${++this.#named}`;
  }

  /**
   * A durable queue, or a transient one of this client's own: newer brokers refuse transient queues that are shared.
   * @param {Client} client
   * @param {string} purpose
   * @param {boolean} durable
   * @param {Record<string, string | number>} [args]
   */
  async queue(client, purpose, durable, args = {}) {
    const name = this.name(purpose);
    // an exclusive queue goes when its connection does
    if (durable) this.#queues.push(name);
    await declareQueue(client, name, { durable, exclusive: !durable, args });
    return name;
  }

  /**
   * @param {Client} client
   * @param {string} queue
   * @param {Omit<import('./load.js').Shape, 'routingKey' | 'frameMax'>} shape
   */
  load(client, queue, shape) {
    return new Load({ routingKey: queue, frameMax: client.frameMax, ...shape });
  }

  meter() {
    return new Meter(this.#target);
  }

  /**
   * Kills the broker, which must be ours, and starts it again with what is on its disk. Its connections are gone.
   * @returns {Promise<number>} milliseconds from the start of the process until it accepts connections
   */
  restart() {
    const restart = this.#restarted();
    this.#restarting = Promise.allSettled([restart]);
    return restart;
  }

  async #restarted() {
    const before = this.#target;
    this.#queues.length = 0;
    for (const client of this.#clients.splice(0)) client.socket.destroy();
    await before.stop('SIGKILL');
    const after = await startBroker(this.wanted, { probe: false, data: before.data });
    const clear = async () => {
      await after.clear();
      await before.clear();
    };
    this.#target = { ...after, clear };
    return after.startedIn ?? Number.NaN;
  }

  /** True when the broker is started and stopped by us. */
  get isOurs() {
    return this.wanted.kind === 'leveret';
  }

  /**
   * Durable queues, all alike.
   * @param {Client} client
   * @param {string} purpose
   * @param {number} count
   * @param {Record<string, string | number>} [args]
   */
  async queues(client, purpose, count, args = {}) {
    const names = Array.from({ length: count }, () => this.name(purpose));
    this.#queues.push(...names);
    await declareQueues(client, names, args);
    return names;
  }

  /** Closes every connection and deletes every queue; connections first, since a consumer may hold on to a queue. */
  async clear() {
    const clients = this.#clients.splice(0);
    await Promise.allSettled(clients.map((client) => client.close()));
    const queues = this.#queues.splice(0);
    if (queues.length === 0) return;
    const client = await Client.open(this.url);
    for (const queue of queues) await deleteQueue(client, queue);
    await client.close();
  }

  /** Clears for the last time: a run that is still going on finds its connections closed, also those it opens now. */
  async end() {
    this.#ended = true;
    await this.#restarting;
    try {
      // what is ours goes with its broker
      if (this.wanted.kind === 'remote') await this.clear();
    } finally {
      await this.#target.clear();
    }
  }
}
