import { Consumer } from './consumer.js';
import { plainBatches, publishAll } from './publisher.js';
import { bind, declareExchange } from './topology.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */

const WARM_UP = 50_000;

/**
 * A fanout exchange with many queues, all of them consumed by one client. The messages are those that are delivered.
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
export async function runFanout(session, settings) {
  const { messages, size, queues = 10 } = settings;
  const [producer, receiver] = [await session.open(), await session.open()];
  const exchange = session.name('fanout');
  await declareExchange(producer, exchange, 'fanout');
  /** @type {string[]} */
  const names = [];
  for (let n = 0; n < queues; n++) names.push(await session.queue(receiver, 'fanout', false));
  await bind(
    receiver,
    exchange,
    names.map((queue) => ({ queue, key: '' })),
  );
  const load = session.load(producer, '', { exchange, size, persistent: false });
  for (const name of names) await receiver.consume(name, true);
  /** @param {number} count of deliveries */
  const pass = async (count) => {
    const publishes = Math.ceil(count / queues);
    const consumer = new Consumer(receiver, { expect: publishes * queues });
    const meter = session.meter();
    const plan = { count: publishes, batchOf: plainBatches(load) };
    await Promise.all([publishAll(producer, plan), consumer.finished()]);
    return meter.stop(publishes * queues);
  };
  await pass(Math.min(messages, WARM_UP));
  const { rate, cost } = await pass(messages);
  return { rate, ...cost };
}
