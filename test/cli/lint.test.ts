import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestBroker } from '../support/broker.ts';
import { run } from './support.ts';

const BAD = `{
  "queues": [
    {
      "name": "work", "vhost": "/", "durable": true, "auto_delete": false,
      "arguments": {
        "x-dead-letter-exchange": "nowhere"
      }
    }
  ]
}
`;

let directory: string;
let bad: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'leveret-test-'));
  bad = join(directory, 'bad.json');
  await writeFile(bad, BAD);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

const lint = (...args: string[]): ReturnType<typeof run> => run('amqp://nowhere.invalid', ['lint', ...args]);

test('what is wrong is told queue by queue, with its line, and ends with 11', async () => {
  const { code, stdout, stderr } = await lint(bad);
  expect(stdout).toContain("queue 'work' in vhost '/'\n  error    missing-dead-letter-exchange  line 6\n");
  expect(stdout).toContain(`${bad}: 1 error, 1 remark found`);
  expect(stderr).toBe(`leveret: ${bad} has 1 error\n`);
  expect(code).toBe(11);
});

test('definitions without a flaw end with 0, and say so', async () => {
  const good = join(directory, 'good.json');
  await writeFile(good, JSON.stringify({ vhosts: [{ name: '/' }] }));
  expect(await lint(good)).toEqual({ code: 0, stdout: `${good}: nothing found\n`, stderr: '' });
});

test.each([
  [['--fail-on', 'never'], 0],
  [['--fail-on', 'error'], 11],
  [['--ignore', 'missing-dead-letter-exchange'], 0],
  [['--ignore', 'missing-dead-letter-exchange', '--fail-on', 'info'], 11],
] as const)('%j ends with %i', async (flags, code) => {
  expect((await lint(bad, ...flags)).code).toBe(code);
});

test('as JSON a finding has its place in the file and in the definitions', async () => {
  const { stdout } = await lint(bad, '--format', 'json');
  const { source, findings } = JSON.parse(stdout) as { source: string; findings: object[] };
  expect(source).toBe(bad);
  expect(findings[0]).toMatchObject({
    check: 'missing-dead-letter-exchange',
    kind: 'queue',
    name: 'work',
    path: ['queues', 0, 'arguments', 'x-dead-letter-exchange'],
    startLine: 6,
    startColumn: 9,
    endLine: 6,
    endColumn: 44,
  });
});

test('a mistake is JSON where findings would be', async () => {
  const { stderr } = await lint('nothing.json', '--format', 'json');
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 2, kind: 'usage' } });
});

test('as SARIF every result refers to a rule and to a region of the file', async () => {
  const { stdout } = await lint(bad, '--format', 'sarif');
  const { version, runs } = JSON.parse(stdout) as {
    version: string;
    runs: [{ tool: { driver: { rules: { id: string }[] } }; results: Record<string, never>[] }];
  };
  expect(version).toBe('2.1.0');
  const [{ tool, results }] = runs;
  const [first] = results;
  expect(first).toMatchObject({
    ruleId: 'missing-dead-letter-exchange',
    level: 'error',
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: expect.stringMatching(/bad\.json$/) },
          region: { startLine: 6, startColumn: 9, endLine: 6, endColumn: 44 },
        },
        logicalLocations: [{ name: 'work' }],
      },
    ],
  });
  expect(tool.driver.rules[Number(first?.['ruleIndex'])]?.id).toBe('missing-dead-letter-exchange');
});

test('definitions may come from standard input', async () => {
  const { code, stdout } = await run('', ['lint', '-'], BAD);
  expect(stdout).toContain('standard input: 1 error');
  expect(code).toBe(11);
});

test.each([
  [['-'], '{"queues":', /^leveret: standard input is not JSON: .*\(1:\d+\)\n$/],
  [['nothing.json'], '', /cannot read the definitions: .*nothing\.json/],
  [['-', '--url', 'http://localhost'], '', /give a file or --url, not both/],
  [['-', '--ignore', 'unbound-queu'], '', /no check "unbound-queu"; did you mean "unbound-queue"\?/],
  [['--url', 'http://gu%est:p@localhost'], '', /in the login of --url write % as %25/],
  [['--url', 'amqp://localhost'], '', /--url is the management API, such as .* not 'amqp:\/\/localhost'/],
] as const)('%j is a mistake that is explained', async (flags, input, message) => {
  const { code, stderr } = await run('', ['lint', ...flags], input);
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});

describe('a broker, at its management API', () => {
  let url: string;
  const server = createServer((request, response) => {
    const authorization = Buffer.from('joe:secret%').toString('base64');
    if (request.headers.authorization !== `Basic ${authorization}`) {
      response.writeHead(401).end('{"error":"not_authorized","reason":"Login failed"}');
    } else if (request.url === '/base/api/definitions') {
      const waiting = { 'x-message-ttl': 5, 'x-dead-letter-exchange': 'amq.fanout' };
      const queue = { name: 'delay', vhost: '/', durable: true, auto_delete: false, arguments: waiting };
      response.end(JSON.stringify({ queues: [queue] }));
    } else if (request.url?.startsWith('/base/api/queues?') === true) {
      response.end(JSON.stringify([{ name: 'delay', vhost: '/', consumers: 2 }]));
    } else if (request.url?.startsWith('/base/api/channels?') === true) {
      response.end(JSON.stringify([{ name: 'a -> b (1)', vhost: '/', global_prefetch_count: 7 }]));
    } else {
      response.writeHead(404).end('<html>');
    }
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => server.close());

  test('is asked for its definitions and its consumers', async () => {
    const { stdout } = await lint('--url', `http://joe:secret%25@${url}/base`);
    expect(stdout).toContain('consumed-waiting-queue\n           It has 2 consumers.');
    expect(stdout).toContain("channel 'a -> b (1)' in vhost '/'\n  warning  global-prefetch");
    expect(stdout).not.toContain('secret');
  });

  test('is asked when there is no file, where the environment says it is', async () => {
    vi.stubEnv('LEVERET_MANAGEMENT_URL', `http://joe:secret%25@${url}/base`);
    const broker = await lint();
    expect(broker.stdout).toContain('consumed-waiting-queue');
    const { stdout } = await run('', ['lint', '-'], '{}');
    expect(stdout).toContain('standard input: nothing found');
    vi.unstubAllEnvs();
  });

  test('may refuse the login, or be something else', async () => {
    const refused = await lint('--url', `http://${url}`);
    expect(refused.stderr).toBe(
      `leveret: http://${url} refused the login or its rights (401): Login failed\n`,
    );
    expect(refused.code).toBe(4);
    const other = await lint('--url', `http://joe:secret%25@${url}`);
    expect(other.stderr).toContain('/api/definitions was not found');
    expect(other.code).toBe(5);
  });

  test('may not be there', async () => {
    const { code, stderr } = await lint('--url', 'http://leveret.invalid:15672');
    expect(stderr).toMatch(/^leveret: cannot reach http:\/\/leveret\.invalid:15672: /);
    expect(code).toBe(3);
  });

  test('may be sought at a port of AMQP, or where it was', async () => {
    const broker = await startTestBroker();
    const url = `http://127.0.0.1:${broker.port}`;
    expect((await lint('--url', url)).stderr).toContain(`${url}: it does not speak HTTP`);
    await broker.stop();
    expect((await lint('--url', url)).stderr).toContain(`${url}: nothing listens there`);
  });
});
