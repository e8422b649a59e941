import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { cancelling } from './parts/consuming-cancelling.ts';
import { fetching } from './parts/consuming-fetching.ts';
import type { Channel } from './support/channel.ts';
import { field } from './support/fields.ts';
import type { Value } from './support/fields.ts';
import { topic } from './support/suite.ts';
import { singleActiveConsumer } from './parts/consuming-single-active.ts';

const label = (queue: string): string => `queue '${queue}' in vhost '/'`;
const inUse = (queue: string): string => `ACCESS_REFUSED - ${label(queue)} in exclusive use`;

export const consuming = topic('consuming', 'Consuming', (test) => {
  test('consume-ok comes before the first delivery', { rules: ['CNS-01'] }, async (t) => {
    const queue = await t.queue();
    for (const body of ['a', 'b']) await t.send(queue, body);
    const channel = await t.channel();
    const { consumerTag } = await channel.call('basic.consume', { queue, consumerTag: 'mine' });
    assert.equal(consumerTag, 'mine');
    const { body, deliveryTag, redelivered, exchange, routingKey, ...delivery } = await channel.delivery();
    assert.deepEqual(
      { body, deliveryTag, redelivered, exchange, routingKey },
      { body: 'a', deliveryTag: 1, redelivered: false, exchange: '', routingKey: queue },
    );
    assert.equal(delivery.consumerTag, 'mine');
  });

  test('a consumer without a tag gets one from the server', { rules: ['CNS-01'] }, async (t) => {
    const queue = await t.queue();
    const [one, other] = [await t.consume(queue), await t.consume(queue)];
    for (const { tag } of [one, other]) assert.match(tag, /^amq\.ctag-[A-Za-z0-9_-]{22}$/);
    assert.notEqual(one.tag, other.tag);
  });

  test('a consumer without a tag gets one with no-wait as well', { rules: ['CNS-01'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.channel();
    channel.send('basic.consume', { queue, noWait: true });
    await t.send(queue, 'a');
    assert.match((await channel.delivery()).consumerTag, /^amq\.ctag-[A-Za-z0-9_-]{22}$/);
  });

  test('a consumer tag in use on the channel closes the connection', { rules: ['CNS-02'] }, async (t) => {
    const queues = [await t.queue(), await t.queue()];
    const channel = await t.channel(await t.connect());
    for (const queue of queues) channel.send('basic.consume', { queue, consumerTag: 'c' });
    const text = "NOT_ALLOWED - attempt to reuse consumer tag 'c'";
    await channel.client.expectConnectionError(530, text, 'basic.consume');
  });

  test('two channels may use the same consumer tag', { rules: ['CNS-02'] }, async (t) => {
    const [queue, client] = [await t.queue(), await t.connect()];
    const consumers = [
      await t.consume(queue, { consumerTag: 'c' }, client),
      await t.consume(queue, { consumerTag: 'c' }, client),
    ];
    for (const consumer of consumers) {
      await t.send(queue, 'a');
      assert.equal((await consumer.next()).consumerTag, 'c');
    }
  });

  test('a consumer tag is free again after it was cancelled', { rules: ['CNS-02'] }, async (t) => {
    const queue = await t.queue();
    const consumer = await t.consume(queue, { consumerTag: 'c' });
    await consumer.cancel();
    await consumer.channel.call('basic.consume', { queue, consumerTag: 'c' });
  });

  test('consuming from a missing queue is refused', { rules: ['CNS-03'] }, async (t) => {
    const queue = t.name('none');
    await t.refuses('basic.consume', { queue }, 404, `NOT_FOUND - no ${label(queue)}`);
  });

  test('an exclusive consumer is refused while there is another', { rules: ['CNS-04'] }, async (t) => {
    const queue = await t.queue();
    const consumer = await t.consume(queue);
    await t.refuses('basic.consume', { queue, exclusive: true }, 403, inUse(queue));
    await consumer.cancel();
    await t.consume(queue, { exclusive: true });
  });

  for (const exclusive of [true, false])
    test(
      `${exclusive ? 'a second exclusive' : 'another'} consumer is refused while there is an exclusive one`,
      { rules: ['CNS-04'] },
      async (t) => {
        const queue = await t.queue();
        const alone = await t.consume(queue, { exclusive: true });
        await t.refuses('basic.consume', { queue, exclusive }, 403, inUse(queue));
        await alone.cancel();
        await t.consume(queue, { exclusive });
      },
    );

  test('an exclusive consumer does not hinder basic.get', { rules: ['CNS-04'] }, async (t) => {
    const queue = await t.queue();
    const consumer = await t.consume(queue, { exclusive: true, prefetch: 1 });
    await t.send(queue, 'a');
    await consumer.next();
    await t.send(queue, 'b');
    assert.equal((await t.get(queue))?.body, 'b');
  });

  test(
    'a quorum queue takes no notice of exclusive consumers',
    { rules: ['CNS-05'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue({ 'x-queue-type': 'quorum' });
      for (const exclusive of [true, false, true]) await t.consume(queue, { exclusive });
    },
  );

  test(
    'a stream takes no notice of exclusive consumers',
    { rules: ['CNS-05'], needs: ['streams'] },
    async (t) => {
      const queue = await t.queue({ 'x-queue-type': 'stream' });
      for (const exclusive of [true, false, true]) await t.consume(queue, { exclusive, prefetch: 1 });
    },
  );

  test('no-local has no effect', { rules: ['CNS-06'] }, async (t) => {
    const queue = await t.queue();
    const { channel } = await t.consume(queue, { noLocal: true });
    channel.publish('', queue, 'mine');
    assert.equal((await channel.delivery()).body, 'mine');
  });

  test('no-ack needs no ack, whatever the prefetch', { rules: ['CNS-07'] }, async (t) => {
    const queue = await t.queue();
    for (const body of ['a', 'b', 'c', 'd', 'e']) await t.send(queue, body);
    const consumer = await t.consume(queue, { noAck: true, prefetch: 1 });
    assert.deepEqual(await consumer.bodies(5), ['a', 'b', 'c', 'd', 'e']);
    await consumer.channel.close();
    await t.staysEmpty(queue);
  });

  test('no-ack leaves nothing to ack', { rules: ['CNS-07'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'a');
    const consumer = await t.consume(queue, { noAck: true });
    assert.equal((await consumer.next()).deliveryTag, 1);
    consumer.channel.ack(1);
    await consumer.channel.refused(406, 'PRECONDITION_FAILED - unknown delivery tag 1', 'basic.ack');
  });

  test('consumers of a channel are served in turn', { rules: ['CNS-08'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.channel();
    for (const consumerTag of ['a', 'b', 'c']) await channel.call('basic.consume', { queue, consumerTag });
    const tags: string[] = [];
    for (let n = 0; n < 6; n++) {
      await t.send(queue);
      tags.push((await channel.delivery()).consumerTag);
    }
    assert.deepEqual(tags, ['a', 'b', 'c', 'a', 'b', 'c']);
  });

  test('consumers of several connections are served in turn', { rules: ['CNS-08'] }, async (t) => {
    const queue = await t.queue();
    const consumers = [
      await t.consume(queue, {}, await t.connect()),
      await t.consume(queue, {}, await t.connect()),
    ];
    for (const body of ['a', 'b', 'c', 'd']) await t.send(queue, body);
    assert.deepEqual(await consumers[0]?.bodies(2), ['a', 'c']);
    assert.deepEqual(await consumers[1]?.bodies(2), ['b', 'd']);
  });

  test('a consumer that can take no more is left out of the turns', { rules: ['CNS-08'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.channel();
    await consumeWithPrefetch(channel, queue, { few: 1, many: 3 });
    for (let n = 0; n < 6; n++) await t.send(queue);
    assert.deepEqual(await tagsOf(channel, 4), ['few', 'many', 'many', 'many']);
    await channel.client.expectSilence(channel.number);
  });

  test('higher priorities are served first, while they can take more', { rules: ['CNS-09'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.channel();
    await channel.call('basic.qos', { prefetchCount: 2 });
    await consumeWithPriority(channel, queue, { low: -5, default: undefined, high: 10 });
    for (let n = 0; n < 6; n++) await t.send(queue);
    assert.deepEqual(await tagsOf(channel, 6), ['high', 'high', 'default', 'default', 'low', 'low']);
  });

  test('a higher priority that can take messages again gets the next', { rules: ['CNS-09'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.channel();
    await channel.call('basic.qos', { prefetchCount: 1 });
    await consumeWithPriority(channel, queue, { low: 0, high: 1 });
    await t.send(queue);
    const { consumerTag, deliveryTag } = await channel.delivery();
    assert.equal(consumerTag, 'high');
    channel.ack(deliveryTag);
    await channel.settled();
    await t.send(queue);
    assert.deepEqual(await tagsOf(channel, 1), ['high']);
  });

  for (const [tag, high] of [
    ['b', 10],
    ['B', 200],
    ['s', 10],
    ['u', 10],
    ['I', 10],
    ['i', 10],
    ['l', 2 ** 40],
  ] as const)
    test(`a priority may be an integer of the type ${tag}`, { rules: ['CNS-09'] }, async (t) => {
      const queue = await t.queue();
      const channel = await t.channel();
      await consumeWithPriority(channel, queue, { low: field('b', 5), high: field(tag, high) });
      for (let n = 0; n < 3; n++) await t.send(queue);
      assert.deepEqual(await tagsOf(channel, 3), ['high', 'high', 'high']);
    });

  for (const [value, type] of [
    ['1', 'longstr'],
    [field('d', 1), 'double'],
    [field('f', 1), 'float'],
    [true, 'bool'],
    [null, 'void'],
    [field('D', { scale: 0, digits: 1 }), 'decimal'],
    [field('T', 1), 'timestamp'],
    [field('x', Buffer.from('1')), 'binary'],
    [[1], 'array'],
    [{ a: 1 }, 'table'],
  ] as const)
    test(`a priority of the type ${type} is refused`, { rules: ['CNS-10'] }, async (t) => {
      const queue = await t.queue();
      const text = `PRECONDITION_FAILED - invalid arg 'x-priority' for ${label(queue)}: "expected integer, got ${type}"`;
      await t.refuses('basic.consume', { queue, arguments: { 'x-priority': value } }, 406, text);
    });

  test('an argument of another queue type is refused', { rules: ['CNS-11'] }, async (t) => {
    const queue = await t.queue();
    const text = `PRECONDITION_FAILED - invalid arg 'x-stream-offset' for ${label(queue)} of queue type rabbit_classic_queue`;
    await t.refuses('basic.consume', { queue, arguments: { 'x-stream-offset': 'first' } }, 406, text);
  });

  for (const [name, value] of [
    ['x-cancel-on-ha-failover', true],
    ['x-mine', 'anything'],
    ['mine', { nested: [1] }],
  ] as const)
    test(`the consumer argument ${name} is accepted without effect`, { rules: ['CNS-11'] }, async (t) => {
      const queue = await t.queue();
      const consumer = await t.consume(queue, { arguments: { [name]: value } });
      await t.send(queue, 'a');
      assert.equal((await consumer.next()).body, 'a');
    });

  test('a channel may have hundreds of consumers', { rules: ['CNS-12'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.channel();
    for (let n = 0; n < 300; n++) channel.send('basic.consume', { queue });
    for (let n = 0; n < 300; n++) await channel.expect('basic.consume-ok');
    const { consumerCount } = await channel.call('queue.declare', { queue, passive: true });
    assert.equal(consumerCount, 300);
  });

  for (const [how, giveBack] of [
    ['a nack', (channel: Channel) => channel.nack(1, true)],
    ['a reject', (channel: Channel) => channel.reject(1, true)],
    ['basic.recover', (channel: Channel) => channel.send('basic.recover', { requeue: true })],
    ['the close of the channel', (channel: Channel) => channel.send('channel.close')],
    ['the loss of the connection', (channel: Channel) => channel.client.stream.destroy()],
  ] as const)
    test(`a message that came back by ${how} is redelivered`, { rules: ['CNS-13'] }, async (t) => {
      const queue = await t.queue();
      await t.send(queue, 'a');
      const channel = await t.channel(await t.connect());
      assert.equal((await channel.get(queue, false))?.redelivered, false);
      giveBack(channel);
      const consumer = await t.consume(queue);
      const { body, redelivered } = await consumer.next();
      assert.deepEqual([body, redelivered], ['a', true]);
    });

  test('a message that was never handed out is not redelivered', { rules: ['CNS-13'] }, async (t) => {
    const queue = await t.queue();
    for (const body of ['a', 'b']) await t.send(queue, body);
    const consumer = await t.consume(queue, { prefetch: 1 });
    await consumer.next();
    await consumer.channel.close();
    const heads = [await t.take(queue), await t.take(queue)];
    assert.deepEqual(
      heads.map(({ body, redelivered }) => [body, redelivered]),
      [
        ['a', true],
        ['b', false],
      ],
    );
  });

  fetching(test);
  cancelling(test);
  singleActiveConsumer(test);
});

/** Consumers of one channel by their tags, each with its priority. */
async function consumeWithPriority(
  channel: Channel,
  queue: string,
  priorities: Readonly<Record<string, Value | undefined>>,
): Promise<void> {
  for (const [consumerTag, priority] of Object.entries(priorities)) {
    const args = priority === undefined ? {} : { 'x-priority': priority };
    await channel.call('basic.consume', { queue, consumerTag, arguments: args });
  }
}

async function consumeWithPrefetch(
  channel: Channel,
  queue: string,
  prefetch: Readonly<Record<string, number>>,
): Promise<void> {
  for (const [consumerTag, prefetchCount] of Object.entries(prefetch)) {
    await channel.call('basic.qos', { prefetchCount });
    await channel.call('basic.consume', { queue, consumerTag });
  }
}

/** The consumer tags of the next so many deliveries. */
async function tagsOf(channel: Channel, count: number): Promise<string[]> {
  const tags: string[] = [];
  while (tags.length < count) tags.push((await channel.delivery()).consumerTag);
  return tags;
}
