import { describe, expect, test } from 'vitest';
import { FrameType } from '../../src/wire/constants.ts';
import { startTestBroker } from '../support/broker.ts';
import { PairedServer } from '../support/paired-server.ts';
import { contentHeader, RawClient } from '../support/raw-client.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

describe('connection.close of a client', () => {
  test('is answered after its exclusive queues are gone [CON-52] [QUE-29]', async () => {
    const client = await server.open();
    const queue = await server.queue(client, {}, { exclusive: true });
    client.publish(1, { routingKey: queue }, 'lost');
    await client.close();
    const other = await server.open();
    other.send(1, 'queue.declare', { queue, passive: true });
    await other.expectChannelError(1, 404, `NOT_FOUND - no queue '${queue}' in vhost '/'`, 'queue.declare');
  });

  test('is answered after what it held went back [CON-52]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (const body of ['a', 'b', 'c']) client.publish(1, { routingKey: queue }, body);
    for (const body of ['a', 'b']) expect((await client.get(queue)).body).toBe(body);
    await client.close();
    const other = await server.open();
    const back = [await other.get(queue), await other.get(queue), await other.get(queue)];
    expect(back.map(({ body, redelivered }) => [body, redelivered])).toEqual([
      ['a', true],
      ['b', true],
      ['c', false],
    ]);
  });

  test('is answered after everything published before it is there [CON-52]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (let n = 0; n < 100; n++) client.publish(1, { routingKey: queue }, `${n}`, { deliveryMode: 2 });
    await client.close();
    const other = await server.open();
    expect(await other.call(1, 'queue.declare', { queue, passive: true })).toMatchObject({
      messageCount: 100,
    });
  });

  test('leaves hanging up to the client [CON-53]', async () => {
    const client = await server.open();
    await client.call(0, 'connection.close');
    client.send(1, 'basic.get'); // nobody listens any more
    expect([client.isEnded, client.frames]).toEqual([false, []]);
  });
});

describe('a connection error', () => {
  test('gives back what the connection had at once [CON-61]', async () => {
    const client = await server.open();
    const exclusive = await server.queue(client, {}, { exclusive: true });
    const queue = await server.queue(client);
    client.publish(1, { routingKey: queue }, 'a');
    await client.get(queue);
    client.send(7, 'basic.qos');
    await client.expect(0, 'connection.close');
    client.send(0, 'connection.close-ok');
    await client.ended();
    const other = await server.open();
    expect(await other.get(queue)).toMatchObject({ body: 'a', redelivered: true });
    other.send(1, 'queue.declare', { queue: exclusive, passive: true });
    const text = `NOT_FOUND - no queue '${exclusive}' in vhost '/'`;
    await other.expectChannelError(1, 404, text, 'queue.declare');
  });

  test('leaves nothing to say but the closing [CON-54]', async () => {
    const client = await server.open();
    client.send(7, 'basic.qos');
    await client.expect(0, 'connection.close');
    client.send(1, 'channel.flow', { active: true });
    client.sendFrame(FrameType.HEADER, 1, contentHeader(0));
    client.sendFrame(FrameType.HEADER, 3, contentHeader(0));
    client.send(0, 'connection.open');
    await client.call(0, 'connection.close');
    expect([client.frames, client.isEnded]).toEqual([[], false]);
    client.send(0, 'connection.close-ok');
    await client.ended();
    expect(client.frames).toEqual([]);
  });

  test('is reported once, however many follow [CON-54]', async () => {
    const client = await server.open();
    for (const channel of [7, 8, 9]) client.send(channel, 'basic.qos');
    await client.expectConnectionError(504, "CHANNEL_ERROR - expected 'channel.open'", 'basic.qos');
    expect(client.frames).toEqual([]);
  });
});

describe('a connection that is lost', () => {
  test.each(['destroy', 'end'] as const)('by %s gives back everything in its order [CON-61]', async (how) => {
    const client = await server.open();
    const watcher = await server.open({ capabilities: ['consumer_cancel_notify'] });
    const queue = await server.queue(watcher);
    const exclusive = await server.queue(client, {}, { exclusive: true });
    for (const body of ['a', 'b', 'c', 'd']) watcher.publish(1, { routingKey: queue }, body);
    await watcher.expectSilence(1);
    await client.call(1, 'basic.qos', { prefetchCount: 3 });
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
    for (let n = 0; n < 3; n++) await client.message(1, 'basic.deliver');
    client.stream[how]();
    await watcher.call(1, 'basic.consume', { queue, consumerTag: 'w' });
    const seen: string[] = [];
    for (let n = 0; n < 4; n++) seen.push((await watcher.message(1, 'basic.deliver')).body);
    expect(seen.sort()).toEqual(['a', 'b', 'c', 'd']); // d may have come first
    await watcher.call(2, 'channel.open');
    watcher.send(2, 'queue.declare', { queue: exclusive, passive: true });
    const text = `NOT_FOUND - no queue '${exclusive}' in vhost '/'`;
    await watcher.expectChannelError(2, 404, text, 'queue.declare');
  });
});

test('a node that stops says so [CON-57]', async () => {
  const broker = await startTestBroker();
  const client = await (await RawClient.connect('127.0.0.1', broker.port)).open();
  const stopped = broker.stop();
  const text = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'";
  await client.expectConnectionError(320, text);
  await stopped;
});

test('a connection in the middle of its handshake does not hold up the stop [CON-57]', async () => {
  const broker = await startTestBroker();
  const client = await RawClient.connect('127.0.0.1', broker.port);
  await client.start();
  await client.expect(0, 'connection.tune');
  await broker.stop();
  await client.ended();
  expect(client.frames).toEqual([]);
});

test('channels opened and closed leave nothing behind [CHN-07]', async () => {
  const paired = new PairedServer();
  const client = await paired.open({ channelMax: 2 });
  for (let n = 2; n < 50; n++) {
    await client.call(n, 'channel.open');
    await client.call(n, 'channel.close');
  }
  await client.close();
  await paired.settle();
  expect(paired.connections).toEqual([]);
});
