import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RealClock } from '../../src/app/clock.ts';

let clock: RealClock;

beforeEach(() => {
  clock = new RealClock();
});

afterEach(() => {
  clock.stop();
  vi.restoreAllMocks();
});

test('an alarm rings once its moment has come, never before [TTL-17]', async () => {
  const lateness = await Promise.all(
    Array.from({ length: 50 }, (_, i) => {
      const due = clock.now() + i * 1.7;
      return new Promise<number>((resolve) => clock.at(due, () => resolve(clock.now() - due)));
    }),
  );
  expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0);
});

test('a cancelled alarm does not ring, and an earlier one goes before those that wait', async () => {
  const rung: string[] = [];
  const now = clock.now();
  clock.at(now + 20, () => rung.push('cancelled')).cancel();
  const last = new Promise<void>((resolve) => clock.at(now + 40, () => resolve(void rung.push('later'))));
  clock.at(now + 5, () => rung.push('earlier'));
  await last;
  expect(rung).toEqual(['earlier', 'later']);
});

test('a moment beyond what a timer of the runtime can hold does not ring at once', async () => {
  const rung: string[] = [];
  clock.at(clock.now() + 2 ** 40, () => rung.push('in thirty years'));
  await new Promise<void>((resolve) => clock.at(clock.now() + 20, resolve));
  expect(rung).toEqual([]);
});

test('time follows the host when its clock is set, in both directions', () => {
  const host = Date.now();
  const shifted = vi.spyOn(Date, 'now');
  for (const jump of [3_600_000, -3_600_000]) {
    shifted.mockReturnValue(host + jump);
    expect(Math.abs(clock.now() - (host + jump))).toBeLessThanOrEqual(5);
  }
});
