import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestBroker } from '../support/broker.ts';
import { objects, run } from './support.ts';

const NOWHERE = 'amqp://localhost:1';

describe('a mistake in the command line ends with 2 and one line that helps', () => {
  test.each([
    [['pubish'], "unknown command 'pubish' (Did you mean publish?)", ''],
    [['declare', 'que', 'q'], "unknown command 'que' (Did you mean queue?)", ' declare'],
    [['get', 'q', '--cout', '1'], "unknown option '--cout' (Did you mean --count?)", ' get'],
    [['--prot', '5673'], "unknown option '--prot' (Did you mean --port?)", ' serve'],
    [['get'], "missing required argument 'queue'", ' get'],
    [
      ['get', 'q', '--count', 'x'],
      "option '--count <number>': 'x' is not a whole number of 1 or more",
      ' get',
    ],
    [['get', 'q', '--ack', '--requeue'], "option '--requeue' cannot be used with option '--ack'", ' get'],
    [
      ['declare', 'exchange', 'x', '--type', 'direkt'],
      "option '--type <type>' argument 'direkt' is invalid. It is one of direct, fanout, topic, headers, " +
        "or a plugin's type that begins with x-",
      ' declare exchange',
    ],
    [
      ['declare', 'queue', 'q', '--overflow', 'x'],
      "option '--overflow <behaviour>' argument 'x' is invalid. " +
        'Allowed choices are drop-head, reject-publish, reject-publish-dlx',
      ' declare queue',
    ],
  ])('%j', async (args, message, path) => {
    const { code, stdout, stderr } = await run(NOWHERE, args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(`leveret: ${message}; see leveret${path} --help\n`);
  });

  test.each([
    [
      ['declare', 'queue', 'q', '--ttl', '5s', '--argument', 'x-message-ttl=1'],
      "'x-message-ttl' is given twice",
    ],
    [['publish', '', 'q', 'body', '--file', 'f'], 'give the body or --file, not both'],
    [['publish', '', 'q', '--file', '/nowhere/f'], 'cannot read the body: ENOENT'],
    [['move', 'q'], 'say where to'],
    [['move', 'q', 'q'], "'q' is both where from and where to"],
    [['move', 'q', 'p', '--key', 'k'], '--key goes with --exchange'],
    [['get', 'q', '--url', 'http://localhost'], "'http://localhost' is not an AMQP URL"],
  ])('%j says %s', async (args, message) => {
    const { code, stderr } = await run(NOWHERE, args);
    expect(code).toBe(2);
    expect(stderr).toContain(`leveret: ${message}`);
  });

  test('with --json the mistake is an object', async () => {
    const { stderr } = await run(NOWHERE, ['get', '--json']);
    const message = "missing required argument 'queue'; see leveret get --help";
    expect(objects(stderr)).toEqual([{ error: { code: 2, kind: 'usage', message } }]);
  });
});

describe('no connection ends with 3', () => {
  test('where nothing listens, and the way to start a broker is shown', async () => {
    const { code, stderr } = await run(NOWHERE, ['get', 'q']);
    expect(code).toBe(3);
    expect(stderr).toBe(
      'leveret: nothing listens on amqp://localhost:1; start a broker with: leveret serve\n',
    );
  });

  test.each([
    ['nobody answers', 'no answer from', (): void => undefined],
    [
      'something else answers',
      'does not speak AMQP 0-9-1',
      (write: (text: string) => void): void => write('HTTP/1.1 400'),
    ],
  ])('where %s', async (_, message, greet) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      greet((text) => socket.end(text));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await run(`amqp://127.0.0.1:${port}`, ['get', 'q', '--timeout', '300ms']);
    server.close();
    expect(code).toBe(3);
    expect(stderr).toContain(message);
  });
});

describe('a broker that does not let us in ends with 4', () => {
  let broker: Awaited<ReturnType<typeof startTestBroker>>;
  beforeAll(async () => {
    broker = await startTestBroker();
  });
  afterAll(() => broker.stop());

  test('because of the password, which is not shown', async () => {
    const url = Object.assign(new URL(broker.url), { username: 'guest', password: 'wr0ng' });
    const { code, stderr } = await run(url.href, ['get', 'q']);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^leveret: amqp:\/\/\S+ refused user 'guest': ACCESS_REFUSED/);
    expect(stderr).not.toContain('wr0ng');
  });

  test('because there is no such vhost', async () => {
    const url = Object.assign(new URL(broker.url), { pathname: '/no%2Fwhere' });
    const { code, stderr } = await run(url.href, ['get', 'q']);
    expect(code).toBe(4);
    expect(stderr).toContain("has no vhost 'no/where' for user 'guest'");
  });
});

describe('help', () => {
  test.each([
    [['--help']],
    ...['exchange', 'queue', 'binding'].flatMap((kind) => [
      [['declare', kind, '-h']],
      [['delete', kind, '-h']],
    ]),
    ...['publish', 'get', 'consume', 'move', 'purge'].map((command) => [[command, '--help']]),
  ])('%j ends with examples', async (args) => {
    const { code, stdout } = await run(NOWHERE, args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nExamples?:\n(.*\n)* {2}\$ .*leveret .*\n$/);
  });

  test('half a command shows its help as a mistake', async () => {
    const { code, stdout, stderr } = await run(NOWHERE, ['declare']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('binding [options] <source> <destination>');
  });

  test('the version is that of the package', async () => {
    const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(file) as { version: string };
    expect((await run(NOWHERE, ['--version'])).stdout).toBe(`${version}\n`);
  });
});
