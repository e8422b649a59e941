import type { Broker } from '../broker/broker.ts';
import type { Recovered } from '../broker/journal.ts';
import { Message } from '../broker/message.ts';
import { DefinitionNumbers, encodeDefinition } from './definitions.ts';
import { FORMAT_VERSION, StoreError } from './format.ts';
import {
  chunkKey,
  chunkOf,
  CLOCK_KEY,
  FORMAT_KEY,
  keyRange,
  NEXT_MESSAGE_KEY,
  NEXT_QUEUE_KEY,
  noteKey,
  pageKey,
} from './keys.ts';
import { encodeNote } from './notes.ts';
import { messageSize, writeMessage, writePlace } from './records.ts';
import { recover } from './recovery.ts';
import { SnapshotContents } from './snapshot-contents.ts';
import type { HeldMessage } from './snapshot-contents.ts';
import type { SnapshotJournal } from './snapshot-journal.ts';
import { SnapshotRecords } from './snapshot-records.ts';
import { encodeInfo } from './stream-chunks.ts';

/** What a snapshot was read back to. */
export interface Snapshot {
  readonly recovered: Recovered;
  /** Of streams. */
  readonly chunks: readonly {
    readonly streamId: number;
    readonly firstOffset: number;
    readonly bytes: Buffer;
  }[];
  /** What time it was, in milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Everything a broker in memory holds, as bytes: the records that a store would have on disk, and those of what is
 * transient as well. Connections and what is exclusive to them are left out; what they have not settled is there as it
 * would come back.
 */
export function takeSnapshot(broker: Broker, journal: SnapshotJournal): Buffer {
  const contents = new SnapshotContents(broker);
  const records = new SnapshotRecords();
  const { nextQueueId, nextMessageId } = broker.nextNumbers;
  records.putNumber(FORMAT_KEY, FORMAT_VERSION);
  records.putNumber(CLOCK_KEY, broker.clock.now());
  records.putNumber(NEXT_QUEUE_KEY, nextQueueId);
  records.putNumber(NEXT_MESSAGE_KEY, nextMessageId);
  const numbers = new DefinitionNumbers();
  for (const definition of [...journal.definitions, ...contents.definitions]) {
    records.put(numbers.keyOf(definition), encodeDefinition(definition));
  }
  const { messages } = contents;
  if (messages.length > 0) records.put(pageKey(1), pageOf(messages, journal));
  for (const { message, notes } of messages) {
    for (const [queueId, note] of notes) records.put(noteKey(queueId, message.id), encodeNote(note));
  }
  for (const stream of contents.streams) {
    const { id } = stream.identity;
    for (const chunk of stream.chunks) {
      const bytes = journal.loadChunk(id, chunk.firstOffset);
      records.put(chunkKey('chunk', id, chunk.firstOffset), bytes);
      records.put(chunkKey('chunkInfo', id, chunk.firstOffset), encodeInfo({ ...chunk, size: bytes.length }));
    }
  }
  return records.toBytes();
}

/** The records of these messages, each with its own body. */
function pageOf(messages: readonly HeldMessage[], journal: SnapshotJournal): Buffer {
  let size = 0;
  for (const { message, places } of messages) {
    size += messageSize(message, message.propertiesLength + message.bodyLength, places.length);
  }
  const page = Buffer.allocUnsafe(size);
  let end = 0;
  for (const { message, places } of messages) {
    const { id, exchange, routingKey, moreKeys, persistent, died, priority } = message;
    const { propertiesAt, propertiesLength, bodyAt, bodyLength } = message;
    const copy = new Message(id, exchange, routingKey, moreKeys, persistent, died, priority); // the writer notes positions in it
    const properties = journal.load(message.page).subarray(propertiesAt, propertiesAt + propertiesLength);
    const body = journal.load(message.bodyPage).subarray(bodyAt, bodyAt + bodyLength);
    end = writeMessage(page, end, copy, properties, body, places.length);
    for (const { queueId, expiresAt, lane } of places) writePlace(page, copy, queueId, expiresAt, lane);
  }
  return page.subarray(0, end);
}

/**
 * Reads a snapshot the way a store is read at the start.
 * @throws {StoreError} when it is none, damaged, or of another format
 */
export async function readSnapshot(bytes: Uint8Array): Promise<Snapshot> {
  const records = SnapshotRecords.fromBytes(Buffer.from(bytes)); // a copy: messages go on using it
  const format = records.number(FORMAT_KEY);
  if (format !== FORMAT_VERSION) {
    throw new StoreError(
      `the snapshot has format ${format}, and this version reads format ${FORMAT_VERSION}`,
    );
  }
  const { recovered } = await recover(records, Infinity, Infinity).catch((error: unknown) => {
    throw error instanceof StoreError ? error : new StoreError(`the snapshot is damaged: ${String(error)}`);
  });
  const nextMessageId = records.number(NEXT_MESSAGE_KEY);
  const chunks = [...records.in(keyRange('chunk'))].map(([key, chunk]) => ({
    ...chunkOf(key),
    bytes: chunk,
  }));
  return { recovered: { ...recovered, nextMessageId }, chunks, now: records.number(CLOCK_KEY) };
}

/** Gives a snapshot to a broker that has nothing. */
export function restoreSnapshot(
  broker: Broker,
  journal: SnapshotJournal,
  { recovered, chunks }: Snapshot,
): void {
  for (const { streamId, firstOffset, bytes } of chunks) journal.keepChunk(streamId, firstOffset, { bytes });
  for (const definition of recovered.definitions) journal.define(definition);
  broker.recover(recovered);
}
