import type { Database, KeyRange } from './format.ts';
import { chunkKey, chunkOf, keyRange } from './keys.ts';

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
export async function reclaimPages(db: Database, liveBytes: number): Promise<void> {
  const { gte, lt } = keyRange('page');
  const level = db as unknown as Compactable;
  if ((await level.approximateSize(gte, lt)) <= liveBytes * TOLERATED + ALLOWANCE) return;
  await level.compactRange(gte, lt);
}

/** The same for the chunks of streams. Files are merged only where chunks were deleted: a stream may be very long. */
export async function reclaimChunks(db: Database): Promise<void> {
  const level = db as unknown as Compactable;
  for (const { gte, lt } of await deletedChunks(db)) await level.compactRange(gte, lt);
}

/** Where no chunks are any more: before the first of each stream, and where streams were that are gone. */
async function deletedChunks(db: Database): Promise<KeyRange[]> {
  const ranges: KeyRange[] = [];
  const { lt } = keyRange('chunkInfo');
  let streamId = 0;
  for (;;) {
    const [key] = await db.keys({ gte: chunkKey('chunkInfo', streamId, 0), lt, limit: 1 }).all();
    const gte = chunkKey('chunk', streamId, 0);
    if (key === undefined) return [...ranges, { gte, lt: keyRange('chunk').lt }];
    const first = chunkOf(key);
    ranges.push({ gte, lt: chunkKey('chunk', first.streamId, first.firstOffset) });
    streamId = first.streamId + 1;
  }
}
