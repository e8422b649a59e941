import { describe, expect, test } from 'vitest';
import type { Client } from '../../spec/support/client.ts';
import { contentHeader } from '../../spec/support/content.ts';
import { frames } from '../../spec/support/protocol.ts';
import { encodeMethod } from '../../src/wire/codec.ts';
import { PROTOCOL_HEADER } from '../../src/wire/constants.ts';
import { encodeFrame } from '../../src/wire/frames.ts';
import { fieldTable, table } from '../../src/wire/table.ts';
import type { FieldTable } from '../../src/wire/table.ts';
import { PairedServer } from '../support/paired-server.ts';

describe('connections', () => {
  const text = 'NOT_ALLOWED - connection refused: node connection limit (2) is reached';

  async function refused(server: PairedServer, virtualHost = '/'): Promise<void> {
    const client = server.connect();
    await client.start();
    await client.expect(0, 'connection.tune');
    client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 4096 });
    client.send(0, 'connection.open', { virtualHost });
    await client.expectConnectionError(530, text, 'connection.open');
  }

  test('beyond the limit are refused, whatever the vhost, until one goes [CON-28]', async () => {
    const server = new PairedServer({ limits: { connections: 2 } });
    const [first] = [await server.open(), await server.open()];
    await refused(server);
    await refused(server, 'unknown');
    await first?.close();
    await server.settle();
    await server.open();
    await refused(server);
  });

  test('that are not through with their handshake do not count, and go after 10 s [CON-04]', async () => {
    const server = new PairedServer({ limits: { connections: 2 } });
    for (let n = 0; n < 500; n++) {
      const client = server.connect();
      if (n % 2 === 0) client.sendBytes(PROTOCOL_HEADER);
    }
    const clients = [await server.open(), await server.open()];
    await server.advance(10_000);
    expect(server.connections.length).toBe(2);
    for (const client of clients) await client.expectSilence(1);
  });
});

test('the channels proposed are those that are allowed [CON-19] [CON-20]', async () => {
  const tune = { channelMax: 3, frameMax: 131_072, heartbeat: 60 };
  const server = new PairedServer({ limits: { tune } });
  const client = await server.open({ channelMax: 3 });
  expect(client.tune).toMatchObject(tune);
  for (const number of [2, 3]) await client.call(number, 'channel.open');
  client.send(4, 'channel.open');
  const reached = 'number of channels opened (3) has reached the negotiated channel_max (3)';
  await client.expectConnectionError(530, `NOT_ALLOWED - ${reached}`);

  const greedy = server.connect();
  await greedy.start();
  await greedy.expect(0, 'connection.tune');
  greedy.send(0, 'connection.tune-ok', { channelMax: 4, frameMax: 4096 });
  const higher = 'negotiated channel_max = 4 is higher than the maximum allowed value (3)';
  await greedy.expectConnectionError(530, `NOT_ALLOWED - ${higher}`, 'connection.tune-ok');
});

test('a consumer beyond the limit of its channel ends the connection [CNS-12]', async () => {
  const server = new PairedServer({ limits: { consumersPerChannel: 2 } });
  const client = await server.open();
  const { queue } = await client.call(1, 'queue.declare', { exclusive: true });
  for (const consumerTag of ['a', 'b']) await client.call(1, 'basic.consume', { queue, consumerTag });
  await client.call(1, 'basic.cancel', { consumerTag: 'a' });
  await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
  await client.call(2, 'channel.open');
  await client.call(2, 'basic.consume', { queue });
  client.send(1, 'basic.consume', { queue: 'unknown' });
  const text = 'NOT_ALLOWED - reached maximum (2) of consumers per channel';
  await client.expectConnectionError(530, text, 'basic.consume');
});

test('a queue beyond the limit is refused, in every vhost, and those that exist are not [QUE-21]', async () => {
  const server = new PairedServer({ maxQueues: 2 });
  server.broker.addVhost('other');
  server.broker.grant('guest', 'other', { configure: '.*', write: '.*', read: '.*' });
  const client = await server.open();
  const other = await server.open({ vhost: 'other' });
  for (const each of [client, other]) await each.call(1, 'queue.declare', { queue: 'q' });
  for (const each of [client, other]) await each.call(1, 'queue.declare', { queue: 'q' });
  client.send(1, 'queue.declare', { queue: 'r', arguments: { 'x-max-length': -1 } });
  const wrong = "invalid arg 'x-max-length' for queue 'r' in vhost '/': {value_negative,-1}";
  await client.expectChannelError(1, 406, `PRECONDITION_FAILED - ${wrong}`, 'queue.declare');
  await client.call(1, 'channel.open');
  client.send(1, 'queue.declare', { queue: 'r' });
  const text = "PRECONDITION_FAILED - cannot declare queue 'r': queue limit in cluster (2) is reached";
  await client.expectChannelError(1, 406, text, 'queue.declare');
  await other.call(1, 'queue.delete', { queue: 'q' });
  await client.call(1, 'channel.open');
  await client.call(1, 'queue.declare', { queue: 'r' });
});

describe('what is too large costs no memory', () => {
  function nested(levels: number): FieldTable {
    let inner = fieldTable({});
    for (let level = 1; level < levels; level++) inner = fieldTable({ t: table(Object.fromEntries(inner)) });
    return inner;
  }

  function declaring(levels: number): Buffer {
    const method = { name: 'queue.declare', ticket: 0, queue: 'q', passive: false, durable: false } as const;
    const flags = { exclusive: false, autoDelete: false, noWait: false, arguments: nested(levels) };
    return encodeFrame(frames.method, 1, encodeMethod({ ...method, ...flags }));
  }

  test('a table nested too deep closes the connection', async () => {
    const server = new PairedServer();
    const client = await server.open();
    client.sendBytes(declaring(64));
    await client.expect(1, 'queue.declare-ok');
    client.sendBytes(declaring(65));
    const text = 'SYNTAX_ERROR - a table nested deeper than 64 levels';
    await client.expectConnectionError(502, text, 'queue.declare');
  });

  test('a table, or anything, larger than a frame closes the connection [CON-31]', async () => {
    const server = new PairedServer();
    const client = await server.open({ frameMax: 4096 });
    client.send(1, 'queue.declare', { queue: 'q', arguments: { text: 'x'.repeat(4096) } });
    const { replyCode, replyText } = await client.expect(0, 'connection.close');
    expect([replyCode, replyText]).toEqual([501, expect.stringContaining('frame_too_large')]);
    await server.advance(3_000);
    expect(server.connections).toEqual([]);
  });

  test('the longest names are taken', async () => {
    const server = new PairedServer();
    const client = await server.open();
    const name = 'n'.repeat(255);
    await client.call(1, 'queue.declare', { queue: name });
    await client.call(1, 'exchange.declare', { exchange: name, type: 'topic' });
    const routingKey = '#.'.repeat(127);
    await client.call(1, 'queue.bind', { queue: name, exchange: name, routingKey });
    client.publish(1, { exchange: name, routingKey: '.'.repeat(255) }, 'a');
    await client.call(1, 'basic.consume', { queue: name, consumerTag: name, noAck: true });
    expect((await client.message(1, 'basic.deliver')).body).toBe('a');
  });

  async function announcing(client: Client, count: number): Promise<void> {
    for (let n = 1; n <= count; n++) {
      if (n > 1) await client.call(n, 'channel.open');
      client.send(n, 'basic.publish', { routingKey: 'q' });
      client.sendFrame(frames.header, n, contentHeader(16 * 1024 * 1024, {}));
      client.sendFrame(frames.body, n, Buffer.alloc(10));
    }
    await client.call(count + 1, 'channel.open');
  }

  test('bodies announced and not sent are not reserved', async () => {
    const server = new PairedServer();
    const client = await server.open();
    const before = process.memoryUsage().arrayBuffers;
    await announcing(client, 500);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
    client.stream.destroy();
    await server.settle();
    expect(server.connections).toEqual([]);
  });

  test('frames announced and not sent are not reserved', async () => {
    const server = new PairedServer();
    const before = process.memoryUsage().arrayBuffers;
    const clients: Client[] = [];
    for (let n = 0; n < 200; n++) {
      const client = await server.open();
      client.sendBytes(Buffer.of(frames.body, 0, 1, 0, 1, 0xff, 0, 1));
      clients.push(client);
    }
    await server.settle();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
    for (const client of clients) client.stream.destroy();
    await server.settle();
    expect(server.connections).toEqual([]);
  });
});

describe('a client that goes in the middle of', () => {
  test.each([
    ['a frame', (client: Client) => client.sendBytes(Buffer.of(1, 0, 1, 0, 0, 0, 50, 0, 60))],
    ['a publish', (client: Client) => client.send(1, 'basic.publish', { routingKey: 'q' })],
    [
      'a body',
      (client: Client) => {
        client.send(1, 'basic.publish', { routingKey: 'q' });
        client.sendFrame(frames.header, 1, contentHeader(1000, {}));
        client.sendFrame(frames.body, 1, Buffer.alloc(999));
      },
    ],
    [
      'a transaction',
      (client: Client) => {
        client.send(1, 'tx.select');
        client.publish(1, { routingKey: 'q' }, 'a');
      },
    ],
  ])('%s leaves nothing behind [CON-61]', async (_what, begin) => {
    const server = new PairedServer();
    const other = await server.open();
    await other.call(1, 'queue.declare', { queue: 'q' });
    other.publish(1, { routingKey: 'q' }, 'unacked');
    const client = await server.open();
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true });
    await client.call(1, 'basic.consume', { queue: 'q' });
    await client.message(1, 'basic.deliver');
    begin(client);
    await server.settle();
    client.stream.destroy(new Error('reset'));
    await server.settle();
    expect(server.connections.length).toBe(1);
    const vhost = server.broker.vhosts.get('/');
    expect([vhost?.queues.has(queue), vhost?.queues.get('q')?.consumers.count]).toEqual([false, 0]);
    expect(await other.call(1, 'queue.declare', { queue: 'q', passive: true })).toMatchObject({
      messageCount: 1,
    });
    await server.advance(24 * 3_600_000);
    expect(server.openConnections.size).toBe(1);
  });
});
