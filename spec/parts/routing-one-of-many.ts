import assert from 'node:assert/strict';
import { outcomes } from '../support/confirms-outcomes.ts';
import type { Properties } from '../support/content.ts';
import type { Context } from '../support/context.ts';
import type { Table } from '../support/fields.ts';
import type { Define } from '../support/suite.ts';

interface Sent {
  readonly routingKey?: string;
  readonly properties?: Properties;
}

/** Exchanges that send a message to one of their destinations. */
export function oneOfMany(test: Define): void {
  const hash = { needs: ['consistent-hash-exchange'] } as const;

  test(
    'a consistent hash exchange sends equal routing keys to the same queue, and each message to one',
    { rules: ['RTE-22'], ...hash },
    async (t) => {
      const { exchange, queues } = await hashing(t, ['1', '1', '1']);
      const first = await spread(t, exchange, queues, keys(120));
      assert.equal(new Set(first).size, 3);
      assert.deepEqual(await spread(t, exchange, queues, keys(120)), first);
    },
  );

  test(
    'a consistent hash exchange gives shares in proportion to the weights',
    { rules: ['RTE-20', 'RTE-22'], ...hash },
    async (t) => {
      const { exchange, queues } = await hashing(t, ['1', '3']);
      const toLight = (await spread(t, exchange, queues, keys(600))).filter((queue) => queue === queues[0]);
      assert.ok(toLight.length > 90 && toLight.length < 210, `${toLight.length} of 600 went to weight 1`);
    },
  );

  test(
    'a destination of a consistent hash exchange keeps its first weight',
    { rules: ['RTE-20'], ...hash },
    async (t) => {
      const { exchange, queues } = await hashing(t, ['1', '1']);
      await t.bind(queues[0] ?? '', exchange, '20');
      const toOther = (await spread(t, exchange, queues, keys(400))).filter((queue) => queue === queues[1]);
      assert.ok(toOther.length > 120 && toOther.length < 280, `${toOther.length} of 400 went to the other`);
    },
  );

  test(
    'another destination of a consistent hash exchange takes over some keys and moves no others',
    { rules: ['RTE-22'], ...hash },
    async (t) => {
      const { exchange, queues } = await hashing(t, ['1', '1']);
      const before = await spread(t, exchange, queues, keys(300));
      const third = await t.queue();
      await t.bind(third, exchange, '1');
      const after = await spread(t, exchange, [...queues, third], keys(300));
      const moved = after.filter((queue, index) => queue !== before[index]);
      assert.ok(moved.length > 40 && moved.length < 180, `${moved.length} of 300 moved`);
      assert.deepEqual([...new Set(moved)], [third]);
    },
  );

  for (const [key, text] of [
    ['abc', 'The binding key must be an integer: <<"abc">>'],
    ['1.5', 'The binding key must be an integer: <<"1.5">>'],
    ['', 'The binding key must be an integer: <<>>'],
    ['1 ', 'The binding key must be an integer: <<"1 ">>'],
    ['0', 'The binding key must be greater than 0'],
    ['-1', 'The binding key must be greater than 0'],
  ] as const) {
    test(`'${key}' is no weight for a consistent hash exchange`, { rules: ['RTE-21'], ...hash }, async (t) =>
      refusesWeight(t, key, text),
    );
  }

  test(
    'a weight for a consistent hash exchange may not exceed 10000',
    { rules: ['RTE-21'], ...hash, since: '4.2' },
    async (t) => {
      await refusesWeight(t, '10001', 'The binding key must not exceed 10000');
      await hashing(t, ['10000']);
    },
  );

  test(
    'a weight for a consistent hash exchange may have a sign and zeros in front',
    { rules: ['RTE-21'], ...hash },
    async (t) => {
      const { exchange, queues } = await hashing(t, ['+1', '001']);
      assert.equal(new Set(await spread(t, exchange, queues, keys(40))).size, 2);
    },
  );

  for (const [what, args, properties] of [
    ['a header', { 'hash-header': 'user' }, (user: string) => ({ headers: { user } })],
    ['the message id', { 'hash-property': 'message_id' }, (messageId: string) => ({ messageId })],
    [
      'the correlation id',
      { 'hash-property': 'correlation_id' },
      (correlationId: string) => ({ correlationId }),
    ],
    ['the timestamp', { 'hash-property': 'timestamp' }, (n: string) => ({ timestamp: Number(n.slice(1)) })],
  ] as const) {
    test(
      `a consistent hash exchange may go by ${what} in place of the routing key`,
      { rules: ['RTE-22'], ...hash },
      async (t) => {
        const { exchange, queues } = await hashing(t, ['1', '1'], args);
        const values = keys(40).map(({ routingKey }) => routingKey ?? '');
        const first = values.map((value) => ({ routingKey: 'same', properties: properties(value) }));
        const second = values.map((value) => ({
          routingKey: `other ${value}`,
          properties: properties(value),
        }));
        const found = await spread(t, exchange, queues, first);
        assert.equal(new Set(found).size, 2);
        assert.deepEqual(await spread(t, exchange, queues, second), found);
      },
    );
  }

  for (const [what, args] of [
    ['header', { 'hash-header': 'user' }],
    ['property', { 'hash-property': 'message_id' }],
  ] as const) {
    test(
      `all messages without the ${what} that a consistent hash exchange goes by have one destination`,
      { rules: ['RTE-22'], ...hash },
      async (t) => {
        const { exchange, queues } = await hashing(t, ['1', '1', '1'], args);
        assert.equal(new Set(await spread(t, exchange, queues, keys(40))).size, 1);
      },
    );
  }

  for (const [args, text] of [
    [
      { 'hash-header': 'a', 'hash-property': 'message_id' },
      'hash-header and hash-property are mutually exclusive',
    ],
    [{ 'hash-property': 'app_id' }, 'Unsupported property: app_id'],
  ] as const) {
    test(`a consistent hash exchange is refused: ${text}`, { rules: ['RTE-23'], ...hash }, async (t) => {
      const declare = { exchange: t.name('x'), type: 'x-consistent-hash', arguments: args };
      await t.refuses('exchange.declare', declare, 406, `PRECONDITION_FAILED - ${text}`);
    });
  }

  for (const [type, feature, bindingKey] of [
    ['x-random', 'random-exchange', 'bound'],
    ['x-local-random', 'local-random-exchange', ''],
  ] as const) {
    test(
      `${type} sends each message to one queue at random, whatever its key`,
      { rules: ['RTE-24'], needs: [feature] },
      async (t) => {
        const [exchange, queues] = [await t.exchange(type), [await t.queue(), await t.queue()]];
        for (const queue of queues) await t.bind(queue, exchange, bindingKey);
        const sent = Array.from({ length: 60 }, () => ({ routingKey: 'key' }));
        assert.equal(new Set(await spread(t, exchange, queues, sent)).size, 2);
      },
    );
  }

  test(
    'x-local-random takes no binding key',
    { rules: ['RTE-24'], needs: ['local-random-exchange'] },
    async (t) => {
      const [exchange, queue] = [await t.exchange('x-local-random'), await t.queue()];
      const text = /Non empty binding 'k' key not permitted/;
      await t.refuses('queue.bind', { queue, exchange, routingKey: 'k' }, 406, text);
    },
  );

  test(
    'x-local-random takes only classic queues',
    { rules: ['RTE-24'], needs: ['local-random-exchange', 'quorum-queues'] },
    async (t) => {
      const [exchange, queue] = [
        await t.exchange('x-local-random'),
        await t.queue({ 'x-queue-type': 'quorum' }),
      ];
      const text = /Queue type rabbit_quorum_queue not valid for this exchange type/;
      await t.refuses('queue.bind', { queue, exchange }, 406, text);
    },
  );

  test(
    'x-modulus-hash sends equal routing keys to the same queue, and each message to one',
    { rules: ['RTE-24'], needs: ['modulus-hash-exchange'] },
    async (t) => {
      const queues = [await t.queue(), await t.queue(), await t.queue()];
      const exchange = await t.exchange('x-modulus-hash');
      for (const queue of queues) await t.bind(queue, exchange);
      const first = await spread(t, exchange, queues, keys(90));
      assert.equal(new Set(first).size, 3);
      assert.deepEqual(await spread(t, exchange, queues, keys(90)), first);
    },
  );

  test(
    'x-modulus-hash counts bindings: a queue that is bound three times gets three shares',
    { rules: ['RTE-24'], needs: ['modulus-hash-exchange'] },
    async (t) => manyBindings(t, 'x-modulus-hash'),
  );

  test(
    'x-random counts bindings: a queue that is bound three times gets three shares',
    { rules: ['RTE-24'], needs: ['random-exchange'] },
    async (t) => manyBindings(t, 'x-random'),
  );

  for (const [type, feature] of [
    ['x-consistent-hash', 'consistent-hash-exchange'],
    ['x-modulus-hash', 'modulus-hash-exchange'],
    ['x-random', 'random-exchange'],
  ] as const) {
    test(
      `${type} sends a message with further keys in CC to one queue, too`,
      { rules: ['RTE-22', 'RTE-24', 'RTE-30'], needs: [feature] },
      async (t) => {
        const [exchange, queues] = [await t.exchange(type), [await t.queue(), await t.queue()]];
        for (const queue of queues) await t.bind(queue, exchange, '1');
        const sent = Array.from({ length: 40 }, (_, at) => ({
          routingKey: 'same',
          properties: { headers: { CC: [`a${at}`, `b${at}`] } },
        }));
        const found = new Set(await spread(t, exchange, queues, sent));
        assert.equal(found.size, type === 'x-consistent-hash' ? 1 : 2);
      },
    );
  }

  test(
    'x-local-random takes no exchange as a destination',
    { rules: ['RTE-24'], needs: ['local-random-exchange'] },
    async (t) => {
      const [source, destination] = [await t.exchange('x-local-random'), await t.exchange('fanout')];
      const text = 'PRECONDITION_FAILED - Destination not found';
      await t.refuses('exchange.bind', { source, destination }, 406, text);
    },
  );
}

/** Three bindings of one queue and one of another: about three quarters go to the first. */
async function manyBindings(t: Context, type: string): Promise<void> {
  const [exchange, queues] = [await t.exchange(type), [await t.queue(), await t.queue()]];
  for (const key of ['1', '2', '3']) await t.bind(queues[0] ?? '', exchange, key);
  await t.bind(queues[1] ?? '', exchange, '1');
  const toOther = (await spread(t, exchange, queues, keys(400))).filter((queue) => queue === queues[1]);
  assert.ok(toOther.length > 50 && toOther.length < 150, `${toOther.length} of 400 went to the other`);
}

/** A consistent hash exchange with one queue for each weight. */
async function hashing(t: Context, weights: readonly string[], args: Table = {}) {
  const exchange = await t.exchange('x-consistent-hash', args);
  const queues: string[] = [];
  for (const weight of weights) {
    const queue = await t.queue();
    await t.bind(queue, exchange, weight);
    queues.push(queue);
  }
  return { exchange, queues };
}

async function refusesWeight(t: Context, routingKey: string, text: string): Promise<void> {
  const [exchange, queue] = [await t.exchange('x-consistent-hash'), await t.queue()];
  await t.refuses('queue.bind', { queue, exchange, routingKey }, 406, `PRECONDITION_FAILED - ${text}`);
}

function keys(count: number): Sent[] {
  return Array.from({ length: count }, (_, index) => ({ routingKey: `k${index}` }));
}

/** The queue that each of these messages comes to; each must come to exactly one. */
async function spread(
  t: Context,
  exchange: string,
  queues: readonly string[],
  sent: readonly Sent[],
): Promise<string[]> {
  const [publisher, receiver] = [await t.confirmChannel(), await t.channel()];
  for (const queue of queues)
    await receiver.call('basic.consume', { queue, consumerTag: queue, noAck: true });
  for (const [index, { routingKey = '', properties = {} }] of sent.entries()) {
    publisher.publish(exchange, routingKey, `${index}`, properties);
  }
  await outcomes(publisher, sent.length);
  const found = new Map<number, string>();
  for (const _ of sent) {
    const { body, consumerTag } = await receiver.delivery();
    assert.ok(!found.has(Number(body)), `message ${body} came twice`);
    found.set(Number(body), consumerTag);
  }
  await receiver.client.expectSilence(receiver.number);
  await receiver.close();
  return sent.map((_, index) => found.get(index) ?? '');
}
