import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { DeclaredQueue } from '../../src/broker/declared-queue.ts';
import { long, longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { openTestStore, sizeOnDisk, temporaryDirectory } from '../support/store.ts';

const MB = 1024 * 1024;

test('the space of messages that are gone is given back, and those that stay are still there', async () => {
  const directory = await temporaryDirectory();
  const store = await openTestStore(directory);
  const core = new Core(store.journal, store.recovered);
  const queue = core.queue('q');
  core.queue('kept');
  for (let n = 0; n < 30; n++) {
    core.send('q', randomBytes(MB / 2).toString('latin1'));
    if (n % 10 === 0) core.send('kept', `stays ${n}`);
    await store.journal.flush();
  }
  await store.reclaim();
  const full = await sizeOnDisk(directory);
  expect(full).toBeGreaterThan(15 * MB);
  expect(core.drain(queue).length).toBe(30);
  await store.journal.flush();
  await store.reclaim();
  expect(await sizeOnDisk(directory)).toBeLessThan(full / 2);
  await store.close();

  const again = await openTestStore(directory);
  const after = new Core(again.journal, again.recovered);
  expect(after.bodies(after.queue('kept'))).toEqual(['stays 0', 'stays 10', 'stays 20']);
  await again.close();
});

test('the space of what streams have dropped is given back, also of streams that are gone', async () => {
  const directory = await temporaryDirectory();
  const store = await openTestStore(directory);
  const core = new Core(store.journal, store.recovered);
  const stream = { 'x-queue-type': longstr('stream') };
  core.declare('gone', stream);
  core.declare('limited', {
    ...stream,
    'x-max-length-bytes': long(MB),
    'x-stream-max-segment-size-bytes': long(MB / 2),
  });
  core.declare('kept', stream);
  const fill = async (queue: string, count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      core.send(queue, randomBytes(MB / 4).toString('latin1'));
      await store.journal.flush();
    }
  };
  await fill('gone', 30);
  await fill('kept', 4);
  await store.reclaim();
  const full = await sizeOnDisk(directory);
  core.vhost.remove(core.vhost.queues.get('gone') as DeclaredQueue);
  await store.journal.flush();
  await store.reclaim();
  expect(await sizeOnDisk(directory)).toBeLessThan(full - 9 * MB);

  await fill('limited', 30);
  await store.reclaim();
  expect(await sizeOnDisk(directory)).toBeLessThan(7 * MB);
  const kept = core.vhost.queues.get('kept') as DeclaredQueue;
  expect(kept.messageCount).toBe(4);
  await store.close();

  const again = await openTestStore(directory);
  expect(again.recovered.chunks.get(kept.identity.id)?.length).toBe(4);
  await again.close();
});
