import { Consumer } from './consumer.js';
import { plainBatches, publishAll } from './publisher.js';
import { bind, declareExchange } from './topology.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./scenarios.js').Settings} Settings */
/** @typedef {import('./figures.js').Figures} Figures */
/** @typedef {import('./wire.js').FieldTable} FieldTable */

const QUEUES = 100;
const FEW = 10;
const WARM_UP = 30_000;
/** Prime, so that neighbouring messages need bindings that are far apart. */
const STRIDE = 7919;

/**
 * How bindings of a type are made, and messages that fit: the `n`th message matches the `n`th binding and no other.
 * @typedef {object} Kind
 * @property {string} type
 * @property {(n: string) => { key: string, args?: FieldTable }} binding
 * @property {(n: string) => { routingKey: string, headers?: FieldTable }} message
 */

/** @type {Kind} */
const TOPIC = {
  type: 'topic',
  binding: (n) => ({ key: `*.order-${n}.#` }),
  message: (n) => ({ routingKey: `europe.order-${n}.placed.paid` }),
};

/** @type {Kind} */
const HEADERS = {
  type: 'headers',
  binding: (n) => ({ key: '', args: { 'x-match': 'all', kind: 'order', number: n } }),
  message: (n) => ({ routingKey: '', headers: { kind: 'order', number: n, country: 'de' } }),
};

/**
 * @param {Session} session
 * @param {Settings} settings
 */
export function runTopic(session, settings) {
  return runRouting(session, settings, TOPIC);
}

/**
 * @param {Session} session
 * @param {Settings} settings
 */
export function runHeaders(session, settings) {
  return runRouting(session, settings, HEADERS);
}

/**
 * Messages that match one binding each, at first of a few bindings, then of many: what a binding costs that does not
 * match.
 * @param {Session} session
 * @param {Settings} settings
 * @param {Kind} kind
 * @returns {Promise<Figures>}
 */
async function runRouting(session, settings, kind) {
  const { messages, bindings = FEW } = settings;
  await pass(session, { ...settings, messages: Math.min(messages, WARM_UP) }, FEW, kind);
  const few = await pass(session, settings, FEW, kind);
  const many = await pass(session, settings, bindings, kind);
  return { rate: many.rate, toFew: many.rate / few.rate, ...many.cost };
}

/**
 * @param {Session} session
 * @param {Settings} settings
 * @param {number} bindings
 * @param {Kind} kind
 */
async function pass(session, { messages, size }, bindings, kind) {
  const [producer, receiver] = [await session.open(), await session.open()];
  const exchange = session.name(kind.type);
  await declareExchange(producer, exchange, kind.type);
  /** @type {string[]} */
  const queues = [];
  for (let n = 0; n < QUEUES; n++) queues.push(await session.queue(receiver, kind.type, false));
  /** @param {number} n */
  const numbered = (n) => String(n).padStart(6, '0');
  await bind(
    receiver,
    exchange,
    Array.from({ length: bindings }, (_, n) => ({
      queue: queues[n % QUEUES] ?? '',
      ...kind.binding(numbered(n)),
    })),
  );
  /** @param {number} index */
  const vary = (index) => kind.message(numbered((index * STRIDE) % bindings));
  const load = session.load(producer, '', { exchange, size, persistent: false, vary });
  const consumer = await Consumer.start(receiver, queues, { expect: messages });
  const meter = session.meter();
  await Promise.all([
    publishAll(producer, { count: messages, batchOf: plainBatches(load) }),
    consumer.finished(),
  ]);
  const measured = meter.stop(messages);
  await session.clear();
  return measured;
}
