import { Buffer } from 'node:buffer';
import { setImmediate as turn } from 'node:timers/promises';
import { Acks, publishFrames } from './inner-client.js';

/** @typedef {import('./inner-client.js').InnerClient} InnerClient */
/** @typedef {import('../dist/src/index.js').RunningBroker} RunningBroker */

/**
 * @typedef {object} Path a way of messages through the broker that must not get dearer
 * @property {string} about one line for people
 * @property {boolean} durable on disk
 * @property {boolean} [keeps] what it publishes stays: memory for each is measured as well
 * @property {(client: InnerClient, broker: RunningBroker) => Promise<() => Promise<void>>} open
 *   declares what is needed; what it gives sends PER_ROUND messages and resolves when they are through
 */

/** Messages that go in one write. */
export const PER_ROUND = 100;
const SIZE = 256;
const TTL = 1000;
const TOPIC_BINDINGS = 1000;

/** @type {Record<string, Path>} */
export const PATHS = {
  flow: {
    about: 'transient, no acks',
    durable: false,
    async open(client) {
      await client.declareQueue('q');
      await client.consume('q', true);
      const bytes = batch(() => ({ routingKey: 'q', size: SIZE, persistent: false }));
      return () => send(client, bytes);
    },
  },
  durable: {
    about: 'persistent, confirms, an ack for each',
    durable: true,
    async open(client) {
      await client.declareQueue('q');
      await client.consume('q', false);
      await client.selectConfirms();
      const bytes = batch(() => ({ routingKey: 'q', size: SIZE, persistent: true }));
      const acks = new Acks(PER_ROUND);
      return async () => {
        const wanted = client.confirms.count + PER_ROUND;
        await send(client, bytes);
        await client.until(() => client.confirms.count >= wanted);
        client.write(acks.next());
        await turn();
        await turn();
      };
    },
  },
  'dead-letter': {
    about: 'persistent, expires in one queue and is delivered from another',
    durable: true,
    async open(client, { clock }) {
      const deadLetters = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'late' };
      await client.declareQueue('wait', { 'x-message-ttl': TTL, ...deadLetters });
      await client.declareQueue('late');
      await client.consume('late', true);
      await client.selectConfirms();
      const bytes = batch(() => ({ routingKey: 'wait', size: SIZE, persistent: true }));
      return async () => {
        const [confirmed, delivered] = [client.confirms.count + PER_ROUND, client.delivered + PER_ROUND];
        client.write(bytes);
        await client.until(() => client.confirms.count >= confirmed);
        await clock.advance(TTL);
        await client.until(() => client.delivered >= delivered);
      };
    },
  },
  backlog: {
    about: 'persistent, confirmed, and waits',
    durable: true,
    keeps: true,
    async open(client) {
      await client.declareQueue('q', { 'x-message-ttl': 86_400_000 });
      await client.selectConfirms();
      const bytes = batch(() => ({ routingKey: 'q', size: SIZE, persistent: true }));
      return async () => {
        const wanted = client.confirms.count + PER_ROUND;
        client.write(bytes);
        await client.until(() => client.confirms.count >= wanted);
      };
    },
  },
  topic: {
    about: `transient, no acks, by one of ${TOPIC_BINDINGS} topic bindings, each to another queue`,
    durable: false,
    async open(client) {
      await client.declareExchange('x', 'topic');
      for (let n = 0; n < TOPIC_BINDINGS; n++) {
        await client.declareQueue(`q${n}`);
        await client.bind(`q${n}`, 'x', `*.order${n}.#`);
        await client.consume(`q${n}`, true);
      }
      const batches = Array.from({ length: TOPIC_BINDINGS / PER_ROUND }, (_, part) =>
        batch((n) => {
          const routingKey = `eu.order${part * PER_ROUND + n}.paid`;
          return { exchange: 'x', routingKey, size: SIZE, persistent: false };
        }),
      );
      let round = 0;
      return () => send(client, batches[round++ % batches.length] ?? Buffer.alloc(0));
    },
  },
};

/** @param {(n: number) => Parameters<typeof publishFrames>[0]} messageOf */
function batch(messageOf) {
  return Buffer.concat(Array.from({ length: PER_ROUND }, (_, n) => publishFrames(messageOf(n))));
}

/**
 * Resolves when they have been delivered.
 * @param {InnerClient} client
 * @param {Buffer} bytes
 */
function send(client, bytes) {
  const wanted = client.delivered + PER_ROUND;
  client.write(bytes);
  return client.until(() => client.delivered >= wanted);
}
