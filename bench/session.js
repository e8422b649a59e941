import { randomBytes } from 'node:crypto';
import { Client } from './client.js';
import { Load } from './load.js';
import { Meter } from './meter.js';

/** What one run of a scenario opens on a broker, so that all of it can be taken away again, however the run ends. */
export class Session {
  #prefix = `bench-${randomBytes(4).toString('hex')}`;
  /** @type {Client[]} */
  #clients = [];
  /** @type {string[]} */
  #queues = [];
  #named = 0;
  #ended = false;

  /**
   * @param {string} url
   * @param {number | undefined} pid of the broker, when it is known
   */
  constructor(url, pid) {
    this.url = url;
    this.pid = pid;
  }

  async open() {
    const client = await Client.open(this.url);
    this.#clients.push(client);
    if (this.#ended) await client.close();
    return client;
  }

  /** @param {string} purpose */
  queueName(purpose) {
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
    const name = this.queueName(purpose);
    // an exclusive queue goes when its connection does
    if (durable) this.#queues.push(name);
    await client.declareQueue(name, { durable, exclusive: !durable, args });
    return name;
  }

  /**
   * @param {Client} client
   * @param {string} queue
   * @param {{ size: number, persistent: boolean, expiration?: string }} shape
   */
  load(client, queue, shape) {
    return new Load({ routingKey: queue, frameMax: client.frameMax, ...shape });
  }

  meter() {
    return new Meter(this.pid);
  }

  /** Closes every connection and deletes every queue; connections first, since a consumer may hold on to a queue. */
  async clear() {
    const clients = this.#clients.splice(0);
    await Promise.allSettled(clients.map((client) => client.close()));
    const queues = this.#queues.splice(0);
    if (queues.length === 0) return;
    const client = await Client.open(this.url);
    for (const queue of queues) await client.deleteQueue(queue);
    await client.close();
  }

  /** Clears for the last time: a run that is still going on finds its connections closed, also those it opens now. */
  async end() {
    this.#ended = true;
    await this.clear();
  }
}
