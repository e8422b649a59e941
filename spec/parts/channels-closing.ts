import assert from 'node:assert/strict';
import type { Channel } from '../support/channel.ts';
import { assertClose } from '../support/client.ts';
import type { Context } from '../support/context.ts';
import type { Define } from '../support/suite.ts';

/** How channels close, by the client or by an error; a part of the topic `channels`. */
export function closing(test: Define): void {
  test('channel.close takes effect after everything before it', { rules: ['CHN-06'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.channel();
    for (let n = 0; n < 50; n++) channel.publish('', queue, `${n}`);
    const later = t.name('q');
    channel.send('queue.declare', { queue: later, durable: true });
    channel.send('channel.close');
    await channel.expect('queue.declare-ok');
    await channel.expect('channel.close-ok');
    await t.untilCount(queue, 50);
    assert.equal(await t.hasQueue(later), true);
  });

  test('the number of a closed channel can be opened at once', { rules: ['CHN-06'] }, async (t) => {
    const channel = await t.channel();
    for (let round = 0; round < 3; round++) {
      await channel.close();
      await channel.call('channel.open');
    }
    await channel.settled();
  });

  test(
    'a channel that closes returns its unacked messages in order and ends its consumers',
    { rules: ['CHN-07'] },
    async (t) => {
      const queue = await t.queue();
      for (const body of ['a', 'b', 'c', 'd']) await t.send(queue, body);
      const { channel } = await t.consume(queue, { prefetch: 2 });
      for (const body of ['a', 'b']) assert.equal((await channel.delivery()).body, body);
      assert.equal((await channel.get(queue, false))?.body, 'c');
      await channel.close();
      await t.untilCount(queue, 4);
      const control = await t.control();
      const { consumerCount } = await control.call('queue.declare', { queue, passive: true });
      assert.equal(consumerCount, 0);
      assert.deepEqual(await headsOf(t, queue, 4), ['a again', 'b again', 'c again', 'd']);
    },
  );

  test('a channel that closes discards its transaction', { rules: ['CHN-07'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.channel();
    await channel.call('tx.select');
    channel.publish('', queue, 'never');
    await channel.close();
    await t.send(queue, 'a');
    assert.deepEqual(await t.drain(queue), ['a']);
  });

  test(
    'an auto-delete queue goes with the channel of its last consumer',
    { rules: ['CHN-07'] },
    async (t) => {
      const queue = await t.queue({}, { autoDelete: true });
      const { channel } = await t.consume(queue);
      assert.equal(await t.hasQueue(queue), true);
      await channel.close();
      await t.eventually(async () => !(await t.hasQueue(queue)), 'the queue is deleted');
    },
  );

  test('a reopened channel counts its deliveries from 1', { rules: ['CHN-07', 'CHN-12'] }, async (t) => {
    const queue = await t.queue();
    for (const body of ['a', 'b', 'c']) await t.send(queue, body);
    const channel = await t.channel();
    for (const tag of [1, 2]) assert.equal((await channel.get(queue))?.deliveryTag, tag);
    await reopen(channel);
    assert.equal((await channel.get(queue))?.deliveryTag, 1);
  });

  test('a reopened channel does not know the delivery tags of before', { rules: ['CHN-07'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'a');
    const channel = await t.channel();
    assert.equal((await channel.get(queue, false))?.deliveryTag, 1);
    await reopen(channel);
    channel.ack(1);
    await channel.refused(406, 'PRECONDITION_FAILED - unknown delivery tag 1', 'basic.ack');
  });

  test('a reopened channel has no prefetch', { rules: ['CHN-07'] }, async (t) => {
    const queue = await t.queue();
    for (const body of ['a', 'b', 'c']) await t.send(queue, body);
    const channel = await t.channel();
    await channel.call('basic.qos', { prefetchCount: 1 });
    await reopen(channel);
    await channel.call('basic.consume', { queue });
    for (const body of ['a', 'b', 'c']) assert.equal((await channel.delivery()).body, body);
  });

  test('a reopened channel is not in confirm mode', { rules: ['CHN-07'] }, async (t) => {
    const channel = await t.confirmChannel();
    await reopen(channel);
    channel.publish('', t.name('nowhere'));
    await channel.client.expectSilence(channel.number);
  });

  test('a reopened channel has not declared any queue', { rules: ['CHN-07'] }, async (t) => {
    const channel = await t.channel();
    await t.queue({}, {}, channel);
    await reopen(channel);
    channel.send('queue.purge');
    await channel.refused(404, 'NOT_FOUND - no previously declared queue', 'queue.purge');
  });

  test('after a channel error everything is dropped until close-ok', { rules: ['CHN-08'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'stays');
    const channel = await t.confirmChannel();
    const error = failGet(t, channel);
    channel.publish('', queue, 'dropped');
    channel.send('queue.purge', { queue });
    channel.send('channel.flow', { active: false });
    await channel.refused(404, error, 'basic.get');
    await channel.call('channel.open');
    await channel.client.expectSilence(channel.number);
    await t.send(queue, 'later');
    assert.deepEqual(await t.drain(queue), ['stays', 'later']);
  });

  test(
    'channel.close after a channel error is answered, and close-ok still awaited',
    { rules: ['CHN-08'] },
    async (t) => {
      const channel = await t.channel(await t.connect());
      failGet(t, channel);
      await channel.expect('channel.close');
      await channel.close();
      channel.send('basic.qos'); // dropped, as the channel is not closed yet
      channel.send('channel.close-ok');
      await channel.call('channel.open');
      await channel.settled();
    },
  );

  test(
    'a publish pipelined after a failing one is never confirmed, one before it takes effect',
    { rules: ['CHN-08'] },
    async (t) => {
      const queue = await t.queue();
      const channel = await t.confirmChannel();
      const none = t.name('none');
      channel.publish('', queue, 'before');
      channel.publish(none, '', 'failing');
      channel.publish('', queue, 'after');
      if ((await channel.client.peek(channel.number)) === 'basic.ack')
        assert.equal((await channel.expect('basic.ack')).deliveryTag, 1);
      await channel.refused(404, `NOT_FOUND - no exchange '${none}' in vhost '/'`, 'basic.publish');
      await channel.call('channel.open');
      await channel.client.expectSilence(channel.number);
      await t.untilCount(queue, 1);
      assert.deepEqual(await t.drain(queue), ['before']);
    },
  );

  test('a channel error leaves other channels alone', { rules: ['CHN-09'] }, async (t) => {
    const client = await t.connect();
    const queue = await t.queue();
    const consumer = await t.consume(queue, {}, client);
    await t.send(queue, 'a');
    const a = await consumer.next();
    const failing = await t.channel(client);
    await failing.refused(404, failGet(t, failing), 'basic.get');
    await t.send(queue, 'b');
    consumer.ack(a);
    const b = await consumer.next();
    assert.deepEqual([b.body, b.deliveryTag, b.redelivered], ['b', 2, false]);
  });

  test('a channel error returns deliveries before close-ok comes', { rules: ['CHN-10'] }, async (t) => {
    const queue = await t.queue();
    const { channel } = await t.consume(queue);
    await t.send(queue, 'a');
    await channel.delivery();
    const error = failGet(t, channel);
    const close = await channel.expect('channel.close');
    const { body, redelivered } = await t.take(queue);
    assert.deepEqual([body, redelivered], ['a', true]);
    assertClose(close, 404, error, 'basic.get');
    channel.send('channel.close-ok');
  });

  test(
    'a channel error returns what was fetched by basic.get, at the latest after close-ok',
    { rules: ['CHN-10'] },
    async (t) => {
      const queue = await t.queue();
      await t.send(queue, 'a');
      const channel = await t.channel();
      await channel.get(queue, false);
      await channel.refused(404, failGet(t, channel), 'basic.get');
      const { body, redelivered } = await t.take(queue);
      assert.deepEqual([body, redelivered], ['a', true]);
    },
  );

  test(
    'a lost connection returns what was fetched by basic.get on a closing channel',
    { rules: ['CHN-10'] },
    async (t) => {
      const queue = await t.queue();
      await t.send(queue, 'a');
      const channel = await t.channel(await t.connect());
      await channel.get(queue, false);
      failGet(t, channel);
      await channel.expect('channel.close');
      channel.client.stream.destroy();
      const { body, redelivered } = await t.take(queue);
      assert.deepEqual([body, redelivered], ['a', true]);
    },
  );
}

/** Closes a channel and opens the same number again. */
async function reopen(channel: Channel): Promise<void> {
  await channel.close();
  await channel.call('channel.open');
}

/** Sends a request that fails with a channel error; its text. */
function failGet(t: Context, channel: Channel): string {
  const queue = t.name('none');
  channel.send('basic.get', { queue });
  return `NOT_FOUND - no queue '${queue}' in vhost '/'`;
}

/** The bodies of the next so many messages, with a word about those delivered before. */
async function headsOf(t: Context, queue: string, count: number): Promise<string[]> {
  const heads: string[] = [];
  while (heads.length < count) {
    const { body, redelivered } = await t.take(queue);
    heads.push(redelivered ? `${body} again` : body);
  }
  return heads;
}
