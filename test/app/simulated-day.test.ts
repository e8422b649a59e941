import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../bench/day.js', import.meta.url));

interface Figures {
  readonly simulatedHours: number;
  readonly deliveries: number;
  readonly rejected: number;
  readonly acked: number;
  readonly inexact: number;
  readonly log: string;
}

async function simulate(seed: number): Promise<Figures> {
  const flags = ['--messages', '300', '--consumers', '3', '--seed', String(seed), '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...flags]);
  return JSON.parse(stdout) as Figures;
}

test('a day with clients on the wire is exact to the millisecond, and the same again with the same seed', async () => {
  const [one, again, other] = await Promise.all([simulate(1), simulate(1), simulate(2)]);
  for (const day of [one, other]) {
    expect(day.simulatedHours).toBeGreaterThan(7);
    expect(day).toMatchObject({ inexact: 0, acked: 300 });
    expect(day.rejected).toBeGreaterThan(50);
    expect(day.deliveries).toBe(day.acked + day.rejected);
  }
  expect(again.log).toBe(one.log);
  expect(other.log).not.toBe(one.log);
});
