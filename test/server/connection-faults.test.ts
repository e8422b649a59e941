import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../../spec/support/client.ts';
import type { Client } from '../../spec/support/client.ts';
import { contentHeader } from '../../spec/support/content.ts';
import { encodeMethod, frames, PROTOCOL_HEADER } from '../../spec/support/protocol.ts';
import { FaultyServer } from '../support/faulty-server.ts';

const capabilities = ['connection.blocked', 'authentication_failure_close'];

async function depthOf(server: FaultyServer, queue: string): Promise<number> {
  const client = await server.open();
  return (await client.call(1, 'queue.declare', { queue, passive: true })).messageCount;
}

async function withQueue(server: FaultyServer, name?: string): Promise<Client> {
  const clientProperties = name === undefined ? {} : { connection_name: name };
  const client = await server.open({ capabilities, clientProperties });
  await client.call(1, 'queue.declare', { queue: 'q' });
  return client;
}

describe('a connection is dropped', () => {
  test('when it is accepted, before a word is said', async () => {
    const server = new FaultyServer();
    const fault = server.ask({ kind: 'drop-connection', on: 'connect' });
    const client = server.connect();
    await client.ended();
    expect([client.frames, fault.count, fault.isOver]).toEqual([[], 1, true]);
    await server.open();
  });

  test('in the middle of a publish, of which nothing is left', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    const fault = server.ask({ kind: 'drop-connection', on: 'content' });
    client.publish(1, { routingKey: 'q' }, 'lost');
    await client.ended();
    expect([fault.count, await depthOf(server, 'q')]).toEqual([1, 0]);
  });

  test.each([0, 1, 7, 30])('after %i octets of a publish', async (after) => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    const fault = server.ask({ kind: 'drop-connection', on: 'bytes', after });
    const publish = [
      encodeFrame(frames.method, 1, encodeMethod('basic.publish', { routingKey: 'q' })),
      encodeFrame(frames.header, 1, contentHeader(0)),
    ];
    client.sendBytes(Buffer.concat(publish));
    await client.ended();
    expect([fault.count, await depthOf(server, 'q')]).toEqual([1, 0]);
  });

  test('after exactly the octets of a publish, which is done', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    const publish = Buffer.concat([
      encodeFrame(frames.method, 1, encodeMethod('basic.publish', { routingKey: 'q' })),
      encodeFrame(frames.header, 1, contentHeader(0)),
    ]);
    server.ask({ kind: 'drop-connection', on: 'bytes', after: publish.length });
    client.sendBytes(publish);
    client.sendBytes(publish);
    await client.ended();
    expect(await depthOf(server, 'q')).toBe(1);
  });

  test('when the third queue.declare arrives', async () => {
    const server = new FaultyServer();
    const client = await server.open();
    const fault = server.ask({ kind: 'drop-connection', on: 'queue.declare', after: 2 });
    await client.call(1, 'queue.declare', { queue: 'a' });
    await client.call(1, 'queue.declare', { queue: 'b' });
    client.send(1, 'queue.declare', { queue: 'c' });
    await client.ended();
    expect([...(server.broker.vhosts.get('/')?.queues.keys() ?? [])]).toEqual(['a', 'b']);
    expect(fault.count).toBe(1);
  });

  test('after so many frames of each, when they are counted for each', async () => {
    const server = new FaultyServer();
    const one = await server.open();
    const two = await server.open();
    server.ask({ kind: 'drop-connection', on: 'frame', after: 1, per: 'connection', times: 'always' });
    await one.call(1, 'channel.flow', { active: true });
    await two.call(1, 'channel.flow', { active: true });
    for (const client of [one, two]) {
      client.send(1, 'channel.flow', { active: true });
      await client.ended();
    }
  });

  test('at once, each that there is, and none that comes later', async () => {
    const server = new FaultyServer();
    const clients = [await server.open(), await server.open()];
    const fault = server.ask({ kind: 'drop-connection' });
    for (const client of clients) await client.ended();
    expect([fault.count, fault.isOver, server.faults.isArmed]).toEqual([2, true, false]);
    await server.open();
  });

  test('only where name, user and vhost are those that were meant', async () => {
    const server = new FaultyServer();
    const worker = await withQueue(server, 'worker-7');
    const other = await withQueue(server, 'web');
    server.ask({ kind: 'drop-connection', connection: 'worker-*', user: 'guest', vhost: '/' });
    server.ask({ kind: 'drop-connection', connection: 'web', user: 'somebody' });
    await worker.ended();
    await other.expectSilence(1);
  });

  test('instead of a confirm: the message is there, and nobody was told', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    await client.call(1, 'confirm.select');
    server.ask({ kind: 'drop-connection', on: 'confirm', queue: 'q' });
    client.publish(1, { routingKey: 'q' }, 'kept');
    await client.ended();
    expect([client.frames, await depthOf(server, 'q')]).toEqual([[], 1]);
  });

  test('instead of a delivery: the message comes again, as redelivered', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    await client.call(1, 'basic.consume', { queue: 'q' });
    server.ask({ kind: 'drop-connection', on: 'deliver', queue: 'q' });
    client.publish(1, { routingKey: 'q' }, 'again');
    await client.ended();
    expect(client.frames).toEqual([]);
    const heir = await server.open();
    await heir.call(1, 'basic.consume', { queue: 'q' });
    expect(await heir.message(1, 'basic.deliver')).toMatchObject({ body: 'again', redelivered: true });
  });
});

describe('a connection is stalled', () => {
  test('when it is accepted: nothing is ever answered, and it stays open', async () => {
    const server = new FaultyServer();
    const fault = server.ask({ kind: 'stall-connection' });
    const client = server.connect();
    client.sendBytes(PROTOCOL_HEADER);
    await server.advance(60_000);
    expect([client.isEnded, client.frames, fault.count]).toEqual([false, [], 1]);
    client.stream.end();
    await client.ended();
    expect(server.connections).toEqual([]);
  });

  test.each(['connection.start-ok', 'connection.tune-ok', 'connection.open'] as const)(
    'in the middle of the handshake: %s is not answered',
    async (on) => {
      const server = new FaultyServer();
      const fault = server.ask({ kind: 'stall-connection', on });
      void server
        .connect()
        .open()
        .catch(() => {}); // it waits in vain
      await fault.happened();
      await server.advance(60_000);
      expect(server.connections.length).toBe(1);
      server.connections[0]?.forceClose('over');
      await server.settle();
      expect(server.connections).toEqual([]);
    },
  );

  test('in the middle of work: it takes nothing, delivers nothing, and sends no heartbeats', async () => {
    const server = new FaultyServer();
    const client = await server.open({ heartbeat: 10 });
    await client.call(1, 'queue.declare', { queue: 'q' });
    await client.call(1, 'basic.consume', { queue: 'q' });
    const fault = server.ask({ kind: 'stall-connection', on: 'basic.publish' });
    client.publish(1, { routingKey: 'q' }, 'a');
    await fault.happened();
    await server.advance(15_000);
    expect([client.frames, client.isEnded, await depthOf(server, 'q')]).toEqual([[], false, 0]);
    await server.advance(30_000);
    expect(client.isEnded, 'silent itself').toBe(true);
  });
});

describe('a connection is closed', () => {
  test('at once, with a code and a text', async () => {
    const server = new FaultyServer();
    const client = await server.open();
    server.ask({ kind: 'close-connection', code: 541, text: 'out of order' });
    await client.expectConnectionError(541, 'INTERNAL_ERROR - out of order');
  });

  test('in place of a method, which is not done', async () => {
    const server = new FaultyServer();
    const client = await server.open();
    server.ask({ kind: 'close-connection', on: 'queue.declare', queue: 'no*' });
    await client.call(1, 'queue.declare', { queue: 'yes' });
    client.send(1, 'queue.declare', { queue: 'nope' });
    await client.expectConnectionError(320, 'CONNECTION_FORCED - asked for by a fault', 'queue.declare');
    expect([...(server.broker.vhosts.get('/')?.queues.keys() ?? [])]).toEqual(['yes']);
  });

  test('after a delivery, which comes back', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    await client.call(1, 'basic.consume', { queue: 'q' });
    server.ask({ kind: 'close-connection', on: 'deliver' });
    client.publish(1, { routingKey: 'q' }, 'a');
    await client.message(1, 'basic.deliver');
    await client.expectConnectionError(320, 'CONNECTION_FORCED - asked for by a fault');
    expect(await depthOf(server, 'q')).toBe(1);
  });
});

describe('a login is refused', () => {
  test('although the password is right, as often as it was asked for', async () => {
    const server = new FaultyServer();
    const fault = server.ask({ kind: 'refuse-login', user: 'guest', times: 2 });
    for (let n = 0; n < 2; n++) {
      const client = server.connect();
      await client.start({ capabilities });
      await client.expectConnectionError(403, /^ACCESS_REFUSED - Login was refused using/);
    }
    await server.open();
    expect(fault.count).toBe(2);
  });
});

describe('a connection is blocked', () => {
  test('at once, until the fault is removed', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    const fault = server.ask({ kind: 'block-connection', reason: 'low on patience' });
    expect((await client.expect(0, 'connection.blocked')).reason).toBe('low on patience');
    client.publish(1, { routingKey: 'q' }, 'a');
    await server.settle();
    expect(await depthOf(server, 'q')).toBe(0);
    fault.remove();
    await client.expect(0, 'connection.unblocked');
    await client.expectSilence(1);
    expect(await depthOf(server, 'q')).toBe(1);
  });

  test('when it publishes, for a while', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    server.ask({ kind: 'block-connection', on: 'basic.publish', duration: 30_000 });
    client.publish(1, { routingKey: 'q' }, 'a');
    await client.expect(0, 'connection.blocked');
    await server.advance(29_999);
    expect([client.frames, await depthOf(server, 'q')]).toEqual([[], 0]);
    await server.advance(1);
    await client.expect(0, 'connection.unblocked');
    await client.expectSilence(1);
    expect(await depthOf(server, 'q')).toBe(1);
  });

  test('once, however often it is asked for', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    const [first, second] = [
      server.ask({ kind: 'block-connection' }),
      server.ask({ kind: 'block-connection' }),
    ];
    await client.expect(0, 'connection.blocked');
    expect([first.count, second.count]).toEqual([1, 0]);
    second.remove();
    await server.settle();
    expect(client.frames).toEqual([]);
    first.remove();
    await client.expect(0, 'connection.unblocked');
  });

  test('and stays so when an alarm ends meanwhile', async () => {
    const server = new FaultyServer();
    const client = await withQueue(server);
    const fault = server.ask({ kind: 'block-connection' });
    await client.expect(0, 'connection.blocked');
    server.alarms.set('memory', true);
    server.alarms.set('memory', false);
    await server.settle();
    expect(client.frames).toEqual([]);
    fault.remove();
    await client.expect(0, 'connection.unblocked');
  });
});

describe('output is sent in pieces', () => {
  test('of so many octets, in order, with time between them', async () => {
    const server = new FaultyServer();
    const client = await server.open();
    const chunks: number[] = [];
    client.stream.on('data', (chunk: Buffer) => chunks.push(chunk.length));
    const fault = server.ask({ kind: 'fragment-output', size: 5, delay: 100 });
    client.send(1, 'queue.declare', { queue: 'abc' });
    client.send(1, 'channel.flow', { active: true });
    await server.settle();
    expect(chunks).toEqual([5]);
    await server.advance(100);
    expect(chunks).toEqual([5, 5]);
    await server.advance(10_000);
    await client.expect(1, 'queue.declare-ok');
    await client.expect(1, 'channel.flow-ok');
    expect(Math.max(...chunks.slice(0, 3))).toBe(5);
    expect([fault.count, fault.isOver]).toEqual([1, true]);
    await client.expectSilence(1);
  });
});

test('without faults nothing is counted, and what is over costs nothing', async () => {
  const server = new FaultyServer();
  const fault = server.ask({ kind: 'drop-connection', on: 'queue.delete', times: 1 });
  expect(server.faults.isArmed).toBe(true);
  fault.remove();
  expect([server.faults.isArmed, server.faults.all]).toEqual([false, []]);
});
