import type { Message } from './message.ts';

/** What is known of a chunk without its bytes. */
export interface ChunkInfo {
  /** The offset of its first message in the stream. */
  readonly firstOffset: number;
  /** How many messages it holds. */
  readonly count: number;
  /** When it was begun, in milliseconds since the epoch. */
  readonly timestamp: number;
  /** Bytes. */
  readonly size: number;
}

/** Where the parts of one message lie in its chunk. */
export interface ChunkRecord {
  readonly exchange: string;
  readonly routingKey: string;
  readonly propertiesAt: number;
  readonly bodyAt: number;
  /** Where the next one begins. */
  readonly end: number;
}

/** Bytes beyond which nothing more is added: one message may be longer. */
export const CHUNK_SIZE = 256 * 1024;

const LENGTHS = 2 + 2 + 4 + 4;

/**
 * Messages of a stream that are written and read together: those of one batch of the journal, one after the other.
 *
 *   exchange u16+, routing key u16+, properties u32+, body u32+
 */
export class Chunk implements ChunkInfo {
  readonly streamId: number;
  readonly firstOffset: number;
  readonly timestamp: number;
  /** The batch of the journal it is written with. */
  readonly batch: number;
  count = 0;
  size = 0;
  #bytes = Buffer.alloc(0);

  constructor(streamId: number, firstOffset: number, timestamp: number, batch: number) {
    this.streamId = streamId;
    this.firstOffset = firstOffset;
    this.timestamp = timestamp;
    this.batch = batch;
  }

  /** The offset behind its last message. */
  get endOffset(): number {
    return this.firstOffset + this.count;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.size);
  }

  /**
   * Copies a message to the end.
   * @returns how many bytes it takes
   */
  append(message: Message, properties: Buffer, body: Buffer): number {
    const exchange = Buffer.from(message.exchange);
    const routingKey = Buffer.from(message.routingKey);
    const { propertiesAt, propertiesLength, bodyAt, bodyLength } = message;
    const length = LENGTHS + exchange.length + routingKey.length + propertiesLength + bodyLength;
    const bytes = this.#room(length);
    let at = bytes.writeUInt16BE(exchange.length, this.size);
    at += exchange.copy(bytes, at);
    at = bytes.writeUInt16BE(routingKey.length, at);
    at += routingKey.copy(bytes, at);
    at = bytes.writeUInt32BE(propertiesLength, at);
    at += properties.copy(bytes, at, propertiesAt, propertiesAt + propertiesLength);
    at = bytes.writeUInt32BE(bodyLength, at);
    body.copy(bytes, at, bodyAt, bodyAt + bodyLength);
    this.size += length;
    this.count++;
    return length;
  }

  #room(length: number): Buffer {
    const needed = this.size + length;
    if (needed > this.#bytes.length) {
      const bytes = Buffer.allocUnsafeSlow(
        this.count === 0 ? needed : Math.max(needed, 2 * this.#bytes.length),
      );
      this.#bytes.copy(bytes, 0, 0, this.size);
      this.#bytes = bytes;
    }
    return this.#bytes;
  }
}

/** The message that begins at `at`. Throws RangeError when it reaches beyond the chunk. */
export function readRecord(bytes: Buffer, at: number): ChunkRecord {
  const exchangeEnd = at + 2 + bytes.readUInt16BE(at);
  const keyEnd = exchangeEnd + 2 + bytes.readUInt16BE(exchangeEnd);
  const propertiesEnd = keyEnd + 4 + bytes.readUInt32BE(keyEnd);
  const end = propertiesEnd + 4 + bytes.readUInt32BE(propertiesEnd);
  if (end > bytes.length) throw new RangeError('the last message of a chunk is cut off');
  return {
    exchange: bytes.toString('utf8', at + 2, exchangeEnd),
    routingKey: bytes.toString('utf8', exchangeEnd + 2, keyEnd),
    propertiesAt: keyEnd + 4,
    bodyAt: propertiesEnd + 4,
    end,
  };
}

/** Where the message behind the one at `at` begins. */
export function behindRecord(bytes: Buffer, at: number): number {
  const exchangeEnd = at + 2 + bytes.readUInt16BE(at);
  const keyEnd = exchangeEnd + 2 + bytes.readUInt16BE(exchangeEnd);
  const propertiesEnd = keyEnd + 4 + bytes.readUInt32BE(keyEnd);
  return propertiesEnd + 4 + bytes.readUInt32BE(propertiesEnd);
}
