import { resolve } from 'node:path';
import type { Recovered } from '../broker/journal.ts';
import type { LevelJournal } from '../store/level-journal.ts';
import type { StoreOptions } from '../store/open.ts';
import { freeBytes } from './resources.ts';
import type { Start } from './start.ts';

/** An open data directory. */
export interface Data {
  /** Absolute. */
  readonly directory: string;
  readonly journal: LevelJournal;
  /**
   * Bytes free on its disk: what waits to be written counts as written.
   * @param isLow what was deleted is to be given back first
   */
  free(isLow: boolean): Promise<number>;
}

/**
 * Opens the data directory, if there is to be one.
 * @returns with it what was found there, which nobody should keep
 */
export async function openData(
  { options: { data, memoryLimit }, log, teardown }: Start,
  { onFailure, crashes }: Required<Pick<StoreOptions, 'onFailure' | 'crashes'>>,
): Promise<{ readonly data: Data; readonly recovered: Recovered } | undefined> {
  if (data === undefined) return undefined;
  const directory = resolve(data);
  const failed = (error: unknown): void => {
    log.error({ error: String(error) }, 'the store failed');
    onFailure(error);
  };
  const settings = { memoryLimit, crashes, onFailure: failed };
  const { openStore } = await import('../store/open.ts'); // loaded here: without a data directory nobody needs LevelDB
  const { journal, recovered, close, reclaim } = await openStore(directory, settings);
  teardown.add(close);
  const free = async (isLow: boolean): Promise<number> => {
    if (isLow) await reclaim();
    return (await freeBytes(directory)) - journal.backlog;
  };
  return { data: { directory, journal, free }, recovered };
}
