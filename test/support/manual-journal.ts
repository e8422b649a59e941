import type { Chunk } from '../../src/broker/chunk.ts';
import type { CommitListener, Journal } from '../../src/broker/journal.ts';
import { MemoryJournal } from '../../src/broker/memory-journal.ts';
import type { Message, Page } from '../../src/broker/message.ts';

/** A journal whose disk is as slow as the test wants: nothing is committed before `commit`. */
export class ManualJournal implements Journal {
  gathering = 1;
  committed = 0;
  defined = 0;
  backlog = 0;
  readonly parking = undefined;
  readonly #memory = new MemoryJournal();
  #listeners = new Set<CommitListener>();

  /** Everything so far is on disk. */
  commit(): void {
    this.cut();
    this.finish();
  }

  /** What has gathered is on its way to the disk; what comes now waits for the next batch. */
  cut(): void {
    this.gathering++;
  }

  /** The batch that was cut last is on disk. */
  finish(): void {
    this.committed = this.gathering - 1;
    const listeners = this.#listeners;
    this.#listeners = new Set();
    for (const listener of listeners) listener.committed(this.committed);
  }

  write(message: Message, properties: Buffer, body: Buffer): void {
    this.#memory.write(message, properties, body);
  }

  rewrite(message: Message, properties: Buffer, original: Message): void {
    this.#memory.rewrite(message, properties, original);
  }

  load(page: Page): Buffer {
    return this.#memory.load(page);
  }

  append(chunk: Chunk): void {
    this.#memory.append(chunk);
  }

  loadChunk(streamId: number, firstOffset: number): Buffer {
    return this.#memory.loadChunk(streamId, firstOffset);
  }

  dropChunks(streamId: number, before: number): void {
    this.#memory.dropChunks(streamId, before);
  }

  define(): void {
    this.defined = this.gathering;
  }

  undefine(): void {
    this.defined = this.gathering;
  }

  onCommit(listener: CommitListener): void {
    this.#listeners.add(listener);
  }

  place(): void {}
  settle(): void {}
  delivered(): void {}
  note(): void {}
  release(): void {}
}
