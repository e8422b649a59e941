import { describe, expect, test } from 'vitest';
import type { OpenChannel, OpenConnection } from '../../src/broker/connections.ts';
import { MessageCounts } from '../../src/broker/counts.ts';
import type { Vhost } from '../../src/broker/vhost.ts';
import { suite } from '../../src/server/tls-details.ts';
import { PairedServer } from '../support/paired-server.ts';

function connectionOf({ broker }: PairedServer): OpenConnection {
  const [connection] = broker.connections;
  if (connection === undefined) throw new Error('nobody is connected');
  return connection;
}

function channelOf(server: PairedServer): OpenChannel {
  const [channel] = connectionOf(server).channels;
  if (channel === undefined) throw new Error('no channel is open');
  return channel;
}

/** Those that are not 0. */
function counted(counts: MessageCounts = new MessageCounts()): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

/** A channel on which each kind of thing has happened. */
async function afterEverything(): Promise<PairedServer> {
  const server = new PairedServer();
  const client = await server.open();
  await client.call(1, 'confirm.select');
  await client.call(1, 'queue.declare', { queue: 'q', durable: true });
  for (let n = 0; n < 3; n++) {
    client.publish(1, { routingKey: 'q' });
    await client.expect(1, 'basic.ack');
  }
  client.publish(1, { routingKey: 'none' });
  await client.expect(1, 'basic.ack');
  client.publish(1, { routingKey: 'none', mandatory: true });
  await client.message(1, 'basic.return');
  await client.expect(1, 'basic.ack');
  client.send(1, 'basic.get', { queue: 'q' });
  const { deliveryTag } = await client.message(1, 'basic.get-ok');
  client.send(1, 'basic.reject', { deliveryTag, requeue: true });
  client.send(1, 'basic.get', { queue: 'q', noAck: true });
  await client.message(1, 'basic.get-ok');
  await client.call(1, 'basic.consume', { queue: 'q', consumerTag: 'c' });
  const delivered = await client.message(1, 'basic.deliver');
  await client.message(1, 'basic.deliver');
  client.send(1, 'basic.ack', { deliveryTag: delivered.deliveryTag });
  await client.call(1, 'basic.cancel', { consumerTag: 'c' });
  client.send(1, 'basic.get', { queue: 'q' });
  await client.expect(1, 'basic.get-empty');
  return server;
}

describe('messages are counted', () => {
  const atTheQueue = { publish: 3, deliver: 2, get: 1, getNoAck: 1, getEmpty: 1, redeliver: 1, ack: 1 };
  const onTheChannel = { ...atTheQueue, publish: 5, confirm: 5, returned: 1, dropped: 1 };

  test('by queue, by channel and by exchange [API-28] [API-30] [API-34]', async () => {
    const server = await afterEverything();
    const { queues, exchanges, counts } = server.broker.vhosts.get('/') as Vhost;
    expect(counted(queues.get('q')?.counts)).toEqual(atTheQueue);
    expect(counted(channelOf(server).counts)).toEqual(onTheChannel);
    const { publishedIn, publishedOut } = exchanges.get('') ?? {};
    expect([publishedIn, publishedOut]).toEqual([5, 3]);
    expect(counted(counts)).toEqual({});
  });

  test('by vhost when their channel is gone, once however it goes [API-43]', async () => {
    const server = await afterEverything();
    connectionOf(server).forceClose('enough');
    await server.settle();
    expect(counted(server.broker.vhosts.get('/')?.counts)).toEqual(onTheChannel);
  });

  test('once when a channel is closed by an error before its connection ends [API-43]', async () => {
    const server = new PairedServer();
    const client = await server.open();
    client.publish(1, { routingKey: 'none' });
    client.send(1, 'queue.declare', { queue: 'none', passive: true });
    await client.expect(1, 'channel.close');
    expect([...connectionOf(server).channels]).toEqual([]);
    await client.close();
    expect(counted(server.broker.vhosts.get('/')?.counts)).toEqual({ publish: 1, dropped: 1 });
  });
});

test('a transaction counts its publishes when it is committed, and not those it forgets [API-28]', async () => {
  const server = new PairedServer();
  const client = await server.open();
  await client.call(1, 'tx.select');
  client.publish(1, { routingKey: 'none' });
  await client.call(1, 'tx.rollback');
  client.publish(1, { routingKey: 'none' });
  await server.settle();
  expect(channelOf(server).status()).toMatchObject({ isTransactional: true, uncommittedCount: 1 });
  expect(counted(channelOf(server).counts)).toEqual({});
  await client.call(1, 'tx.commit');
  expect(counted(channelOf(server).counts)).toEqual({ publish: 1, dropped: 1 });
});

test('a channel knows what it is set to and what it has outstanding [API-28]', async () => {
  const server = new PairedServer();
  const client = await server.open();
  await client.call(1, 'confirm.select');
  await client.call(1, 'queue.declare', { queue: 'q' });
  await client.call(1, 'basic.qos', { prefetchCount: 3 });
  await client.call(1, 'basic.consume', { queue: 'q', consumerTag: 'c' });
  client.publish(1, { routingKey: 'q' });
  await server.settle();
  expect(channelOf(server).status()).toEqual({
    isConfirming: true,
    isTransactional: false,
    prefetch: 3,
    globalPrefetch: 0,
    consumerCount: 1,
    unackedCount: 1,
    unconfirmedCount: 0,
    confirmsAsked: 1,
    uncommittedCount: 0,
    uncommittedAcks: 0,
  });
  expect([...channelOf(server).consumers].map(({ consumerTag }) => consumerTag)).toEqual(['c']);
});

test('a connection knows what was agreed on and what went over it [API-26]', async () => {
  const server = new PairedServer();
  const client = await server.open({ channelMax: 7, frameMax: 8192, heartbeat: 30 });
  await client.call(1, 'queue.declare', { queue: 'q' });
  const { details, state, traffic } = connectionOf(server);
  const name = 'client -> server';
  expect(details).toMatchObject({ name, mechanism: 'PLAIN', channelMax: 7, frameMax: 8192, heartbeat: 30 });
  expect(details.connectedAt).toBe(server.wallClock.now());
  expect(state).toBe('running');
  expect(traffic.receivedOctets).toBeGreaterThan(100);
  expect(traffic.sentOctets).toBeGreaterThan(100);
  server.alarms.set('disk', true);
  expect(connectionOf(server).state).toBe('blocking');
  client.publish(1, { routingKey: 'q' });
  await server.settle();
  expect(connectionOf(server).state).toBe('blocked');
  connectionOf(server).forceClose('enough');
  expect(server.broker.vhosts.get('/')?.traffic.receivedOctets).toBeGreaterThanOrEqual(
    traffic.receivedOctets,
  );
});

test('what comes and goes is counted [API-20]', async () => {
  const server = new PairedServer();
  const client = await server.open();
  await client.call(2, 'channel.open');
  await client.call(2, 'channel.close');
  for (let n = 0; n < 2; n++) await client.call(1, 'queue.declare', { queue: 'q' });
  await client.call(1, 'queue.delete', { queue: 'q' });
  await client.close();
  expect(server.broker.churn).toEqual({
    connectionsOpened: 1,
    connectionsClosed: 1,
    channelsOpened: 2,
    channelsClosed: 2,
    queuesDeclared: 2,
    queuesCreated: 1,
    queuesDeleted: 1,
  });
});

test.each([
  ['TLS_AES_256_GCM_SHA384', 'any aes_256_gcm aead'],
  ['TLS_CHACHA20_POLY1305_SHA256', 'any chacha20_poly1305 aead'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ecdhe_rsa aes_128_gcm aead'],
  ['TLS_RSA_WITH_AES_128_CBC_SHA', 'rsa aes_128_cbc sha'],
])('the cipher suite %s is shown as %s [API-26]', (name, parts) => {
  const { keyExchange, cipher, hash } = suite(name);
  expect(`${keyExchange} ${cipher} ${hash}`).toBe(parts);
});
