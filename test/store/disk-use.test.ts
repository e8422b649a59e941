import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Queue } from '../../src/broker/queue.ts';
import type { Store } from '../../src/store/open.ts';
import { Core } from '../support/core.ts';
import { openTestStore, sizeOnDisk, temporaryDirectory } from '../support/store.ts';

const MB = 1024 * 1024;

/** A broker on a store that tolerates little waste. */
async function opened(diskAllowance = 0): Promise<{ core: Core; store: Store; directory: string }> {
  const directory = await temporaryDirectory();
  const store = await openTestStore(directory, { diskAllowance });
  return { core: new Core(store.journal, store.recovered), store, directory };
}

/** Commits, and gives compaction as many more commits as it wants. */
async function settle({ journal }: Store, most: number): Promise<void> {
  for (let left = most; left > 0; left--) {
    const before = journal.committed;
    await journal.flush();
    await turn();
    if (journal.committed === before) return;
  }
  throw new Error(`${most} commits were not enough`);
}

describe('pages on disk', () => {
  test('a full page is not moved, however much of it says which queues hold its messages', async () => {
    const { core, store } = await opened();
    core.exchange('x', 'fanout');
    for (let n = 0; n < 100; n++) {
      core.queue(`q${n}`);
      core.bind('x', `q${n}`);
    }
    for (let n = 0; n < 20; n++) {
      core.publish('x', '', 'short', { deliveryMode: 2 });
      await store.journal.flush();
    }
    await settle(store, 10);
    expect(store.journal.figures.movedPages).toBe(0);
    await store.close();
  });

  test('a page of settles that are all needed is not moved', async () => {
    const { core, store } = await opened();
    const [taken, kept] = [core.queue('taken'), core.queue('kept')];
    for (let n = 0; n < 200; n++) {
      core.send('taken', 'x');
      core.send('kept', 'x'.repeat(300));
    }
    await store.journal.flush();
    for (let n = 0; n < 200; n++) {
      taken.ack(core.get(taken)!.entry);
      await store.journal.flush();
    }
    await settle(store, 10);
    expect(store.journal.figures.movedPages).toBe(0);
    expect(kept.ready.length).toBe(200);
    await store.close();
  });

  test('one message that stays does not keep all that come after it', async () => {
    const { core, store } = await opened();
    core.queue('kept');
    const queue = core.queue('q');
    core.send('kept', 'stays');
    for (let n = 0; n < 500; n++) {
      core.send('q', 'x'.repeat(500));
      if (n >= 10) queue.ack(core.get(queue)!.entry); // its settle stands in a page with messages that are settled later
      await store.journal.flush();
      expect(store.journal.figures.pages).toBeLessThan(40);
    }
    await store.close();
  });

  test('are at most three times what is needed, whatever goes and whatever stays', async () => {
    const stays = fc.integer({ min: 1, max: 20 }).map((n) => n === 20);
    const publish = fc.record({ size: fc.integer({ min: 0, max: 3_000 }), stays });
    const round = fc.record({
      publishes: fc.array(publish, { maxLength: 12 }),
      takes: fc.integer({ min: 0, max: 16 }),
      fromTheMiddle: fc.boolean(),
    });
    const property = fc.asyncProperty(fc.array(round, { minLength: 20, maxLength: 60 }), async (rounds) => {
      const { core, store } = await opened();
      const queue = core.queue('q');
      core.queue('kept');
      const held: NonNullable<ReturnType<Core['get']>>['entry'][] = [];
      for (const { publishes, takes, fromTheMiddle } of rounds) {
        for (const { size, stays } of publishes) core.send(stays ? 'kept' : 'q', 'x'.repeat(size));
        for (let entry = core.get(queue)?.entry; entry !== undefined; entry = core.get(queue)?.entry)
          held.push(entry);
        const taken = held.splice(fromTheMiddle ? Math.floor(held.length / 2) : 0, takes);
        for (const entry of taken) queue.ack(entry);
        await store.journal.flush();
      }
      await settle(store, 200);
      const { diskBytes, liveBytes } = store.journal.figures;
      expect(diskBytes).toBeLessThanOrEqual(3 * liveBytes + 4096);
      await store.close();
    });
    await fc.assert(property, { numRuns: 25 });
  }, 120_000);
});

describe('files', () => {
  test('shrink by themselves when what waited is gone', async () => {
    const { core, store, directory } = await opened();
    const queue: Queue = core.queue('q');
    for (let n = 0; n < 240; n++) {
      core.send('q', randomBytes(MB / 4).toString('latin1'));
      if (n % 8 === 0) await store.journal.flush();
    }
    await store.journal.flush();
    expect(await sizeOnDisk(directory)).toBeGreaterThan(80 * MB);
    expect(core.drain(queue).length).toBe(240);
    await store.journal.flush();
    await expect.poll(() => sizeOnDisk(directory), { timeout: 20_000 }).toBeLessThan(20 * MB);
    await store.close();
  });
});
