import { spread } from './figures.js';
import { Consumer } from './consumer.js';
import { plainBatches, publishAll } from './publisher.js';
import { rssOf } from './usage.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */

const WINDOW = 2000;

/**
 * How long a broker with an empty store takes until it accepts connections.
 * @param {Session} session
 * @param {Settings} settings the messages are the starts
 * @returns {Promise<Figures>}
 */
export async function runStart(session, { messages: starts }) {
  const took = [];
  for (let n = 0; n < starts; n++) took.push(await session.restart());
  const rss = rssOf(session.pid);
  const { p50, max } = spread(took);
  return { startedIn: p50, startedInMax: max, ...(rss !== undefined && { rssPeak: rss / 2 ** 20 }) };
}

/**
 * A broker is killed with durable messages in its queue: how long it takes until it accepts connections again. All
 * messages must still be there.
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
export async function runRecovery(session, { messages, size }) {
  const producer = await session.open();
  const queue = await session.queue(producer, 'recovery', true);
  const load = session.load(producer, queue, { size, persistent: true });
  await producer.selectConfirms();
  await publishAll(producer, { count: messages, window: WINDOW, batchOf: plainBatches(load) });
  const startedIn = await session.restart();
  const rss = rssOf(session.pid);
  const consumer = await Consumer.start(await session.open(), queue, { expect: messages, ackEvery: 100 });
  await consumer.finished();
  return {
    startedIn,
    recoveryRate: (messages * 1000) / startedIn,
    ...(rss !== undefined && { rssPeak: rss / 2 ** 20 }),
  };
}
