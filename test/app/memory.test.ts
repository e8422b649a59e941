import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { MemoryGauge } from '../../src/app/memory.ts';

const MB = 1024 * 1024;

/** What the gauge shows while so much is held. */
function holding(gauge: MemoryGauge, megabytes: number): number {
  const held = Array.from({ length: megabytes }, (_, n) => Buffer.alloc(MB, n));
  const shown = gauge.read(false);
  expect(held.length).toBe(megabytes);
  return shown;
}

test('memory that is used counts, and garbage no more when it is low', async () => {
  const gauge = new MemoryGauge();
  const before = gauge.read(false);
  const full = holding(gauge, 100);
  expect(full - before).toBeGreaterThan(80 * MB);
  while (gauge.read(true) > full - 80 * MB) await pause(50);
});

test('it is never more than what is resident', () => {
  expect(new MemoryGauge().read(false)).toBeLessThanOrEqual(process.memoryUsage.rss() + MB);
});
