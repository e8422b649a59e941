import { setImmediate as turn } from 'node:timers/promises';
import { Level } from 'level';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { long, longstr } from '../../src/wire/table.ts';
import { bodies, crash, fresh, queueOf } from '../support/durable.ts';
import type { Durable } from '../support/durable.ts';

/** The time after which a batch is begun that nobody waits for is up to the test. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
});

const LATER = 25;

async function nodeWith(queue: string, args: Parameters<Durable['core']['queue']>[1] = {}): Promise<Durable> {
  const node = await fresh();
  node.core.queue('dead');
  node.core.queue(queue, args);
  await node.store.journal.flush();
  return node;
}

async function turns(): Promise<void> {
  for (let left = 10; left > 0; left--) await turn();
}

test('what nobody waits for is on disk a little later, by itself', async () => {
  const node = await nodeWith('q');
  const { journal } = node.store;
  const batch = journal.gathering;
  node.core.send('q', 'a');
  await turns();
  expect(journal.committed).toBeLessThan(batch);
  vi.advanceTimersByTime(LATER);
  while (journal.committed < batch) await turn();
  expect(bodies(await crash(node), 'q')).toEqual(['a']);
});

test('it is written at once as soon as somebody does', async () => {
  const node = await nodeWith('q');
  const { journal } = node.store;
  node.core.send('q', 'a');
  await turns();
  await new Promise<void>((resolve) => {
    journal.onCommit({ committed: () => resolve() });
  });
  expect(bodies(await crash(node), 'q')).toEqual(['a']);
});

test('it is written at once when it is much, and what comes meanwhile waits again', async () => {
  const node = await nodeWith('q');
  const { journal } = node.store;
  const batch = journal.gathering;
  for (let n = 0; n < 9; n++) node.core.send('q', 'a'.repeat(2 ** 20));
  await turn();
  node.core.send('q', 'b');
  while (journal.committed < batch) await turn();
  await turns();
  expect([journal.committed, journal.gathering]).toEqual([batch, batch + 1]);
  vi.advanceTimersByTime(LATER);
  while (journal.committed <= batch) await turn();
  expect(bodies(await crash(node), 'q').at(-1)).toBe('b');
});

test('dead letters that are consumed meanwhile are never written, and after a crash they die again', async () => {
  const dlx = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('dead') };
  const node = await nodeWith('q', { ...dlx, 'x-message-ttl': long(1000) });
  const { core, store } = node;
  const sent = Array.from({ length: 300 }, (_, n) => `${n}:`.padEnd(900));
  for (const body of sent) core.send('q', body);
  await store.journal.flush();
  const batches = vi.spyOn(Level.prototype, 'batch');
  onTestFinished(() => batches.mockRestore());
  core.advance(1000);
  const dead = core.drain(queueOf(node, 'dead'));
  expect(dead.map(({ body }) => body)).toEqual(sent);
  await turns();
  expect(batches).not.toHaveBeenCalled();
  const crashed = await crash(node);
  await store.journal.flush();
  const calls = batches.mock.calls as unknown as [{ value?: Buffer }[]][];
  const written = calls.flatMap(([operations]) => operations);
  expect(Math.max(0, ...written.map(({ value }) => value?.length ?? 0))).toBeLessThan(900);
  crashed.core.settle();
  expect(bodies(crashed, 'dead')).toEqual(sent);
  expect(bodies(await crash(node), 'dead')).toEqual([]);
});
