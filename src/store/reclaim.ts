import type { Database, KeyRange } from './format.ts';
import { chunkKey, chunkOf, keyRange, pageKey } from './keys.ts';
import type { PageTable } from './page-table.ts';

/** What LevelDB offers beside the interface it shares with other databases. */
interface Compactable {
  approximateSize(start: Buffer, end: Buffer): Promise<number>;
  compactRange(start: Buffer, end: Buffer): Promise<void>;
}

const MB = 1024 * 1024;
/** Files may be so many times as large as the pages that live before they are merged. */
const TOLERATED = 1.5;
/** And larger by so much: while all is well, and while the disk is low. */
const ALLOWANCE = 32 * MB;
const LOW_DISK_ALLOWANCE = 4 * MB;
/** Files are looked at when pages of so many bytes have been deleted. */
const LOOK_AFTER = 64 * MB;
/** Bytes of files merged at a time: meanwhile LevelDB merges nothing else, and what is written then must wait for that. */
const PIECE = 16 * MB;

/**
 * Gives back the space of deleted pages. LevelDB deletes by writing down that something is gone, and does so really when
 * enough else is written: without this, a backlog that is gone may take its space for ever.
 */
export class PageSpace {
  readonly #db: Compactable;
  readonly #table: PageTable;
  readonly #nextPageId: () => number;
  /** Bytes deleted since the last look; there may be some from before the start. */
  #deleted = LOOK_AFTER;
  #merging: Promise<void> | undefined = undefined;
  #isStopped = false;

  /** @param nextPageId no page has this number yet, nor a higher one */
  constructor(db: Database, table: PageTable, nextPageId: () => number) {
    this.#db = db as unknown as Compactable;
    this.#table = table;
    this.#nextPageId = nextPageId;
  }

  /** Pages of so many bytes were deleted: now and then this sets to work. */
  deleted(bytes: number): void {
    this.#deleted += bytes;
    if (this.#deleted < LOOK_AFTER || this.#merging !== undefined || this.#isStopped) return;
    this.#deleted = 0;
    void this.#begin(ALLOWANCE);
  }

  /** Does so at once, also when there is less to gain: LevelDB merges nothing while publishers are blocked. */
  async reclaim(): Promise<void> {
    await this.#merging;
    await this.#begin(LOW_DISK_ALLOWANCE);
  }

  /** Resolves when nothing is being merged any more, and nothing will be. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#merging;
  }

  #begin(allowance: number): Promise<void> {
    this.#merging = this.#mergeAll(allowance)
      .catch(() => {}) // nothing is lost but space; a disk that fails is noticed by the next commit
      .finally(() => (this.#merging = undefined));
    return this.#merging;
  }

  async #mergeAll(allowance: number): Promise<void> {
    const { gte, lt } = keyRange('page');
    if ((await this.#db.approximateSize(gte, lt)) <= this.#table.diskBytes * TOLERATED + allowance) return;
    await this.#merge(new LiveBytes(this.#table), 0, this.#nextPageId());
  }

  /** Those of the files with pages from one number up to another that hold more than they should. */
  async #merge(live: LiveBytes, from: number, to: number): Promise<void> {
    if (this.#isStopped) return;
    const [first, last] = [pageKey(from), pageKey(to)];
    const size = await this.#db.approximateSize(first, last);
    if (size <= live.between(from, to) * TOLERATED) return;
    if (size <= PIECE || to - from === 1) return this.#db.compactRange(first, last);
    const middle = Math.floor((from + to) / 2);
    await this.#merge(live, from, middle);
    await this.#merge(live, middle, to);
  }
}

/** How many bytes lived between two pages when this was made. */
class LiveBytes {
  /** Numbers of pages in order, and the bytes of all up to each. */
  readonly #ids: number[] = [];
  readonly #sums: number[] = [];

  constructor(table: PageTable) {
    let sum = 0;
    for (const page of table.pages.values()) {
      this.#ids.push(page.id);
      this.#sums.push((sum += page.size));
    }
  }

  /** From the page `from` up to the one before `to`. */
  between(from: number, to: number): number {
    return this.#before(to) - this.#before(from);
  }

  #before(id: number): number {
    let [low, high] = [0, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as number) < id) low = middle + 1;
      else high = middle;
    }
    return this.#sums[low - 1] ?? 0;
  }
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
