import { once } from 'node:events';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTestBroker } from '../support/broker.ts';
import { objects, run, start, startDetour, unique } from './support.ts';

let broker: Awaited<ReturnType<typeof startTestBroker>>;
let connection: ChannelModel;
let channel: ConfirmChannel;
let queue = '';

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
  queue = unique('queue');
  await channel.assertQueue(queue);
});

afterEach(async () => {
  await channel.deleteQueue(queue);
});

async function publish(...bodies: string[]): Promise<void> {
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body));
  await channel.waitForConfirms();
}

async function ready(): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount;
}

/** Everything left in the queue; a message that was delivered before is marked. */
async function rest(): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const message = await channel.get(queue, { noAck: true });
    if (message === false) return bodies;
    bodies.push(`${message.content.toString()}${message.fields.redelivered ? ' again' : ''}`);
  }
}

test('without --ack the messages are shown in order and return to their places', async () => {
  await publish('a', 'b', 'c');
  const { code, stdout, stderr } = await run(broker.url, ['consume', queue, '--count', '2', '--json']);
  expect(code).toBe(0);
  expect(objects(stdout).map(({ body }) => body)).toEqual(['a', 'b']);
  expect(stderr).toContain('2 messages put back');
  expect(await rest()).toEqual(['a again', 'b again', 'c']);
});

test('with --ack exactly as many as were asked for are removed, and no other is touched', async () => {
  await publish(...Array.from({ length: 50 }, (_, n) => `m${n}`));
  const { stdout } = await run(broker.url, ['consume', queue, '--ack', '--count', '30', '--json']);
  expect(objects(stdout).map(({ body }) => body)).toEqual(Array.from({ length: 30 }, (_, n) => `m${n}`));
  expect(await rest()).toEqual(Array.from({ length: 20 }, (_, n) => `m${n + 30}`));
});

test('Ctrl-C ends it with 0 and puts back what was not removed', async () => {
  await publish('a', 'b');
  const running = start(broker.url, ['consume', queue]);
  await running.shows('\nb');
  expect(await ready()).toBe(0);
  running.process.kill('SIGINT');
  const { code, stderr } = await running.outcome;
  expect(code).toBe(0);
  expect(stderr).toBe(`2 messages put back into ${queue}; --ack would remove what it shows\n`);
  expect(await rest()).toEqual(['a again', 'b again']);
});

test('without --ack it says when it holds all that it may hold', async () => {
  await publish('a', 'b', 'c');
  const running = start(broker.url, ['consume', queue, '--prefetch', '2']);
  await running.shows('holding 2 messages');
  running.process.kill('SIGINT');
  expect((await running.outcome).code).toBe(0);
});

test('a lost connection is made anew, and nothing is missing', async () => {
  const detour = await startDetour(broker.url);
  const running = start(detour.url, ['consume', queue, '--ack', '--json']);
  await publish('a');
  await running.shows('"body":"a"');
  detour.cut();
  await publish('b');
  await running.shows('"body":"b"');
  running.process.kill('SIGINT');
  const { code, stdout, stderr } = await running.outcome;
  detour.close();
  expect(code).toBe(0);
  expect(new Set(objects(stdout).map(({ body }) => body))).toEqual(new Set(['a', 'b'])); // the ack of a may be lost
  expect(objects(stderr)).toMatchObject([
    { note: expect.stringContaining('lost') },
    { note: 'connected again' },
  ]);
  expect(await rest()).toEqual([]);
});

test('a queue that does not exist ends with 5', async () => {
  const { code, stderr } = await run(broker.url, ['consume', unique('none')]);
  expect(code).toBe(5);
  expect(stderr).toContain('NOT_FOUND - no queue');
});

test('a queue that is deleted meanwhile ends with 5', async () => {
  await publish('a');
  const running = start(broker.url, ['consume', queue]);
  await running.shows('\na');
  await channel.deleteQueue(queue);
  const { code, stderr } = await running.outcome;
  expect(code).toBe(5);
  expect(stderr).toContain(`queue ${queue} is gone`);
});

test('a reader that has seen enough ends it quietly', async () => {
  await publish(...Array.from({ length: 20 }, () => 'x'.repeat(100_000)));
  const running = start(broker.url, ['consume', queue]);
  await running.shows('xxx');
  running.process.stdout?.destroy();
  await once(running.process, 'exit');
  expect(running.process.exitCode).toBe(0);
  expect(await ready()).toBe(20);
});
