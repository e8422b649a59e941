import type { BatchOperation } from 'level';
import type { Chunk, ChunkInfo } from '../broker/chunk.ts';
import type { Database, Records } from './format.ts';
import { chunkKey, chunkOf, chunkRange, keyRange } from './keys.ts';
import { reclaimChunks } from './reclaim.ts';

type Operation = BatchOperation<Database, Buffer, Buffer>;

interface Drop {
  readonly streamId: number;
  readonly before: number;
}

const INFO_SIZE = 4 + 4 + 8;

export function encodeInfo({ count, size, timestamp }: ChunkInfo): Buffer {
  const bytes = Buffer.allocUnsafe(INFO_SIZE);
  bytes.writeUInt32BE(count, 0);
  bytes.writeUInt32BE(size, 4);
  bytes.writeDoubleBE(timestamp, 8);
  return bytes;
}

/**
 * The chunks of streams on LevelDB: the bytes of each under one key, and what must be known of it at the start under
 * another, so that nobody has to read the bytes then. Those that are not needed any more are deleted behind the back of
 * the commits, as they may be many.
 */
export class StreamChunks {
  readonly #db: Database;
  readonly #onFailure: (error: unknown) => void;
  readonly #gathering = new Set<Chunk>();
  #drops: Drop[] = [];
  /** Dropped with the batch that is being written. */
  #cutDrops: Drop[] = [];
  #deleting: Promise<void> = Promise.resolve();
  /** Something was deleted since space was given back; that may have been before the start. */
  #hasDeleted = true;

  /** @param onFailure hears of a deletion that failed */
  constructor(db: Database, onFailure: (error: unknown) => void) {
    this.#db = db;
    this.#onFailure = onFailure;
  }

  append(chunk: Chunk): void {
    this.#gathering.add(chunk);
  }

  drop(streamId: number, before: number): void {
    this.#drops.push({ streamId, before });
  }

  load(streamId: number, firstOffset: number): Buffer {
    const bytes = this.#db.getSync(chunkKey('chunk', streamId, firstOffset));
    if (bytes === undefined) throw new Error(`chunk ${firstOffset} of stream ${streamId} is not on disk`);
    return bytes;
  }

  /** Adds what has gathered to the operations of a batch. */
  cut(operations: Operation[]): void {
    for (const chunk of this.#gathering) {
      const { streamId, firstOffset } = chunk;
      operations.push(
        { type: 'put', key: chunkKey('chunk', streamId, firstOffset), value: chunk.bytes },
        { type: 'put', key: chunkKey('chunkInfo', streamId, firstOffset), value: encodeInfo(chunk) },
      );
    }
    this.#gathering.clear();
    this.#cutDrops = this.#drops;
    this.#drops = [];
  }

  /** The batch is on disk: what came in place of the dropped chunks is certain, so they may go. */
  committed(): void {
    const drops = this.#cutDrops;
    if (drops.length === 0) return;
    this.#cutDrops = [];
    this.#hasDeleted = true;
    this.#deleting = this.#deleting.then(() => deleteAll(this.#db, drops)).catch(this.#onFailure);
  }

  /** Gives back the disk space of what was deleted. */
  async reclaim(): Promise<void> {
    await this.#deleting;
    if (!this.#hasDeleted) return;
    this.#hasDeleted = false;
    await reclaimChunks(this.#db);
  }

  /** Resolves when nothing is being deleted. */
  idle(): Promise<void> {
    return this.#deleting;
  }
}

/**
 * What is left behind by a crash in the middle is found at the next start: of a stream that lives the infos go first
 * and bytes before the first of them are nobody's; of one that is gone the infos go last and still tell its id.
 */
async function deleteAll(db: Pick<Records, 'clear'>, drops: readonly Drop[]): Promise<void> {
  for (const { streamId, before } of drops) {
    const bytes = chunkRange('chunk', streamId, before);
    const infos = chunkRange('chunkInfo', streamId, before);
    for (const range of before === Infinity ? [bytes, infos] : [infos, bytes]) await db.clear(range);
  }
}

/** The chunks of every stream there is, in order; what no stream needs is deleted. */
export async function readChunks(
  db: Records,
  streamIds: ReadonlySet<number>,
): Promise<Map<number, ChunkInfo[]>> {
  const chunks = new Map<number, ChunkInfo[]>();
  for await (const [key, value] of db.iterator(keyRange('chunkInfo'))) {
    const { streamId, firstOffset } = chunkOf(key);
    const info = {
      firstOffset,
      count: value.readUInt32BE(0),
      timestamp: value.readDoubleBE(8),
      size: value.readUInt32BE(4),
    };
    const known = chunks.get(streamId);
    if (known === undefined) chunks.set(streamId, [info]);
    else known.push(info);
  }
  const drops: Drop[] = [];
  for (const [streamId, infos] of chunks) {
    const isGone = !streamIds.has(streamId);
    if (isGone) chunks.delete(streamId);
    drops.push({ streamId, before: isGone ? Infinity : (infos[0]?.firstOffset ?? 0) });
  }
  await deleteAll(db, drops);
  return chunks;
}
