import { execFile } from 'node:child_process';
import { createConnection } from 'node:net';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { connect } from 'amqplib';
import { afterEach, expect, test } from 'vitest';
import { Client } from '../../spec/support/client.ts';
import { OptionError, startBroker } from '../../src/index.ts';
import type { BrokerEvent, RunningBroker, StartOptions } from '../../src/index.ts';
import { temporaryDirectory } from '../support/store.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const brokers: RunningBroker[] = [];

afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.stop()));
});

async function start(options: StartOptions = {}): Promise<RunningBroker> {
  const broker = await startBroker({ logLevel: 'silent', ...options });
  brokers.push(broker);
  return broker;
}

/** Runs a program in a process of its own, which must end by itself, and returns what it printed. */
async function run(program: string, ...flags: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', program], {
    cwd: ROOT,
    timeout: 20_000,
  });
  return stdout.trim();
}

async function client(broker: RunningBroker): Promise<Client> {
  const opened = await new Client(broker.connect()).open();
  await opened.call(1, 'channel.open');
  return opened;
}

test('any number of brokers run side by side and know nothing of each other', async () => {
  const all = await Promise.all([start(), start({ data: await temporaryDirectory() }), start()]);
  const connections = await Promise.all(all.map(({ url }) => connect(url)));
  for (const connection of connections) {
    const channel = await connection.createChannel();
    expect(await channel.assertQueue('same')).toMatchObject({ messageCount: 0 });
    channel.sendToQueue('same', Buffer.from('x'));
  }
  expect(new Set(all.map(({ port }) => port)).size).toBe(3);
  await Promise.all(connections.map((connection) => connection.close()));
});

test('without a port it can be talked to all the same', async () => {
  const broker = await start({ port: false });
  const opened = await client(broker);
  expect(await opened.call(1, 'queue.declare', { queue: 'q' })).toMatchObject({ queue: 'q' });
  expect(() => broker.url).toThrow(
    'this broker listens on no port: connect() gives a connection without one',
  );
  opened.stream.destroy();
});

test.each<[object, string]>([
  [{ memory: true, data: 'd' }, '"memory" and "data" exclude each other: choose one'],
  [{ prot: 5672 }, '"prot" is not an option; did you mean "port"?'],
  [{ json: true }, '"json" is not an option; '],
  [{ port: 'high' }, '"port" is a whole number from 0 to 65535, got "high"'],
  [{ clock: 'manul' }, '"clock" is one of real, manual, got "manul"'],
  [{ clock: { mod: 'manual' } }, '"mod" is not an option of "clock"; did you mean "mode"?'],
  [{ clock: null }, '"clock" is one of real, manual, got null'],
  [{ clock: { now: 'tomorrow' } }, `"now": 'tomorrow' is not a moment`],
])('a mistake in the options is named: %j', async (options, text) => {
  await expect(startBroker(options)).rejects.toThrow(OptionError);
  await expect(startBroker(options)).rejects.toThrow(text);
});

test('a program with a broker that was stopped ends by itself', async () => {
  const program = `
    import { startBroker } from 'leveret';
    import amqp from 'amqplib';
    const { mkdtempSync } = await import('node:fs');
    const data = mkdtempSync('/tmp/leveret-');
    for (const options of [{ clock: 'manual' }, { data }, { management: true }, { port: false }]) {
      const broker = await startBroker(options);
      if (options.port !== false) {
        const channel = await (await amqp.connect(broker.url)).createChannel();
        channel.connection.on('error', () => {});
        await channel.assertQueue('q', { messageTtl: 3_600_000 });
        channel.sendToQueue('q', Buffer.from('x'));
      }
      broker.clock.autoAdvance = true;
      for (const stream of [broker.connect(), broker.connect()]) stream.resume();
      void broker.events().next();
      await broker.stop();
      await broker.stop();
    }
    const again = await startBroker({ data });
    await again.stop();
    console.log('done');`;
  expect(await run(program, '--input-type=module')).toBe('done');
});

test('it can be required', async () => {
  const program = `
    const { startBroker } = require('leveret');
    startBroker().then(async (broker) => {
      await broker.stop();
      console.log(typeof broker.url);
    });`;
  expect(await run(program)).toBe('string');
});

test('a stopped broker frees its port', async () => {
  const broker = await start();
  const { port } = broker;
  await broker.stop();
  const error = await new Promise((resolve) => createConnection(port, '127.0.0.1').once('error', resolve));
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
});

test('a client without a socket is told when the broker stops', async () => {
  const broker = await start({ port: false });
  const opened = await client(broker);
  const ended = new Promise((resolve) => opened.stream.once('close', resolve));
  void opened.expectConnectionError(320, /^CONNECTION_FORCED/).catch(() => undefined);
  await broker.stop();
  opened.stream.destroy();
  await ended;
});

test('listeners hear of events of their kind, in order, until they are taken off', async () => {
  const broker = await start({ port: false });
  const opened = await client(broker);
  const heard: string[] = [];
  const listener = ({ type, queue }: { type: string; queue: string }): void =>
    void heard.push(`${type} ${queue}`);
  broker.on('queue-declared', listener).on('queue-deleted', listener);
  await opened.call(1, 'queue.declare', { queue: 'one' });
  await opened.call(1, 'queue.delete', { queue: 'one' });
  broker.off('queue-declared', listener);
  await opened.call(1, 'queue.declare', { queue: 'two' });
  await opened.call(1, 'queue.delete', { queue: 'two' });
  broker.off('queue-deleted', listener);
  await opened.call(1, 'queue.declare', { queue: 'three' });
  expect(heard).toEqual(['queue-declared one', 'queue-deleted one', 'queue-deleted two']);
  opened.stream.destroy();
});

test('what a listener throws is no concern of the broker, nor of other listeners', async () => {
  const program = `
    import { startBroker } from 'leveret';
    import amqp from 'amqplib';
    const broker = await startBroker();
    const heard = [];
    process.on('uncaughtException', ({ message }) => heard.push(message));
    broker.on('queue-declared', () => { throw new Error('thrown'); });
    broker.on('queue-declared', ({ queue }) => heard.push(queue));
    const channel = await (await amqp.connect(broker.url)).createChannel();
    for (const queue of ['one', 'two']) await channel.assertQueue(queue);
    await broker.stop();
    console.log(heard.sort().join(' '));`;
  expect(await run(program, '--input-type=module')).toBe('one thrown thrown two');
});

test('events can be read one by one, and end with the broker', async () => {
  const broker = await start({ port: false, clock: { mode: 'manual', now: '2026-05-01T12:00:00Z' } });
  const opened = await client(broker);
  const [some, all] = [broker.events('published', 'expired'), broker[Symbol.asyncIterator]()];
  await opened.call(1, 'queue.declare', { queue: 'q', arguments: { 'x-message-ttl': 500 } });
  opened.publish(1, { exchange: '', routingKey: 'q' }, 'hello', { messageId: 'm-1' });
  await broker.clock.advance(500);
  const stopped = broker.stop();
  const seen: BrokerEvent[] = [];
  for await (const event of some) seen.push(event);
  expect(seen).toMatchObject([
    { type: 'published', queues: ['q'], message: { properties: { messageId: 'm-1' } } },
    { type: 'expired', queue: 'q', vhost: '/', time: Date.parse('2026-05-01T12:00:00.500Z') },
  ]);
  const types: string[] = [];
  for await (const { type } of all) types.push(type);
  expect(types).toEqual(['queue-declared', 'published', 'enqueued', 'expired', 'dropped']);
  opened.stream.destroy();
  await stopped;
});

test('whoever begins to read events when the broker was stopped does not wait for any', async () => {
  const broker = await start({ port: false });
  await broker.stop();
  for await (const event of broker) expect(event).toBe('none');
  expect(await broker.events('published').next()).toEqual({ done: true, value: undefined });
});
