import { MemoryJournal } from '../../src/broker/memory-journal.ts';
import type { Message } from '../../src/broker/message.ts';

/** A journal that keeps books: what is written is released once, and nothing happens to it after that. */
export class LedgerJournal extends MemoryJournal {
  /** Messages that were written and not released. */
  readonly live = new Set<Message>();
  /** `message queue` for each durable place. */
  readonly placed = new Set<string>();
  /** What must not happen. */
  readonly faults: string[] = [];

  override write(message: Message, properties: Buffer, body: Buffer): void {
    super.write(message, properties, body);
    this.live.add(message);
  }

  override rewrite(message: Message, properties: Buffer, original: Message): void {
    if (!this.live.has(original)) this.faults.push(`${message.id} copied from ${original.id}, which is gone`);
    super.rewrite(message, properties, original);
    this.live.add(message);
  }

  override place(message?: Message, queueId?: number): void {
    if (message === undefined) return;
    if (!this.live.has(message)) this.faults.push(`${message.id} placed and not live`);
    this.placed.add(`${message.id} ${queueId}`);
  }

  override settle(message?: Message, queueId?: number): void {
    if (message === undefined) return;
    if (!this.placed.delete(`${message.id} ${queueId}`))
      this.faults.push(`${message.id} settled, not placed`);
  }

  override release(message?: Message): void {
    if (message === undefined) return;
    if (!this.live.delete(message)) this.faults.push(`${message.id} released twice`);
  }
}
