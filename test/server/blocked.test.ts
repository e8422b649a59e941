import { describe, expect, test } from 'vitest';
import type { Client } from '../../spec/support/client.ts';
import { HEARTBEAT_FRAME } from '../../src/wire/frames.ts';
import { PairedServer } from '../support/paired-server.ts';

const capabilities = ['connection.blocked'];

async function publisher(server: PairedServer, heartbeat = 0): Promise<[Client, string]> {
  const client = await server.open({ capabilities, heartbeat });
  await client.call(1, 'queue.declare', { queue: 'q' });
  return [client, 'q'];
}

async function countIn(server: PairedServer, queue: string): Promise<number> {
  const client = await server.open();
  return (await client.call(1, 'queue.declare', { queue, passive: true })).messageCount;
}

describe('in an alarm', () => {
  test.each([
    [['memory'], 'low on memory'],
    [['disk'], 'low on disk'],
    [['disk', 'memory'], 'low on memory & disk'],
  ] as const)(
    'of %j a publisher is told %s and not read until it is over [CON-58] [CON-59]',
    async (low, reason) => {
      const server = new PairedServer();
      const [client, queue] = await publisher(server);
      for (const resource of low) server.alarms.set(resource, true);
      client.publish(1, { routingKey: queue }, 'a');
      client.publish(1, { routingKey: queue }, 'b');
      client.send(1, 'channel.flow', { active: true });
      expect((await client.expect(0, 'connection.blocked')).reason).toBe(reason);
      await server.settle();
      expect(client.frames).toEqual([]);
      expect(await countIn(server, queue)).toBe(0);
      for (const resource of low) server.alarms.set(resource, false);
      await client.expect(0, 'connection.unblocked');
      await client.expect(1, 'channel.flow-ok');
      expect(await countIn(server, queue)).toBe(2);
      await client.expectSilence(1);
    },
  );

  test('a message without a body blocks too, and is taken [CON-58]', async () => {
    const server = new PairedServer();
    const [client, queue] = await publisher(server);
    server.alarms.set('disk', true);
    client.publish(1, { routingKey: queue });
    await client.expect(0, 'connection.blocked');
    expect(await countIn(server, queue)).toBe(1);
  });

  test('a client that did not announce it is told nothing and waits as well [CON-58]', async () => {
    const server = new PairedServer();
    const client = await server.open();
    const { queue } = await client.call(1, 'queue.declare', { queue: 'q' });
    server.alarms.set('memory', true);
    client.publish(1, { routingKey: queue }, 'a');
    await server.settle();
    expect(await countIn(server, queue)).toBe(0);
    server.alarms.set('memory', false);
    await server.settle();
    expect([client.frames, await countIn(server, queue)]).toEqual([[], 1]);
  });

  test('those who do not publish go on [CON-58]', async () => {
    const server = new PairedServer();
    const [client, queue] = await publisher(server);
    client.publish(1, { routingKey: queue }, 'before');
    await client.expectSilence(1);
    server.alarms.set('memory', true);
    const consumer = await server.open({ capabilities });
    await consumer.call(1, 'basic.consume', { queue });
    const { deliveryTag } = await consumer.message(1, 'basic.deliver');
    consumer.send(1, 'basic.ack', { deliveryTag });
    await consumer.expectSilence(1);
    await client.expectSilence(1);
    expect(consumer.frames).toEqual([]);
  });

  test('a blocked client gets deliveries, and its acks are read later [CON-59]', async () => {
    const server = new PairedServer();
    const [client, queue] = await publisher(server);
    await client.call(1, 'basic.qos', { prefetchCount: 1 });
    await client.call(1, 'basic.consume', { queue });
    for (const body of ['a', 'b']) client.publish(1, { routingKey: queue }, body);
    const { deliveryTag } = await client.message(1, 'basic.deliver');
    server.alarms.set('disk', true);
    client.publish(1, { routingKey: 'nowhere' }, 'x');
    await client.expect(0, 'connection.blocked');
    client.send(1, 'basic.ack', { deliveryTag });
    await server.settle();
    expect(client.frames).toEqual([]);
    server.alarms.set('disk', false);
    await client.expect(0, 'connection.unblocked');
    expect((await client.message(1, 'basic.deliver')).body).toBe('b');
  });

  test('a second alarm says nothing, and the end of one of two neither [CON-59]', async () => {
    const server = new PairedServer();
    const [client] = await publisher(server);
    server.alarms.set('memory', true);
    client.publish(1, { routingKey: 'q' }, 'a');
    await client.expect(0, 'connection.blocked');
    server.alarms.set('disk', true);
    server.alarms.set('memory', false);
    await server.settle();
    expect(client.frames).toEqual([]);
    server.alarms.set('disk', false);
    await client.expect(0, 'connection.unblocked');
  });

  test('each alarm waits for a publish of its own [CON-58]', async () => {
    const server = new PairedServer();
    const [client] = await publisher(server);
    for (let round = 0; round < 3; round++) {
      await client.expectSilence(1); // the body of the last publish has come
      server.alarms.set('memory', true);
      await client.expectSilence(1);
      client.publish(1, { routingKey: 'q' }, 'a');
      await client.expect(0, 'connection.blocked');
      server.alarms.set('memory', false);
      await client.expect(0, 'connection.unblocked');
    }
    expect(await countIn(server, 'q')).toBe(3);
  });
});

describe('heartbeats of a blocked connection', () => {
  test('are sent, and those of the client are not missed [CON-25]', async () => {
    const server = new PairedServer();
    const [client] = await publisher(server, 10);
    server.alarms.set('memory', true);
    client.publish(1, { routingKey: 'q' }, 'a');
    await client.expect(0, 'connection.blocked');
    await server.advance(600_000);
    expect(client.isEnded).toBe(false);
    expect(client.frames.length).toBeGreaterThan(100);
    server.alarms.set('memory', false);
    await client.expect(0, 'connection.unblocked');
    await server.advance(30_000);
    expect(client.isEnded, 'silent again').toBe(true);
  });
});

describe('the end of a blocked connection', () => {
  test('by the server is answered [CON-57]', async () => {
    const server = new PairedServer();
    const [client] = await publisher(server);
    server.alarms.set('disk', true);
    client.publish(1, { routingKey: 'q' }, 'a');
    await client.expect(0, 'connection.blocked');
    server.connections[0]?.forceClose('enough');
    await client.expectConnectionError(320, 'CONNECTION_FORCED - enough');
    client.stream.destroy();
    await server.settle();
    expect(server.connections).toEqual([]);
    server.alarms.set('disk', false);
  });

  test('by the client leaves nothing behind [CON-61]', async () => {
    const server = new PairedServer();
    const [client] = await publisher(server);
    server.alarms.set('disk', true);
    client.publish(1, { routingKey: 'q' }, 'a');
    await client.expect(0, 'connection.blocked');
    server.connections[0]?.destroy();
    await server.settle();
    expect([server.connections, client.isEnded]).toEqual([[], true]);
    server.alarms.set('disk', false);
    expect(await countIn(server, 'q')).toBe(0);
  });
});

describe('a client that takes nothing', () => {
  async function deaf(): Promise<[PairedServer, Client]> {
    const server = new PairedServer();
    const client = await server.open({ heartbeat: 10 });
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true });
    client.publish(1, { routingKey: queue }, 'x'.repeat(120_000));
    await client.expectSilence(1);
    client.stream.pause();
    for (let n = 0; n < 60; n++) {
      client.send(1, 'basic.get', { queue });
      client.send(1, 'basic.recover-async', { requeue: true });
    }
    await server.settle();
    return [server, client];
  }

  test('and says nothing is dropped as any silent client [CON-24]', async () => {
    const [server] = await deaf();
    await server.advance(40_000);
    expect(server.connections).toEqual([]);
  });

  test('stays while its heartbeats come [CON-24]', async () => {
    const [server, client] = await deaf();
    for (let round = 0; round < 20; round++) {
      client.sendBytes(HEARTBEAT_FRAME);
      await server.settle();
      await server.advance(10_000);
    }
    expect(server.connections.length).toBe(1);
  });
});
