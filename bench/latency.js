import { now } from './clock.js';
import { Consumer } from './consumer.js';
import { spread } from './figures.js';
import { warmUp } from './flow.js';
import { publishAll, stampedBatches } from './publisher.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */

const RATE = 500;
const WINDOW = 10_000;

/**
 * Messages at a rate any broker bears: how long one takes to be delivered, and to be confirmed.
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
export async function runLatency(session, settings) {
  const { messages, size, durable } = settings;
  await warmUp(session, settings);
  const [producer, receiver] = [await session.open(), await session.open()];
  const queue = await session.queue(receiver, 'latency', durable);
  const load = session.load(producer, queue, { size, persistent: durable });
  const sentAt = new Float64Array(messages);
  const delivered = new Float64Array(messages);
  const confirmed = new Float64Array(messages);
  const stamped = stampedBatches(load);
  const consumer = await Consumer.start(receiver, queue, {
    expect: messages,
    ackEvery: 1,
    onMessage: (stamp, index) => (delivered[index] = now() - stamp),
  });
  await producer.selectConfirms();
  producer.confirms.onConfirmed = (tag) => (confirmed[tag - 1] = now() - (sentAt[tag - 1] ?? Number.NaN));
  const meter = session.meter();
  const plan = { count: messages, window: WINDOW, rate: RATE };
  await Promise.all([
    publishAll(producer, {
      ...plan,
      batchOf(index, count, at) {
        const batch = stamped(index, count, at);
        sentAt.fill(at, index, index + batch.count);
        return batch;
      },
    }),
    consumer.finished(),
  ]);
  const { cost } = meter.stop(messages);
  return { ...cost, ...latencyFigures(spread(delivered), spread(confirmed)) };
}

/**
 * @param {ReturnType<typeof spread>} deliver
 * @param {ReturnType<typeof spread>} confirm
 * @returns {Figures}
 */
function latencyFigures(deliver, confirm) {
  return {
    deliverP50: deliver.p50,
    deliverP99: deliver.p99,
    deliverMax: deliver.max,
    confirmP50: confirm.p50,
    confirmP99: confirm.p99,
    confirmMax: confirm.max,
  };
}
