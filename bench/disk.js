import { setTimeout as sleep } from 'node:timers/promises';
import { plainBatches, publishAll } from './publisher.js';
import { diskOf } from './usage.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */

const WINDOW = 2000;
/** One message in so many stays. */
const KEPT = 1000;
/** The disk may take so many times what stays, and a constant, which is the target of the scenario. */
const TOLERATED = 3;
const SAMPLE_INTERVAL = 250;
const REST = 3000;
const MIB = 2 ** 20;

/**
 * A queue that is filled and emptied all day, while one message in a thousand stays in it, unacked: does the disk fill
 * with what kept these company?
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
export async function runDisk(session, { messages, size }) {
  const [producer, receiver] = [await session.open(), await session.open()];
  const queue = await session.queue(producer, 'disk', true);
  const load = session.load(producer, queue, { size, persistent: true });
  let received = 0;
  receiver.onDelivery = (deliveryTag) => {
    received++;
    if (received % KEPT !== 0) receiver.ack(deliveryTag, false);
  };
  await receiver.prefetch(0); // as many as there are: those that stay must not use it up
  await receiver.consume(queue, false);
  await producer.selectConfirms();
  const meter = session.meter();
  const excess = new Excess(session, () => (Math.floor(received / KEPT) * size) / MIB);
  await publishAll(producer, { count: messages, window: WINDOW, batchOf: plainBatches(load) });
  await receiver.until(() => received >= messages);
  const { rate, cost } = meter.stop(messages);
  await sleep(REST);
  return { rate, ...cost, ...excess.stop() };
}

/** How far the disk went beyond what it may take, and what it takes in the end. */
class Excess {
  #most = Number.NEGATIVE_INFINITY;
  #session;
  #live;
  #poll;

  /**
   * @param {Session} session
   * @param {() => number} live MiB of what stays
   */
  constructor(session, live) {
    this.#session = session;
    this.#live = live;
    this.#poll = setInterval(() => this.#sample(), SAMPLE_INTERVAL);
  }

  /** @returns {Figures} */
  stop() {
    clearInterval(this.#poll);
    const diskEnd = this.#sample();
    return diskEnd === undefined ? {} : { diskEnd, diskBeyond: this.#most };
  }

  #sample() {
    if (this.#session.data === undefined) return undefined;
    const disk = diskOf(this.#session.data) / MIB;
    this.#most = Math.max(this.#most, disk - TOLERATED * this.#live());
    return disk;
  }
}
