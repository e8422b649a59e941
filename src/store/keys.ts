/**
 * The key layout. Every key starts with an octet for its kind and continues with big-endian numbers of fixed width, so
 * that order on disk is order in time and no name can reach into another's range.
 */
const PREFIX = {
  format: 0x66,
  counter: 0x63,
  definition: 0x64,
  note: 0x6e,
  page: 0x70,
  delivered: 0x77,
  chunk: 0x73,
  chunkInfo: 0x69,
} as const;

export type KeyKind = keyof typeof PREFIX;

/** All keys of a kind, for an iterator. */
export function keyRange(kind: KeyKind): { gte: Buffer; lt: Buffer } {
  return { gte: Buffer.from([PREFIX[kind]]), lt: Buffer.from([PREFIX[kind] + 1]) };
}

/** Where the format version stands: the one key that no version may move. */
export const FORMAT_KEY = Buffer.from([PREFIX.format]);

/** The number the next queue or exchange gets. */
export const NEXT_QUEUE_KEY = Buffer.from([PREFIX.counter, 0]);

/** In a snapshot only: what time it was, and the number the next message gets. */
export const CLOCK_KEY = Buffer.from([PREFIX.counter, 1]);
export const NEXT_MESSAGE_KEY = Buffer.from([PREFIX.counter, 2]);

/** The key of one page. Pages sort in the order in which they were committed. */
export function pageKey(page: number): Buffer {
  return numberKey(PREFIX.page, page);
}

/** The page a key names. */
export function pageOf(key: Buffer): number {
  return Number(key.readBigUInt64BE(1));
}

/** The key of one definition. Definitions sort by kind, so that what others refer to is read before them. */
export function definitionKey(kind: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  key[0] = PREFIX.definition;
  key[1] = kind;
  key.writeBigUInt64BE(BigInt(number), 2);
  return key;
}

/** The number of the definition a key names. */
export function definitionOf(key: Buffer): number {
  return Number(key.readBigUInt64BE(2));
}

/** Where the youngest message is kept that was handed out from one lane of a queue. */
export function deliveredKey(queueId: number, lane: number): Buffer {
  const key = Buffer.allocUnsafe(6);
  key[0] = PREFIX.delivered;
  key.writeUInt32BE(queueId, 1);
  key[5] = lane;
  return key;
}

/** Queue and lane of a key made by `deliveredKey`. */
export function deliveredOf(key: Buffer): { readonly queueId: number; readonly lane: number } {
  return { queueId: key.readUInt32BE(1), lane: key.readUInt8(5) };
}

/** Where it is kept what a queue remembers of one message. */
export function noteKey(queueId: number, messageId: number): Buffer {
  const key = Buffer.allocUnsafe(11);
  key[0] = PREFIX.note;
  key.writeUInt32BE(queueId, 1);
  key.writeUIntBE(messageId, 5, 6);
  return key;
}

/** Queue and message of a key made by `noteKey`. */
export function noteOf(key: Buffer): { readonly queueId: number; readonly messageId: number } {
  return { queueId: key.readUInt32BE(1), messageId: key.readUIntBE(5, 6) };
}

type ChunkKeyKind = 'chunk' | 'chunkInfo';

/** Where a chunk of a stream stands, and what is known of it. Chunks of a stream sort by offset. */
export function chunkKey(kind: ChunkKeyKind, streamId: number, firstOffset: number): Buffer {
  const key = Buffer.allocUnsafe(13);
  key[0] = PREFIX[kind];
  key.writeUInt32BE(streamId, 1);
  key.writeBigUInt64BE(BigInt(firstOffset), 5);
  return key;
}

/** Stream and offset of a key made by `chunkKey`. */
export function chunkOf(key: Buffer): { readonly streamId: number; readonly firstOffset: number } {
  return { streamId: key.readUInt32BE(1), firstOffset: Number(key.readBigUInt64BE(5)) };
}

/** The chunks of a stream before an offset; before Infinity: all. */
export function chunkRange(
  kind: ChunkKeyKind,
  streamId: number,
  before: number,
): { gte: Buffer; lt: Buffer } {
  const lt = before === Infinity ? chunkKey(kind, streamId + 1, 0) : chunkKey(kind, streamId, before);
  return { gte: chunkKey(kind, streamId, 0), lt };
}

function numberKey(prefix: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = prefix;
  key.writeBigUInt64BE(BigInt(number), 1);
  return key;
}

const LANES = 256;

/** One lane of a queue as a number, for maps in memory. */
export function laneId(queueId: number, lane: number): number {
  return queueId * LANES + lane;
}

/** The key of a lane named by `laneId`. */
export function deliveredKeyOf(id: number): Buffer {
  return deliveredKey(Math.floor(id / LANES), id % LANES);
}
