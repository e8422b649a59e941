import { describe, expect, test } from 'vitest';
import type { Client } from '../../spec/support/client.ts';
import type { Table } from '../../spec/support/fields.ts';
import { PairedServer } from '../support/paired-server.ts';

const MINUTE = 60_000;
const HALF_AN_HOUR = 30 * MINUTE;

function late(timeout: number, channel = 1): string {
  const used = `delivery acknowledgement on channel ${channel} timed out. Timeout value used: ${timeout} ms. `;
  return `PRECONDITION_FAILED - ${used}This timeout value can be configured, see consumers doc guide to learn more`;
}

/** A client with messages in a queue. */
async function withMessages(server: PairedServer, count: number): Promise<[Client, string]> {
  const client = await server.open();
  const { queue } = await client.call(1, 'queue.declare', { queue: 'work', durable: true });
  for (let n = 0; n < count; n++) client.publish(1, { routingKey: queue }, String(n));
  return [client, queue];
}

async function consumed(server: PairedServer, client: Client, queue: string, count: number): Promise<void> {
  await client.call(1, 'basic.consume', { queue });
  for (let n = 0; n < count; n++) await client.message(1, 'basic.deliver');
  await server.settle();
}

async function readyIn(server: PairedServer, queue: string): Promise<number> {
  const other = await server.open();
  return (await other.call(1, 'queue.declare', { queue, passive: true })).messageCount;
}

describe('a delivery that is not acked in time closes its channel', () => {
  test('after half an hour, and its messages return [CNS-40] [GEN-33] [DLV-08]', async () => {
    const server = new PairedServer();
    const [client, queue] = await withMessages(server, 3);
    await consumed(server, client, queue, 3);
    await server.advance(HALF_AN_HOUR - 1);
    expect(client.frames).toEqual([]);
    await server.advance(1);
    await client.expectChannelError(1, 406, late(HALF_AN_HOUR));
    expect(await readyIn(server, queue)).toBe(3);
    await client.call(1, 'channel.open');
    const { redelivered, body } = await getOne(client, queue);
    expect([redelivered, body]).toEqual([true, '0']);
  });

  test('with the time that was chosen, on its own channel only [CNS-40]', async () => {
    const server = new PairedServer({ limits: { ackTimeout: 1_000 } });
    const [client, queue] = await withMessages(server, 1);
    await client.call(2, 'channel.open');
    await client.call(2, 'basic.consume', { queue });
    await client.message(2, 'basic.deliver');
    await server.advance(1_100);
    await client.expectChannelError(2, 406, late(1_000, 2));
    await client.expectSilence(1);
  });

  test('also when it was fetched [CNS-43]', async () => {
    const server = new PairedServer();
    const [client, queue] = await withMessages(server, 1);
    await getOne(client, queue);
    await server.advance(HALF_AN_HOUR);
    await client.expectChannelError(1, 406, late(HALF_AN_HOUR));
  });

  test('at most one look later, whenever it came [CNS-40]', async () => {
    const server = new PairedServer();
    const [client, queue] = await withMessages(server, 1);
    await consumed(server, client, queue, 1);
    await server.advance(MINUTE / 2);
    client.publish(1, { routingKey: queue }, 'later');
    await client.message(1, 'basic.deliver');
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await server.settle();
    await server.advance(HALF_AN_HOUR - 1);
    expect(client.frames).toEqual([]);
    await server.advance(MINUTE + 1);
    await client.expectChannelError(1, 406, late(HALF_AN_HOUR));
  });

  test('when it is the oldest, however many others are acked [CNS-41]', async () => {
    const server = new PairedServer();
    const [client, queue] = await withMessages(server, 1);
    await consumed(server, client, queue, 1);
    for (let tag = 2; tag <= 30; tag++) {
      client.publish(1, { routingKey: queue });
      await client.message(1, 'basic.deliver');
      client.send(1, 'basic.ack', { deliveryTag: tag });
      await server.advance(MINUTE);
      expect(client.frames).toEqual([]);
    }
    await server.advance(MINUTE);
    await client.expectChannelError(1, 406, late(HALF_AN_HOUR));
  });
});

async function getOne(client: Client, queue: string): Promise<{ redelivered: boolean; body: string }> {
  client.send(1, 'basic.get', { queue });
  return client.message(1, 'basic.get-ok');
}

describe('nobody is late', () => {
  test('who needs no ack [CNS-43]', async () => {
    const server = new PairedServer();
    const [client, queue] = await withMessages(server, 1);
    await client.call(1, 'basic.consume', { queue, noAck: true });
    await client.message(1, 'basic.deliver');
    await server.advance(24 * HALF_AN_HOUR);
    await client.expectSilence(1);
  });

  test('whose oldest delivery is always young enough [CNS-41]', async () => {
    const server = new PairedServer();
    const [client, queue] = await withMessages(server, 1);
    await consumed(server, client, queue, 1);
    for (let tag = 1; tag <= 20; tag++) {
      await server.advance(HALF_AN_HOUR / 2);
      client.publish(1, { routingKey: queue });
      await client.message(1, 'basic.deliver');
      client.send(1, 'basic.ack', { deliveryTag: tag });
      await server.settle();
    }
    await client.expectSilence(1);
  });

  test('whose messages came back and went out again [CNS-41]', async () => {
    const server = new PairedServer();
    const [client, queue] = await withMessages(server, 1);
    await consumed(server, client, queue, 1);
    await server.advance(HALF_AN_HOUR - MINUTE);
    await client.call(1, 'basic.recover', { requeue: true });
    await client.message(1, 'basic.deliver');
    await server.advance(HALF_AN_HOUR - MINUTE);
    await client.expectSilence(1);
  });

  test('where the time is switched off [CNS-40]', async () => {
    const server = new PairedServer({ limits: { ackTimeout: Infinity } });
    const [client, queue] = await withMessages(server, 1);
    await consumed(server, client, queue, 1);
    await server.advance(100 * HALF_AN_HOUR);
    await client.expectSilence(1);
  });

  test('and nothing is left of a channel that was closed, or has nothing unacked', async () => {
    const server = new PairedServer();
    const [client, queue] = await withMessages(server, 2);
    await consumed(server, client, queue, 2);
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await client.call(1, 'channel.close');
    await server.advance(100 * HALF_AN_HOUR);
    expect(client.frames).toEqual([]);
    await client.call(1, 'channel.open');
    await getOne(client, queue);
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await server.settle();
    await server.advance(100 * HALF_AN_HOUR);
    await client.expectSilence(1);
  });
});

describe('a queue has a time of its own [CNS-41]', () => {
  /** A consumer with one unacked delivery of each of these queues, in this order. */
  async function unackedOf(
    queues: Readonly<Record<string, Table>>,
    limits = {},
  ): Promise<[PairedServer, Client]> {
    const server = new PairedServer({ limits });
    const client = await server.open();
    for (const [queue, args] of Object.entries(queues)) {
      await client.call(1, 'queue.declare', { queue, durable: true, arguments: args });
      client.publish(1, { routingKey: queue }, queue);
      await client.call(1, 'basic.consume', { queue });
      await client.message(1, 'basic.deliver');
    }
    await server.settle();
    return [server, client];
  }

  test.each(['classic', 'quorum', 'stream'])('by x-consumer-timeout, as a %s queue', async (type) => {
    const args = { 'x-queue-type': type, 'x-consumer-timeout': 5_000 };
    const server = new PairedServer();
    const client = await server.open();
    await client.call(1, 'queue.declare', { queue: 'q', durable: true, arguments: args });
    client.publish(1, { routingKey: 'q' }, 'm');
    await client.call(1, 'basic.qos', { prefetchCount: 1 });
    await client.call(1, 'basic.consume', { queue: 'q', arguments: offsetOf(type) });
    await client.message(1, 'basic.deliver');
    await server.settle();
    await server.advance(4_999);
    expect(client.frames).toEqual([]);
    await server.advance(1);
    await client.expectChannelError(1, 406, late(5_000));
  });

  const offsetOf = (type: string): Table => (type === 'stream' ? { 'x-stream-offset': 'first' } : {});

  test('by a policy, and the smaller of the two counts', async () => {
    const server = new PairedServer();
    const policies = server.broker.vhosts.get('/')?.policies;
    policies?.set('policy', 'p', {
      pattern: '^q',
      priority: 0,
      definition: { 'consumer-timeout': 3_000 },
    });
    const client = await server.open();
    for (const [queue, timeout] of [
      ['q1', 1_000],
      ['q2', 9_000],
    ] as const) {
      const args = { 'x-consumer-timeout': timeout };
      await client.call(1, 'queue.declare', { queue, durable: true, arguments: args });
    }
    const timeouts = [...(server.broker.vhosts.get('/')?.queues.values() ?? [])].map(
      (q) => q.consumerTimeout,
    );
    expect(timeouts).toEqual([1_000, 3_000]);
  });

  test('also when that is longer than what the server allows', async () => {
    const [server, client] = await unackedOf({ q: { 'x-consumer-timeout': 5_000 } }, { ackTimeout: 1_000 });
    await server.advance(4_999);
    expect(client.frames).toEqual([]);
    await server.advance(1);
    await client.expectChannelError(1, 406, late(5_000));
  });

  test('and is not asked while another delivery of the channel is older', async () => {
    const [server, client] = await unackedOf({ slow: {}, quick: { 'x-consumer-timeout': 3_000 } });
    await server.advance(10_000);
    expect(client.frames).toEqual([]);
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await client.expectSilence(1);
    await server.advance(100);
    await client.expectChannelError(1, 406, late(3_000));
  });

  test('and each delivery has it anew', async () => {
    const [server, client] = await unackedOf({ q: { 'x-consumer-timeout': 3_000 } });
    await server.advance(2_000);
    client.publish(1, { routingKey: 'q' }, 'later');
    await client.message(1, 'basic.deliver');
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await client.expectSilence(1);
    await server.advance(2_999);
    expect(client.frames).toEqual([]);
    await server.advance(1);
    await client.expectChannelError(1, 406, late(3_000));
  });

  test.each([
    ['no integer', '1000'],
    ['negative', -1],
  ])('but an argument that is %s is as none', async (_what, timeout) => {
    const [server, client] = await unackedOf({ q: { 'x-consumer-timeout': timeout } });
    await server.advance(HALF_AN_HOUR - 1);
    expect(client.frames).toEqual([]);
    await server.advance(1);
    await client.expectChannelError(1, 406, late(HALF_AN_HOUR));
  });
});
