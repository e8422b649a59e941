import { mkdtemp, rm } from 'node:fs/promises';
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

/** Opens a store that fails the test when a write fails. */
export async function openTestStore(directory: string, options: Partial<StoreOptions> = {}): Promise<Store> {
  return openStore(directory, {
    memoryLimit: 64 * 1024 * 1024,
    onFailure: (error) => {
      throw error;
    },
    ...options,
  });
}
