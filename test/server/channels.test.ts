import { describe, expect, test } from 'vitest';
import { isOwn, useServer } from '../support/server.ts';

const server = useServer();

const notOpen = "CHANNEL_ERROR - expected 'channel.open'";
const second = "CHANNEL_ERROR - second 'channel.open' seen";

/** A channel error with a text every broker knows. */
const noQueue = "NOT_FOUND - no queue 'none' in vhost '/'";

describe('channel.open', () => {
  test.each([2, 3000, 65_535])('on number %i is answered [CHN-01]', async (channel) => {
    const client = await server.open();
    expect((await client.call(channel, 'channel.open')).channelId.length).toBe(0);
  });

  test('is refused when too many are open [CHN-02]', async () => {
    const client = await server.open({ channelMax: 3 });
    for (const channel of [20, 30]) await client.call(channel, 'channel.open');
    client.send(40, 'channel.open');
    const text = 'NOT_ALLOWED - number of channels opened (3) has reached the negotiated channel_max (3)';
    await client.expectConnectionError(530, text);
  });

  test('finds room again when a channel was closed [CHN-02]', async () => {
    const client = await server.open({ channelMax: 2 });
    await client.call(2, 'channel.open');
    await client.call(1, 'channel.close');
    await client.call(3, 'channel.open');
  });

  test('a second channel.open on an open channel closes the connection [CHN-04]', async () => {
    const client = await server.open();
    client.send(1, 'channel.open');
    await client.expectConnectionError(504, second, 'channel.open');
  });

  test('before the close of the server is answered closes the connection [CHN-04]', async () => {
    const client = await server.open();
    client.send(1, 'basic.get', { queue: 'none' });
    await client.expect(1, 'channel.close');
    client.send(1, 'channel.open');
    await client.expectConnectionError(504, second, 'channel.open');
  });
});

test.each(['channel.close', 'channel.close-ok', 'basic.qos', 'queue.declare', 'channel.flow'] as const)(
  'a %s on a channel that is not open closes the connection [CHN-05]',
  async (name) => {
    const client = await server.open();
    client.send(2, name);
    await client.expectConnectionError(504, notOpen, name);
  },
);

test('a content header on a channel that is not open closes the connection [CHN-05]', async () => {
  const client = await server.open();
  client.sendFrame(2, 9, Buffer.alloc(14));
  const close = await client.expect(0, 'connection.close');
  expect([504, 505]).toContain(close.replyCode);
});

describe('channel.close of a client', () => {
  test('takes effect after everything before it [CHN-06]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (let n = 0; n < 50; n++) client.publish(1, { routingKey: queue }, `${n}`);
    client.send(1, 'channel.close');
    await client.expect(1, 'channel.close-ok');
    await client.call(1, 'channel.open');
    expect((await client.call(1, 'queue.declare', { queue, passive: true })).messageCount).toBe(50);
  });

  test('returns what was not settled, in order, and cancels consumers [CHN-07]', async () => {
    const client = await server.open();
    await client.call(2, 'channel.open');
    const queue = await server.queue(client);
    for (const body of ['a', 'b', 'c']) client.publish(1, { routingKey: queue }, body);
    await client.expectSilence(1);
    await client.call(2, 'basic.consume', { queue, consumerTag: 'c' });
    for (let n = 0; n < 3; n++) await client.message(2, 'basic.deliver');
    await client.call(2, 'channel.close');
    const state = await client.call(1, 'queue.declare', { queue, passive: true });
    expect(state).toMatchObject({ messageCount: 3, consumerCount: 0 });
    for (const body of ['a', 'b', 'c'])
      expect(await client.get(queue)).toMatchObject({ body, redelivered: true });
  });

  test('forgets tags, prefetch, confirm mode and the last queue [CHN-07]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'confirm.select');
    await client.call(1, 'basic.qos', { prefetchCount: 1 });
    client.publish(1, { routingKey: queue }, 'a');
    client.publish(1, { routingKey: queue }, 'b');
    await client.expect(1, 'basic.ack');
    client.frames.length = 0;
    await client.get(queue);
    await client.call(1, 'channel.close');
    client.frames.length = 0;
    await client.call(1, 'channel.open');
    client.publish(1, { routingKey: queue }, 'c');
    await client.expectSilence(1);
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
    const tags: number[] = [];
    for (let n = 0; n < 3; n++) tags.push((await client.message(1, 'basic.deliver')).deliveryTag);
    expect(tags).toEqual([1, 2, 3]);
    client.send(1, 'queue.purge');
    await client.expectChannelError(1, 404, 'NOT_FOUND - no previously declared queue', 'queue.purge');
  });

  test('lets an auto-delete queue go with its last consumer [CHN-07] [QUE-28]', async () => {
    const client = await server.open();
    await client.call(2, 'channel.open');
    const queue = await server.queue(client, {}, { autoDelete: true });
    await client.call(2, 'basic.consume', { queue });
    await client.call(2, 'channel.close');
    client.send(1, 'queue.declare', { queue, passive: true });
    await client.expectChannelError(1, 404, `NOT_FOUND - no queue '${queue}' in vhost '/'`, 'queue.declare');
  });
});

describe('a channel error', () => {
  test('drops what follows until close-ok [CHN-08]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'confirm.select');
    client.send(1, 'basic.get', { queue: 'none' });
    client.publish(1, { routingKey: queue }, 'dropped');
    client.send(1, 'queue.purge', { queue });
    client.send(7, 'channel.open');
    await client.expect(7, 'channel.open-ok');
    await client.expectChannelError(1, 404, noQueue, 'basic.get');
    await client.call(1, 'channel.open');
    expect((await client.call(1, 'queue.declare', { queue, passive: true })).messageCount).toBe(0);
    await client.expectSilence(1);
  });

  test('drops a whole message [CHN-08]', async () => {
    const client = await server.open();
    client.send(1, 'basic.get', { queue: 'none' });
    client.publish(1, { routingKey: 'none' }, 'x'.repeat(100));
    await client.expectChannelError(1, 404, noQueue, 'basic.get');
    await client.call(1, 'channel.open');
  });

  test('a channel.close of the client in between is answered, and close-ok still awaited [CHN-08]', async () => {
    const client = await server.open();
    client.send(1, 'basic.get', { queue: 'none' });
    await client.expect(1, 'channel.close');
    await client.call(1, 'channel.close');
    client.send(1, 'channel.close-ok');
    await client.call(1, 'channel.open');
  });

  test('leaves other channels alone [CHN-09]', async () => {
    const client = await server.open();
    await client.call(2, 'channel.open');
    const queue = await server.queue(client);
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
    client.send(2, 'basic.get', { queue: 'none' });
    await client.expectChannelError(2, 404, noQueue, 'basic.get');
    client.publish(1, { routingKey: queue }, 'a');
    expect(await client.message(1, 'basic.deliver')).toMatchObject({ body: 'a', deliveryTag: 1 });
  });

  test('returns deliveries at once [CHN-10]', async () => {
    const client = await server.open();
    await client.call(2, 'channel.open');
    const queue = await server.queue(client);
    client.publish(1, { routingKey: queue }, 'a');
    await client.expectSilence(1);
    await client.call(2, 'basic.consume', { queue, consumerTag: 'c' });
    await client.message(2, 'basic.deliver');
    client.send(2, 'basic.get', { queue: 'none' });
    await client.expect(2, 'channel.close');
    expect(await client.get(queue)).toMatchObject({ body: 'a', redelivered: true });
  });

  test('sends confirms that were decided before it first [CHN-08]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'confirm.select');
    client.publish(1, { routingKey: queue }, 'a');
    await client.expect(1, 'basic.ack');
    client.publish(1, { routingKey: queue }, 'b');
    client.publish(1, { exchange: 'none' }, 'c');
    client.publish(1, { routingKey: queue }, 'd');
    const first = await client.frame(1);
    if (first.payload.readUInt16BE(0) === 60) await client.expect(1, 'channel.close');
    client.send(1, 'channel.close-ok');
    await client.call(1, 'channel.open');
    expect((await client.call(1, 'queue.declare', { queue, passive: true })).messageCount).toBe(2);
  });
});

describe('channel.flow', () => {
  test('active is answered [CHN-11]', async () => {
    const client = await server.open();
    expect((await client.call(1, 'channel.flow', { active: true })).active).toBe(true);
  });

  test('inactive is not implemented [CHN-11]', async () => {
    const client = await server.open();
    client.send(1, 'channel.flow', { active: false });
    await client.expectConnectionError(540, 'NOT_IMPLEMENTED - active=false', 'channel.flow');
  });
});

describe('the numbers of a channel', () => {
  test('delivery tags count all deliveries, also those without ack [CHN-12]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (let n = 0; n < 4; n++) client.publish(1, { routingKey: queue }, `${n}`);
    const tags = [
      (await client.get(queue, { noAck: true })).deliveryTag,
      (await client.get(queue)).deliveryTag,
    ];
    await client.call(1, 'basic.consume', { queue, noAck: true, consumerTag: 'c' });
    for (let n = 0; n < 2; n++) tags.push((await client.message(1, 'basic.deliver')).deliveryTag);
    expect(tags).toEqual([1, 2, 3, 4]);
  });

  test('publishes count from confirm.select on [CHN-12] [CNF-01]', async () => {
    const client = await server.open();
    client.publish(1, { routingKey: 'nowhere' });
    await client.call(1, 'confirm.select');
    client.publish(1, { routingKey: 'nowhere' });
    expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 1, multiple: false });
  });
});

test('access.request is answered with a ticket that means nothing [GEN-11]', async () => {
  const client = await server.open();
  expect((await client.call(1, 'access.request', { realm: '/data' })).ticket).toBe(1);
});

test.runIf(isOwn)(
  'channels take turns: one with a long list of work does not hold up another [GEN-08]',
  async () => {
    const client = await server.open();
    await client.call(2, 'channel.open');
    const queue = await server.queue(client);
    for (let n = 0; n < 200; n++) client.send(1, 'queue.declare', { queue, durable: true });
    client.send(2, 'channel.flow', { active: true });
    for (let n = 0; n < 200; n++) await client.expect(1, 'queue.declare-ok');
    await client.expect(2, 'channel.flow-ok');
  },
);
