import type { ChunkInfo } from './chunk.ts';
import type { StreamLimits } from './stream-arguments.ts';

/** Chunks of a segment, at most, however small they are. */
const SEGMENT_CHUNKS = 256_000;

/** A run of chunks that leave the stream together. Sixteen bytes of memory for each. */
class Segment {
  readonly firstOffset: number;
  count = 0;
  /** Of all its chunks. */
  bytes = 0;
  /** The latest timestamp of its chunks, in milliseconds since the epoch. */
  latest = -Infinity;
  #offsets = new Float64Array(8);
  #timestamps = new Float64Array(8);

  constructor(firstOffset: number) {
    this.firstOffset = firstOffset;
  }

  add(offset: number, timestamp: number): void {
    if (this.count === this.#offsets.length) {
      this.#offsets = doubled(this.#offsets);
      this.#timestamps = doubled(this.#timestamps);
    }
    this.#offsets[this.count] = offset;
    this.#timestamps[this.count++] = timestamp;
    this.latest = Math.max(this.latest, timestamp);
  }

  /** The first offset of the last chunk. */
  get lastChunk(): number {
    return this.#offsets[this.count - 1] as number;
  }

  /** @param end the offset behind its last message */
  *chunks(end: number): Iterable<Omit<ChunkInfo, 'size'>> {
    for (let i = 0; i < this.count; i++) {
      const firstOffset = this.#offsets[i] as number;
      const behind = i + 1 < this.count ? (this.#offsets[i + 1] as number) : end;
      yield { firstOffset, count: behind - firstOffset, timestamp: this.#timestamps[i] as number };
    }
  }

  /** The first offset of the chunk that has this one. */
  chunkOf(offset: number): number {
    let low = 0;
    for (let high = this.count; high - low > 1;) {
      const middle = (low + high) >>> 1;
      if ((this.#offsets[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return this.#offsets[low] as number;
  }

  /** The first chunk that is not older; the clock may have been set back in between, so all are looked at. */
  notOlder(timestamp: number): number | undefined {
    for (let i = 0; i < this.count; i++) {
      if ((this.#timestamps[i] as number) >= timestamp) return this.#offsets[i];
    }
    return undefined;
  }
}

function doubled(column: Float64Array): Float64Array<ArrayBuffer> {
  const twice = new Float64Array(2 * column.length);
  twice.set(column);
  return twice;
}

/** Which messages a stream has and where their chunks begin: in memory nothing but two numbers for each chunk. */
export class StreamLog {
  /** The offset of the next message. */
  nextOffset = 0;
  limits: StreamLimits;
  readonly #segments: Segment[] = [];
  #bytes = 0;

  constructor(limits: StreamLimits) {
    this.limits = limits;
  }

  /** The offset of the first message that is kept; `nextOffset` when there is none. */
  get firstOffset(): number {
    return this.#segments[0]?.firstOffset ?? this.nextOffset;
  }

  /** The offset of the first message of the last chunk; `nextOffset` when there is none. */
  get lastChunk(): number {
    return this.#segments.at(-1)?.lastChunk ?? this.nextOffset;
  }

  /** What was found on disk, in order. Segments come out as they were. */
  restore(chunks: readonly ChunkInfo[]): void {
    for (const { firstOffset, count, timestamp, size } of chunks) {
      this.nextOffset = firstOffset;
      this.begin(timestamp);
      this.grow(count, size);
    }
  }

  /**
   * A new chunk begins at `nextOffset`.
   * @returns whether it is the first of a segment: the others may be too many now
   */
  begin(timestamp: number): boolean {
    const last = this.#segments.at(-1);
    const isFull =
      last === undefined || last.bytes >= this.limits.segmentBytes || last.count >= SEGMENT_CHUNKS;
    const segment = isFull ? new Segment(this.nextOffset) : last;
    if (isFull) this.#segments.push(segment);
    segment.add(this.nextOffset, timestamp);
    return isFull;
  }

  /** The last chunk has so many more messages and bytes. */
  grow(count: number, bytes: number): void {
    this.nextOffset += count;
    this.#bytes += bytes;
    (this.#segments.at(-1) as Segment).bytes += bytes;
  }

  /** Those that are kept, in order. */
  *chunks(): Iterable<Omit<ChunkInfo, 'size'>> {
    for (const [index, segment] of this.#segments.entries()) {
      yield* segment.chunks(this.#segments[index + 1]?.firstOffset ?? this.nextOffset);
    }
  }

  /** The first offset of the chunk that has this one, which must be kept. */
  chunkOf(offset: number): number {
    let low = 0;
    for (let high = this.#segments.length; high - low > 1;) {
      const middle = (low + high) >>> 1;
      if ((this.#segments[middle] as Segment).firstOffset <= offset) low = middle;
      else high = middle;
    }
    return (this.#segments[low] as Segment).chunkOf(offset);
  }

  /** The first offset of the first chunk that is not older; `nextOffset` when all are (STR-08). */
  notOlder(timestamp: number): number {
    for (const segment of this.#segments) {
      if (segment.latest < timestamp) continue;
      return segment.notOlder(timestamp) as number;
    }
    return this.nextOffset;
  }

  /**
   * Lets go of whole segments that are too many or too old; the one that is being filled stays (STR-03).
   * @returns whether any went
   */
  trim(now: number): boolean {
    const { maxLengthBytes, maxAge } = this.limits;
    let gone = 0;
    while (gone < this.#segments.length - 1) {
      const { bytes, latest } = this.#segments[gone] as Segment;
      if (this.#bytes <= maxLengthBytes && latest + maxAge > now) break;
      this.#bytes -= bytes;
      gone++;
    }
    this.#segments.splice(0, gone);
    return gone > 0;
  }

  /** When the first segment will be too old; Infinity when it never will. */
  get trimAt(): number {
    const [first, second] = this.#segments;
    return first === undefined || second === undefined ? Infinity : first.latest + this.limits.maxAge;
  }
}
