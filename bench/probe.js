import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { spread } from './figures.js';

/** @typedef {import('./figures.js').Figures} Figures */

/** How long a broker keeps other clients waiting while it is busy: small messages through an unrelated queue. */
export class Probe {
  #thread;
  /** Rejects when the thread fails, which must not end the process: there are queues to delete. @type {Promise<never>} */
  #failure;

  /** @param {Worker} thread */
  constructor(thread) {
    this.#thread = thread;
    this.#failure = new Promise((_, reject) => void thread.once('error', reject));
    this.#failure.catch(() => {});
  }

  /**
   * @param {string} url
   * @param {string} queue a name for the probe's own queue
   */
  static async start(url, queue) {
    const thread = new Worker(new URL('./probe-thread.js', import.meta.url), { workerData: { url, queue } });
    const probe = new Probe(thread);
    await probe.#message();
    return probe;
  }

  /**
   * Ends the probe.
   * @param {number} from
   * @param {number} to only messages on their way between these moments count
   * @returns {Promise<Figures>}
   */
  async stop(from, to) {
    this.#thread.postMessage('stop', []);
    const { sent, received } = await this.#message();
    const took = received
      .map((at, i) => at - (sent[i] ?? Number.NaN))
      .filter((_, i) => (received[i] ?? 0) >= from && (sent[i] ?? 0) <= to);
    const { p50, p99, max } = spread(took);
    return { stallP50: p50, stallP99: p99, stallMax: max };
  }

  /** @returns {Promise<{ sent: Float64Array, received: Float64Array }>} */
  async #message() {
    const [message] = await Promise.race([once(this.#thread, 'message'), this.#failure]);
    return message;
  }

  async cancel() {
    await this.#thread.terminate();
  }
}
