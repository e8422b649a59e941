import { Consumer } from './consumer.js';
import { plainBatches, publishAll } from './publisher.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */

const WINDOW = 2000;
/** Messages before those that are measured: a program that is compiled while it runs has to see some first. */
const WARM_UP = 100_000;
/** The same where it is not the pace that counts. */
const REHEARSAL = 50_000;

/**
 * One producer and one consumer as fast as they go, until the last message has arrived (and, when durable, has been
 * confirmed and acked).
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
export async function runFlow(session, settings) {
  const { messages } = settings;
  await pass(session, { ...settings, messages: Math.min(messages, WARM_UP) });
  const { rate, cost } = await pass(session, settings);
  return { rate, ...cost };
}

/**
 * Lets a broker see messages before those that count.
 * @param {Session} session
 * @param {Settings} settings of those that count
 */
export async function warmUp(session, { size, durable }) {
  await pass(session, { messages: REHEARSAL, size, durable, ackEvery: 1 });
}

/**
 * All messages once, with a queue and connections of their own.
 * @param {Session} session
 * @param {Settings} settings
 */
async function pass(session, { messages, size, durable, ackEvery }) {
  const [producer, receiver] = [await session.open(), await session.open()];
  const queue = await session.queue(receiver, 'flow', durable);
  const load = session.load(producer, queue, { size, persistent: durable });
  const intake = ackEvery === undefined ? { expect: messages } : { expect: messages, ackEvery };
  const consumer = await Consumer.start(receiver, queue, intake);
  if (durable) await producer.selectConfirms();
  const meter = session.meter();
  const plan = { count: messages, batchOf: plainBatches(load) };
  await Promise.all([
    publishAll(producer, durable ? { ...plan, window: WINDOW } : plan),
    consumer.finished(),
  ]);
  return meter.stop(messages);
}
