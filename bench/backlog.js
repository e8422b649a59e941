import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './clock.js';
import { Consumer } from './consumer.js';
import { warmUp } from './flow.js';
import { plainBatches, publishAll } from './publisher.js';
import { diskOf, rssOf } from './usage.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */

const WINDOW = 2000;
/** A broker may still be busy with what it has just been given. */
const REST = 1000;

/**
 * Durable messages nobody takes, then one consumer that takes them all: what a waiting message weighs, and whether the
 * broker slows down as they pile up.
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
export async function runBacklog(session, settings) {
  const { messages, size } = settings;
  const [producer, receiver] = [await session.open(), await session.open()];
  const queue = await session.queue(producer, 'backlog', true);
  const load = session.load(producer, queue, { size, persistent: true });
  await producer.selectConfirms();
  await warmUp(session, settings);
  const tenth = Math.floor(messages / 10);
  const confirmedAt = new Map([[0, now()]]);
  producer.confirms.onConfirmed = () => {
    const { count } = producer.confirms;
    if (count === tenth || count === messages - tenth) confirmedAt.set(count, now());
  };
  const before = weigh(session);
  const meter = session.meter();
  await publishAll(producer, { count: messages, window: WINDOW, batchOf: plainBatches(load) });
  const endedAt = now();
  const { rate, cost } = meter.stop(messages);
  /** @param {number} count */
  const at = (count) => confirmedAt.get(count) ?? Number.NaN;
  await sleep(REST);
  const after = weigh(session);
  const firstTenth = (tenth * 1000) / (at(tenth) - at(0));
  const lastTenth = (tenth * 1000) / (endedAt - at(messages - tenth));
  return {
    rate,
    firstTenth,
    lastTenth,
    lastToFirst: lastTenth / firstTenth,
    ...cost,
    ...(before.rss !== undefined &&
      after.rss !== undefined && { rssPerMessage: (after.rss - before.rss) / messages }),
    ...(before.disk !== undefined &&
      after.disk !== undefined && { diskPerMessage: (after.disk - before.disk) / messages }),
    drainRate: await drain(receiver, queue, messages),
  };
}

/** @param {Session} session */
function weigh({ pid, data }) {
  return { rss: rssOf(pid), disk: data === undefined ? undefined : diskOf(data) };
}

/**
 * @param {import('./client.js').Client} receiver
 * @param {string} queue
 * @param {number} messages
 * @returns {Promise<number>} messages per second
 */
async function drain(receiver, queue, messages) {
  const startedAt = now();
  const consumer = await Consumer.start(receiver, queue, { expect: messages, ackEvery: 100 });
  await consumer.finished();
  return (messages * 1000) / (now() - startedAt);
}
