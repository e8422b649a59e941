import { setTimeout as sleep } from 'node:timers/promises';
import { cpuOf, rssOf } from './usage.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */

const REST = 2000;
/** After which what the declares set off is over: V8 collects the last of their garbage half a minute later. */
const CALM = 40_000;
/** Of CPU ticks of 10 ms there are few in it. */
const IDLE = 15_000;

/**
 * Durable queues with a TTL in which nothing happens: what each weighs, what they cost while idle, and how long the
 * broker needs to start with them. CPU is counted when what the declares set off is over.
 * @param {Session} session
 * @param {Settings} settings the messages are the queues
 * @returns {Promise<Figures>}
 */
export async function runQueues(session, { messages: count }) {
  const client = await session.open();
  const empty = rssOf(session.pid);
  const from = performance.now();
  await session.queues(client, 'idle', count, { 'x-message-ttl': 60_000, 'x-dead-letter-exchange': '' });
  const declareRate = (count * 1000) / (performance.now() - from);
  await sleep(CALM);
  const full = rssOf(session.pid);
  const idleCpu = await idle(session);
  const declared = { declareRate, ...idleCpu, ...perQueue('rssPerQueue', empty, full, count) };
  if (!session.isOurs) return declared;
  const startedIn = await session.restart();
  await sleep(REST);
  return { ...declared, ...perQueue('rssPerQueueStarted', empty, rssOf(session.pid), count), startedIn };
}

/**
 * @param {Session} session
 * @returns {Promise<Figures>}
 */
async function idle({ pid }) {
  const before = cpuOf(pid);
  await sleep(IDLE);
  const after = cpuOf(pid);
  if (before === undefined || after === undefined) return {};
  return { idleCpu: (after.user + after.system - before.user - before.system) / IDLE };
}

/**
 * @param {'rssPerQueue' | 'rssPerQueueStarted'} name
 * @param {number | undefined} empty
 * @param {number | undefined} full
 * @param {number} count
 * @returns {Figures}
 */
function perQueue(name, empty, full, count) {
  return empty === undefined || full === undefined ? {} : { [name]: (full - empty) / count };
}
