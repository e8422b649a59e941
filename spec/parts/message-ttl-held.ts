import assert from 'node:assert/strict';
import type { Channel } from '../support/channel.ts';
import { lastDeathOf } from '../support/deaths.ts';
import type { Define } from '../support/suite.ts';

/** Messages that a client holds, and those that come back from it. */
export function heldMessages(test: Define): void {
  const ways: readonly [name: string, requeue: (channel: Channel, deliveryTag: number) => unknown][] = [
    ['basic.nack', (channel, tag) => channel.nack(tag, true)],
    ['basic.reject', (channel, tag) => channel.reject(tag, true)],
    ['basic.recover', (channel) => channel.call('basic.recover', { requeue: true })],
    ['the end of its channel', (channel) => channel.close()],
    ['the end of its connection', (channel) => channel.client.close()],
    ['the loss of its connection', (channel) => channel.client.stream.destroy()],
  ];
  for (const [name, requeue] of ways) {
    test(`a message requeued by ${name} keeps its first deadline`, { rules: ['TTL-12'] }, async (t) => {
      const dead = await t.queue();
      const queue = await t.deadLetteringTo(dead, { 'x-message-ttl': 2_000 });
      const younger = await t.deadLetteringTo(dead, { 'x-message-ttl': 1_300 });
      const channel = await t.channel(await t.connect());
      const elapsed = t.stopwatch();
      await t.send(queue, 'requeued');
      const message = await channel.get(queue, false);
      assert.ok(message);
      await t.elapse(1_400);
      await requeue(channel, message.deliveryTag);
      await t.send(younger, 'younger'); // falls due after the first deadline, and before one that started anew
      assert.equal((await t.take(dead)).body, 'requeued');
      assert.ok(elapsed() >= 1_999, `expired after ${elapsed()} ms`);
    });

    test(
      `a message requeued by ${name} after its deadline expires at once and is not delivered again`,
      { rules: ['TTL-13'] },
      async (t) => {
        const dead = await t.queue();
        const queue = await t.deadLetteringTo(dead, { 'x-message-ttl': 200 });
        const holder = await t.consume(queue, {}, await t.connect());
        await t.send(queue, 'x');
        const { deliveryTag } = await holder.next();
        const waiting = await t.consume(queue);
        await t.elapse(400);
        await t.staysEmpty(dead, 0);
        await requeue(holder.channel, deliveryTag);
        assert.equal(lastDeathOf(await t.take(dead))?.reason, 'expired');
        await waiting.nothing(50);
      },
    );
  }

  test(
    'a message that is delivered and unacked does not expire, and a late ack is an ack',
    { rules: ['TTL-13'] },
    async (t) => {
      const dead = await t.queue();
      const queue = await t.deadLetteringTo(dead, { 'x-message-ttl': 150 });
      const consumer = await t.consume(queue);
      await t.send(queue, 'x');
      const message = await consumer.next();
      await t.staysEmpty(dead, 500);
      consumer.ack(message);
      await consumer.channel.settled();
      await consumer.cancel();
      await consumer.channel.close(); // would requeue what is not acked
      await t.staysEmpty(dead, 200);
      assert.equal(await t.purge(queue), 0);
    },
  );

  test('a late reject is a reject: its reason is not expiry', { rules: ['TTL-13'] }, async (t) => {
    const dead = await t.queue();
    const queue = await t.deadLetteringTo(dead, { 'x-message-ttl': 150 });
    const consumer = await t.consume(queue);
    await t.send(queue, 'x');
    const message = await consumer.next();
    await t.elapse(300);
    consumer.reject(message, false);
    assert.equal(lastDeathOf(await t.take(dead))?.reason, 'rejected');
  });

  test('what waits in the prefetch of a client does not expire', { rules: ['TTL-13'] }, async (t) => {
    const dead = await t.queue();
    const queue = await t.deadLetteringTo(dead, { 'x-message-ttl': 200 });
    const consumer = await t.consume(queue, { prefetch: 3 });
    for (const body of ['one', 'two', 'three', 'four']) await t.send(queue, body);
    assert.equal((await t.take(dead)).body, 'four'); // nobody could take it
    assert.deepEqual(await consumer.bodies(3), ['one', 'two', 'three']);
    await t.staysEmpty(dead, 300);
  });

  test(
    'a message of a quorum queue that is held unacked does not expire, and does so when it comes back late',
    { rules: ['TTL-13'], needs: ['quorum-queues'] },
    async (t) => {
      const dead = await t.queue();
      const queue = await t.deadLetteringTo(dead, { 'x-queue-type': 'quorum', 'x-message-ttl': 300 });
      const consumer = await t.consume(queue);
      await t.send(queue, 'x');
      const message = await consumer.next();
      await t.staysEmpty(dead, 600);
      consumer.nack(message, true);
      assert.equal(lastDeathOf(await t.take(dead))?.reason, 'expired');
      await consumer.nothing(50);
    },
  );
}
