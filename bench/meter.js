import { now } from './clock.js';
import { cpuOf, diskOf, ownCpu, rssOf } from './usage.js';

const RSS_INTERVAL = 100;
/** Looking at a directory costs the generator more. */
const DISK_INTERVAL = 1000;
const MIB = 2 ** 20;

/** @typedef {import('./figures.js').Figures} Figures */

/** What a stretch of a scenario costs: time, processor time of both sides, the broker's memory and disk at their peak. */
export class Meter {
  #target;
  #startedAt = now();
  #brokerCpu;
  #generatorCpu = ownCpu();
  #rssStart;
  #rssPeak = 0;
  #diskPeak = 0;
  #polls;

  /** @param {{ pid: number | undefined, data: string | undefined }} target the broker */
  constructor(target) {
    this.#target = target;
    this.#brokerCpu = cpuOf(target.pid);
    this.#rssStart = rssOf(target.pid);
    this.#sampleMemory();
    this.#sampleDisk();
    this.#polls = [
      setInterval(() => this.#sampleMemory(), RSS_INTERVAL),
      setInterval(() => this.#sampleDisk(), DISK_INTERVAL),
    ];
    for (const poll of this.#polls) poll.unref();
  }

  /**
   * Figures per message since the start.
   * @param {number} messages
   * @returns {{ rate: number, cost: Figures }} messages per second, and what does not depend on the pace
   */
  stop(messages) {
    const seconds = (now() - this.#startedAt) / 1000;
    const generatorCpu = (ownCpu() - this.#generatorCpu) / messages;
    const cost = { ...this.#cpu(messages), generatorCpu };
    for (const poll of this.#polls) clearInterval(poll);
    return { rate: messages / seconds, cost: { ...cost, ...this.#memory(), ...this.#disk() } };
  }

  /**
   * @param {number} messages
   * @returns {Figures}
   */
  #cpu(messages) {
    const before = this.#brokerCpu;
    const after = cpuOf(this.#target.pid);
    if (before === undefined || after === undefined) return {};
    const user = (after.user - before.user) / messages;
    const system = (after.system - before.system) / messages;
    return { brokerCpu: user + system, brokerUser: user, brokerSystem: system };
  }

  /** @returns {Figures} */
  #memory() {
    this.#sampleMemory();
    if (this.#rssStart === undefined) return {};
    return { rssPeak: this.#rssPeak / MIB, rssGrowth: (this.#rssPeak - this.#rssStart) / MIB };
  }

  /** @returns {Figures} */
  #disk() {
    this.#sampleDisk();
    return this.#target.data === undefined ? {} : { diskPeak: this.#diskPeak / MIB };
  }

  #sampleMemory() {
    this.#rssPeak = Math.max(rssOf(this.#target.pid) ?? 0, this.#rssPeak);
  }

  #sampleDisk() {
    const { data } = this.#target;
    if (data !== undefined) this.#diskPeak = Math.max(diskOf(data), this.#diskPeak);
  }
}
