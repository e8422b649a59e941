import { now } from './clock.js';
import { Consumer } from './consumer.js';
import { lateFigures } from './figures.js';
import { warmUp } from './flow.js';
import { plainBatches, publishAll, stampedBatches } from './publisher.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */

const RATE = 5000;
const WINDOW = 2000;
/** Messages of these come out again while the scenario runs. */
const SHORT = [1000, 2000, 5000, 10_000, 20_000];
/** Those of these only wait. */
const LONG = [120_000, 300_000, 600_000];
/** With what waits in the short ones in the long run, this makes 100,000. */
const WAITING = 62_000;

/**
 * A service that has been running for long: much waits in delay queues of seconds to minutes, and a steady stream goes
 * through them to a consumer. How late does it come?
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
export async function runSteady(session, settings) {
  const { messages, size, durable } = settings;
  await warmUp(session, settings);
  const [producer, receiver] = [await session.open(), await session.open()];
  const shape = { size, persistent: durable };
  const work = await session.queue(receiver, 'work', durable);
  /** @param {number} ttl */
  const delayed = async (ttl) => {
    const delay = { 'x-message-ttl': ttl, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': work };
    return session.load(producer, await session.queue(producer, 'delay', durable, delay), shape);
  };
  await producer.selectConfirms();
  for (const ttl of LONG) {
    const count = Math.ceil(WAITING / LONG.length);
    await publishAll(producer, { count, window: WINDOW, batchOf: plainBatches(await delayed(ttl)) });
  }
  /** @type {import('./publisher.js').Plan['batchOf'][]} */
  const short = [];
  for (const ttl of SHORT) short.push(stampedBatches(await delayed(ttl), ttl));
  const lateness = new Float64Array(messages);
  const consumer = await Consumer.start(receiver, work, {
    expect: messages,
    ackEvery: 1,
    onMessage: (due, index) => (lateness[index] = now() - due),
  });
  const meter = session.meter();
  let turn = 0;
  /** @type {import('./publisher.js').Plan['batchOf']} */
  const batchOf = (index, count, at) => {
    const next = short[turn++ % short.length];
    if (next === undefined) throw new Error('there are no delay queues');
    return next(index, count, at);
  };
  const plan = { count: messages, window: WINDOW, rate: RATE, batchOf };
  await Promise.all([publishAll(producer, plan), consumer.finished()]);
  return { ...lateFigures(lateness), ...meter.stop(messages).cost };
}
