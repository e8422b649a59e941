import assert from 'node:assert/strict';
import type { Channel } from './support/channel.ts';
import type { Context } from './support/context.ts';
import { topic } from './support/suite.ts';

/** The limit of a channel is honoured up to 4.2. */
const honoured = { until: '4.3' } as const;

export const prefetch = topic('prefetch', 'Prefetch', (test) => {
  for (const global of [false, true])
    test(`a prefetch-size is not implemented, with global=${global}`, { rules: ['QOS-01'] }, async (t) => {
      const text = 'NOT_IMPLEMENTED - prefetch_size!=0 (10)';
      await t.refusesConnection('basic.qos', { prefetchSize: 10, prefetchCount: 1, global }, 540, text);
    });

  test(
    'a limit holds for consumers started afterwards, for each by itself',
    { rules: ['QOS-02'] },
    async (t) => {
      const [queue, channel] = [await filled(t, 9), await t.channel()];
      await channel.call('basic.qos', { prefetchCount: 2 });
      await channel.call('basic.consume', { queue, consumerTag: 'a' });
      await expectDeliveries(channel, 'a', 'a');
      await channel.call('basic.consume', { queue, consumerTag: 'b' });
      await expectDeliveries(channel, 'b', 'b');
    },
  );

  test('a consumer keeps its limit when another one is set', { rules: ['QOS-02'] }, async (t) => {
    const [queue, channel] = [await filled(t, 9), await t.channel()];
    await channel.call('basic.qos', { prefetchCount: 1 });
    await channel.call('basic.consume', { queue, consumerTag: 'a' });
    const [first = 0] = await expectDeliveries(channel, 'a');
    await channel.call('basic.qos', { prefetchCount: 2 });
    await expectDeliveries(channel);
    channel.ack(first);
    await expectDeliveries(channel, 'a');
    await channel.call('basic.consume', { queue, consumerTag: 'b' });
    await expectDeliveries(channel, 'b', 'b');
  });

  test('a consumer without a limit gets none from a later one', { rules: ['QOS-02'] }, async (t) => {
    const [queue, channel] = [await t.queue(), await t.channel()];
    await channel.call('basic.consume', { queue, consumerTag: 'a' });
    await channel.call('basic.qos', { prefetchCount: 1 });
    for (let n = 0; n < 3; n++) await t.send(queue);
    await expectDeliveries(channel, 'a', 'a', 'a');
  });

  test('a limit holds on its channel only', { rules: ['QOS-02'] }, async (t) => {
    const [queue, client] = [await filled(t, 3), await t.connect()];
    const [limited, free] = [await t.channel(client), await t.channel(client)];
    await limited.call('basic.qos', { prefetchCount: 1 });
    await free.call('basic.consume', { queue, consumerTag: 'a' });
    await expectDeliveries(free, 'a', 'a', 'a');
  });

  for (const [global, what] of [
    [true, '0'],
    [false, 'the next limit of consumers'],
  ] as const)
    test(
      `the limit of a channel ends with ${what}`,
      { rules: ['QOS-02', 'QOS-03'], ...honoured },
      async (t) => {
        const [queue, channel] = [await filled(t, 3), await t.channel()];
        await channel.call('basic.qos', { prefetchCount: 1, global: true });
        await channel.call('basic.consume', { queue, consumerTag: 'a' });
        await expectDeliveries(channel, 'a');
        await channel.call('basic.qos', { prefetchCount: 0, global });
        await expectDeliveries(channel, 'a', 'a');
      },
    );

  test(
    'the limit of a channel holds at once, for its consumers together',
    { rules: ['QOS-03'], ...honoured },
    async (t) => {
      const [queue, channel] = [await t.queue(), await t.channel()];
      for (const consumerTag of ['a', 'b']) await channel.call('basic.consume', { queue, consumerTag });
      await channel.call('basic.qos', { prefetchCount: 3, global: true });
      for (let n = 0; n < 9; n++) await t.send(queue);
      const tags = await expectDeliveries(channel, 'a', 'a', 'b');
      channel.ack(tags[1] as number, true);
      await expectDeliveries(channel, 'a', 'b');
    },
  );

  test(
    'a delivery must keep the limit of the consumer and that of the channel',
    { rules: ['QOS-03'], ...honoured },
    async (t) => {
      const [queue, channel] = [await filled(t, 9), await t.channel()];
      await channel.call('basic.qos', { prefetchCount: 2 });
      await channel.call('basic.qos', { prefetchCount: 3, global: true });
      await channel.call('basic.consume', { queue, consumerTag: 'a' });
      await expectDeliveries(channel, 'a', 'a');
      await channel.call('basic.consume', { queue, consumerTag: 'b' });
      await expectDeliveries(channel, 'b');
    },
  );

  test(
    'the limit of a channel counts the deliveries from all its queues',
    { rules: ['QOS-03'], ...honoured },
    async (t) => {
      const [one, other, channel] = [await filled(t, 1), await filled(t, 2), await t.channel()];
      await channel.call('basic.qos', { prefetchCount: 2, global: true });
      await channel.call('basic.consume', { queue: one, consumerTag: 'a' });
      await expectDeliveries(channel, 'a');
      await channel.call('basic.consume', { queue: other, consumerTag: 'b' });
      await expectDeliveries(channel, 'b');
      channel.ack(1);
      await expectDeliveries(channel, 'b');
    },
  );

  test(
    'the limit of a channel is since 4.3 one of each consumer started afterwards, or is honoured as before',
    { rules: ['QOS-03'], since: '4.3' },
    async (t) => {
      const [queue, channel] = [await filled(t, 9), await t.channel()];
      await channel.call('basic.qos', { prefetchCount: 2, global: true });
      await channel.call('basic.consume', { queue, consumerTag: 'a' });
      await expectDeliveries(channel, 'a', 'a');
      await channel.call('basic.consume', { queue, consumerTag: 'b' });
      const isHonoured = !(await channel.client.until(() => channel.client.frames.length > 0, 500));
      await expectDeliveries(channel, ...(isHonoured ? [] : ['b', 'b']));
    },
  );

  for (const [prefetchCount, what] of [
    [undefined, 'without a limit'],
    [0, 'with a limit of 0'],
  ] as const)
    test(`a consumer ${what} gets all there is`, { rules: ['QOS-04'] }, async (t) => {
      const [queue, channel] = [await filled(t, 60), await t.channel()];
      if (prefetchCount !== undefined) {
        await channel.call('basic.qos', { prefetchCount: 1 });
        await channel.call('basic.qos', { prefetchCount });
      }
      await channel.call('basic.consume', { queue, consumerTag: 'a' });
      await expectDeliveries(channel, ...Array<string>(60).fill('a'));
    });

  test(
    'a consumer of a quorum queue without a limit gets 2000 messages at the most',
    { rules: ['QOS-04'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue({ 'x-queue-type': 'quorum' });
      const publisher = await t.publisher();
      for (let n = 0; n < 2010; n++) publisher.publish('', queue);
      await t.untilCount(queue, 2010);
      const { channel } = await t.consume(queue);
      const tags: number[] = [];
      while (tags.length < 2000) tags.push((await channel.delivery()).deliveryTag);
      await channel.client.expectNothing(channel.number);
      channel.ack(tags.at(-1) as number, true);
      for (let n = 0; n < 10; n++) await channel.delivery();
    },
  );

  for (const [how, what] of [
    ['ack', 'an ack'],
    ['nack', 'a nack'],
    ['reject', 'a reject'],
  ] as const)
    test(`${what} makes room for the next delivery`, { rules: ['QOS-05'] }, async (t) => {
      const [queue, channel] = [await filled(t, 3), await t.channel()];
      await channel.call('basic.qos', { prefetchCount: 1 });
      await channel.call('basic.consume', { queue, consumerTag: 'a' });
      for (let n = 0; n < 3; n++) {
        const [deliveryTag = 0] = await expectDeliveries(channel, 'a');
        channel.send(`basic.${how}`, { deliveryTag });
      }
    });

  test('an ack of several makes room for as many', { rules: ['QOS-05'] }, async (t) => {
    const [queue, channel] = [await filled(t, 9), await t.channel()];
    await channel.call('basic.qos', { prefetchCount: 3 });
    await channel.call('basic.consume', { queue, consumerTag: 'a' });
    const tags = await expectDeliveries(channel, 'a', 'a', 'a');
    channel.ack(tags[1] as number, true);
    await expectDeliveries(channel, 'a', 'a');
  });

  test(
    'a message that is requeued comes back to a consumer with a limit of 1',
    { rules: ['QOS-05'] },
    async (t) => {
      const [queue, channel] = [await filled(t, 2), await t.channel()];
      await channel.call('basic.qos', { prefetchCount: 1 });
      await channel.call('basic.consume', { queue, consumerTag: 'a' });
      const [first = 0] = await expectDeliveries(channel, 'a');
      channel.nack(first, true);
      const { body, redelivered } = await channel.delivery();
      assert.deepEqual([body, redelivered], ['0', true]);
      await expectDeliveries(channel);
    },
  );

  test(
    'the limit of a consumer does not count what others hold, nor what was fetched',
    { rules: ['QOS-05'] },
    async (t) => {
      const [queue, channel] = [await filled(t, 5), await t.channel()];
      const fetched = await channel.get(queue, false);
      await channel.call('basic.qos', { prefetchCount: 1 });
      await channel.call('basic.consume', { queue, consumerTag: 'a' });
      const [first = 0] = await expectDeliveries(channel, 'a');
      await channel.call('basic.consume', { queue, consumerTag: 'b' });
      await expectDeliveries(channel, 'b');
      channel.ack(fetched?.deliveryTag ?? 0);
      await expectDeliveries(channel);
      channel.ack(first);
      await expectDeliveries(channel, 'a');
    },
  );

  test(
    'the limit of a channel counts what was fetched before it was set, and not what is fetched later',
    { rules: ['QOS-05'], ...honoured },
    async (t) => {
      const [fetched, queue, channel] = [await filled(t, 2), await filled(t, 5), await t.channel()];
      await channel.get(fetched, false);
      await channel.call('basic.qos', { prefetchCount: 2, global: true });
      const later = await channel.get(fetched, false);
      await channel.call('basic.consume', { queue, consumerTag: 'a' });
      await expectDeliveries(channel, 'a');
      channel.ack(later?.deliveryTag ?? 0);
      await expectDeliveries(channel);
    },
  );

  test(
    'an ack of a message that was fetched before the limit of its channel was set makes room',
    {
      rules: ['QOS-05'],
      ...honoured,
      rabbitmqDefect: 'a message that was fetched before the limit was set is counted for good',
    },
    async (t) => {
      const [fetched, queue, channel] = [await filled(t, 1), await filled(t, 5), await t.channel()];
      const before = await channel.get(fetched, false);
      await channel.call('basic.qos', { prefetchCount: 1, global: true });
      await channel.call('basic.consume', { queue, consumerTag: 'a' });
      await expectDeliveries(channel);
      channel.ack(before?.deliveryTag ?? 0);
      await expectDeliveries(channel, 'a');
    },
  );

  test(
    'a limit of a channel that is lowered takes nothing back',
    { rules: ['QOS-06'], ...honoured },
    async (t) => {
      const [queue, channel] = [await filled(t, 5), await t.channel()];
      await channel.call('basic.qos', { prefetchCount: 3, global: true });
      await channel.call('basic.consume', { queue, consumerTag: 'a' });
      const tags = await expectDeliveries(channel, 'a', 'a', 'a');
      await channel.call('basic.qos', { prefetchCount: 1, global: true });
      for (const tag of tags.slice(0, 2)) channel.ack(tag);
      await expectDeliveries(channel);
      channel.ack(tags[2] as number);
      await expectDeliveries(channel, 'a');
    },
  );

  test(
    'a quorum queue does not support the limit of a channel, before 4.3',
    { rules: ['QOS-07'], needs: ['quorum-queues'], ...honoured },
    async (t) => {
      const queue = await t.queue({ 'x-queue-type': 'quorum' });
      const channel = await t.channel(await t.connect());
      await channel.call('basic.qos', { prefetchCount: 1, global: true });
      channel.send('basic.consume', { queue });
      const text = `NOT_IMPLEMENTED - queue '${queue}' in vhost '/' does not support global qos`;
      await channel.client.expectConnectionError(540, text, 'basic.consume');
    },
  );

  test(
    'a quorum queue may be consumed after a prefetch with global, since 4.3',
    { rules: ['QOS-07'], needs: ['quorum-queues'], since: '4.3' },
    async (t) => {
      const queue = await t.queue({ 'x-queue-type': 'quorum' });
      for (let n = 0; n < 2; n++) await t.send(queue);
      const channel = await t.channel();
      await channel.call('basic.qos', { prefetchCount: 1, global: true });
      await channel.call('basic.consume', { queue, consumerTag: 'a' });
      await expectDeliveries(channel, 'a');
    },
  );

  test('basic.qos is always answered', { rules: ['QOS-08'] }, async (t) => {
    const channel = await t.channel();
    for (const prefetchCount of [0, 1, 65_535])
      for (const global of [false, true]) await channel.call('basic.qos', { prefetchCount, global });
  });
});

/** A queue with so many messages. */
async function filled(t: Context, count: number): Promise<string> {
  const queue = await t.queue();
  for (let n = 0; n < count; n++) await t.send(queue, `${n}`);
  return queue;
}

/** These deliveries come, to consumers of these tags in any order, and no more; their delivery tags. */
async function expectDeliveries(channel: Channel, ...consumerTags: readonly string[]): Promise<number[]> {
  const deliveries: { readonly consumerTag: string; readonly deliveryTag: number }[] = [];
  while (deliveries.length < consumerTags.length) deliveries.push(await channel.delivery());
  assert.deepEqual(deliveries.map(({ consumerTag }) => consumerTag).sort(), consumerTags);
  await channel.client.expectNothing(channel.number);
  return deliveries.map(({ deliveryTag }) => deliveryTag);
}
