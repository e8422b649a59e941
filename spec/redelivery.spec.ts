import assert from 'node:assert/strict';
import { ackTimeout } from './parts/redelivery-ack-timeout.ts';
import { delayedRetry } from './parts/redelivery-delayed-retry.ts';
import { deliveryLimit, rejectTimes } from './parts/redelivery-delivery-limit.ts';
import type { Context } from './support/context.ts';
import { kinds, limited, QUORUM, sendAll } from './support/length-limits-deaths.ts';
import { topic } from './support/suite.ts';

/** More deliveries than any default limit allows. */
const MANY = 30;

export const redelivery = topic('redelivery', 'Redelivery and delivery limits', (test) => {
  test('a classic queue delivers a message as often as it comes back', { rules: ['DLV-01'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'a');
    const consumer = await t.consume(queue);
    for (let n = 0; n <= MANY; n++) {
      const message = await consumer.next();
      assert.equal(message.redelivered, n > 0);
      consumer.reject(message, true);
    }
  });

  test(
    'a message that comes back to a classic queue has no header more',
    { rules: ['DLV-01'] },
    async (t) => {
      const queue = await t.queue();
      await t.send(queue, 'a', { headers: { own: 1 } });
      const consumer = await t.consume(queue);
      const first = await consumer.next();
      consumer.nack(first, true);
      const second = await consumer.next();
      assert.deepEqual([first.redelivered, second.redelivered], [false, true]);
      assert.deepEqual(second.typedHeaders, first.typedHeaders);
      assert.deepEqual(second.propertyBytes, first.propertyBytes);
    },
  );

  test('a classic queue refuses x-delivery-limit', { rules: ['DLV-01'] }, async (t) => {
    const queue = t.name('q');
    const text = `PRECONDITION_FAILED - invalid arg 'x-delivery-limit' for queue '${queue}' in vhost '/' of queue type rabbit_classic_queue`;
    const declare = { queue, durable: true, arguments: { 'x-delivery-limit': 5 } };
    await t.refuses('queue.declare', declare, 406, text);
  });

  deliveryLimit(test);

  for (const { kind, args, needs } of kinds) {
    test(
      `a message that was dead-lettered by basic.reject in a ${kind} queue is not redelivered at its target, and since version 4.3 it is`,
      { rules: ['DLV-06'], needs },
      async (t) => {
        const { dead, queue } = await limited(t, args);
        await t.send(queue, 'a');
        const consumer = await t.consume(queue);
        consumer.reject(await consumer.next(), false);
        assertRedelivered(t, (await t.take(dead)).redelivered, t.broker.since('4.3'));
      },
    );

    test(
      `a message that was dead-lettered by basic.nack in a ${kind} queue is not redelivered at its target`,
      { rules: ['DLV-06'], needs },
      async (t) => {
        const { dead, queue } = await limited(t, args);
        await t.send(queue, 'a');
        const consumer = await t.consume(queue);
        consumer.nack(await consumer.next(), false);
        assert.equal((await t.take(dead)).redelivered, false);
      },
    );

    for (const [argument, value] of [
      ['x-message-ttl', 50],
      ['x-max-length', 0],
    ] as const) {
      test(
        `a message that was dead-lettered by ${argument} of a ${kind} queue is not redelivered at its target`,
        { rules: ['DLV-06'], needs },
        async (t) => {
          const { dead, queue } = await limited(t, { ...args, [argument]: value });
          await t.send(queue, 'a');
          assert.equal((await t.take(dead)).redelivered, false);
        },
      );
    }
  }

  test(
    'a message that exceeded its delivery limit is not redelivered at its target, and since version 4.3 it is',
    { rules: ['DLV-06'], needs: ['quorum-queues'] },
    async (t) => {
      const { dead, queue } = await limited(t, { ...QUORUM, 'x-delivery-limit': 0 });
      await t.send(queue, 'a');
      await rejectTimes(await t.consume(queue), 1);
      assertRedelivered(t, (await t.take(dead)).redelivered, t.broker.since('4.3'));
    },
  );

  test(
    'a message that was rejected in one quorum queue comes to another one as redelivered since version 4.0',
    { rules: ['DLV-06', 'DLV-05'], needs: ['quorum-queues'] },
    async (t) => {
      const dead = await t.queue(QUORUM);
      const queue = await t.deadLetteringTo(dead, QUORUM);
      await t.send(queue, 'a');
      const consumer = await t.consume(queue);
      consumer.reject(await consumer.next(), false);
      const { redelivered, headers } = await t.take(dead);
      assertRedelivered(t, redelivered, t.broker.since('4.0'));
      if (redelivered) assert.equal(headers['x-delivery-count'], 1);
    },
  );

  test(
    'messages come back to their old places in a classic queue, whatever the order of their return',
    { rules: ['DLV-07'] },
    async (t) => {
      const queue = await t.queue();
      await giveBackThirdAndFirst(t, queue);
      assert.deepEqual(await t.takeBodies(queue, 3), ['a', 'c', 'd']);
    },
  );

  test(
    'messages come back to the front of a quorum queue, and before version 4.0 to its end',
    { rules: ['DLV-07'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue(QUORUM);
      await giveBackThirdAndFirst(t, queue);
      const bodies = (await t.takeBodies(queue, 3)).join(' ');
      const asRabbitMQ = t.broker.pick({ '3.10': 'd c a', '4.0': 'c a d' });
      const allowed = t.broker.isRabbitMQ ? [asRabbitMQ] : [asRabbitMQ, 'a c d'];
      assert.ok(allowed.includes(bodies), bodies);
    },
  );

  ackTimeout(test);
  delayedRetry(test);
});

/** Of four messages the first three are fetched; the third comes back, then the first. */
async function giveBackThirdAndFirst(t: Context, queue: string): Promise<void> {
  await sendAll(t, queue, 'a', 'b', 'c', 'd');
  const channel = await t.channel();
  const tags: number[] = [];
  for (let n = 0; n < 3; n++) tags.push((await channel.get(queue, false))?.deliveryTag ?? 0);
  const [first = 0, , third = 0] = tags;
  channel.reject(third, true);
  channel.reject(first, true);
  await channel.settled();
}

/** RabbitMQ itself does as its version does; a broker that acts as it may also never mark a dead letter. */
function assertRedelivered(t: Context, redelivered: boolean, asRabbitMQ: boolean): void {
  if (t.broker.isRabbitMQ || redelivered) assert.equal(redelivered, asRabbitMQ);
}
