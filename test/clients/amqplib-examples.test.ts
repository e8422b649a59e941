import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { within } from './programs.ts';
import { startTarget } from './target.ts';
import type { Target } from './target.ts';

// The examples that amqplib's package brings along, as they are.
const EXAMPLES = join(dirname(createRequire(import.meta.url).resolve('amqplib')), 'examples');
const PRELOAD = new URL('./port-5672.js', import.meta.url).href;

const queues = ['hello', 'task_queue', 'rpc_queue'];
const exchanges = ['logs', 'direct_logs', 'topic_logs', 'matching exchange'];

let target: Target;
beforeAll(async () => {
  target = await startTarget(queues, exchanges);
});
afterAll(() => target.stop());

/** One example in a process of its own. */
class Example {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #exited: Promise<unknown[]>;
  #output = '';

  constructor(name: string, ...args: string[]) {
    this.#child = spawn(process.execPath, ['--import', PRELOAD, join(EXAMPLES, name), ...args], {
      env: { ...process.env, LEVERET_TEST_PORT: String(target.port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
    onTestFinished(() => void this.#child.kill('SIGKILL'));
  }

  /** Resolves when the text was printed so often. */
  async prints(text: string, times = 1): Promise<this> {
    const printed = async (): Promise<void> => {
      while (this.#output.split(text).length <= times) await once(this.#child.stdout, 'data');
    };
    await within(printed(), `"${text}" in the output`).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${this.#output}`);
    });
    return this;
  }

  /** Resolves with all that was printed when the example has ended by itself. */
  async ends(): Promise<string> {
    await within(this.#exited, 'the end');
    return this.#output;
  }

  /** Ctrl-C, which the examples answer with an orderly close. */
  async interrupt(): Promise<string> {
    this.#child.kill('SIGINT');
    return this.ends();
  }
}

describe.each(['tutorials', 'tutorials/callback_api'])('the examples of amqplib: %s', (folder) => {
  test('hello, world', async () => {
    expect(await new Example(`${folder}/send.js`).ends()).toContain(" [x] Sent 'Hello World!'");
    const receiver = await new Example(`${folder}/receive.js`).prints("Received 'Hello World!'");
    expect(await receiver.interrupt()).not.toContain('Error');
  });

  test('a task goes to the worker that is free', async () => {
    const workers = await Promise.all(
      [0, 1].map(() => new Example(`${folder}/worker.js`).prints('Waiting for messages')),
    );
    await Promise.all(['one', 'two'].map((text) => new Example(`${folder}/new_task.js`, text).ends()));
    for (const worker of workers) await worker.prints('[x] Done');
    for (const worker of workers) expect(await worker.interrupt()).not.toContain('Error');
  });

  test.each([
    ['logs', ['a', 'line'], [], "[x] 'a line'"],
    ['logs_direct', ['warning', 'careful'], ['warning', 'error'], "[x] warning:'careful'"],
    ['logs_topic', ['kern.critical', 'broken'], ['kern.*'], "[x] kern.critical:'broken'"],
  ])('receive_%s gets what is emitted', async (name, sent, keys, line) => {
    const receiver = await new Example(`${folder}/receive_${name}.js`, ...keys).prints('Waiting for logs');
    await new Example(`${folder}/emit_${name.replace('logs', 'log')}.js`, ...sent).ends();
    await receiver.prints(line);
    expect(await receiver.interrupt()).not.toContain('Error');
  });

  test('a remote procedure is called', async () => {
    const server = await new Example(`${folder}/rpc_server.js`).prints('Awaiting RPC requests');
    expect(await new Example(`${folder}/rpc_client.js`, '30').ends()).toContain('[.] Got 832040');
    await server.interrupt();
  });
});

describe('the examples of amqplib: others', () => {
  test('headers', async () => {
    const example = await new Example('headers.js').prints('hello', 2);
    expect(await example.interrupt()).not.toContain('lost');
  });

  test('waitForConfirms', async () => {
    expect(await new Example('waitForConfirms.js').ends()).toBe('All messages done\n');
  });

  test('direct_reply_to', async ({ skip }) => {
    skip(target.capabilities['direct_reply_to'] !== true, 'the broker has no direct reply-to');
    const server = await new Example('direct_reply_to_server.js').prints('To exit press');
    expect(await new Example('direct_reply_to_client.js').ends()).toContain('[.] pong');
    await server.interrupt();
  });
});
