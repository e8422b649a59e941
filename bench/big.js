import { Consumer } from './consumer.js';
import { plainBatches, publishAll } from './publisher.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */

/** So many messages are on their way to the broker at a time. */
const WINDOW = 2;

/**
 * Large bodies through a durable queue: what each costs, and whether memory stays the same however many there are.
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
export async function runBig(session, { messages, size }) {
  const [producer, receiver] = [await session.open(), await session.open()];
  const queue = await session.queue(receiver, 'big', true);
  const load = session.load(producer, queue, { size, persistent: true });
  await producer.selectConfirms();
  await receiver.consume(queue, false);
  const half = Math.ceil(messages / 2);
  const pass = async () => {
    const consumer = new Consumer(receiver, { expect: half, ackEvery: 1 });
    const meter = session.meter();
    const plan = { count: half, window: WINDOW, batchOf: plainBatches(load) };
    await Promise.all([publishAll(producer, plan), consumer.finished()]);
    return meter.stop(half);
  };
  const first = await pass();
  const second = await pass();
  const { rssPeak: before = Number.NaN } = first.cost;
  const { rssPeak: after = Number.NaN } = second.cost;
  return {
    rate: second.rate,
    mebibytes: (second.rate * size) / 2 ** 20,
    ...second.cost,
    rssGrowth: first.cost.rssGrowth ?? Number.NaN,
    laterPeak: after / before,
  };
}
