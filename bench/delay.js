import { now } from './clock.js';
import { Consumer } from './consumer.js';
import { lateFigures } from './figures.js';
import { warmUp } from './flow.js';
import { publishAll, stampedBatches } from './publisher.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */

const TTL = 2000;
/** Slow enough that a message is in its queue soon after it was written down as sent. */
const RATE = 5000;
const WINDOW = 2000;

/**
 * The delay people build from a queue with a TTL and a dead-letter exchange: how late a message comes out of it.
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
export async function runDelay(session, settings) {
  const { messages, size, durable } = settings;
  await warmUp(session, settings);
  const [producer, receiver] = [await session.open(), await session.open()];
  const work = await session.queue(receiver, 'work', durable);
  const waiting = await session.queue(producer, 'waiting', durable, {
    'x-message-ttl': TTL,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': work,
  });
  const load = session.load(producer, waiting, { size, persistent: durable });
  const lateness = new Float64Array(messages);
  const consumer = await Consumer.start(receiver, work, {
    expect: messages,
    ackEvery: 100,
    onMessage: (due, index) => (lateness[index] = now() - due),
  });
  await producer.selectConfirms();
  const meter = session.meter();
  const plan = { count: messages, window: WINDOW, rate: RATE, batchOf: stampedBatches(load, TTL) };
  await Promise.all([publishAll(producer, plan), consumer.finished()]);
  return { ...lateFigures(lateness), ...meter.stop(messages).cost };
}
