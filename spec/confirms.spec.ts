import assert from 'node:assert/strict';
import type { Channel } from './support/channel.ts';
import { outcomes } from './support/confirms-outcomes.ts';
import { topic } from './support/suite.ts';

const refusing = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };

export const confirms = topic('confirms', 'Publisher confirms', (test) => {
  test(
    'confirm.select may be repeated, and the numbers of the publishes go on',
    { rules: ['CNF-01'] },
    async (t) => {
      const channel = await t.confirmChannel();
      assert.equal(await confirmOf(channel, 'nowhere'), 1);
      await channel.call('confirm.select');
      assert.equal(await confirmOf(channel, 'nowhere'), 2);
    },
  );

  test('confirm.select with no-wait is not answered', { rules: ['CNF-01'] }, async (t) => {
    const channel = await t.channel();
    channel.send('confirm.select', { noWait: true });
    assert.equal(await confirmOf(channel, 'nowhere'), 1);
  });

  test('publishes from before confirm.select are not numbered', { rules: ['CNF-01'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.channel();
    for (let n = 0; n < 3; n++) channel.publish('', queue, 'before');
    await channel.call('confirm.select');
    assert.equal(await confirmOf(channel, queue), 1);
    await channel.client.expectSilence(channel.number);
  });

  test('confirm mode concerns one channel', { rules: ['CNF-01'] }, async (t) => {
    const [plain, confirming] = [await t.channel(), await t.confirmChannel()];
    plain.publish('', t.name());
    await plain.client.expectSilence(plain.number);
    assert.equal(await confirmOf(confirming, t.name()), 1);
  });

  test('a transactional channel cannot be put into confirm mode', { rules: ['CNF-02'] }, async (t) => {
    const channel = await t.channel();
    await channel.call('tx.select');
    channel.send('confirm.select');
    const text = 'PRECONDITION_FAILED - cannot switch from tx to confirm mode';
    await channel.refused(406, text, 'confirm.select');
  });

  for (const [kind, properties] of [
    ['transient', { deliveryMode: 1 }],
    ['persistent', { deliveryMode: 2 }],
  ] as const) {
    test(
      `a ${kind} message is in all of its queues when it is confirmed`,
      { rules: ['CNF-03'] },
      async (t) => {
        const [exchange, queues] = [await t.exchange('fanout'), [await t.queue(), await t.queue()]];
        for (const queue of queues) await t.bind(queue, exchange);
        assert.equal(await t.publish(exchange, '', 'm', properties), 'ack');
        for (const queue of queues) assert.equal((await t.get(queue))?.body, 'm');
      },
    );
  }

  test(
    'a message is in a quorum queue when it is confirmed',
    { rules: ['CNF-03'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue({ 'x-queue-type': 'quorum' });
      assert.equal(await t.send(queue, 'm'), 'ack');
      assert.equal((await t.get(queue))?.body, 'm');
    },
  );

  test('a message that found no queue is acked', { rules: ['CNF-03'] }, async (t) => {
    const properties = { deliveryMode: 2 };
    assert.equal(await t.publish(await t.exchange(), 'key', 'nowhere', properties), 'ack');
  });

  test(
    'a mandatory message that found no queue is returned, and acked after that',
    { rules: ['CNF-03'] },
    async (t) => {
      const channel = await t.confirmChannel();
      const routingKey = t.name();
      channel.client.publish(channel.number, { routingKey, mandatory: true }, 'nowhere');
      assert.equal((await channel.returned()).body, 'nowhere');
      assert.equal(await channel.confirm(), 'ack');
    },
  );

  test('a publish that a full queue refuses is nacked', { rules: ['CNF-04'] }, async (t) => {
    const queue = await t.queue(refusing);
    const channel = await t.confirmChannel();
    assert.equal(await channel.publishConfirmed('', queue, 'taken'), 'ack');
    channel.publish('', queue, 'refused');
    assert.equal((await channel.expect('basic.nack')).deliveryTag, 2);
    assert.deepEqual(await t.drain(queue), ['taken']);
  });

  test(
    'a publish that one of its queues refuses is nacked, and the others keep their copy',
    { rules: ['CNF-04'] },
    async (t) => {
      const [exchange, full, other] = [await t.exchange('fanout'), await t.queue(refusing), await t.queue()];
      for (const queue of [full, other]) await t.bind(queue, exchange);
      assert.equal(await t.publish(exchange, '', 'a'), 'ack');
      assert.equal(await t.publish(exchange, '', 'b'), 'nack');
      await t.untilCount(other, 2);
      assert.deepEqual([await t.drain(full), await t.drain(other)], [['a'], ['a', 'b']]);
    },
  );

  test('of many publishes every one is confirmed exactly once', { rules: ['CNF-05'] }, async (t) => {
    const [queue, nowhere] = [await t.queue(), t.name()];
    const channel = await t.confirmChannel();
    for (let n = 0; n < 200; n++) {
      channel.publish('', n % 5 === 0 ? nowhere : queue, `${n}`, { deliveryMode: 1 + (n % 2) });
    }
    assert.deepEqual(await outcomes(channel, 200), Array<string>(200).fill('ack'));
    await channel.client.expectSilence(channel.number);
    await t.untilCount(queue, 160);
  });

  test(
    'a confirm of several publishes never covers one with another outcome',
    { rules: ['CNF-05', 'CNF-06'] },
    async (t) => {
      const [queue, full, nowhere] = [await t.queue(), await t.queue(refusing), t.name()];
      await t.send(full, 'it is full now');
      const channel = await t.confirmChannel();
      const targets = [nowhere, queue, full, queue, full, full, nowhere, queue];
      for (let n = 0; n < 80; n++) channel.publish('', targets[n % 8] ?? '', `${n}`);
      const expected = targets.map((target) => (target === full ? 'nack' : 'ack'));
      assert.deepEqual(
        await outcomes(channel, 80),
        Array.from({ length: 80 }, (_, n) => expected[n % 8]),
      );
      await t.untilCount(queue, 30);
    },
  );

  test('the confirm of a lone publish speaks for that one only', { rules: ['CNF-06'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.confirmChannel();
    for (const number of [1, 2, 3]) {
      channel.publish('', queue, 'm', { deliveryMode: 2 });
      const { deliveryTag, multiple } = await channel.expect('basic.ack');
      assert.deepEqual([deliveryTag, multiple], [number, false]);
    }
  });

  test(
    'messages are confirmed although their queue is deleted meanwhile',
    { rules: ['CNF-07'] },
    async (t) => {
      const queue = await t.queue();
      const [channel, deleting] = [await t.confirmChannel(), await t.channel()];
      for (let n = 0; n < 50; n++) channel.publish('', queue, 'm', { deliveryMode: 2 });
      deleting.send('queue.delete', { queue });
      assert.deepEqual(await outcomes(channel, 50), Array<string>(50).fill('ack'));
      await deleting.expect('queue.delete-ok');
    },
  );

  test('a publish to an exchange that does not exist gets no confirm', { rules: ['CNF-08'] }, async (t) => {
    const exchange = t.name('x');
    const channel = await t.confirmChannel();
    channel.publish(exchange, '');
    await channel.refused(404, `NOT_FOUND - no exchange '${exchange}' in vhost '/'`, 'basic.publish');
    await channel.call('channel.open');
    await channel.client.expectSilence(channel.number);
  });

  test('a channel that is opened again is not in confirm mode', { rules: ['CNF-08'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.confirmChannel();
    assert.equal(await confirmOf(channel, queue), 1);
    await channel.close();
    await channel.call('channel.open');
    channel.publish('', queue);
    await channel.client.expectSilence(channel.number);
    await channel.call('confirm.select');
    assert.equal(await confirmOf(channel, queue), 1);
  });

  test('a message that will expire is acked when it is enqueued', { rules: ['TXC-01'] }, async (t) => {
    const queue = await t.queue();
    assert.equal(await t.send(queue, 'short', { expiration: '50' }), 'ack');
    await t.untilCount(queue, 0);
  });

  for (const [how, args] of [
    ['a queue with a TTL of 0', { 'x-message-ttl': 0 }],
    ['a queue that may hold nothing', { 'x-max-length': 0 }],
  ] as const) {
    test(
      `a mandatory message for ${how} is acked, and neither kept nor returned`,
      { rules: ['TXC-01'] },
      async (t) => {
        const queue = await t.queue(args);
        const channel = await t.confirmChannel();
        channel.client.publish(channel.number, { routingKey: queue, mandatory: true }, 'm');
        assert.equal(await channel.confirm(), 'ack');
        await t.untilCount(queue, 0);
        await channel.client.expectSilence(channel.number);
      },
    );
  }

  test('a message that pushes another one out of a full queue is acked', { rules: ['TXC-01'] }, async (t) => {
    const queue = await t.queue({ 'x-max-length': 1, 'x-overflow': 'drop-head' });
    const channel = await t.confirmChannel();
    for (const body of ['a', 'b', 'c']) channel.publish('', queue, body);
    assert.deepEqual(await outcomes(channel, 3), ['ack', 'ack', 'ack']);
    await t.untilCount(queue, 1);
    assert.deepEqual(await t.drain(queue), ['c']);
  });

  test(
    'a mandatory message that a full queue refuses is nacked, and not returned',
    { rules: ['TXC-01'] },
    async (t) => {
      const queue = await t.queue(refusing);
      await t.send(queue, 'it is full now');
      const channel = await t.confirmChannel();
      channel.client.publish(channel.number, { routingKey: queue, mandatory: true }, 'm');
      assert.equal(await channel.confirm(), 'nack');
      await channel.client.expectSilence(channel.number);
    },
  );

  test('immediate is not implemented', { rules: ['TXC-02'] }, async (t) => {
    const queue = await t.queue();
    const client = await t.connect();
    await client.call(1, 'channel.open');
    client.publish(1, { routingKey: queue, immediate: true });
    await client.expectConnectionError(540, 'NOT_IMPLEMENTED - immediate=true', 'basic.publish');
  });

  test(
    'a queue with a TTL of 0 gives a message only to a consumer that waits for it',
    { rules: ['TXC-02'] },
    async (t) => {
      const queue = await t.queue({ 'x-message-ttl': 0 });
      await t.send(queue, 'nobody is there');
      await t.untilCount(queue, 0);
      const consumer = await t.consume(queue);
      await t.send(queue, 'at once');
      assert.equal((await consumer.next()).body, 'at once');
    },
  );
});

/** Publishes through the default exchange; the number of the confirm. */
async function confirmOf(channel: Channel, routingKey: string): Promise<number> {
  channel.publish('', routingKey);
  return (await channel.expect('basic.ack')).deliveryTag;
}
