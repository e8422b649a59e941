import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connect } from 'amqplib';
import type { Channel, ChannelModel, Options } from 'amqplib';
import { afterEach, expect, test } from 'vitest';
import { startBroker } from '../../src/index.ts';
import type { RunningBroker, StartOptions } from '../../src/index.ts';
import { temporaryDirectory } from '../support/store.ts';

const NOON = Date.parse('2026-05-01T12:00:00Z');
const MINUTE = 60_000;

const brokers: RunningBroker[] = [];
const connections: ChannelModel[] = [];

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close().catch(() => undefined)));
  await Promise.all(brokers.splice(0).map((broker) => broker.stop()));
});

async function start(options: StartOptions = {}): Promise<RunningBroker> {
  const broker = await startBroker({
    clock: { mode: 'manual', now: NOON },
    logLevel: 'silent',
    ...options,
  });
  brokers.push(broker);
  return broker;
}

async function open(broker: RunningBroker): Promise<Channel> {
  const connection = await connect(broker.url);
  connection.on('error', () => {});
  connections.push(connection);
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  return channel;
}

/** A queue whose messages go to another one when they die, if that is there by then. */
async function deadLettering(channel: Channel, from: string, to: string, options: Options.AssertQueue = {}) {
  const way = { deadLetterExchange: '', deadLetterRoutingKey: to };
  await channel.assertQueue(from, { ...way, ...options });
}

/** Consumes, and notes what came how long after noon. */
async function note(broker: RunningBroker, channel: Channel, queue: string, noAck = true): Promise<string[]> {
  const seen: string[] = [];
  const onMessage = (message: { content: Buffer } | null): void => {
    seen.push(`${String(message?.content)} ${broker.clock.now() - NOON}`);
  };
  await channel.consume(queue, onMessage, { noAck });
  return seen;
}

test('what falls due on the way arrives, at its own moment and with the time it died', async () => {
  const broker = await start();
  const channel = await open(broker);
  await channel.assertQueue('done');
  await deadLettering(channel, 'wait', 'done', { messageTtl: 30 * MINUTE });
  const seen: string[] = [];
  await channel.consume(
    'done',
    (message) => {
      const deaths = message?.properties.headers?.['x-death'] as { time: { value: number } }[];
      seen.push(`${broker.clock.now() - NOON} ${(deaths[0]?.time.value ?? 0) * 1000 - NOON}`);
    },
    { noAck: true },
  );
  channel.sendToQueue('wait', Buffer.from('one'));
  await broker.clock.advance('29m');
  expect(seen).toEqual([]);
  expect(await broker.clock.advance({ minutes: 2 })).toBe(NOON + 31 * MINUTE);
  expect(seen).toEqual([`${30 * MINUTE} ${30 * MINUTE}`]);
});

test('what clients do about a message is taken in before time moves on', async () => {
  const broker = await start();
  const channel = await open(broker);
  await deadLettering(channel, 'work', 'retry');
  await deadLettering(channel, 'retry', 'work', { messageTtl: 10_000 });
  const attempts: number[] = [];
  await channel.consume('work', (message) => {
    attempts.push(broker.clock.now() - NOON);
    if (message !== null) channel.nack(message, false, attempts.length === 6);
  });
  channel.sendToQueue('work', Buffer.from('job'));
  await broker.clock.advance('35s');
  expect(attempts).toEqual([0, 10_000, 20_000, 30_000]);
});

test('time waits for clients that publish anew, on another connection and confirmed', async () => {
  const broker = await start({ data: await temporaryDirectory() });
  const [channel, other] = [await open(broker), await open(broker)];
  await channel.assertQueue('tock');
  await deadLettering(channel, 'tick', 'tock', { durable: true, messageTtl: 1_000 });
  const seen: number[] = [];
  await other.consume('tock', (message) => {
    seen.push(broker.clock.now() - NOON);
    channel.sendToQueue('tick', Buffer.from('again'), { persistent: true });
    if (message !== null) other.ack(message);
  });
  channel.sendToQueue('tick', Buffer.from('first'), { persistent: true });
  await broker.clock.advance('5s');
  expect(seen).toEqual([1000, 2000, 3000, 4000, 5000]);
});

test('time waits for a program without a socket', async () => {
  const { Client } = await import('../../spec/support/client.ts');
  const broker = await start({ port: false });
  const client = await new Client(broker.connect()).open();
  await client.call(1, 'channel.open');
  await client.call(1, 'queue.declare', { queue: 'done' });
  const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'done', 'x-message-ttl': 5_000 };
  await client.call(1, 'queue.declare', { queue: 'wait', arguments: args });
  client.publish(1, { exchange: '', routingKey: 'wait' }, 'one');
  await broker.clock.advance('5s');
  const { messageCount } = await client.call(1, 'queue.declare', { queue: 'done', passive: true });
  expect(messageCount).toBe(1);
  client.stream.destroy();
});

test('a client in another process has so long for its answer as it is given', async () => {
  const broker = await start();
  const channel = await open(broker);
  await channel.assertQueue('ask');
  await deadLettering(channel, 'tick', 'ask', { messageTtl: 1000 });
  const program = `
    import amqp from 'amqplib';
    const channel = await (await amqp.connect(process.env.URL, { noDelay: true })).createChannel();
    await channel.consume('ask', (message) => {
      channel.ack(message);
      channel.sendToQueue('tick', Buffer.from('again'));
    });
    console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { PATH: process.env['PATH'], URL: broker.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const seen: number[] = [];
  broker.on('delivered', ({ time }) => seen.push(time - NOON));
  channel.sendToQueue('tick', Buffer.from('first'));
  await broker.clock.advance('5s', { patience: 300 });
  expect(seen).toEqual([1000, 2000, 3000, 4000, 5000]);
  child.kill();
  await once(child, 'exit');
});

test('with a data directory what was caused is on disk', async () => {
  const [data, copy] = [await temporaryDirectory(), await temporaryDirectory()];
  const broker = await start({ data });
  const channel = await open(broker);
  await channel.assertQueue('done');
  await deadLettering(channel, 'wait', 'done', { durable: true, messageTtl: 1_000 });
  for (let n = 0; n < 300; n++) channel.sendToQueue('wait', Buffer.alloc(1000), { persistent: true });
  await broker.clock.advance('1s');
  cpSync(data, copy, { recursive: true }); // at once: the loop gets no turn in which more could be written
  const again = await open(await start({ data: copy }));
  expect(await again.checkQueue('done')).toMatchObject({ messageCount: 300 });
  expect(await again.checkQueue('wait')).toMatchObject({ messageCount: 0 });
});

test('queues expire, deliveries time out and delays end by this clock', async () => {
  const broker = await start();
  const channel = await open(broker);
  await channel.assertQueue('idle', { expires: 60_000 });
  await channel.assertExchange('later', 'x-delayed-message', { arguments: { 'x-delayed-type': 'fanout' } });
  await channel.assertQueue('unacked');
  await channel.bindQueue('unacked', 'later', '');
  const seen = await note(broker, channel, 'unacked', false);
  const closed = new Promise((resolve) => channel.once('error', resolve));
  channel.publish('later', '', Buffer.from('held'), { headers: { 'x-delay': 1_000 } });
  await broker.clock.advance('59s');
  expect(seen).toEqual(['held 1000']);
  const gone: number[] = [];
  broker.on('queue-deleted', ({ time }) => gone.push(time - NOON));
  await broker.clock.advance('30m');
  expect(gone).toEqual([60_000]);
  await broker.clock.advance('2m');
  expect(await closed).toMatchObject({ code: 406 });
});

test('heartbeats and the deadlines of sockets are about real time', async () => {
  const broker = await start();
  const connection = await connect(`${broker.url}?heartbeat=1`);
  connections.push(connection);
  const channel = await connection.createChannel();
  await broker.clock.advance('1d');
  expect(await channel.assertQueue('still-there')).toMatchObject({ queue: 'still-there' });
});

test('moves wait for each other, and end where they should', async () => {
  const broker = await start();
  const { clock } = broker;
  const ends = await Promise.all([
    clock.advance(1000),
    clock.advance('1s'),
    clock.advanceTo(NOON + 5000),
    clock.advanceTo(new Date(NOON + 6000)),
    clock.advanceTo('2026-05-01T12:00:07Z'),
  ]);
  expect(ends.map((time) => time - NOON)).toEqual([1000, 2000, 5000, 6000, 7000]);
});

test('time does not go back', async () => {
  const { clock } = await start();
  await expect(clock.advanceTo(NOON - 1)).rejects.toThrow(
    'time does not go back: it is 2026-05-01T12:00:00.000Z, after 2026-05-01T11:59:59.999Z',
  );
});

test('it runs from deadline to deadline until none is left', async () => {
  const broker = await start();
  const channel = await open(broker);
  await channel.assertQueue('done');
  await deadLettering(channel, 'wait', 'done');
  const seen = await note(broker, channel, 'done');
  for (const expiration of [5_000, 86_400_000]) channel.sendToQueue('wait', Buffer.from('x'), { expiration });
  await broker.clock.settle();
  expect(broker.clock.nextDeadline).toBe(NOON + 5_000);
  expect(await broker.clock.runUntilIdle()).toBe(NOON + 86_400_000);
  expect(seen).toEqual(['x 5000', 'x 86400000']);
  expect(broker.clock.nextDeadline).toBeUndefined();
});

test('an unacked delivery is nothing to run for', async () => {
  const broker = await start();
  const channel = await open(broker);
  await channel.assertQueue('q');
  await note(broker, channel, 'q', false);
  channel.sendToQueue('q', Buffer.from('x'));
  expect(await broker.clock.runUntilIdle()).toBe(NOON);
});

test('a cycle without end is noticed', async () => {
  const broker = await start();
  const channel = await open(broker);
  await deadLettering(channel, 'work', 'retry');
  await deadLettering(channel, 'retry', 'work', { messageTtl: 1000 });
  await channel.consume('work', (message) => message && channel.reject(message, false));
  channel.sendToQueue('work', Buffer.from('x'));
  await expect(broker.clock.runUntilIdle({ most: 50 })).rejects.toThrow(
    'there is no end to it: from 2026-05-01T12:00:00.000Z to 2026-05-01T12:00:50.000Z 50 deadlines were passed',
  );
});

test('it skips to the next deadline by itself when nothing else is going on', async () => {
  const broker = await start();
  const channel = await open(broker);
  await channel.assertQueue('done');
  await deadLettering(channel, 'wait', 'done', { messageTtl: 3_600_000 });
  broker.clock.autoAdvance = true;
  const arrived = new Promise<number>((resolve) => {
    void channel.consume('done', () => resolve(broker.clock.now()), { noAck: true });
  });
  channel.sendToQueue('wait', Buffer.from('x'));
  expect(await arrived).toBe(NOON + 3_600_000);
  broker.clock.autoAdvance = false;
  channel.sendToQueue('wait', Buffer.from('y'));
  await broker.clock.settle();
  expect([broker.clock.isFrozen, broker.clock.now()]).toEqual([true, NOON + 3_600_000]);
});

test('a real clock can be stopped, moved and let go', async () => {
  const broker = await start({ clock: 'real' });
  const { clock } = broker;
  const channel = await open(broker);
  await channel.assertQueue('done');
  await deadLettering(channel, 'wait', 'done', { messageTtl: 3_600_000 });
  channel.sendToQueue('wait', Buffer.from('x'));
  const before = clock.now();
  expect(Math.abs(before - Date.now())).toBeLessThan(1000);
  await clock.advance('1h');
  expect(clock.isFrozen).toBe(false);
  expect(clock.now()).toBeGreaterThanOrEqual(before + 3_600_000);
  expect(await channel.checkQueue('done')).toMatchObject({ messageCount: 1 });
  clock.freeze();
  const stopped = clock.now();
  await channel.assertQueue('short', { messageTtl: 1 });
  channel.sendToQueue('short', Buffer.from('x'));
  expect(await channel.checkQueue('short')).toMatchObject({ messageCount: 1 });
  expect(clock.now()).toBe(stopped);
  clock.resume();
  await expect.poll(async () => (await channel.checkQueue('short')).messageCount).toBe(0);
});

test('a broker that stops moves its clock no further', async () => {
  const broker = await start();
  const channel = await open(broker);
  await channel.assertQueue('q', { expires: 1000 });
  const move = broker.clock.advance('1h');
  const stopped = broker.stop();
  await expect(move).rejects.toThrow('the broker was stopped');
  await stopped;
  await expect(broker.clock.advance(1)).rejects.toThrow('the broker was stopped');
});

test('a clock that is stopped, or let go, while it is moved does so when that is done', async () => {
  const { clock } = await start({ clock: 'real' });
  const stopping = clock.advance('1h');
  await new Promise(setImmediate);
  clock.freeze();
  await stopping;
  expect(clock.isFrozen).toBe(true);
  const going = clock.advance('1h');
  await new Promise(setImmediate);
  clock.resume();
  const end = await going;
  expect(clock.isFrozen).toBe(false);
  expect(clock.now()).toBeGreaterThanOrEqual(end);
});

test('skipping can be turned off and on at any time', async () => {
  const broker = await start();
  const channel = await open(broker);
  for (let n = 0; n < 3; n++) broker.clock.autoAdvance = !broker.clock.autoAdvance;
  for (const isOn of [false, true, false, true]) {
    broker.clock.autoAdvance = isOn;
    await channel.assertQueue('idle', { expires: 60_000 });
  }
  const gone = new Promise<number>((resolve) => broker.on('queue-deleted', ({ time }) => resolve(time)));
  expect(await gone).toBe(NOON + 60_000);
});

test('time is not moved to where no date could tell what time it is', async () => {
  const broker = await start();
  await expect(broker.clock.advance(Number.MAX_SAFE_INTEGER)).rejects.toThrow(
    '9007199254740991 ms from now is after +275760-09-13T00:00:00.000Z, where time ends',
  );
  expect(broker.clock.now()).toBe(NOON);
});

test('time does not begin to skip when the broker was stopped', async () => {
  const broker = await start();
  const channel = await open(broker);
  await channel.assertQueue('q', { messageTtl: MINUTE });
  channel.sendToQueue('q', Buffer.from('m'));
  await broker.clock.settle();
  await broker.stop();
  expect(broker.clock.nextDeadline).toBe(NOON + MINUTE);
  expect(() => (broker.clock.autoAdvance = true)).toThrow('the broker was stopped');
  expect(broker.clock.autoAdvance).toBe(false);
});
