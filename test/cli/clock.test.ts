import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBroker } from '../../src/index.ts';
import type { RunningBroker } from '../../src/index.ts';
import { run, start } from './support.ts';

let broker: RunningBroker;
let url: string;

beforeAll(async () => {
  const clock = { mode: 'manual', now: '2026-05-01T12:00:00Z' } as const;
  broker = await startBroker({ clock, management: true, logLevel: 'silent' });
  url = broker.managementUrl ?? '';
});

afterAll(() => broker.stop());

/** What `leveret clock` prints. */
async function clock(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('', ['clock', ...args, '--url', url]);
  return (stdout + stderr).trim();
}

test('it shows the time and moves it', async () => {
  expect(await clock('now')).toBe('2026-05-01T12:00:00.000Z  stands still, nothing is due');
  await run(broker.url, ['declare', 'queue', 'q', '--expires', '1h']);
  expect(await clock('advance', '15m')).toBe(
    '2026-05-01T12:15:00.000Z  stands still, next in 45m (2026-05-01T13:00:00.000Z)',
  );
  expect(await clock('advance-to', '2026-05-01T12:30:00Z', '--patience', '0')).toMatch(
    /^2026-05-01T12:30:00/,
  );
  expect(await clock('run', '--most', '10')).toBe('2026-05-01T13:00:00.000Z  stands still, nothing is due');
  expect(await clock('settle')).toMatch(/^2026-05-01T13:00:00.000Z/);
  const json = JSON.parse(await clock('now', '--json')) as object;
  expect(json).toMatchObject({ mode: 'manual', now: '2026-05-01T13:00:00.000Z', next_deadline: null });
});

test('it lets time go, skip and stand still', async () => {
  expect(await clock('resume')).toMatch(/goes on, nothing is due$/);
  expect(await clock('auto')).toMatch(/skips to what comes next, nothing is due$/);
  expect(await clock('auto', '--off')).toMatch(/stands still, nothing is due$/);
  expect(await clock('freeze')).toMatch(/stands still, nothing is due$/);
});

test.each([
  [
    ['advance', 'soon'],
    /leveret: argument 'duration': 'soon' is not a duration: write whole numbers with a unit.*; see leveret clock advance --help/,
  ],
  [['advance-to', 'soon'], /was refused \(400\): 'soon' is not a moment/],
  [['advance-to', '2000-01-01T00:00:00Z'], /time does not go back/],
])('a mistake is told in one line: %j', async (args, text) => {
  expect(await clock(...args)).toMatch(text);
});

test('serve starts with a clock that stands where it is told to', async () => {
  const flags = ['--memory', '--port', '0', '--management-port', '0', '--json'];
  const serve = start('', ['serve', '--clock', 'manual', '--now', '2026-05-01T12:00:00Z', ...flags]);
  let line = '';
  serve.process.stdout?.once('data', (data: Buffer) => (line = String(data)));
  await serve.shows('"management"');
  const { management } = JSON.parse(line) as { management: string };
  const { stdout } = await run('', ['clock', 'now', '--url', management]);
  expect(stdout.trim()).toBe('2026-05-01T12:00:00.000Z  stands still, nothing is due');
  serve.process.kill('SIGTERM');
  await serve.outcome;
  const wrong = await run('', ['serve', '--clock', 'manual', '--now', 'noon']);
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringContaining("--now: 'noon' is not a moment") as string,
  ]);
});
