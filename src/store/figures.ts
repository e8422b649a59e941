import { Histogram } from '../broker/histogram.ts';
import type { Compaction } from './compaction.ts';
import type { PageTable } from './page-table.ts';

/** Milliseconds that commits take, from an idle NVMe disk to one that is overrun. */
const LATENCY_BOUNDS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];
const BYTES_BOUNDS = [1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];

/** What the store has done since it was opened, and what it holds at this moment. */
export class StoreFigures {
  /** How long commits took, synced, in milliseconds. */
  readonly commitLatency = new Histogram(LATENCY_BOUNDS);
  /** What of messages was recorded in each, in bytes. */
  readonly commitBytes = new Histogram(BYTES_BOUNDS);
  readonly #table: PageTable;
  readonly #compaction: Compaction;

  constructor(table: PageTable, compaction: Compaction) {
    this.#table = table;
    this.#compaction = compaction;
  }

  /** Those on disk and those being filled. */
  get pages(): number {
    return this.#table.pages.size;
  }

  /** Bytes of the pages on disk. */
  get diskBytes(): number {
    return this.#table.diskBytes;
  }

  /** Bytes of these that are needed. */
  get liveBytes(): number {
    return this.#table.totals.liveBytes;
  }

  /** Bytes of pages on disk that are also kept in memory. */
  get memoryBytes(): number {
    return this.#table.memoryBytes;
  }

  /** Sparse pages whose live records were written once more. */
  get movedPages(): number {
    return this.#compaction.movedPages;
  }

  /** Bytes of these pages. */
  get movedBytes(): number {
    return this.#compaction.movedBytes;
  }
}
