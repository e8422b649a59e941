import { connect } from 'amqplib';
import { afterEach, expect, test } from 'vitest';
import { startBroker } from '../../src/index.ts';
import type { RunningBroker, StartOptions } from '../../src/index.ts';
import { temporaryDirectory } from '../support/store.ts';

const START = Date.parse('2026-03-01T09:00:00Z');
const brokers: RunningBroker[] = [];

afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.stop()));
});

async function start(options: StartOptions = {}): Promise<RunningBroker> {
  const clock = { mode: 'manual', now: START } as const;
  const broker = await startBroker({ logLevel: 'silent', clock, ...options });
  brokers.push(broker);
  return broker;
}

test('a broker goes back to a snapshot with its time, its connections closed and what was unacked redelivered', async () => {
  const broker = await start();
  const connection = await connect(broker.url);
  const closed = new Promise((resolve) => connection.once('close', resolve));
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('late', { durable: false });
  await channel.assertQueue('q', { deadLetterExchange: '', deadLetterRoutingKey: 'late' });
  channel.sendToQueue('q', Buffer.from('a'), { expiration: 10_000 });
  channel.sendToQueue('q', Buffer.from('b'));
  await channel.waitForConfirms();
  await broker.clock.advance('4s');
  await channel.get('q');
  const snapshot = await broker.snapshot();
  await channel.assertQueue('more');
  await broker.clock.advance('10m');
  await broker.restore(snapshot);
  expect(String(await closed)).toContain('the broker goes back to a snapshot');
  expect(broker.clock.now()).toBe(START + 4_000);
  expect(broker.view.queues().map(({ name, ready, unacked }) => [name, ready, unacked])).toEqual([
    ['late', 0, 0],
    ['q', 2, 0],
  ]);
  expect(broker.view.messages('q').map(({ content, returns }) => [content, returns])).toEqual([
    ['a', 1],
    ['b', 0],
  ]);
  expect(broker.clock.nextDeadline).toBe(START + 10_000);
  await broker.clock.advance('5999ms');
  expect(broker.view.queue('late')?.ready).toBe(0);
  await broker.clock.advance(1);
  expect(broker.view.messages('late').map(({ content, deaths }) => [content, deaths[0]?.reason])).toEqual([
    ['a', 'expired'],
  ]);
});

test('a snapshot may go to another broker, and its streams are read there', async () => {
  const broker = await start();
  const connection = await connect(broker.url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('s', { arguments: { 'x-queue-type': 'stream' } });
  for (const body of ['{"n":1}', 'no JSON']) {
    channel.sendToQueue('s', Buffer.from(body), { contentType: 'application/json', headers: { tries: 2 } });
  }
  await channel.waitForConfirms();
  const other = await start({ clock: 'real', port: false });
  await other.restore(await broker.snapshot());
  expect(other.view.messages('s')).toMatchObject([
    { id: 0, content: { n: 1 }, properties: { contentType: 'application/json', headers: { tries: 2 } } },
    { id: 1, content: 'no JSON' },
  ]);
  expect(other.clock.isFrozen).toBe(false);
  expect(other.clock.now() - START).toBeLessThan(60_000);
  await connection.close();
});

test('what is no snapshot changes nothing', async () => {
  const broker = await start();
  const connection = await connect(broker.url);
  await (await connection.createChannel()).assertQueue('q');
  await expect(broker.restore(Buffer.from('{}'))).rejects.toThrow('this is no snapshot of a broker');
  expect(broker.view.queues()).toHaveLength(1);
  expect(broker.view.connections()).toHaveLength(1);
  await connection.close();
});

test('a broker with a data directory says that it has no snapshots', async () => {
  const broker = await start({ data: await temporaryDirectory() });
  const text = 'a broker with a data directory has no snapshots: stop it and copy the directory';
  await expect(broker.snapshot()).rejects.toThrow(text);
  await expect(broker.restore(Buffer.alloc(0))).rejects.toThrow(text);
});
