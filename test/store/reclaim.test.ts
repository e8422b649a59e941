import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Core } from '../support/core.ts';
import { openTestStore, temporaryDirectory } from '../support/store.ts';

const MB = 1024 * 1024;

async function sizeOf(directory: string): Promise<number> {
  let size = 0;
  for (const name of await readdir(join(directory, 'level'))) {
    size += (await stat(join(directory, 'level', name))).size;
  }
  return size;
}

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
  const full = await sizeOf(directory);
  expect(full).toBeGreaterThan(15 * MB);
  expect(core.drain(queue).length).toBe(30);
  await store.journal.flush();
  await store.reclaim();
  expect(await sizeOf(directory)).toBeLessThan(full / 2);
  await store.close();

  const again = await openTestStore(directory);
  const after = new Core(again.journal, again.recovered);
  expect(after.bodies(after.queue('kept'))).toEqual(['stays 0', 'stays 10', 'stays 20']);
  await again.close();
});
