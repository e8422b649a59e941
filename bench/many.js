import { Consumer } from './consumer.js';
import { spread } from './figures.js';
import { plainBatches, publishAll } from './publisher.js';

/** @typedef {import('./client.js').Client} Client */
/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */

const CONNECTIONS = 100;
const QUEUES = 50;
const WINDOW = 100;
/** These messages are not stored, so nothing would compress them. */
const REPEAT_AFTER = 64 * 1024;
const WARM_UP = 50_000;

/**
 * Many connections, on each a producer for one queue and a consumer of another: throughput, and whether all get their
 * share. Messages are transient in durable queues, since newer brokers let clients share no others.
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
export async function runMany(session, settings) {
  await pass(session, { ...settings, messages: Math.min(settings.messages, WARM_UP) });
  await session.clear();
  return pass(session, settings);
}

/**
 * @param {Session} session
 * @param {Settings} settings
 * @returns {Promise<Figures>}
 */
async function pass(session, { messages, size }) {
  const clients = [];
  for (let n = 0; n < CONNECTIONS; n++) clients.push(await session.open());
  const [first] = clients;
  if (first === undefined) return {};
  const queues = await session.queues(first, 'many', QUEUES);
  const each = Math.ceil(messages / CONNECTIONS);
  let received = 0;
  /** How much each consumer had when half of all had come. @type {number[]} */
  let halfway = [];
  const onMessage = () => {
    if (++received === (each * CONNECTIONS) / 2) halfway = consumers.map((consumer) => consumer.received);
  };
  /** @type {Consumer[]} */
  const consumers = [];
  for (const [n, client] of clients.entries()) {
    const queue = queues[(n + QUEUES / 2) % QUEUES] ?? '';
    // two share a queue, and neither knows how much of it will be its own
    consumers.push(await Consumer.start(client, queue, { expect: each, ackEvery: 1, onMessage }));
    await client.selectConfirms();
  }
  const shape = { size, persistent: false, repeatAfter: REPEAT_AFTER };
  const producers = clients.map((client, n) => {
    const load = session.load(client, queues[n % QUEUES] ?? '', shape);
    return { client, plan: { count: each, window: WINDOW, batchOf: plainBatches(load) } };
  });
  const meter = session.meter();
  const publishing = producers.map(({ client, plan }) => publishAll(client, plan));
  await Promise.all(publishing);
  await arrival(clients, () => received >= each * CONNECTIONS);
  const { rate, cost } = meter.stop(each * CONNECTIONS);
  const { min, p50 } = spread(halfway);
  return { rate, slowest: min / p50, ...cost };
}

/**
 * Whoever reads the last message finds that all are there.
 * @param {Client[]} clients
 * @param {() => boolean} done
 */
async function arrival(clients, done) {
  await Promise.race(clients.map((client) => client.until(done)));
}
