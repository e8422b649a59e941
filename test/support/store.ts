import { cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStore } from '../../src/store/open.ts';
import type { Store, StoreOptions } from '../../src/store/open.ts';

/** A directory of its own, deleted after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** What a power failure would leave: the files of a store as they are, with nothing closed. Returns their directory. */
export async function crashedCopy(directory: string): Promise<string> {
  const from = join(directory, 'level');
  for (;;) {
    const copy = await temporaryDirectory();
    const before = await readdir(from);
    const filter = (path: string): boolean => !path.endsWith('LOCK');
    const error: unknown = await cp(from, join(copy, 'level'), { recursive: true, filter }).catch((e) => e);
    if (error !== undefined && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const after = await readdir(from);
    if (error === undefined && before.join() === after.join()) return copy; // LevelDB merged no files meanwhile
  }
}

/** Bytes of the files of a store. */
export async function sizeOnDisk(directory: string): Promise<number> {
  let size = 0;
  for (const name of await readdir(join(directory, 'level'))) {
    const found = await stat(join(directory, 'level', name)).catch(() => undefined); // LevelDB may have deleted it meanwhile
    size += found?.size ?? 0;
  }
  return size;
}

/** Opens a store that parks early and fails the test when a write fails. */
export async function openTestStore(directory: string, options: Partial<StoreOptions> = {}): Promise<Store> {
  return openStore(directory, {
    memoryLimit: 64 * 1024 * 1024,
    parkAfter: 2,
    onFailure: (error) => {
      throw error;
    },
    ...options,
  });
}
