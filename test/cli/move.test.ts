import { connect, type ChannelModel, type ConfirmChannel, type Options } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTestBroker } from '../support/broker.ts';
import { objects, run, unique } from './support.ts';

let broker: Awaited<ReturnType<typeof startTestBroker>>;
let connection: ChannelModel;
let channel: ConfirmChannel;
let from = '';
let to = '';

beforeAll(async () => {
  broker = await startTestBroker();
  connection = await connect(broker.url);
  channel = await connection.createConfirmChannel();
});

afterAll(async () => {
  await connection.close();
  await broker.stop();
});

beforeEach(async () => {
  [from, to] = [unique('from'), unique('to')];
  await channel.assertQueue(from);
});

afterEach(async () => {
  await channel.deleteQueue(from);
  await channel.deleteQueue(to);
});

async function publish(body: string, properties: Options.Publish = {}, queue = from): Promise<void> {
  channel.sendToQueue(queue, Buffer.from(body), properties);
  await channel.waitForConfirms();
}

async function publishMany(length: number): Promise<string[]> {
  const bodies = Array.from({ length }, (_, n) => `m${n}`);
  for (const body of bodies) channel.sendToQueue(from, Buffer.from(body));
  await channel.waitForConfirms();
  return bodies;
}

async function bodies(queue: string): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const message = await channel.get(queue, { noAck: true });
    if (message === false) return found;
    found.push(message.content.toString());
  }
}

test('every message arrives, in order, and the source is empty', async () => {
  await channel.assertQueue(to);
  const sent = await publishMany(500);
  const { code, stdout } = await run(broker.url, ['move', from, to, '--json']);
  expect(code).toBe(0);
  expect(objects(stdout)).toEqual([{ moved: 500, from, to }]);
  expect(await bodies(from)).toEqual([]);
  expect(await bodies(to)).toEqual(sent);
});

test('properties and headers arrive as they were', async () => {
  await channel.assertQueue(to);
  const properties = {
    contentType: 'a/b',
    priority: 0,
    expiration: '600000',
    timestamp: 1_767_225_600,
    appId: 'app',
  };
  const headers = {
    n: 1,
    big: 2 ** 40,
    bytes: Buffer.from([255]),
    when: { '!': 'timestamp', value: 1 },
    list: [null],
  };
  await publish('x', { ...properties, persistent: true, headers });
  await run(broker.url, ['move', from, to]);
  const message = await channel.get(to, { noAck: true });
  if (message === false) throw new Error('nothing was moved');
  expect(message.properties).toMatchObject({ ...properties, deliveryMode: 2 });
  expect(message.properties.headers).toEqual(headers);
});

test('the death history goes along, unless it is to start afresh', async () => {
  await channel.assertQueue(to);
  const dying = unique('dying');
  await channel.assertQueue(dying, { messageTtl: 1, deadLetterExchange: '', deadLetterRoutingKey: from });
  await publish('1', { headers: { a: 1 } }, dying);
  await publish('2', { headers: { a: 2 } }, dying);
  await expect.poll(async () => (await channel.checkQueue(from)).messageCount).toBe(2);
  await channel.deleteQueue(dying);
  await run(broker.url, ['move', from, to, '--count', '1']);
  await run(broker.url, ['move', from, to, '--fresh']);
  const { stdout } = await run(broker.url, ['get', to, '--count', '2', '--json']);
  const [kept, fresh] = objects(stdout);
  expect(kept).toMatchObject({ deaths: [{ queue: dying, reason: 'expired', count: 1 }] });
  expect(fresh).toMatchObject({ body: '2', deaths: [], headers: { a: 2 } });
  expect(Object.keys(fresh?.['headers'] ?? {})).toEqual(['a']);
});

test('--count moves the first ones and leaves the others untouched', async () => {
  await channel.assertQueue(to);
  await publishMany(150);
  await run(broker.url, ['move', from, to, '--count', '120']);
  expect((await bodies(to)).at(-1)).toBe('m119');
  const next = await channel.get(from);
  expect(next).toMatchObject({ fields: { redelivered: false, messageCount: 29 } });
  if (next !== false) channel.nack(next);
});

test('messages that come back are not moved again', async () => {
  await channel.assertQueue(to, { messageTtl: 0, deadLetterExchange: '', deadLetterRoutingKey: from });
  await publishMany(20);
  const { code, stdout } = await run(broker.url, ['move', from, to, '--json']);
  expect({ code, moved: objects(stdout)[0]?.['moved'] }).toEqual({ code: 0, moved: 20 });
  await expect.poll(async () => (await channel.checkQueue(from)).messageCount).toBe(20);
});

test('messages that someone else takes are not waited for', async () => {
  await channel.assertQueue(to);
  await publishMany(400);
  const rival = await connection.createChannel();
  await rival.prefetch(50);
  await rival.consume(from, () => undefined);
  const { code, stdout } = await run(broker.url, ['move', from, to, '--json']);
  await rival.close();
  expect({ code, moved: objects(stdout)[0]?.['moved'] }).toEqual({ code: 0, moved: 350 });
});

test('a full destination stops it, and each message is in exactly one of the queues', async () => {
  await channel.assertQueue(to, { maxLength: 30, overflow: 'reject-publish' });
  const sent = await publishMany(200);
  const { code, stderr } = await run(broker.url, ['move', from, to]);
  expect(code).toBe(7);
  expect(stderr).toContain(
    `${to} refused a message (it may be full); what was not moved is still in ${from}`,
  );
  const [moved, left] = [await bodies(to), await bodies(from)];
  expect(moved).toEqual(sent.slice(0, 30));
  expect(left).toEqual(sent.slice(30));
});

test('a message that no queue takes stays, and those around it are not lost', async () => {
  const exchange = unique('exchange');
  await channel.assertExchange(exchange, 'headers');
  await channel.assertQueue(to);
  await channel.bindQueue(to, exchange, '', { 'x-match': 'all', good: true });
  for (const n of [0, 1, 2, 3]) await publish(`m${n}`, { headers: { good: n !== 2 } });
  const { code, stderr } = await run(broker.url, ['move', from, '--exchange', exchange]);
  await channel.deleteExchange(exchange);
  expect(code).toBe(7);
  expect(stderr).toContain(`exchange ${exchange} did not take a message (NO_ROUTE)`);
  const [moved, left] = [await bodies(to), await bodies(from)];
  expect(left).toContain('m2');
  expect([...moved, ...left].sort()).toEqual(['m0', 'm1', 'm2', 'm3']);
});

test('through an exchange each message keeps its routing key, unless one is given', async () => {
  const exchange = unique('exchange');
  await channel.assertExchange(exchange, 'direct');
  await channel.assertQueue(to);
  await channel.bindQueue(to, exchange, from);
  await channel.bindQueue(to, exchange, 'other');
  await publishMany(2);
  await run(broker.url, ['move', from, '--exchange', exchange, '--count', '1']);
  await run(broker.url, ['move', from, '--exchange', exchange, '--key', 'other']);
  const { stdout } = await run(broker.url, ['get', to, '--count', '2', '--json']);
  await channel.deleteExchange(exchange);
  expect(objects(stdout).map((message) => message['routing_key'])).toEqual([from, 'other']);
});

test('a header that names other queues brings them no copies', async () => {
  await channel.assertQueue(to);
  const other = unique('other');
  await publish('x', { CC: [other] });
  await channel.assertQueue(other);
  await run(broker.url, ['move', from, to]);
  expect(await bodies(to)).toEqual(['x']);
  expect(await bodies(other)).toEqual([]);
  await channel.deleteQueue(other);
});

test('a destination that does not exist ends with 5 before anything is moved', async () => {
  await publish('x');
  expect((await run(broker.url, ['move', from, to])).code).toBe(5);
  expect((await run(broker.url, ['move', from, '--exchange', to])).code).toBe(5);
  expect(await bodies(from)).toEqual(['x']);
});
