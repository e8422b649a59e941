import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './clock.js';
import { Consumer } from './consumer.js';
import { lateFigures } from './figures.js';
import { Probe } from './probe.js';
import { publishAll } from './publisher.js';

/** @typedef {import('./load.js').Load} Load */
/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */

const WINDOW = 1000;
const WARM_UP = 20_000;
/** All is in its queue so many milliseconds before, or the moment was set too early. */
const MARGIN = 500;
const LEAST_LEAD = 1500;
/** A broker may publish slower as messages pile up. */
const CAUTION = 1.5;

/** @typedef {{ figures: Figures, publishing: number }} Outcome `publishing`: how long it took, in milliseconds */

/**
 * Messages that all fall due at one moment: how late they come, and what other clients feel meanwhile. How far ahead
 * that moment has to be shows in a small burst before; a broker that is slower than that gets twice the time.
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
export async function runBurst(session, settings) {
  const { messages } = settings;
  const small = Math.min(messages, WARM_UP);
  const { publishing } = await patiently(session, { ...settings, messages: small }, LEAST_LEAD);
  const lead = LEAST_LEAD + (CAUTION * publishing * messages) / small;
  return (await patiently(session, settings, lead)).figures;
}

/**
 * @param {Session} session
 * @param {Settings} settings
 * @param {number} least
 * @returns {Promise<Outcome>}
 */
async function patiently(session, settings, least) {
  for (let lead = least; ; lead *= 2) {
    const outcome = await tryBurst(session, settings, lead);
    await session.clear();
    if (outcome !== undefined) return outcome;
  }
}

/**
 * @param {Session} session
 * @param {Settings} settings
 * @param {number} lead milliseconds until the messages are due
 * @returns {Promise<Outcome | undefined>} nothing when publishing took too long
 */
async function tryBurst(session, { messages, size, durable }, lead) {
  const [producer, receiver] = [await session.open(), await session.open()];
  const work = await session.queue(receiver, 'work', durable);
  const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': work };
  const waiting = await session.queue(receiver, 'waiting', durable, args);
  const lateness = new Float64Array(messages);
  let lastAt = 0;
  const consumer = await Consumer.start(receiver, work, {
    expect: messages,
    ackEvery: 100,
    onMessage: (due, index) => {
      lastAt = now();
      lateness[index] = lastAt - due;
    },
  });
  await producer.selectConfirms();
  const probe = await Probe.start(session.url, session.name('probe'));
  try {
    const meter = session.meter();
    const startedAt = now();
    const dueAt = startedAt + lead;
    /** @param {string} expiration */
    const loadFor = (expiration) =>
      session.load(producer, waiting, { size, persistent: durable, expiration });
    const batchOf = dueBatches(dueAt, loadFor);
    await publishAll(producer, { count: messages, window: WINDOW, batchOf });
    const publishing = now() - startedAt;
    if (publishing > lead - MARGIN) return undefined;
    await sleep(dueAt - now());
    await consumer.finished();
    const { cost } = meter.stop(messages);
    const rate = (messages * 1000) / (lastAt - dueAt);
    const stall = await probe.stop(dueAt, lastAt);
    return { figures: { rate, ...lateFigures(lateness), ...stall, ...cost }, publishing };
  } catch (error) {
    if (error instanceof TooLate) return undefined;
    throw error;
  } finally {
    await probe.cancel();
  }
}

class TooLate extends Error {}

/**
 * Publishes that expire at one moment, whenever they are written.
 * @param {number} dueAt
 * @param {(expiration: string) => Load} loadFor
 * @returns {import('./publisher.js').Plan['batchOf']}
 */
function dueBatches(dueAt, loadFor) {
  /** The number of digits decides the length of a message. @type {Map<number, Load>} */
  const loads = new Map();
  return (index, count, at) => {
    const left = Math.ceil(dueAt - at);
    if (left < MARGIN) throw new TooLate();
    const expiration = String(left);
    const load = loads.get(expiration.length) ?? loadFor(expiration);
    loads.set(expiration.length, load);
    return load.stamped(index, count, at + left, expiration);
  };
}
