import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import { deathsOf } from '../support/deaths.ts';
import type { Define } from '../support/suite.ts';

/** As many levels as the chains of NServiceBus and Celery have; with a unit of 1 s they reach eight years. */
const LEVELS = 28;
/** How long the lowest level holds a message, in milliseconds. */
const UNIT_MS = 20;

/** A chain of delay queues whose TTLs double, switched by the bits of the routing key. */
export function delayChain(test: Define): void {
  test(
    'a message with delay 0 goes straight through a chain of 28 delay levels',
    { rules: ['IDM-01'], slow: true },
    async (t) => {
      const chain = await buildChain(t);
      const [address, queue] = await chain.endpoint();
      const key = keyOf(0, address);
      await t.publish(chain.exchange(LEVELS - 1), key, 'x');
      const message = await t.take(queue);
      assert.deepEqual([message.body, message.routingKey], ['x', key]);
      assert.equal(message.headers['x-death'], undefined);
    },
  );

  test(
    'a delay of binary 101 waits in the levels 2 and 0 of a chain of 28, and nowhere else',
    { rules: ['IDM-01'], slow: true },
    async (t) => {
      const chain = await buildChain(t);
      const [address, queue] = await chain.endpoint();
      const [key, elapsed] = [keyOf(0b101, address), t.stopwatch()];
      await t.publish(chain.exchange(LEVELS - 1), key, 'x', { expiration: '60000' });
      const message = await t.take(queue);
      assert.ok(elapsed() >= 5 * UNIT_MS - 1, `came after ${elapsed()} ms`);
      assert.deepEqual([message.exchange, message.routingKey], [chain.delivery, key]);
      const deaths = deathsOf(message).map((death) => [
        death.queue,
        death.reason,
        death.count,
        death.exchange,
      ]);
      assert.deepEqual(deaths, [
        [chain.level(0), 'expired', 1, chain.exchange(1)],
        [chain.level(2), 'expired', 1, chain.exchange(LEVELS - 1)],
      ]);
    },
  );

  test(
    'every message goes its own way through a chain of 28 delay levels, to its own address',
    { rules: ['IDM-01'], slow: true },
    async (t) => {
      const chain = await buildChain(t);
      const endpoints = [await chain.endpoint(), await chain.endpoint()];
      const since = new Map<string, () => number>();
      const delays = [31, 2, 11, 1, 24, 0, 7, 16];
      for (const delay of delays) {
        // Both enter where their highest bit is, as NServiceBus does; the second one a level above.
        const entry = Math.max(0, Math.floor(Math.log2(delay)));
        for (const [index, [address]] of endpoints.entries()) {
          const body = `${delay} to ${index}`;
          since.set(body, t.stopwatch());
          await t.publish(chain.exchange(entry + index), keyOf(delay, address), body);
        }
      }
      for (const [index, [, queue]] of endpoints.entries()) {
        const consumer = await t.consume(queue, { noAck: true });
        const pending = new Set(delays);
        while (pending.size > 0) {
          const message = await consumer.next();
          const ms = since.get(message.body)?.() ?? 0;
          const delay = Number(message.body.split(' ')[0]);
          assert.equal(message.body, `${delay} to ${index}`);
          assert.ok(pending.delete(delay), `${message.body} came twice`);
          assert.ok(ms >= delay * UNIT_MS - 1, `${message.body} came after ${ms} ms`);
          const visited = deathsOf(message).map((death) => death.queue);
          const expected = bitsOf(delay).flatMap((bit, at) =>
            bit === '1' ? [chain.level(LEVELS - 1 - at)] : [],
          );
          if (t.broker.since('4.0')) assert.deepEqual(visited, expected.reverse());
          else assert.deepEqual(visited.sort(), expected.sort()); // the order of more than two is not reliable there
        }
        await consumer.nothing(50);
      }
    },
  );
}

interface Chain {
  /** The queue of a level. */
  level(level: number): string;
  /** The exchange in front of a level. */
  exchange(level: number): string;
  /** Where messages come out. */
  readonly delivery: string;
  /** An address and the queue of it. */
  endpoint(): Promise<readonly [address: string, queue: string]>;
}

/**
 * Exchange N sends a message to queue N when its bit is set, else to exchange N-1; so does queue N when its TTL is over.
 * Requests are sent without waiting for each answer, as there are more than a hundred.
 */
async function buildChain(t: Context): Promise<Chain> {
  const names = Array.from({ length: LEVELS }, (_, level) => t.name(`delay-level-${level}-`));
  const level = (at: number): string => names[at] as string;
  const delivery = await t.exchange('topic', {}, { durable: true });
  const below = (at: number): string => (at === 0 ? delivery : level(at - 1));
  const control = await t.control();
  for (const exchange of names) {
    control.send('exchange.declare', { exchange, type: 'topic', durable: true });
  }
  for (let at = LEVELS - 1; at >= 0; at--) {
    const [queue, bits] = [level(at), '*.'.repeat(LEVELS - 1 - at)];
    const args = { 'x-message-ttl': 2 ** at * UNIT_MS, 'x-dead-letter-exchange': below(at) };
    control.send('queue.declare', { queue, durable: true, arguments: args });
    control.send('queue.bind', { queue, exchange: queue, routingKey: `${bits}1.#` });
    control.send('exchange.bind', { destination: below(at), source: queue, routingKey: `${bits}0.#` });
  }
  for (let count = 0; count < LEVELS; count++) await control.expect('exchange.declare-ok');
  for (let count = 0; count < LEVELS; count++) {
    await control.expect('queue.declare-ok');
    await control.expect('queue.bind-ok');
    await control.expect('exchange.bind-ok');
  }
  const endpoint = async (): Promise<readonly [string, string]> => {
    const queue = await t.queue();
    await t.bind(queue, delivery, `#.${queue}`);
    return [queue, queue];
  };
  return { level, exchange: level, delivery, endpoint };
}

function bitsOf(delay: number): string[] {
  return delay.toString(2).padStart(LEVELS, '0').split('');
}

function keyOf(delay: number, address: string): string {
  return [...bitsOf(delay), address].join('.');
}
