import assert from 'node:assert/strict';
import type { Channel } from '../support/channel.ts';
import type { Context } from '../support/context.ts';
import { filled, held, unknownTag } from '../support/settling-held.ts';
import type { Define } from '../support/suite.ts';

/** What becomes of messages that are given back. */
export function requeueing(test: Define): void {
  test(
    'requeued messages take their old places, whatever the order in which they come back',
    { rules: ['ACK-04', 'ACK-09'] },
    async (t) => {
      const queue = await filled(t, ['m1', 'm2', 'm3', 'm4']);
      const channel = await t.channel();
      for (let n = 0; n < 3; n++) await channel.get(queue, false);
      channel.reject(2, true);
      channel.nack(1, true);
      channel.reject(3, true);
      await channel.settled();
      await t.untilCount(queue, 4);
      assert.deepEqual(await t.drain(queue), ['m1', 'm2', 'm3', 'm4']);
    },
  );

  test('a requeued message stands before what was published later', { rules: ['ACK-04'] }, async (t) => {
    const { channel, queue } = await held(t, ['early']);
    await t.send(queue, 'late');
    channel.nack(1, true);
    await channel.settled();
    await t.untilCount(queue, 2);
    assert.deepEqual(await t.drain(queue), ['early', 'late']);
  });

  test(
    'a requeued message is marked as redelivered, and those behind it are not',
    { rules: ['ACK-04'] },
    async (t) => {
      const queue = await filled(t, ['a', 'b']);
      const channel = await t.channel();
      assert.equal((await channel.get(queue, false))?.redelivered, false);
      channel.reject(1, true);
      await channel.settled();
      await t.untilCount(queue, 2);
      const seen = [await t.take(queue), await t.take(queue)].map(({ body, redelivered }) => [
        body,
        redelivered,
      ]);
      assert.deepEqual(seen, [
        ['a', true],
        ['b', false],
      ]);
    },
  );

  test(
    'a quorum queue serves returned messages after the others before 4.0, and before them since',
    { rules: ['ACK-05'], needs: ['quorum-queues'] },
    async (t) => {
      const order = t.broker.pick({ '3.10': ['c', 'a', 'b'], '4.0': ['a', 'b', 'c'] });
      assert.deepEqual(await afterReturning(t, [1, 2]), order);
    },
  );

  test(
    'a quorum queue keeps returned messages in the order of their return',
    { rules: ['ACK-05'], needs: ['quorum-queues'] },
    async (t) => {
      const order = await afterReturning(t, [2, 1]);
      const expected = t.broker.pick({ '3.10': ['c', 'b', 'a'], '4.0': ['b', 'a', 'c'] });
      if (t.broker.isRabbitMQ) assert.deepEqual(order, expected);
      else assert.ok([expected.join(), 'a,b,c'].includes(order.join()), `the order was ${order.join()}`);
    },
  );

  for (const [name, giveBack, since43] of [
    ['basic.reject', (channel: Channel, tag: number) => channel.reject(tag, true), [1, 2]],
    ['basic.nack', (channel: Channel, tag: number) => channel.nack(tag, true), [undefined, undefined]],
  ] as const) {
    test(
      `a quorum queue counts deliveries that ended in ${name}${since43[0] === undefined ? ', until 4.3' : ''}`,
      { rules: ['ACK-10'], needs: ['quorum-queues'] },
      async (t) => {
        const queue = await filled(t, ['a'], { 'x-queue-type': 'quorum' });
        const channel = await t.channel();
        const counts: unknown[] = [];
        for (let tag = 1; tag <= 3; tag++) {
          counts.push((await fetch(t, channel, queue)).headers['x-delivery-count']);
          giveBack(channel, tag);
        }
        const expected = t.broker.pick({
          '3.10': [0, 1, 2],
          '3.13': [undefined, 1, 2],
          '4.3': [undefined, ...since43],
        });
        assert.deepEqual(counts, expected);
      },
    );
  }

  test(
    'a quorum queue counts deliveries to a consumer that was lost',
    { rules: ['ACK-10'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await filled(t, ['a'], { 'x-queue-type': 'quorum' });
      const lost = await t.consume(queue);
      await lost.next();
      await lost.channel.close();
      const { headers } = await fetch(t, await t.channel(), queue);
      assert.equal(headers['x-delivery-count'], 1);
    },
  );

  test(
    'a quorum queue says how often it handed a message out before',
    { rules: ['ACK-10'], needs: ['quorum-queues'], since: '4.3' },
    async (t) => {
      const queue = await filled(t, ['a'], { 'x-queue-type': 'quorum' });
      const channel = await t.channel();
      const counts: unknown[] = [];
      for (let tag = 1; tag <= 3; tag++) {
        counts.push((await fetch(t, channel, queue)).headers['x-acquired-count']);
        channel.nack(tag, true);
      }
      assert.deepEqual(counts, [undefined, 1, 2]);
    },
  );

  test(
    'a requeued message goes straight back to the only consumer, again and again',
    { rules: ['ACK-06'] },
    async (t) => {
      const consumer = await t.consume(await filled(t, ['a']));
      for (let n = 1; n <= 5; n++) {
        const { deliveryTag, redelivered } = await consumer.next();
        assert.deepEqual([deliveryTag, redelivered], [n, n > 1]);
        consumer.nack({ deliveryTag }, true);
      }
    },
  );

  test(
    'basic.recover gives back what was consumed and what was fetched, and delivers it anew',
    { rules: ['ACK-07'] },
    async (t) => {
      const [consumed, fetched] = [await filled(t, ['a', 'b']), await filled(t, ['f'])];
      const { channel } = await t.consume(consumed);
      await takeDeliveries(channel, 2);
      await channel.get(fetched, false);
      await channel.call('basic.recover', { requeue: true });
      assert.deepEqual(await takeDeliveries(channel, 2), [
        ['a', 4, true],
        ['b', 5, true],
      ]);
      const { body, deliveryTag, redelivered } = await fetch(t, channel, fetched);
      assert.deepEqual([body, deliveryTag, redelivered], ['f', 6, true]);
    },
  );

  test('basic.recover leaves no old delivery tag to settle', { rules: ['ACK-07', 'ACK-01'] }, async (t) => {
    const { channel } = await held(t, ['a']);
    await channel.call('basic.recover', { requeue: true });
    channel.ack(1);
    await channel.refused(406, unknownTag(1), 'basic.ack');
  });

  test('basic.recover concerns only its own channel', { rules: ['ACK-07'] }, async (t) => {
    const { channel, queue } = await held(t, ['a']);
    await (await t.channel()).call('basic.recover', { requeue: true });
    await t.staysEmpty(queue);
    channel.ack(1);
    await channel.settled();
  });

  test('basic.recover-async gives back without an answer', { rules: ['ACK-07'] }, async (t) => {
    const { channel, queue } = await held(t, ['a']);
    channel.send('basic.recover-async', { requeue: true });
    await channel.client.expectSilence(channel.number);
    const { body, redelivered } = await t.take(queue);
    assert.deepEqual([body, redelivered], ['a', true]);
  });

  for (const name of ['basic.recover', 'basic.recover-async'] as const) {
    test(`${name} without requeue is not implemented`, { rules: ['ACK-08'] }, (t) =>
      t.refusesConnection(name, { requeue: false }, 540, 'NOT_IMPLEMENTED - requeue=false'),
    );
  }
}

/** Body, tag and redelivered of the next so many deliveries. */
async function takeDeliveries(channel: Channel, count: number): Promise<[string, number, boolean][]> {
  const seen: [string, number, boolean][] = [];
  while (seen.length < count) {
    const { body, deliveryTag, redelivered } = await channel.delivery();
    seen.push([body, deliveryTag, redelivered]);
  }
  return seen;
}

/** Fetches on this channel without ack; the message may not be ready yet. */
async function fetch(t: Context, channel: Channel, queue: string) {
  let message = await channel.get(queue, false);
  await t.eventually(async () => (message ??= await channel.get(queue, false)) !== undefined, 'a message');
  return message ?? assert.fail('no message');
}

/** What is in a quorum queue of a, b, c after a and b were fetched and returned in this order of their tags. */
async function afterReturning(t: Context, tags: readonly number[]): Promise<string[]> {
  const queue = await filled(t, ['a', 'b', 'c'], { 'x-queue-type': 'quorum' });
  const channel = await t.channel();
  for (let n = 0; n < 2; n++) await fetch(t, channel, queue);
  for (const tag of tags) channel.nack(tag, true);
  await channel.settled();
  const bodies: string[] = [];
  while (bodies.length < 3) bodies.push((await fetch(t, channel, queue)).body);
  return bodies;
}
