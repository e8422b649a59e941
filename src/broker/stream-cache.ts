import type { Journal } from './journal.ts';

const CHUNKS = 8;

/** The chunks that readers are at, by their first offset: kept while somebody reads, then read back from the journal. */
export class ChunkCache {
  readonly #journal: Journal;
  readonly #streamId: number;
  readonly #chunks = new Map<number, Buffer>();

  constructor(journal: Journal, streamId: number) {
    this.#journal = journal;
    this.#streamId = streamId;
  }

  get(firstOffset: number): Buffer {
    const known = this.#chunks.get(firstOffset);
    if (known !== undefined) return known;
    if (this.#chunks.size >= CHUNKS) this.#chunks.delete(this.#chunks.keys().next().value as number);
    const bytes = this.#journal.loadChunk(this.#streamId, firstOffset);
    this.#chunks.set(firstOffset, bytes);
    return bytes;
  }

  /** A chunk that is in memory anyway; of many the first are needed first. */
  offer(firstOffset: number, bytes: Buffer): void {
    if (this.#chunks.size < CHUNKS) this.#chunks.set(firstOffset, bytes);
  }

  clear(): void {
    this.#chunks.clear();
  }
}
