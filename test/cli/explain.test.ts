import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { run } from './support.ts';

const RETRY = {
  queues: [
    {
      name: 'work',
      vhost: '/',
      arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'wait' },
    },
    {
      name: 'wait',
      vhost: '/',
      arguments: {
        'x-message-ttl': 30_000,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': 'work',
      },
    },
  ],
};

const explain = (args: readonly string[], topology: object = RETRY): ReturnType<typeof run> =>
  run('', ['explain', 'publish', ...args], JSON.stringify(topology));

/** Without the moment, which is another one each time. */
const timeless = (text: string): string => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'THEN');

test('the future of a message is a tree with times', async () => {
  const { code, stdout, stderr } = await explain(['--definitions', '-', '--key', 'work', '--reject', '1']);
  expect(stderr).toBe('');
  expect(timeless(stdout)).toBe(`\
+0ms      published to the default exchange with key "work"
+0ms        queue 'work'
+0ms          rejected by a consumer, dead-lettered to the default exchange with key "wait"
                x-death: 1x in 'work' (rejected)
+0ms          queue 'wait', expires at +30s by x-message-ttl
+30s            expired, dead-lettered to the default exchange with key "work"
                  x-death: 1x in 'wait' (expired)
                  x-death: 1x in 'work' (rejected)
+30s            queue 'work'
+30s              consumed

Ends in queue 'work': consumed (+30s, THEN)
Assumed: Somebody consumes 'work' and takes it at once.
`);
  expect(code).toBe(0);
});

test('as JSON it is one object', async () => {
  const { stdout } = await explain([
    '--definitions',
    '-',
    '--key',
    'wait',
    '--expiration',
    '5s',
    '--format',
    'json',
  ]);
  const { start, publish, ends } = JSON.parse(stdout) as {
    start: number;
    publish: { queues: { queue: string; expires: number; expiresBy: string }[] };
    ends: { time: number; queue: string; end: string }[];
  };
  expect(publish.queues[0]).toMatchObject({ queue: 'wait', expires: start + 5_000, expiresBy: 'expiration' });
  expect(ends).toMatchObject([{ queue: 'work', end: 'waiting' }]);
});

test('headers decide, too', async () => {
  const topology = {
    exchanges: [
      { name: 'later', vhost: '/', type: 'x-delayed-message', arguments: { 'x-delayed-type': 'fanout' } },
    ],
    queues: [{ name: 'q', vhost: '/' }],
    bindings: [{ source: 'later', vhost: '/', destination: 'q', destination_type: 'queue' }],
  };
  const { stdout } = await explain(
    ['--definitions', '-', '--exchange', 'later', '--key', '', '--header', 'x-delay=90000'],
    topology,
  );
  expect(stdout).toContain("held back by exchange 'later' until +1m30s");
});

describe('mistakes', () => {
  test.each([
    [['--definitions', '-'], /required option '--key <key>' not specified/, 2],
    [
      ['--key', 'work', '--definitions', '-', '--url', 'http://localhost'],
      /give --definitions or --url, not both/,
      2,
    ],
    [
      ['--definitions', '-', '--key', 'k', '--exchange', 'amq.fanuot'],
      /there is no exchange 'amq\.fanuot'; did you mean 'amq\.fanout'\?/,
      6,
    ],
    [['--definitions', '-', '--key', 'k', '--header', 'n=99999999999999999999'], /does not fit 64 bits/, 2],
    [
      ['--definitions', '-', '--key', 'k', '--header', 'n=9007199254740993'],
      /the number of header 'n' is too large here/,
      2,
    ],
  ] as const)('%j', async (args, message, code) => {
    const outcome = await explain(args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.code).toBe(code);
  });
});

test('RabbitMQ is asked what there is, who consumes, and which policies hold', async () => {
  const answers: Record<string, unknown> = {
    '/api/exchanges/%2F': [
      { name: '', vhost: '/', type: 'direct' },
      { name: 'amq.fanout', vhost: '/', type: 'fanout', durable: true },
    ],
    '/api/queues/%2F': [
      { name: 'mine', vhost: '/', durable: false, exclusive: true, arguments: {} },
      { name: 'late', vhost: '/' },
    ],
    '/api/bindings/%2F': [
      { source: '', vhost: '/', destination: 'mine', destination_type: 'queue', routing_key: 'mine' },
      { source: 'amq.fanout', vhost: '/', destination: 'mine', destination_type: 'queue', routing_key: '' },
    ],
    '/api/policies/%2F': [
      {
        name: 'on',
        vhost: '/',
        pattern: '^mine$',
        'apply-to': 'queues',
        priority: 0,
        definition: { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'late' },
      },
    ],
    '/api/operator-policies/%2F': [
      {
        name: 'cap',
        vhost: '/',
        pattern: '^mine$',
        'apply-to': 'queues',
        priority: 0,
        definition: { 'message-ttl': 250 },
      },
    ],
    '/api/queues': [{ name: 'late', vhost: '/', consumers: 1 }],
  };
  const server = createServer((request, response) => {
    const answer = answers[request.url?.replace(/\?.*/, '') ?? ''];
    if (answer === undefined) response.writeHead(405).end();
    else response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { stdout } = await explain(['--url', url, '--exchange', 'amq.fanout', '--key', 'k']);
  expect(stdout).toContain("queue 'mine', expires at +250ms by operator policy 'cap'");
  expect(stdout).toContain('dead-lettered to the default exchange with key "late"');
  expect(stdout).toContain("Ends in queue 'late': consumed (+250ms");
});
