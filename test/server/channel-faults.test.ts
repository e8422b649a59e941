import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../../spec/support/client.ts';
import type { Client } from '../../spec/support/client.ts';
import { contentHeader } from '../../spec/support/content.ts';
import { encodeMethod, frames } from '../../spec/support/protocol.ts';
import { FaultyServer } from '../support/faulty-server.ts';
import { ManualJournal } from '../support/manual-journal.ts';

const capabilities = ['consumer_cancel_notify', 'basic.nack'];

async function withQueue(server: FaultyServer): Promise<Client> {
  const client = await server.open({ capabilities });
  await client.call(1, 'queue.declare', { queue: 'q', durable: true });
  return client;
}

async function publisher(server: FaultyServer): Promise<Client> {
  const client = await withQueue(server);
  await client.call(1, 'confirm.select');
  return client;
}

async function consumer(server: FaultyServer, prefetchCount = 0): Promise<Client> {
  const client = await withQueue(server);
  await client.call(1, 'basic.qos', { prefetchCount });
  await client.call(1, 'basic.consume', { queue: 'q', consumerTag: 'c' });
  return client;
}

async function depthOf(server: FaultyServer): Promise<number> {
  const client = await server.open();
  return (await client.call(1, 'queue.declare', { queue: 'q', passive: true })).messageCount;
}

/** Publishes without waiting: `1`, `2`, ... */
function publish(client: Client, count: number, from = 1): void {
  for (let n = from; n < from + count; n++)
    client.publish(1, { routingKey: 'q', mandatory: true }, String(n));
}

describe('a channel is closed', () => {
  test('on the next publish, which does not happen', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    server.ask({ kind: 'close-channel', code: 404, text: 'gone fishing' });
    publish(client, 2);
    await client.expectChannelError(1, 404, 'NOT_FOUND - gone fishing', 'basic.publish');
    await client.call(1, 'channel.open');
    await client.expectSilence(1);
    expect(await depthOf(server)).toBe(0);
  });

  test('once, however many deliveries it is to happen with', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    publish(client, 3);
    server.ask({ kind: 'close-channel', on: 'deliver', times: 'always' });
    await client.call(1, 'basic.consume', { queue: 'q' });
    for (let n = 0; n < 3; n++) await client.message(1, 'basic.deliver');
    await client.expectChannelError(1, 406, 'PRECONDITION_FAILED - asked for by a fault');
    await server.settle();
    expect(client.frames).toEqual([]);
  });

  test('in place of the method that was meant, and of no other', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    server.ask({ kind: 'close-channel', on: 'basic.consume', queue: 'q', consumerTag: 'b' });
    await client.call(1, 'basic.consume', { queue: 'q', consumerTag: 'a' });
    client.send(1, 'basic.consume', { queue: 'q', consumerTag: 'b' });
    await client.expectChannelError(1, 406, 'PRECONDITION_FAILED - asked for by a fault', 'basic.consume');
  });

  test('instead of a confirm', async () => {
    const server = new FaultyServer();
    const client = await publisher(server);
    server.ask({ kind: 'close-channel', on: 'confirm' });
    publish(client, 1);
    await client.expectChannelError(1, 406, 'PRECONDITION_FAILED - asked for by a fault');
    expect(await depthOf(server)).toBe(1);
  });
});

describe('a confirm', () => {
  test('is a nack, and the message is in no queue', async () => {
    const server = new FaultyServer();
    const client = await publisher(server);
    server.ask({ kind: 'nack-confirm', queue: 'q', after: 1 });
    for (const tag of [1, 2, 3]) {
      publish(client, 1);
      const confirm = await client.expect(1, tag === 2 ? 'basic.nack' : 'basic.ack');
      expect(confirm.deliveryTag).toBe(tag);
    }
    expect(await depthOf(server)).toBe(2);
  });

  test('is a nack although the message is stored', async () => {
    const server = new FaultyServer();
    const client = await publisher(server);
    server.ask({ kind: 'nack-confirm', stored: true });
    publish(client, 1);
    expect(await client.expect(1, 'basic.nack')).toMatchObject({ deliveryTag: 1, multiple: false });
    publish(client, 1);
    expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 2 });
    expect(await depthOf(server)).toBe(2);
  });

  test('is withheld until the fault is removed, and no later one covers it', async () => {
    const server = new FaultyServer();
    const client = await publisher(server);
    const fault = server.ask({ kind: 'withhold-confirm', after: 1 });
    const publishes = Array.from({ length: 4 }, () => [
      encodeFrame(frames.method, 1, encodeMethod('basic.publish', { routingKey: 'q' })),
      encodeFrame(frames.header, 1, contentHeader(0)),
    ]);
    client.sendBytes(Buffer.concat(publishes.flat())); // all in one turn, so that they could be confirmed together
    expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 1 });
    for (const deliveryTag of [3, 4]) {
      expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag, multiple: false });
    }
    await client.expectSilence(1);
    const [connection] = server.connections;
    expect(connection?.channels[0]?.status().unconfirmedCount).toBe(1);
    expect(await depthOf(server)).toBe(4);
    fault.remove();
    expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 2 });
  });

  test('is withheld for a while', async () => {
    const server = new FaultyServer();
    const client = await publisher(server);
    const fault = server.ask({ kind: 'withhold-confirm', delay: 60_000 });
    publish(client, 1);
    await client.expectSilence(1);
    await server.advance(59_999);
    expect(client.frames).toEqual([]);
    await server.advance(1);
    expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 1 });
    fault.remove();
    await client.expectSilence(1);
    publish(client, 1);
    expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 2 });
  });

  test('that waits for the disk is withheld when it is there', async () => {
    const journal = new ManualJournal();
    const server = new FaultyServer({ journal });
    const opening = publisher(server);
    for (let n = 0; n < 20; n++) {
      await server.settle();
      journal.commit();
    }
    const client = await opening;
    const fault = server.ask({ kind: 'withhold-confirm' });
    client.publish(1, { routingKey: 'q' }, 'a', { deliveryMode: 2 });
    await server.settle();
    expect(client.frames).toEqual([]);
    journal.commit();
    await server.settle();
    expect(client.frames).toEqual([]);
    fault.remove();
    expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 1 });
  });
});

test('a mandatory message is returned although it could be routed, and others are not', async () => {
  const server = new FaultyServer();
  const client = await publisher(server);
  const fault = server.ask({ kind: 'return-message', routingKey: 'q' });
  client.publish(1, { routingKey: 'q' }, 'not mandatory');
  await client.expect(1, 'basic.ack');
  publish(client, 1);
  expect(await client.message(1, 'basic.return')).toMatchObject({
    replyCode: 312,
    replyText: 'NO_ROUTE',
    body: '1',
  });
  expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 2 });
  publish(client, 1);
  expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 3 });
  expect([fault.count, await depthOf(server)]).toEqual([1, 2]);
});

describe('a delivery comes twice', () => {
  test('and whatever is done with the second changes nothing', async () => {
    const server = new FaultyServer();
    const client = await consumer(server);
    server.ask({ kind: 'duplicate-delivery', queue: 'q' });
    publish(client, 2);
    const seen = [];
    for (let n = 0; n < 3; n++) seen.push(await client.message(1, 'basic.deliver'));
    expect(seen.map(({ body, redelivered, deliveryTag }) => [body, redelivered, deliveryTag])).toEqual([
      ['1', false, 1],
      ['1', true, 2],
      ['2', false, 3],
    ]);
    client.send(1, 'basic.nack', { deliveryTag: 2, requeue: true });
    client.send(1, 'basic.ack', { deliveryTag: 3, multiple: true });
    await client.call(1, 'channel.close');
    expect(await depthOf(server)).toBe(0);
  });

  test('and only the first one counts', async () => {
    const server = new FaultyServer();
    const client = await consumer(server);
    server.ask({ kind: 'duplicate-delivery' });
    publish(client, 1);
    await client.message(1, 'basic.deliver');
    await client.message(1, 'basic.deliver');
    client.send(1, 'basic.ack', { deliveryTag: 2 });
    await client.call(1, 'channel.close');
    expect(await depthOf(server)).toBe(1);
  });

  test('without acks too', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    await client.call(1, 'basic.consume', { queue: 'q', noAck: true });
    server.ask({ kind: 'duplicate-delivery' });
    publish(client, 1);
    expect((await client.message(1, 'basic.deliver')).body).toBe('1');
    expect(await client.message(1, 'basic.deliver')).toMatchObject({ body: '1', redelivered: true });
  });
});

describe('an ack is lost', () => {
  test('and the message comes back when the channel is closed', async () => {
    const server = new FaultyServer();
    const client = await consumer(server, 1);
    const fault = server.ask({ kind: 'lose-ack', queue: 'q', consumerTag: 'c' });
    publish(client, 2);
    await client.message(1, 'basic.deliver');
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await client.expectSilence(1);
    expect([client.frames, fault.count]).toEqual([[], 1]);
    await client.call(1, 'channel.close');
    expect(await depthOf(server)).toBe(2);
  });

  test('and when it is sent again it is taken', async () => {
    const server = new FaultyServer();
    const client = await consumer(server, 1);
    server.ask({ kind: 'lose-ack' });
    publish(client, 2);
    await client.message(1, 'basic.deliver');
    client.send(1, 'basic.ack', { deliveryTag: 0, multiple: true });
    client.send(1, 'basic.ack', { deliveryTag: 0, multiple: true });
    expect((await client.message(1, 'basic.deliver')).body).toBe('2');
  });

  test('or comes late', async () => {
    const server = new FaultyServer();
    const client = await consumer(server, 1);
    server.ask({ kind: 'lose-ack', delay: 5_000 });
    publish(client, 2);
    await client.message(1, 'basic.deliver');
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await client.expectSilence(1);
    await server.advance(4_999);
    expect(client.frames).toEqual([]);
    await server.advance(1);
    expect((await client.message(1, 'basic.deliver')).body).toBe('2');
  });

  test('or comes late, and is of no delivery made meanwhile', async () => {
    const server = new FaultyServer();
    const client = await consumer(server);
    server.ask({ kind: 'lose-ack', delay: 5_000 });
    publish(client, 1);
    await client.message(1, 'basic.deliver');
    client.send(1, 'basic.ack', { deliveryTag: 0, multiple: true });
    publish(client, 1);
    await client.message(1, 'basic.deliver');
    await server.advance(5_000);
    await client.call(1, 'channel.close');
    expect(await depthOf(server)).toBe(1);
  });

  test('or comes too late: the delivery has been settled', async () => {
    const server = new FaultyServer();
    const client = await consumer(server);
    server.ask({ kind: 'lose-ack', delay: 5_000 });
    publish(client, 1);
    await client.message(1, 'basic.deliver');
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await client.expectSilence(1);
    await server.advance(5_000);
    await client.expectSilence(1);
  });
});

describe('a consumer is cancelled', () => {
  test('at once', async () => {
    const server = new FaultyServer();
    const client = await consumer(server);
    await client.call(1, 'basic.consume', { queue: 'q', consumerTag: 'other' });
    server.ask({ kind: 'cancel-consumer', consumerTag: 'c' });
    expect((await client.expect(1, 'basic.cancel')).consumerTag).toBe('c');
    publish(client, 1);
    expect((await client.message(1, 'basic.deliver')).consumerTag).toBe('other');
  });

  test('after its second message, and gets no more', async () => {
    const server = new FaultyServer();
    const client = await consumer(server, 1);
    const fault = server.ask({ kind: 'cancel-consumer', on: 'deliver', queue: 'q', after: 1 });
    publish(client, 3);
    for (const deliveryTag of [1, 2]) {
      await client.message(1, 'basic.deliver');
      client.send(1, 'basic.ack', { deliveryTag });
    }
    expect((await client.expect(1, 'basic.cancel')).consumerTag).toBe('c');
    await client.expectSilence(1);
    expect([fault.count, await depthOf(server)]).toEqual([1, 1]);
  });
});
