import { now } from './clock.js';
import { cpuOf, ownCpu, rssOf } from './usage.js';

const RSS_INTERVAL = 100;

/** @typedef {import('./figures.js').Figures} Figures */

/** What a stretch of a scenario costs: time, processor time of both sides, and the broker's memory at its peak. */
export class Meter {
  #pid;
  #startedAt = now();
  #brokerCpu;
  #generatorCpu = ownCpu();
  /** @type {number | undefined} */
  #rssPeak;
  #poll;

  /** @param {number | undefined} pid of the broker */
  constructor(pid) {
    this.#pid = pid;
    this.#brokerCpu = cpuOf(pid);
    this.#sample();
    this.#poll = setInterval(() => this.#sample(), RSS_INTERVAL);
    this.#poll.unref();
  }

  /**
   * Figures per message since the start.
   * @param {number} messages
   * @returns {{ rate: number, cost: Figures }} messages per second, and what does not depend on the pace
   */
  stop(messages) {
    const seconds = (now() - this.#startedAt) / 1000;
    const brokerCpu = cpuOf(this.#pid);
    this.#sample();
    clearInterval(this.#poll);
    /** @type {Figures} */
    const cost = { generatorCpu: (ownCpu() - this.#generatorCpu) / messages };
    if (brokerCpu !== undefined && this.#brokerCpu !== undefined) {
      cost.brokerCpu = (brokerCpu - this.#brokerCpu) / messages;
    }
    if (this.#rssPeak !== undefined) cost.rssPeak = this.#rssPeak / 2 ** 20;
    return { rate: messages / seconds, cost };
  }

  #sample() {
    const rss = rssOf(this.#pid);
    if (rss !== undefined) this.#rssPeak = Math.max(rss, this.#rssPeak ?? 0);
  }
}
