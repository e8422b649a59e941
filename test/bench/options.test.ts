import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
// @ts-expect-error it is plain JavaScript, to run without a build
import { readOptions } from '../../bench/options.js';
// @ts-expect-error it is plain JavaScript, to run without a build
import { jobsOf } from '../../bench/scenarios.js';

const URL_A = 'amqp://127.0.0.1:1';
const URL_B = 'amqp://127.0.0.1:2';

test('a process and a directory belong to the broker that was named before them', () => {
  const args = ['--against', URL_A, '--pid', '7', '--against', URL_B, '--data', tmpdir()];
  const { first, against } = readOptions(args);
  expect(first.kind).toBe('leveret');
  expect(against).toEqual([
    { kind: 'remote', url: URL_A, pid: 7 },
    { kind: 'remote', url: URL_B, data: tmpdir() },
  ]);
});

test.each([
  [['--pid', '7'], '--pid belongs to the URL of a broker before it, and there is none'],
  [['--scenario', 'flo'], 'there is no scenario "flo"'],
  [['--against', 'http://127.0.0.1'], '--against must start with amqp://'],
  [
    ['--against', '/nowhere'],
    'neither a URL (amqp://user:password@host:port) nor a directory with bin/leveret.js',
  ],
  [['--messages', '1e9'], '--messages must be an integer'],
])('%j is refused with a line that says why', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});

test('what takes minutes runs only when it is asked for', () => {
  const labels = (large: boolean): string[] =>
    jobsOf(['backlog'], { large }).map(({ label }: { label: string }) => label);
  expect(labels(false)).toEqual(['backlog 100 B']);
  expect(labels(true)).toEqual(['backlog 100 B', 'backlog 10,000,000 100 B']);
});

test('whoever wishes for a number of messages gets it on every broker', () => {
  const [job] = jobsOf(['headers'], {});
  expect(job?.others?.messages).toBe(10_000);
  const [wished] = jobsOf(['headers'], { messages: 500 });
  expect(wished).toMatchObject({ settings: { messages: 500 }, others: undefined });
});
