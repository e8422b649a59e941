import assert from 'node:assert/strict';
import type { Channel, Consumer } from '../support/channel.ts';
import type { Context } from '../support/context.ts';
import { field } from '../support/fields.ts';
import type { Value } from '../support/fields.ts';
import { limited, QUORUM, sendAll, takeDeaths } from '../support/length-limits-deaths.ts';
import type { Define } from '../support/suite.ts';

/** More deliveries than any default limit allows. */
const MANY = 30;
/** From 4.0 on a quorum queue gives up after so many redeliveries. */
const DEFAULT_LIMIT = 20;

/** How a delivery comes back to its queue without being acked. */
const returns: Readonly<Record<string, (channel: Channel, deliveryTag: number) => unknown>> = {
  'basic.reject': (channel, deliveryTag) => channel.reject(deliveryTag, true),
  'basic.nack': (channel, deliveryTag) => channel.nack(deliveryTag, true),
  'the end of the channel': (channel) => channel.close(),
  'the loss of the connection': ({ client }) => client.stream.destroy(),
};

/** How often a quorum queue delivers a message, and what it says of that. */
export function deliveryLimit(test: Define): void {
  for (const limit of [0, 2]) {
    test(
      `a quorum queue with a delivery limit of ${limit} delivers ${limit + 1} times and then dead-letters`,
      { rules: ['DLV-02'], needs: ['quorum-queues'] },
      async (t) => {
        const { dead, queue } = await limited(t, { ...QUORUM, 'x-delivery-limit': limit });
        await t.send(queue, 'a');
        const consumer = await t.consume(queue);
        await rejectTimes(consumer, limit + 1);
        assert.deepEqual(await takeDeaths(t, dead, 1), ['a delivery_limit']);
        await consumer.nothing();
      },
    );
  }

  test(
    'a quorum queue without a DLX drops what exceeds its delivery limit',
    { rules: ['DLV-02'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue({ ...QUORUM, 'x-delivery-limit': 1 });
      await sendAll(t, queue, 'a', 'b');
      const consumer = await t.consume(queue, { prefetch: 1 });
      for (const body of ['a', 'a', 'b']) {
        const message = await consumer.next();
        assert.equal(message.body, body);
        consumer.reject(message, true);
      }
    },
  );

  test(
    'since version 4.0 a quorum queue has a delivery limit of 20 when none is given, before it has none',
    { rules: ['DLV-03'], needs: ['quorum-queues'] },
    async (t) => {
      const { dead, queue } = await limited(t, QUORUM);
      await t.send(queue, 'a');
      const consumer = await t.consume(queue);
      await rejectTimes(consumer, t.broker.pick({ '3.10': MANY, '4.0': DEFAULT_LIMIT + 1 }));
      if (t.broker.since('4.0')) assert.deepEqual(await takeDeaths(t, dead, 1), ['a delivery_limit']);
      else assert.equal((await consumer.next()).body, 'a');
    },
  );

  test(
    'a negative delivery limit is none, and before version 4.0 the first return is one too many',
    { rules: ['DLV-03'], needs: ['quorum-queues'] },
    async (t) => {
      const { dead, queue } = await limited(t, { ...QUORUM, 'x-delivery-limit': -1 });
      await t.send(queue, 'a');
      const consumer = await t.consume(queue);
      await rejectTimes(consumer, t.broker.pick({ '3.10': 1, '4.0': MANY }));
      if (t.broker.since('4.0')) assert.equal((await consumer.next()).body, 'a');
      else assert.deepEqual(await takeDeaths(t, dead, 1), ['a delivery_limit']);
    },
  );

  const useless: readonly (readonly [string, Value, { readonly since?: string }])[] = [
    ['a string', '2', {}],
    ['a boolean', true, {}],
    ['a double', 2.5, { since: '4.0' }], // before, it was compared as a number
  ];
  for (const [what, value, since] of useless) {
    test(
      `a delivery limit that is ${what} is accepted and ignored`,
      { rules: ['DLV-03'], needs: ['quorum-queues'], ...since },
      async (t) => {
        const queue = await t.queue({ ...QUORUM, 'x-delivery-limit': value });
        await t.send(queue, 'a');
        const consumer = await t.consume(queue);
        await rejectTimes(consumer, 5);
        assert.equal((await consumer.next()).body, 'a');
      },
    );
  }

  for (const [way, giveBack] of Object.entries(returns)) {
    const isNack = way === 'basic.nack';
    test(
      isNack
        ? 'a return by basic.nack counts toward the delivery limit, and since version 4.3 no more'
        : `a return by ${way} counts toward the delivery limit`,
      { rules: ['DLV-04'], needs: ['quorum-queues'] },
      async (t) => {
        const { dead, queue } = await limited(t, { ...QUORUM, 'x-delivery-limit': 1 });
        await t.send(queue, 'a');
        for (let n = 0; n < 2; n++) await deliverAndReturn(t, queue, giveBack);
        if (isNack && t.broker.since('4.3')) {
          for (let n = 0; n < 3; n++) await deliverAndReturn(t, queue, giveBack);
          assert.equal((await t.take(queue)).body, 'a');
        } else assert.deepEqual(await takeDeaths(t, dead, 1), ['a delivery_limit']);
      },
    );
  }

  test(
    'a quorum queue says in x-delivery-count how often a message has come back',
    { rules: ['DLV-05'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue(QUORUM);
      await t.send(queue, 'a', { headers: { own: 1 } });
      const consumer = await t.consume(queue);
      const counts: unknown[] = [];
      for (let n = 0; n < 3; n++) {
        const message = await consumer.next();
        assert.equal(message.redelivered, n > 0);
        assert.equal(message.headers['own'], 1);
        counts.push(message.typedHeaders['x-delivery-count']);
        consumer.reject(message, true);
      }
      assert.deepEqual(counts, [undefined, field('l', 1), field('l', 2)]);
    },
  );

  test(
    'a message that is fetched from a quorum queue for the first time has no x-delivery-count, and before version 4.0 it is 0',
    { rules: ['DLV-05'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue(QUORUM);
      await t.send(queue, 'a');
      const { typedHeaders } = await t.take(queue);
      const expected = t.broker.since('4.0') ? undefined : field('l', 0);
      assert.deepEqual(typedHeaders['x-delivery-count'], expected);
    },
  );

  test(
    'since version 4.3 x-acquired-count counts every delivery, and x-delivery-count only those that failed',
    { rules: ['DLV-05', 'DLV-04'], needs: ['quorum-queues'], since: '4.3' },
    async (t) => {
      const queue = await t.queue(QUORUM);
      await t.send(queue, 'a');
      const consumer = await t.consume(queue);
      const counts: unknown[] = [];
      for (const way of ['nack', 'reject', 'nack', 'nack'] as const) {
        const message = await consumer.next();
        counts.push([message.headers['x-acquired-count'], message.headers['x-delivery-count']]);
        consumer[way](message, true);
      }
      assert.deepEqual(counts, [
        [undefined, undefined],
        [1, undefined],
        [2, 1],
        [3, 1],
      ]);
    },
  );
}

/** Rejects so many deliveries back into the queue. */
export async function rejectTimes(consumer: Consumer, deliveries: number): Promise<void> {
  for (let n = 0; n < deliveries; n++) consumer.reject(await consumer.next(), true);
}

/** One delivery on a connection of its own, which comes back. */
async function deliverAndReturn(
  t: Context,
  queue: string,
  giveBack: (channel: Channel, deliveryTag: number) => unknown,
): Promise<void> {
  const consumer = await t.consume(queue, { prefetch: 1 }, await t.connect());
  const { deliveryTag } = await consumer.next();
  await consumer.cancel();
  await giveBack(consumer.channel, deliveryTag);
}
