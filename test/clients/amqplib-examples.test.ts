import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Example } from './example.ts';
import { startTarget } from './target.ts';
import type { Target } from './target.ts';

// The examples that amqplib's package brings along, as they are.
const EXAMPLES = join(dirname(createRequire(import.meta.url).resolve('amqplib')), 'examples');

const queues = ['hello', 'task_queue', 'rpc_queue', 'my_first_stream'];
const exchanges = ['logs', 'direct_logs', 'topic_logs', 'matching exchange'];

let target: Target;
beforeAll(async () => {
  target = await startTarget(queues, exchanges);
});
afterAll(() => target.stop());

const example = (name: string, ...args: string[]): Example =>
  new Example(target.port, join(EXAMPLES, name), ...args);

describe.each(['tutorials', 'tutorials/callback_api'])('the examples of amqplib: %s', (folder) => {
  test('hello, world', async () => {
    expect(await example(`${folder}/send.js`).ends()).toContain(" [x] Sent 'Hello World!'");
    const receiver = await example(`${folder}/receive.js`).prints("Received 'Hello World!'");
    expect(await receiver.interrupt()).not.toContain('Error');
  });

  test('a task goes to the worker that is free', async () => {
    const workers = await Promise.all(
      [0, 1].map(() => example(`${folder}/worker.js`).prints('Waiting for messages')),
    );
    await Promise.all(['one', 'two'].map((text) => example(`${folder}/new_task.js`, text).ends()));
    for (const worker of workers) await worker.prints('[x] Done');
    for (const worker of workers) expect(await worker.interrupt()).not.toContain('Error');
  });

  test.each([
    ['logs', ['a', 'line'], [], "[x] 'a line'"],
    ['logs_direct', ['warning', 'careful'], ['warning', 'error'], "[x] warning:'careful'"],
    ['logs_topic', ['kern.critical', 'broken'], ['kern.*'], "[x] kern.critical:'broken'"],
  ])('receive_%s gets what is emitted', async (name, sent, keys, line) => {
    const receiver = await example(`${folder}/receive_${name}.js`, ...keys).prints('Waiting for logs');
    await example(`${folder}/emit_${name.replace('logs', 'log')}.js`, ...sent).ends();
    await receiver.prints(line);
    expect(await receiver.interrupt()).not.toContain('Error');
  });

  test('a remote procedure is called', async () => {
    const server = await example(`${folder}/rpc_server.js`).prints('Awaiting RPC requests');
    expect(await example(`${folder}/rpc_client.js`, '30').ends()).toContain('[.] Got 832040');
    await server.interrupt();
  });
});

describe('the examples of amqplib: others', () => {
  test('headers', async () => {
    const printer = await example('headers.js').prints('hello', 2);
    expect(await printer.interrupt()).not.toContain('lost');
  });

  test('waitForConfirms', async () => {
    expect(await example('waitForConfirms.js').ends()).toBe('All messages done\n');
  });

  test('direct_reply_to', async () => {
    const server = await example('direct_reply_to_server.js').prints('To exit press');
    expect(await example('direct_reply_to_client.js').ends()).toContain('[.] pong');
    await server.interrupt();
  });

  test('stream_queues', async () => {
    await example('stream_queues/send_stream.js').ends();
    await example('stream_queues/receive_stream.js').prints("[x] Received 'Hello World!");
  });
});
