import type { Database } from './format.ts';
import { keyRange } from './keys.ts';

/** What LevelDB offers beside the interface it shares with other databases. */
interface Compactable {
  approximateSize(start: Buffer, end: Buffer): Promise<number>;
  compactRange(start: Buffer, end: Buffer): Promise<void>;
}

/** Files may be so many times as large as the pages that live, plus this, before they are merged. */
const TOLERATED = 1.5;
const ALLOWANCE = 4 * 1024 * 1024;

/**
 * Gives back the space of deleted pages. LevelDB does it by itself, but while something is written: not when
 * publishers are blocked because the disk is nearly full.
 * @param liveBytes of all pages that live
 */
export async function reclaim(db: Database, liveBytes: number): Promise<void> {
  const { gte, lt } = keyRange('page');
  const level = db as unknown as Compactable;
  if ((await level.approximateSize(gte, lt)) <= liveBytes * TOLERATED + ALLOWANCE) return;
  await level.compactRange(gte, lt);
}
