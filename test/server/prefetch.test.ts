import { describe, expect, test } from 'vitest';
import type { RawClient } from '../support/raw-client.ts';
import { isOwn, useServer } from '../support/server.ts';

const server = useServer();

async function filled(client: RawClient, count: number): Promise<string> {
  const queue = await server.queue(client);
  for (let n = 0; n < count; n++) client.publish(1, { routingKey: queue }, `${n}`);
  await client.expectSilence(1);
  return queue;
}

/** Takes so many deliveries, and no more may come. */
async function expectDeliveries(client: RawClient, ...consumerTags: string[]): Promise<number[]> {
  const seen: string[] = [];
  const tags: number[] = [];
  for (let n = 0; n < consumerTags.length; n++) {
    const { consumerTag, deliveryTag } = await client.message(1, 'basic.deliver');
    seen.push(consumerTag);
    tags.push(deliveryTag);
  }
  expect(seen.sort()).toEqual(consumerTags);
  await client.expectSilence(1);
  return tags;
}

test('a prefetch size is not implemented [QOS-01]', async () => {
  const client = await server.open();
  client.send(1, 'basic.qos', { prefetchSize: 10 });
  await client.expectConnectionError(540, 'NOT_IMPLEMENTED - prefetch_size!=0 (10)', 'basic.qos');
});

test('no limit is the default, and 0 means none [QOS-04]', async () => {
  const client = await server.open();
  const queue = await filled(client, 30);
  await client.call(1, 'basic.qos', { prefetchCount: 0 });
  await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
  await expectDeliveries(client, ...Array<string>(30).fill('c'));
});

describe('the limit of a consumer', () => {
  test('holds for those started afterwards, each for itself [QOS-02]', async () => {
    const client = await server.open();
    const queue = await filled(client, 10);
    await client.call(1, 'basic.qos', { prefetchCount: 1 });
    await client.call(1, 'basic.consume', { queue, consumerTag: 'a' });
    await expectDeliveries(client, 'a');
    await client.call(1, 'basic.qos', { prefetchCount: 2 });
    await expectDeliveries(client);
    await client.call(1, 'basic.consume', { queue, consumerTag: 'b' });
    await expectDeliveries(client, 'b', 'b');
  });

  test.each(['ack', 'nack', 'reject'] as const)('has room again after an %s [QOS-05]', async (how) => {
    const client = await server.open();
    const queue = await filled(client, 3);
    await client.call(1, 'basic.qos', { prefetchCount: 1 });
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
    for (let n = 0; n < 3; n++) {
      const [deliveryTag = 0] = await expectDeliveries(client, 'c');
      client.send(1, `basic.${how}`, { deliveryTag });
    }
  });

  test('does not count what others hold, nor what was fetched [QOS-05]', async () => {
    const client = await server.open();
    const queue = await filled(client, 4);
    await client.get(queue);
    await client.call(1, 'basic.qos', { prefetchCount: 1 });
    await client.call(1, 'basic.consume', { queue, consumerTag: 'a' });
    const [deliveryTag = 0] = await expectDeliveries(client, 'a');
    await client.call(1, 'basic.consume', { queue, consumerTag: 'b' });
    await expectDeliveries(client, 'b');
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await client.expectSilence(1);
    client.send(1, 'basic.ack', { deliveryTag });
    await expectDeliveries(client, 'a');
  });
});

describe.runIf(isOwn)('the limit of a channel', () => {
  test('holds for all its consumers together, and at once [QOS-03]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (const consumerTag of ['a', 'b']) await client.call(1, 'basic.consume', { queue, consumerTag });
    await client.call(1, 'basic.qos', { prefetchCount: 3, global: true });
    for (let n = 0; n < 10; n++) client.publish(1, { routingKey: queue });
    const tags = await expectDeliveries(client, 'a', 'a', 'b');
    client.send(1, 'basic.ack', { deliveryTag: tags[1] as number, multiple: true });
    await expectDeliveries(client, 'a', 'b');
  });

  test('holds beside the limit of a consumer [QOS-03]', async () => {
    const client = await server.open();
    const queue = await filled(client, 10);
    await client.call(1, 'basic.qos', { prefetchCount: 2 });
    await client.call(1, 'basic.qos', { prefetchCount: 3, global: true });
    await client.call(1, 'basic.consume', { queue, consumerTag: 'a' });
    await expectDeliveries(client, 'a', 'a');
    await client.call(1, 'basic.consume', { queue, consumerTag: 'b' });
    await expectDeliveries(client, 'b');
  });

  test('is gone with 0, or with the next limit of consumers [QOS-02] [QOS-03]', async () => {
    for (const global of [true, false]) {
      const client = await server.open();
      const queue = await filled(client, 3);
      await client.call(1, 'basic.qos', { prefetchCount: 1, global: true });
      await client.call(1, 'basic.consume', { queue, consumerTag: 'a' });
      await expectDeliveries(client, 'a');
      await client.call(1, 'basic.qos', { prefetchCount: 0, global });
      await expectDeliveries(client, 'a', 'a');
    }
  });

  test('counts what was fetched before, not what is fetched later [QOS-05]', async () => {
    const client = await server.open();
    const [fetched, queue] = [await filled(client, 2), await filled(client, 5)];
    await client.get(fetched);
    await client.call(1, 'basic.qos', { prefetchCount: 2, global: true });
    await client.get(fetched);
    await client.call(1, 'basic.consume', { queue, consumerTag: 'a' });
    await expectDeliveries(client, 'a');
    client.send(1, 'basic.ack', { deliveryTag: 2 });
    await client.expectSilence(1);
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await expectDeliveries(client, 'a');
  });

  test('that is lowered recalls nothing [QOS-06]', async () => {
    const client = await server.open();
    const queue = await filled(client, 5);
    await client.call(1, 'basic.qos', { prefetchCount: 3, global: true });
    await client.call(1, 'basic.consume', { queue, consumerTag: 'a' });
    const tags = await expectDeliveries(client, 'a', 'a', 'a');
    await client.call(1, 'basic.qos', { prefetchCount: 1, global: true });
    for (const deliveryTag of tags.slice(0, 2)) client.send(1, 'basic.ack', { deliveryTag });
    await client.expectSilence(1);
    client.send(1, 'basic.ack', { deliveryTag: tags[2] as number });
    await expectDeliveries(client, 'a');
  });
});

test('what one consumer cannot take goes to the next [QOS-05] [CNS-08]', async () => {
  const client = await server.open();
  const queue = await server.queue(client);
  for (const [consumerTag, prefetchCount] of [
    ['a', 1],
    ['b', 3],
  ] as const) {
    await client.call(1, 'basic.qos', { prefetchCount });
    await client.call(1, 'basic.consume', { queue, consumerTag });
  }
  for (let n = 0; n < 6; n++) client.publish(1, { routingKey: queue });
  await expectDeliveries(client, 'a', 'b', 'b', 'b');
});
