import { connect } from 'amqplib';
import { expect, onTestFinished, test } from 'vitest';
import { startBroker } from '../../src/index.ts';
import type { RunningBroker } from '../../src/index.ts';

async function start(): Promise<RunningBroker> {
  const broker = await startBroker({ logLevel: 'silent', clock: { mode: 'manual', now: 0 } });
  onTestFinished(() => broker.stop());
  return broker;
}

test('a view shows queues with their consumers and the next deadline, and what is in them', async () => {
  const broker = await start();
  const connection = await connect(broker.url, { clientProperties: { connection_name: 'mine' } });
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('q', { messageTtl: 5_000, autoDelete: true });
  await channel.assertExchange('later', 'x-delayed-message', { arguments: { 'x-delayed-type': 'fanout' } });
  channel.publish('later', 'k', Buffer.from('x'), { headers: { 'x-delay': 1_000 } });
  channel.sendToQueue('q', Buffer.from([0xff]), { priority: 3 });
  channel.sendToQueue('q', Buffer.from('text'));
  await channel.waitForConfirms();
  await channel.prefetch(1);
  await channel.consume('q', () => {}, { consumerTag: 'tag' });
  await broker.clock.settle();
  expect(broker.view.queue('q')).toEqual({
    vhost: '/',
    name: 'q',
    type: 'classic',
    durable: true,
    exclusive: false,
    autoDelete: true,
    ready: 1,
    unacked: 1,
    consumers: ['tag'],
    nextDeadline: 5_000,
  });
  expect(broker.view.messages('q')).toMatchObject([
    { content: 'text', state: 'ready', expiresAt: 5_000, routingKey: 'q' },
    { content: Buffer.from([0xff]), state: 'unacked', properties: { priority: 3 } },
  ]);
  expect(broker.view.exchanges()).toMatchObject([{ name: 'later', type: 'x-delayed-message', delayed: 1 }]);
  expect(broker.view.connections()).toMatchObject([
    { clientName: 'mine', vhost: '/', user: 'guest', channels: 1, consumers: 1, unacked: 1 },
  ]);
  await connection.close();
});

test('nothing is seen in what is not there', async () => {
  const broker = await start();
  expect(broker.view.queue('q')).toBeUndefined();
  expect(broker.view.messages('q', 'nowhere')).toEqual([]);
  expect(broker.view.queues('nowhere')).toEqual([]);
});

test('a program hears of consumers that come and go', async () => {
  const broker = await start();
  const heard: string[] = [];
  broker.on('consumer-added', ({ queue, consumerTag }) => heard.push(`added ${queue} ${consumerTag}`));
  broker.on('consumer-removed', ({ queue, consumerTag }) => heard.push(`removed ${queue} ${consumerTag}`));
  const connection = await connect(broker.url);
  const channel = await connection.createChannel();
  await channel.assertQueue('q');
  await channel.assertQueue('s', { arguments: { 'x-queue-type': 'stream' } });
  await channel.prefetch(1);
  await channel.consume('q', () => {}, { consumerTag: 'one' });
  await channel.consume('s', () => {}, { consumerTag: 'two' });
  await channel.cancel('one');
  await connection.close();
  expect(heard).toEqual(['added q one', 'added s two', 'removed q one', 'removed s two']);
});

test('a vhost that a program adds is for administrators, and goes with what is connected to it', async () => {
  const broker = await start();
  broker.addVhost('mine');
  broker.addVhost('mine');
  const connection = await connect(`${broker.url}/mine`);
  const closed = new Promise((resolve) => connection.once('close', resolve));
  await (await connection.createChannel()).assertQueue('q');
  expect(broker.view.queue('q', 'mine')?.vhost).toBe('mine');
  expect([broker.deleteVhost('mine'), broker.deleteVhost('mine')]).toEqual([true, false]);
  expect(String(await closed)).toContain("vhost 'mine' is deleted");
  expect(broker.view.vhosts).toEqual(['/']);
});
