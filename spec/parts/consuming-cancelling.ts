import assert from 'node:assert/strict';
import type { Define } from '../support/suite.ts';

/** How consumers end; a part of the topic `consuming`. */
export function cancelling(test: Define): void {
  test('cancelling a consumer nobody knows is answered', { rules: ['CNS-20'] }, async (t) => {
    const channel = await t.channel();
    const { consumerTag } = await channel.call('basic.cancel', { consumerTag: 'none' });
    assert.equal(consumerTag, 'none');
  });

  test('cancelling a consumer twice is answered twice', { rules: ['CNS-20'] }, async (t) => {
    const consumer = await t.consume(await t.queue());
    for (let n = 0; n < 2; n++) await consumer.cancel();
  });

  test('cancelling the consumer of another channel has no effect', { rules: ['CNS-20'] }, async (t) => {
    const [queue, client] = [await t.queue(), await t.connect()];
    const consumer = await t.consume(queue, { consumerTag: 'c' }, client);
    await (await t.channel(client)).call('basic.cancel', { consumerTag: 'c' });
    await t.send(queue, 'a');
    assert.equal((await consumer.next()).body, 'a');
  });

  test('nothing is delivered after cancel-ok', { rules: ['CNS-21'] }, async (t) => {
    const queue = await t.queue();
    const consumer = await t.consume(queue, { prefetch: 10 });
    for (let n = 0; n < 50; n++) (await t.publisher()).publish('', queue, `${n}`);
    await consumer.next();
    consumer.channel.send('basic.cancel', { consumerTag: consumer.tag });
    while ((await consumer.channel.client.peek(consumer.channel.number)) === 'basic.deliver')
      await consumer.next();
    await consumer.channel.expect('basic.cancel-ok');
    await t.send(queue, 'later');
    await consumer.nothing();
  });

  test('a cancelled consumer is gone from its queue', { rules: ['CNS-21'] }, async (t) => {
    const queue = await t.queue();
    const consumer = await t.consume(queue);
    await consumer.cancel();
    await t.send(queue, 'a');
    const channel = await t.channel();
    const { messageCount, consumerCount } = await channel.call('queue.declare', { queue, passive: true });
    assert.deepEqual([messageCount, consumerCount], [1, 0]);
  });

  test('cancelling with no-wait is not answered', { rules: ['CNS-21'] }, async (t) => {
    const queue = await t.queue();
    const { channel, tag } = await t.consume(queue);
    channel.send('basic.cancel', { consumerTag: tag, noWait: true });
    await channel.client.expectSilence(channel.number);
    await t.send(queue, 'a');
    await channel.client.expectNothing(channel.number);
  });

  test('cancelling leaves what was delivered to be settled', { rules: ['CNS-22'] }, async (t) => {
    const queue = await t.queue();
    for (const body of ['a', 'b', 'c']) await t.send(queue, body);
    const consumer = await t.consume(queue, { prefetch: 3 });
    const [a, b] = [await consumer.next(), await consumer.next(), await consumer.next()];
    await consumer.cancel();
    assert.equal(await t.get(queue), undefined);
    consumer.ack(a);
    consumer.nack(b, true);
    const { body, redelivered } = await t.take(queue);
    assert.deepEqual([body, redelivered], ['b', true]);
    await consumer.channel.close();
    assert.equal((await t.take(queue)).body, 'c');
  });

  test('a consumer whose queue is deleted is cancelled by the server', { rules: ['CNS-25'] }, async (t) => {
    const queue = await t.queue();
    const client = await t.connect({ capabilities: ['consumer_cancel_notify'] });
    const { channel } = await t.consume(queue, { consumerTag: 'c' }, client);
    await t.deleteQueue(queue);
    const { consumerTag, noWait } = await channel.expect('basic.cancel');
    assert.deepEqual([consumerTag, noWait], ['c', true]);
    await channel.settled();
  });

  test('every consumer of a deleted queue is cancelled by the server', { rules: ['CNS-25'] }, async (t) => {
    const queue = await t.queue();
    const client = await t.connect({ capabilities: ['consumer_cancel_notify'] });
    const channel = await t.channel(client);
    for (const consumerTag of ['a', 'b']) await channel.call('basic.consume', { queue, consumerTag });
    await t.deleteQueue(queue);
    const tags = [await channel.expect('basic.cancel'), await channel.expect('basic.cancel')];
    assert.deepEqual(tags.map(({ consumerTag }) => consumerTag).sort(), ['a', 'b']);
  });

  test(
    'a consumer of an exclusive queue is cancelled when another channel of its connection deletes that',
    { rules: ['CNS-25', 'CNS-26'] },
    async (t) => {
      const client = await t.connect({ capabilities: ['consumer_cancel_notify'] });
      const [channel, other] = [await t.channel(client), await t.channel(client)];
      const { queue } = await channel.call('queue.declare', { exclusive: true });
      await channel.call('basic.consume', { queue, consumerTag: 'c' });
      await other.call('queue.delete', { queue });
      assert.equal((await channel.expect('basic.cancel')).consumerTag, 'c');
      await channel.settled();
    },
  );

  test(
    'an auto-delete queue goes with the last of its consumers, and the server cancels none of them',
    { rules: ['CNS-25'] },
    async (t) => {
      const client = await t.connect({ capabilities: ['consumer_cancel_notify'] });
      const queue = await t.queue({}, { autoDelete: true });
      const [one, other] = [await t.consume(queue, {}, client), await t.consume(queue, {}, client)];
      await one.cancel();
      assert.equal(await t.hasQueue(queue), true);
      await other.cancel();
      await t.eventually(async () => !(await t.hasQueue(queue)), 'the queue is gone');
      for (const { channel } of [one, other]) await channel.client.expectSilence(channel.number);
    },
  );

  test(
    'a queue that has a consumer does not expire, and nobody is cancelled when it does without one',
    { rules: ['CNS-25'] },
    async (t) => {
      const client = await t.connect({ capabilities: ['consumer_cancel_notify'] });
      const queue = await t.queue({ 'x-expires': 300 });
      const { channel, ...consumer } = await t.consume(queue, {}, client);
      await t.elapse(700);
      await channel.client.expectSilence(channel.number);
      await channel.call('basic.cancel', { consumerTag: consumer.tag });
      await t.elapse(1_500); // a look at it would renew its lease
      assert.equal(await t.hasQueue(queue), false);
      await channel.client.expectSilence(channel.number);
    },
  );

  test(
    'the exclusive queue of a connection goes with it, and its consumers hear nothing more',
    { rules: ['CNS-25'] },
    async (t) => {
      const client = await t.connect({ capabilities: ['consumer_cancel_notify'] });
      const channel = await t.channel(client);
      const { queue } = await channel.call('queue.declare', { exclusive: true });
      await channel.call('basic.consume', { queue });
      client.send(0, 'connection.close');
      await client.expect(0, 'connection.close-ok');
      assert.deepEqual(client.frames, []);
      assert.equal(await t.hasQueue(queue), false);
    },
  );

  test(
    'a client that did not announce consumer_cancel_notify is not told of a deleted queue',
    { rules: ['CNS-25'] },
    async (t) => {
      const queue = await t.queue();
      const { channel } = await t.consume(queue, {}, await t.connect());
      await t.deleteQueue(queue);
      await channel.client.expectNothing(channel.number);
      await channel.client.expectSilence(channel.number);
    },
  );

  test(
    'a client whose consumer was cancelled by the server may use the tag again',
    { rules: ['CNS-25'] },
    async (t) => {
      const [queue, other] = [await t.queue(), await t.queue()];
      const { channel } = await t.consume(queue, { consumerTag: 'c' });
      await t.deleteQueue(queue);
      await channel.expect('basic.cancel');
      await channel.call('basic.consume', { queue: other, consumerTag: 'c' });
      await t.send(other, 'a');
      assert.equal((await channel.delivery()).consumerTag, 'c');
    },
  );

  test(
    'the channel that deletes a queue hears delete-ok before basic.cancel',
    { rules: ['CNS-26'] },
    async (t) => {
      const queue = await t.queue();
      const { channel } = await t.consume(queue, { consumerTag: 'c' });
      await channel.call('queue.delete', { queue });
      assert.equal((await channel.expect('basic.cancel')).consumerTag, 'c');
    },
  );

  test('a consumer that the server has cancelled can be cancelled', { rules: ['CNS-26'] }, async (t) => {
    const queue = await t.queue();
    const consumer = await t.consume(queue);
    await t.deleteQueue(queue);
    await consumer.channel.expect('basic.cancel');
    await consumer.cancel();
  });

  const late = { needs: ['quorum-queues'], since: '4.3' } as const;

  test(
    'a late ack ends the consumer of a quorum queue, and its message returns',
    { rules: ['CNS-41', 'CNS-42'], ...late },
    async (t) => {
      const queue = await t.queue({ 'x-queue-type': 'quorum', 'x-consumer-timeout': 500 });
      const elapsed = t.stopwatch();
      await t.send(queue, 'a');
      const { channel, tag } = await t.consume(queue);
      await channel.delivery();
      assert.equal((await channel.expect('basic.cancel')).consumerTag, tag);
      assert.ok(elapsed() >= 499, `cancelled after ${elapsed()} ms`);
      const { body, redelivered } = await t.take(queue);
      assert.deepEqual([body, redelivered], ['a', true]);
      await channel.settled();
    },
  );

  test(
    'a late ack closes the channel of a client that did not announce consumer_cancel_notify',
    { rules: ['CNS-42'], ...late },
    async (t) => {
      const queue = await t.queue({ 'x-queue-type': 'quorum', 'x-consumer-timeout': 300 });
      await t.send(queue, 'a');
      const { channel } = await t.consume(queue, {}, await t.connect());
      await channel.delivery();
      const text =
        /^PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out\. Timeout value used: (-1|300) ms\. This timeout value can be configured, see consumers doc guide to learn more$/;
      await channel.refused(406, text);
      assert.equal((await t.take(queue)).body, 'a');
    },
  );

  for (const [argument, policy, what] of [
    [300, 60_000, 'argument'],
    [60_000, 300, 'policy'],
  ] as const)
    test(
      `of two times for an ack the smaller holds, here that of the ${what}`,
      { rules: ['CNS-41'], since: '4.3', needs: ['quorum-queues', 'management'] },
      async (t) => {
        await t.policy({ definition: { 'consumer-timeout': policy }, applyTo: 'queues' });
        const queue = await t.queue({ 'x-queue-type': 'quorum', 'x-consumer-timeout': argument });
        await t.send(queue, 'a');
        const { channel } = await t.consume(queue);
        await channel.delivery();
        await channel.expect('basic.cancel');
      },
    );

  test('a delivery that needs no ack is never late', { rules: ['CNS-43'], ...late }, async (t) => {
    const queue = await t.queue({ 'x-queue-type': 'quorum', 'x-consumer-timeout': 200 });
    const consumer = await t.consume(queue, { noAck: true });
    await t.send(queue, 'a');
    await consumer.next();
    await consumer.nothing(1_000);
    await t.send(queue, 'b');
    assert.equal((await consumer.next()).body, 'b');
  });

  test(
    'an ack in time keeps the consumer, however long it consumes',
    { rules: ['CNS-42'], ...late, slow: true },
    async (t) => {
      const queue = await t.queue({ 'x-queue-type': 'quorum', 'x-consumer-timeout': 2_500 });
      const consumer = await t.consume(queue);
      await t.send(queue, 'a');
      consumer.ack(await consumer.next());
      await consumer.nothing(3_000);
      await t.send(queue, 'b');
      assert.equal((await consumer.next()).body, 'b');
    },
  );

  test(
    'a classic queue has no time for an ack of its own',
    { rules: ['CNS-41', 'CNS-42'], since: '4.3' },
    async (t) => {
      const queue = t.name('q');
      const args = { queue, durable: true, arguments: { 'x-consumer-timeout': 1_000 } };
      const text = `PRECONDITION_FAILED - invalid arg 'x-consumer-timeout' for queue '${queue}' in vhost '/' of queue type rabbit_classic_queue`;
      await t.refuses('queue.declare', args, 406, text);
    },
  );
}
