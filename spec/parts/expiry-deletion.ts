import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import { Watch } from '../support/queue-expiry-watch.ts';
import type { Define } from '../support/suite.ts';

/** What is purged or deleted with its queue does not die. */
export function deletedQueues(test: Define): void {
  test('a purge dead-letters nothing', { rules: ['EXP-10'] }, async (t) => {
    const { queue, dead } = await line(t);
    for (const body of ['one', 'two', 'three']) await t.send(queue, body, { expiration: '60000' });
    assert.equal(await t.purge(queue), 3);
    await t.staysEmpty(dead, 200);
    assert.equal(await t.get(queue), undefined);
  });

  test('a purge leaves unacked messages where they are', { rules: ['EXP-10'] }, async (t) => {
    const { queue, dead } = await line(t);
    const consumer = await t.consume(queue, { prefetch: 1 });
    for (const body of ['held', 'ready']) await t.send(queue, body);
    const held = await consumer.next();
    assert.equal(await t.purge(queue), 1);
    consumer.reject(held, false);
    assert.equal((await t.take(dead)).body, 'held');
    await t.staysEmpty(dead);
  });

  test('queue.delete dead-letters nothing', { rules: ['EXP-11'] }, async (t) => {
    const { queue, dead } = await line(t, { 'x-message-ttl': 60_000 });
    for (const body of ['one', 'two']) await t.send(queue, body);
    assert.equal(await t.deleteQueue(queue), 2);
    await t.staysEmpty(dead, 300);
  });

  test('a queue that is deleted does not dead-letter what is unacked', { rules: ['EXP-11'] }, async (t) => {
    const { queue, dead } = await line(t);
    const consumer = await t.consume(queue);
    await t.send(queue, 'held');
    await consumer.next();
    await t.deleteQueue(queue);
    await t.staysEmpty(dead, 300);
  });

  test(
    'an auto-delete queue that goes with its last consumer dead-letters nothing',
    { rules: ['EXP-11'] },
    async (t) => {
      const dead = await t.queue();
      const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
      const watch = await Watch.declare(t, args, { autoDelete: true });
      const { queue } = watch;
      const consumer = await t.consume(queue, { prefetch: 1 });
      for (const body of ['held', 'ready']) await t.send(queue, body);
      await consumer.next();
      await consumer.cancel();
      await watch.untilGone();
      await t.staysEmpty(dead, 300);
    },
  );

  test(
    'an exclusive queue that goes with its connection dead-letters nothing',
    { rules: ['EXP-11'] },
    async (t) => {
      const dead = await t.queue();
      const owner = await t.channel(await t.connect());
      const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
      const queue = await t.queue(args, { exclusive: true }, owner);
      for (const body of ['one', 'two']) await t.send(queue, body);
      await owner.client.close();
      await t.eventually(async () => !(await t.hasQueue(queue)), 'the end of the queue');
      await t.staysEmpty(dead, 300);
    },
  );

  test('a queue that expires dead-letters nothing', { rules: ['EXP-11'] }, async (t) => {
    const dead = await t.queue();
    const args = { 'x-expires': 500, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
    const watch = await Watch.declare(t, args, {
      also(channel, queue) {
        for (const body of ['one', 'two']) channel.publish('', queue, body);
      },
    });
    await watch.untilGone();
    await t.staysEmpty(dead, 300);
  });

  for (const how of ['basic.reject', 'basic.nack'] as const) {
    test(
      `a ${how} of a message whose queue is gone does nothing, and the channel stays`,
      { rules: ['EXP-12'] },
      async (t) => {
        const { queue, dead } = await line(t);
        const channel = await t.channel();
        await t.send(queue, 'held');
        const held = await channel.get(queue, false);
        assert.ok(held);
        await t.deleteQueue(queue);
        if (how === 'basic.nack') channel.nack(held.deliveryTag, false);
        else channel.reject(held.deliveryTag, false);
        await channel.settled();
        await t.staysEmpty(dead, 200);
      },
    );
  }
}

/** A queue and where its dead letters go. */
async function line(t: Context, args = {}): Promise<{ readonly queue: string; readonly dead: string }> {
  const dead = await t.queue();
  return { queue: await t.deadLetteringTo(dead, args), dead };
}
