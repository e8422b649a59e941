import { expect, test } from 'vitest';
import type { Histogram } from '../../src/broker/histogram.ts';
import { Core } from '../support/core.ts';
import { openTestStore, temporaryDirectory } from '../support/store.ts';

function observations({ counts }: Histogram): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

test('the store tells of each commit how long it took and how much it was, and what it holds', async () => {
  const store = await openTestStore(await temporaryDirectory(), { memoryLimit: 10_000 });
  const core = new Core(store.journal, store.recovered);
  const queue = core.queue('q');
  await store.journal.flush();
  const { figures } = store.journal;
  const before = observations(figures.commitLatency);
  const bytesBefore = figures.commitBytes.sum;
  const recorded = 50 * 1000;
  for (let n = 0; n < 50; n++) core.send('q', 'x'.repeat(1000));
  await store.journal.flush();
  expect(observations(figures.commitLatency)).toBe(before + 1);
  expect(observations(figures.commitBytes)).toBe(before + 1);
  expect(figures.commitLatency.sum).toBeGreaterThan(0);
  expect(figures.commitBytes.sum - bytesBefore).toBeGreaterThan(recorded);
  expect(figures.commitBytes.sum - bytesBefore).toBeLessThan(recorded * 1.2);
  expect([figures.pages, figures.memoryBytes]).toEqual([1, 0]); // more than fits
  expect(figures.liveBytes).toBeGreaterThan(recorded);
  expect(figures.diskBytes).toBeGreaterThan(recorded);
  core.drain(queue);
  await store.journal.flush();
  expect([figures.diskBytes, figures.liveBytes, figures.movedPages]).toEqual([0, 0, 0]);
  await store.close();
});

test('pages that compaction moves are counted', async () => {
  const store = await openTestStore(await temporaryDirectory(), { diskAllowance: 0 });
  const core = new Core(store.journal, store.recovered);
  const queue = core.queue('q');
  core.queue('kept');
  for (let n = 0; n < 10; n++) {
    core.send('q', 'x'.repeat(10_000));
    core.send('kept', 'stays');
    await store.journal.flush();
  }
  const { figures } = store.journal;
  expect(figures.movedPages).toBe(0);
  core.drain(queue);
  for (let n = 0; n < 3; n++) {
    core.send('kept', 'stays');
    await store.journal.flush();
  }
  expect(figures.movedPages).toBeGreaterThan(0);
  expect(figures.movedBytes).toBeGreaterThanOrEqual(figures.movedPages * 10_000);
  await store.close();
});
