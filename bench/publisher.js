import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { now } from './clock.js';

/** @typedef {import('./client.js').Client} Client */
/** @typedef {import('./load.js').Load} Load */
/** @typedef {import('./load.js').Batch} Batch */

/** A window that was full is used again when so much of it is left: nobody writes messages one by one. */
const REFILL = 0.75;

/**
 * @typedef {object} Plan
 * @property {number} count messages to send
 * @property {number} [window] at most so many unconfirmed; without it nothing is confirmed and only the socket holds back
 * @property {number} [rate] messages per second; without it as fast as it goes
 * @property {(index: number, count: number, at: number) => Batch} batchOf at least one and up to `count` publishes
 */

/**
 * Sends what the plan says; with a window, returns when all of it is confirmed.
 * @param {Client} client
 * @param {Plan} plan
 */
export async function publishAll(client, { count, window = Infinity, rate = Infinity, batchOf }) {
  const start = now();
  const before = client.confirms.count;
  let sent = 0;
  while (sent < count) {
    const at = now();
    const due = rate === Infinity ? count : Math.min(count, Math.floor(((at - start) * rate) / 1000) + 1);
    const unconfirmed = window === Infinity ? 0 : sent + before - client.confirms.count;
    const ready = Math.min(due - sent, window - unconfirmed);
    if (ready > 0) {
      const batch = batchOf(sent, ready, at);
      client.write(batch.bytes);
      sent += batch.count;
      // the turn lets deliveries and confirms in, however willing the socket is
      await turn();
      if (client.blocked) await client.until(() => !client.blocked);
    } else if (due > sent) {
      const most = window * REFILL;
      await client.until(() => sent + before - client.confirms.count <= most);
    } else {
      await sleep(1);
    }
  }
  if (window !== Infinity) await client.until(() => client.confirms.count >= before + count);
}

/**
 * Publishes that are the same every time.
 * @param {Load} load
 */
export function plainBatches(load) {
  /** @type {Plan['batchOf']} */
  return (index, count) => load.view(index, count);
}

/**
 * Publishes that carry the time they were written, plus `ahead` milliseconds.
 * @param {Load} load
 * @param {number} [ahead]
 */
export function stampedBatches(load, ahead = 0) {
  /** @type {Plan['batchOf']} */
  return (index, count, at) => load.stamped(index, count, at + ahead);
}
