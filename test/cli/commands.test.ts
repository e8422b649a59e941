import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestBroker } from '../support/broker.ts';
import { objects, run, unique, type Outcome } from './support.ts';

let broker: Awaited<ReturnType<typeof startTestBroker>>;
const work = unique('work');
const late = unique('late');
const orders = unique('orders');

const leveret = (args: readonly string[], input?: string): Promise<Outcome> => run(broker.url, args, input);

beforeAll(async () => {
  broker = await startTestBroker();
});

afterAll(async () => {
  await broker.stop();
});

describe('declare', () => {
  test('a queue with its arguments is declared', async () => {
    expect(await leveret(['declare', 'queue', late])).toEqual({
      code: 0,
      stdout: `declared durable queue ${late} (0 messages, 0 consumers)\n`,
      stderr: '',
    });
    const deadLetter = ['--dead-letter-exchange', '', '--dead-letter-routing-key', late];
    const limits = ['--max-length', '1000', '--max-length-bytes', '10MB', '--overflow', 'reject-publish'];
    const args = [
      'declare',
      'queue',
      work,
      '--ttl',
      '1h',
      ...deadLetter,
      ...limits,
      '--argument',
      'x-expires=4294967295',
    ];
    expect((await leveret(args)).code).toBe(0);
    expect((await leveret(args)).code).toBe(0); // once more, the same
  });

  test('a queue that exists with other settings is refused in the words of the broker', async () => {
    const { code, stderr } = await leveret(['declare', 'queue', work]);
    expect(code).toBe(6);
    expect(stderr).toMatch(/^leveret: PRECONDITION_FAILED - inequivalent arg .*\n$/);
  });

  test('a queue without a name gets one from the broker, which is all that is printed', async () => {
    const { stdout, stderr } = await leveret(['declare', 'queue', '--expires', '1m']);
    expect(stdout).toMatch(/^amq\.gen-\S+\n$/);
    expect(stderr).toBe('');
  });

  test('an exchange is declared and bound by several keys', async () => {
    expect((await leveret(['declare', 'exchange', orders, '--type', 'topic'])).code).toBe(0);
    const { code, stdout } = await leveret([
      'declare',
      'binding',
      orders,
      work,
      '--key',
      'a.*',
      '--key',
      'b',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(objects(stdout)).toEqual(
      ['a.*', 'b'].map((key) => ({
        declared: 'binding',
        source: orders,
        destination: work,
        to: 'queue',
        key,
      })),
    );
  });

  test('a binding to an exchange that does not exist ends with 5', async () => {
    const { code, stderr } = await leveret(['declare', 'binding', unique('none'), work]);
    expect(code).toBe(5);
    expect(stderr).toContain('NOT_FOUND - no exchange');
  });
});

describe('publish and get', () => {
  test('a message arrives with its properties and headers', async () => {
    const properties = [
      '--content-type',
      'text/plain',
      '--message-id',
      'm1',
      '--persistent',
      '--expiration',
      '10m',
    ];
    const headers = ['--header', 'n=5', '--header', 'big=9999999999', '--header', 'list=[1,2.5,true]'];
    const published = await leveret([
      'publish',
      orders,
      'a.b',
      'hello',
      ...properties,
      ...headers,
      '--confirm',
      '--json',
    ]);
    expect(published.code).toBe(0);
    expect(objects(published.stdout)).toEqual([
      { published: 1, exchange: orders, routing_key: 'a.b', returned: 0, confirmed: 1, nacked: 0 },
    ]);
    const { stdout } = await leveret(['get', work, '--ack', '--json']);
    expect(objects(stdout)).toEqual([
      {
        queue: work,
        exchange: orders,
        routing_key: 'a.b',
        redelivered: false,
        properties: { content_type: 'text/plain', delivery_mode: 2, expiration: '600000', message_id: 'm1' },
        headers: { n: 5, big: 9_999_999_999, list: [1, 2.5, true] },
        deaths: [],
        body: 'hello',
      },
    ]);
  });

  test('the body comes from standard input or a file, byte for byte', async () => {
    const path = join(tmpdir(), unique('body'));
    await writeFile(path, Buffer.from([0, 0xff, 10]));
    await leveret(['publish', '', work], 'from a pipe\n');
    await leveret(['publish', '', work, '--file', path]);
    const { stdout } = await leveret(['get', work, '--count', '5', '--ack', '--json']);
    expect(objects(stdout)).toMatchObject([{ body: 'from a pipe\n' }, { body: 'AP8K', encoding: 'base64' }]);
  });

  test('get leaves the message where it was, and says so', async () => {
    await leveret(['publish', '', work, 'stays']);
    const first = await leveret(['get', work]);
    expect(first.stdout).toBe(`#1  exchange "", key "${work}", 0 left\n    body  5 bytes\nstays\n`);
    expect(first.stderr).toBe(`1 message put back into ${work}; --ack would remove what it shows\n`);
    const again = await leveret(['get', work, '--ack', '--json']);
    expect(objects(again.stdout)).toMatchObject([{ body: 'stays', redelivered: true }]);
  });

  test('get ends with 8 when the queue is empty', async () => {
    expect(await leveret(['get', late])).toEqual({
      code: 8,
      stdout: '',
      stderr: `leveret: queue ${late} is empty\n`,
    });
  });

  test('a message that expired shows where and why it died', async () => {
    await leveret(['publish', '', work, 'too late', '--expiration', '1ms']);
    await leveret(['consume', late, '--count', '1']); // waits for it
    const { stdout } = await leveret(['get', late, '--ack']);
    expect(stdout).toMatch(
      new RegExp(
        `died .* 1x in ${work} \\(expired, expiration was 1ms\\), first \\d{4}-.*Z, via exchange "", key "${work}"`,
      ),
    );
  });
});

describe('what a broker does not take', () => {
  test('a mandatory message that no queue takes ends with 7', async () => {
    const { code, stderr } = await leveret([
      'publish',
      orders,
      'nowhere',
      'x',
      '--mandatory',
      '--count',
      '3',
    ]);
    expect(code).toBe(7);
    expect(stderr).toBe(
      `leveret: the broker returned 3 of 3 messages to exchange ${orders} with key "nowhere": NO_ROUTE, no queue took it\n`,
    );
  });

  test('a confirm that is refused ends with 7', async () => {
    const full = unique('full');
    await leveret(['declare', 'queue', full, '--max-length', '1', '--overflow', 'reject-publish']);
    const { code, stdout } = await leveret(['publish', '', full, 'x', '--count', '3', '--confirm', '--json']);
    expect(code).toBe(7);
    expect(objects(stdout)).toMatchObject([{ published: 3, confirmed: 1, nacked: 2, returned: 0 }]);
    await leveret(['delete', 'queue', full]);
  });

  test('an exchange that does not exist ends with 5, with confirms and without', async () => {
    const none = unique('none');
    expect((await leveret(['publish', none, 'k', 'x'])).code).toBe(5);
    expect((await leveret(['publish', none, 'k', 'x', '--confirm'])).code).toBe(5);
  });
});

describe('purge and delete', () => {
  test('purge tells how many messages it deleted', async () => {
    await leveret(['publish', '', work, 'x', '--count', '3']);
    expect((await leveret(['purge', work])).stdout).toBe(`purged 3 messages from ${work}\n`);
  });

  test('a queue with messages is not deleted when it must be empty', async () => {
    await leveret(['publish', '', work, 'x']);
    expect((await leveret(['delete', 'queue', work, '--if-empty'])).code).toBe(6);
  });

  test('what was declared can be deleted, once', async () => {
    expect((await leveret(['delete', 'binding', orders, work, '--key', 'b'])).code).toBe(0);
    expect((await leveret(['delete', 'queue', work])).stdout).toBe(`deleted queue ${work} with 1 message\n`);
    expect((await leveret(['delete', 'queue', late])).code).toBe(0);
    expect((await leveret(['delete', 'exchange', orders])).code).toBe(0);
    expect((await leveret(['delete', 'exchange', orders])).code).toBe(5);
    expect((await leveret(['delete', 'queue', work])).code).toBe(5);
  });
});
