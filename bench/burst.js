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
/** Publishing may take so long per message before the first try is given up, and at least LEAST_LEAD in all. */
const LEAD_PER_MESSAGE = 1 / 15;
const LEAST_LEAD = 3000;
/** All is in its queue by then, or the moment was set too early. */
const MARGIN = 500;

/**
 * Messages that all fall due at one moment: how late they come, and what other clients feel meanwhile. A broker too
 * slow to take them before that moment gets twice the time.
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
export async function runBurst(session, settings) {
  for (let lead = Math.max(LEAST_LEAD, settings.messages * LEAD_PER_MESSAGE); ; lead *= 2) {
    const figures = await tryBurst(session, settings, lead);
    if (figures !== undefined) return figures;
    await session.clear();
  }
}

/**
 * @param {Session} session
 * @param {Settings} settings
 * @param {number} lead milliseconds until the messages are due
 * @returns {Promise<Figures | undefined>} nothing when publishing took too long
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
    const dueAt = now() + lead;
    /** @param {string} expiration */
    const loadFor = (expiration) =>
      session.load(producer, waiting, { size, persistent: durable, expiration });
    const batchOf = dueBatches(dueAt, loadFor);
    await publishAll(producer, { count: messages, window: WINDOW, batchOf });
    if (now() > dueAt - MARGIN) return undefined;
    await sleep(dueAt - now());
    await consumer.finished();
    const { cost } = meter.stop(messages);
    const rate = (messages * 1000) / (lastAt - dueAt);
    return { rate, ...lateFigures(lateness), ...(await probe.stop(dueAt, lastAt)), ...cost };
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
