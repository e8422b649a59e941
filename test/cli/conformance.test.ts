import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningBroker } from '../../src/index.ts';
import { startTestBroker } from '../support/broker.ts';
import { run, start } from './support.ts';

let broker: RunningBroker;
let folder: string;

beforeAll(async () => {
  broker = await startTestBroker();
  folder = await mkdtemp(join(tmpdir(), 'leveret-report-'));
});

afterAll(async () => {
  await broker.stop();
  await rm(folder, { recursive: true });
});

function judge(...args: string[]): ReturnType<typeof run> {
  return run('', ['conformance', ...args]);
}

test('it judges the broker of --url and writes the reports it is asked for', async () => {
  const file = join(folder, 'report.json');
  const { code, stdout, stderr } = await judge('--url', broker.url, '--topic', 'cycles', '--report', file);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^ {2}\S.* {2}\d+(, \d+ skipped)?$/m);
  expect(stdout).toMatch(
    /^Leveret \S+ \(as RabbitMQ 4\.2\.0\): \d+ passed, 0 failed, \d+ skipped in \S+ s$/m,
  );
  expect(code).toBe(0);
  const report = JSON.parse(await readFile(file, 'utf8')) as { counts: { passed: number } };
  expect(report.counts.passed).toBeGreaterThan(5);
});

test('it starts a broker of its own when it is given none', async () => {
  const { code, stdout } = await judge('--rule', 'CYC-04', '--json');
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.at(-1)).toMatchObject({ failed: 0, skipped: 0 });
  expect(lines[0]).toMatchObject({ topic: 'cycles', outcome: 'passed' });
  expect(code).toBe(0);
});

test('it ends with 10 when a case fails, and shows which and why', async () => {
  const liar = createServer((client) => {
    const honest = connect(broker.port, '127.0.0.1');
    client.pipe(honest);
    honest.on('data', (chunk) =>
      client.write(Buffer.from(chunk.toString('latin1').replaceAll('expired', 'EXPIRED'), 'latin1')),
    );
    for (const socket of [client, honest]) socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => void liar.listen(0, '127.0.0.1', resolve));
  const { port } = liar.address() as AddressInfo;
  const { code, stdout, stderr } = await judge('--url', `amqp://127.0.0.1:${port}`, '--rule', 'DLX-02');
  liar.close();
  expect(stdout).toMatch(/^FAILED \S.* \(dlx, .*DLX-02/m);
  expect(stdout).toMatch(/EXPIRED/);
  expect(stderr).toMatch(/^leveret: Leveret \S+ \(as RabbitMQ 4\.2\.0\) failed \d+ of \d+ cases\n$/);
  expect(code).toBe(10);
});

test('a signal ends it, its own broker, and the data of that', async () => {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  const running = start('', ['conformance', '--topic', 'message-ttl', '--json']);
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  await running.shows('"outcome":"passed"');
  running.process.kill('SIGTERM');
  const { code, stderr } = await running.outcome; // not before the broker let go of its standard error, too
  expect(code).toBe(130);
  expect(stderr).toMatch(/interrupted before \d+ cases/);
  expect((await readdir(folder)).filter((name) => name.startsWith('leveret-'))).toEqual([]);
});

test('--list names the cases and tries none', async () => {
  const { code, stdout } = await judge('--list', '--rule', 'CYC-04');
  expect(stdout).toMatch(/^\S.* \(cycles\)\n {2}\S.* CYC-04/);
  expect(code).toBe(0);
});

test.each([
  [['--topic', 'dlq'], 2, 'no topic "dlq"; did you mean "dlx"?'],
  [['--rule', 'XD-99'], 2, 'no rule "XD-99"; did you mean "XD-09"?'],
  [['--rule', 'YD'], 2, 'no rule "YD"; did you mean "XD"?'],
  [['--report', 'report.txt'], 2, 'no format for the report report.txt: end it with .md, .json, .xml'],
  [['--url', 'http://localhost'], 2, "--url 'http://localhost' is no amqp URL: write amqp://host:port"],
  [['--url', 'amqp://127.0.0.1:1'], 3, 'nobody listens on 127.0.0.1:1'],
] as const)('conformance %j is told what is wrong', async (args, code, text) => {
  const outcome = await judge(...args);
  expect(outcome.stderr).toBe(`leveret: ${text}\n`);
  expect(outcome.code).toBe(code);
});
