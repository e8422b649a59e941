import type { Chunk } from './chunk.ts';
import type { CommitListener, Definition, Journal, Parking } from './journal.ts';
import type { Message, Page } from './message.ts';

const ARENA = 256 * 1024;

/**
 * A journal that forgets: content is copied into arenas that the garbage collector takes back when their last message
 * is gone. Everything is committed at once.
 */
export class MemoryJournal implements Journal {
  readonly gathering = 0;
  readonly committed = 0;
  readonly defined = 0;
  readonly backlog = 0;
  readonly parking: Parking | undefined = undefined;
  #arena: Page = { bytes: Buffer.allocUnsafeSlow(ARENA) };
  #used = 0;
  /** By stream, then by first offset. */
  readonly #chunks = new Map<number, Map<number, { readonly bytes: Buffer }>>();

  write(message: Message, properties: Buffer, body: Buffer): void {
    this.#reserve(properties.length + body.length);
    this.#copyProperties(message, properties);
    message.bodyPage = this.#arena;
    message.bodyAt = this.#used;
    message.bodyLength = body.length;
    message.bodyId = message.id;
    this.#copy(body);
  }

  rewrite(message: Message, properties: Buffer, original: Message): void {
    this.#reserve(properties.length);
    this.#copyProperties(message, properties);
    message.bodyPage = original.bodyPage;
    message.bodyAt = original.bodyAt;
    message.bodyLength = original.bodyLength;
    message.bodyId = original.bodyId;
  }

  load(page: Page): Buffer {
    return page.bytes as Buffer; // an arena is never without its bytes
  }

  append(chunk: Chunk): void {
    this.keepChunk(chunk.streamId, chunk.firstOffset, chunk);
  }

  /** Has the bytes of a chunk, also of one that was not appended here. */
  keepChunk(streamId: number, firstOffset: number, chunk: { readonly bytes: Buffer }): void {
    const chunks = this.#chunks.get(streamId);
    if (chunks === undefined) this.#chunks.set(streamId, new Map([[firstOffset, chunk]]));
    else chunks.set(firstOffset, chunk);
  }

  loadChunk(streamId: number, firstOffset: number): Buffer {
    const chunk = this.#chunks.get(streamId)?.get(firstOffset);
    if (chunk === undefined) throw new Error(`chunk ${firstOffset} of stream ${streamId} is gone`);
    return chunk.bytes;
  }

  dropChunks(streamId: number, before: number): void {
    const chunks = this.#chunks.get(streamId);
    for (const offset of chunks?.keys() ?? []) {
      if (offset >= before) return;
      chunks?.delete(offset);
    }
    this.#chunks.delete(streamId);
  }

  onCommit(listener: CommitListener): void {
    listener.committed(0);
  }

  place(): void {}
  settle(): void {}
  delivered(): void {}
  note(): void {}
  release(): void {}
  define(_definition: Definition): void {}
  undefine(_definition: Definition): void {}

  #copyProperties(message: Message, properties: Buffer): void {
    message.page = this.#arena;
    message.propertiesAt = this.#used;
    message.propertiesLength = properties.length;
    this.#copy(properties);
  }

  #copy(bytes: Buffer): void {
    bytes.copy(this.#arena.bytes as Buffer, this.#used);
    this.#used += bytes.length;
  }

  #reserve(size: number): void {
    if (this.#used + size <= (this.#arena.bytes?.length ?? 0)) return;
    this.#arena = { bytes: Buffer.allocUnsafeSlow(Math.max(size, ARENA)) };
    this.#used = 0;
  }
}
