// Simulates a day: messages that are delayed by a chain of queues and consumers that reject a third of them, over the
// wire, on a clock that is moved by hand. Prints how long that took, and whether everything came when it should.
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import amqp from 'amqplib';
import { startBroker } from '../dist/src/index.js';

const LEVELS = 28;
const LONGEST_DELAY = 8 * 3_600_000;
const RETRY_AFTER = 600_000;
const MOST_ATTEMPTS = 4;
const BEGIN = Date.parse('2026-05-01T00:00:00Z');

const HELP = `Usage: node bench/day.js [--messages N] [--consumers N] [--seed N] [--json]

Delays N messages (10000) by up to eight hours each, in a chain of ${LEVELS} queues: the one of level n holds a message for
2^n ms. Consumers (2) reject a third of what comes, which comes again after ten minutes, up to ${MOST_ATTEMPTS} times.
The same seed (1) gives the same events.
`;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000' },
    consumers: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function main(messages, consumers, seed) {
  const begin = performance.now();
  const broker = await startBroker({ clock: { mode: 'manual', now: BEGIN }, logLevel: 'silent' });
  const log = eventLog(broker);
  const connection = await amqp.connect(broker.url, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  await declareChain(channel);
  const day = new Day(broker.clock, seed);
  for (let n = 0; n < consumers; n++) await day.consume(connection);
  const started = performance.now();
  for (let id = 0; id < messages; id++) day.publish(channel, id);
  await channel.waitForConfirms();
  const end = await broker.clock.runUntilIdle({ most: Infinity });
  const seconds = (performance.now() - started) / 1000;
  await broker.stop();
  report({
    messages,
    simulatedHours: (end - BEGIN) / 3_600_000,
    seconds,
    secondsWithStart: (performance.now() - begin) / 1000,
    deliveries: day.deliveries,
    rejected: day.rejected,
    acked: day.acked,
    events: log.count,
    inexact: day.inexact,
    log: log.hash.digest('hex').slice(0, 16),
  });
}

/** What comes when, and what becomes of it. */
class Day {
  deliveries = 0;
  rejected = 0;
  acked = 0;
  /** Deliveries that did not come at their millisecond. */
  inexact = 0;
  #clock;
  #random;
  /** By message: when it is due next, and how often it came. */
  #due = new Map();

  constructor(clock, seed) {
    this.#clock = clock;
    this.#random = generator(seed);
  }

  publish(channel, id) {
    const delay = Math.floor(this.#random() * LONGEST_DELAY);
    this.#due.set(String(id), { at: this.#clock.now() + delay, attempts: 0 });
    const bits = delay.toString(2).padStart(LEVELS, '0').split('').join('.');
    channel.publish(`delay.${LEVELS - 1}`, `${bits}.work`, Buffer.from('a job'), { messageId: String(id) });
  }

  async consume(connection) {
    const channel = await connection.createChannel();
    await channel.consume('work', (message) => this.#take(channel, message));
  }

  #take(channel, message) {
    const due = this.#due.get(message.properties.messageId);
    const now = this.#clock.now();
    this.deliveries++;
    due.attempts++;
    if (now !== due.at) this.inexact++;
    if (due.attempts < MOST_ATTEMPTS && this.#random() < 1 / 3) {
      this.rejected++;
      due.at = now + RETRY_AFTER;
      channel.reject(message, false);
    } else {
      this.acked++;
      channel.ack(message);
    }
  }
}

/** From the highest level down: a 1 waits in the level's queue, a 0 goes on to the next level at once. */
async function declareChain(channel) {
  for (let level = 0; level < LEVELS; level++) {
    const exchange = `delay.${level}`;
    await channel.assertExchange(exchange, 'topic');
    const next = level === 0 ? 'delivered' : `delay.${level - 1}`;
    if (level === 0) await channel.assertExchange(next, 'topic');
    const digit = [...Array(LEVELS - 1 - level).fill('*')];
    await channel.bindExchange(next, exchange, [...digit, '0', '#'].join('.'));
    const wait = { messageTtl: 2 ** level, deadLetterExchange: next };
    await channel.assertQueue(`wait.${level}`, wait);
    await channel.bindQueue(`wait.${level}`, exchange, [...digit, '1', '#'].join('.'));
  }
  await channel.assertQueue('work', { deadLetterExchange: '', deadLetterRoutingKey: 'retry' });
  await channel.bindQueue('work', 'delivered', '#.work');
  await channel.assertQueue('retry', {
    messageTtl: RETRY_AFTER,
    deadLetterExchange: '',
    deadLetterRoutingKey: 'work',
  });
}

/** Everything that happens, as a hash of all events in order. */
function eventLog(broker) {
  const log = { count: 0, hash: createHash('sha256') };
  const kinds = [
    'published',
    'enqueued',
    'expired',
    'dead-lettered',
    'dropped',
    'delivered',
    'acked',
    'rejected',
  ];
  for (const kind of kinds) {
    broker.on(kind, ({ type, time, queue, message }) => {
      log.count++;
      log.hash.update(`${time} ${type} ${queue ?? ''} ${message.id}\n`);
    });
  }
  return log;
}

/** Numbers from 0 to 1 by chance, the same for the same seed. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function report(figures) {
  if (values.json) return process.stdout.write(`${JSON.stringify(figures)}\n`);
  const { simulatedHours, seconds, events, deliveries, rejected, messages, inexact, log } = figures;
  process.stdout.write(
    `${simulatedHours.toFixed(1)} hours in ${seconds.toFixed(1)} s: ${messages} messages, ${events} events, ` +
      `${deliveries} deliveries, ${rejected} rejected\n` +
      `${inexact} came at another millisecond than they should; the log of all events is ${log}\n`,
  );
}

if (values.help) process.stdout.write(HELP);
else await main(Number(values.messages), Number(values.consumers), Number(values.seed));
