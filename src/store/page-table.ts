import type { Message } from '../broker/message.ts';
import { hasOwnBody } from './pages.ts';
import type { JournalPage, Totals } from './pages.ts';

/** Of the memory for pages, the share that those just written may fill: the rest is for those that are read back. */
const WRITTEN_SHARE = 0.75;

/** Which pages there are, which of them died since the last commit, and which keep their bytes in memory. */
export class PageTable {
  /** Every durable page that lives, oldest first. */
  readonly pages = new Map<number, JournalPage>();
  readonly totals: Totals = { liveBytes: 0 };
  /** Bytes of all pages on disk. */
  diskBytes = 0;
  readonly #memoryLimit: number;
  #memoryBytes = 0;
  #dead: JournalPage[] = [];
  /** Pages read back from disk, oldest first. */
  readonly #loaded: JournalPage[] = [];

  /** @param memoryLimit bytes of committed pages kept in memory */
  constructor(memoryLimit: number) {
    this.#memoryLimit = memoryLimit;
  }

  /** Bytes of committed pages that are kept in memory. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  get hasDead(): boolean {
    return this.#dead.length > 0;
  }

  /** The pages that died since the last call: to be deleted with the next commit. */
  takeDead(): JournalPage[] {
    const dead = this.#dead;
    this.#dead = [];
    return dead;
  }

  /** No queue holds the message any more. */
  release(message: Message): void {
    const page = message.page as JournalPage;
    page.drop(message);
    this.removeIfDead(page);
    if (hasOwnBody(message)) return;
    const bodyPage = message.bodyPage as JournalPage;
    bodyPage.takeBack(message);
    this.removeIfDead(bodyPage);
  }

  /** Lets a page go that nothing needs any more, and those that only waited for it. */
  removeIfDead(page: JournalPage): void {
    if (page.live > 0 || !page.isSealed) return; // nearly always: no list for that
    const waiting = [page];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (next.live > 0 || !next.isSealed || next.isDead) continue;
      next.isDead = true;
      if (next.isTransient) continue;
      this.pages.delete(next.id);
      this.#dropBytes(next);
      if (next.isCommitted) this.diskBytes -= next.size;
      if (next.isWritten) this.#dead.push(next);
      for (const holder of next.pins?.keys() ?? []) {
        next.unpin(holder);
        waiting.push(holder);
      }
    }
  }

  /** A page is on disk now: its bytes may leave memory, the youngest first, as they are needed last. */
  committed(page: JournalPage): void {
    page.isCommitted = true;
    if (page.isDead) return;
    this.diskBytes += page.size;
    if (this.#memoryBytes + page.size > this.#memoryLimit * WRITTEN_SHARE) page.bytes = undefined;
    else this.#memoryBytes += page.size;
  }

  /** A page's bytes were read back; those read longest ago make room. */
  loaded(page: JournalPage, bytes: Buffer): void {
    page.bytes = bytes;
    this.#memoryBytes += page.size;
    this.#loaded.push(page);
    while (this.#memoryBytes > this.#memoryLimit && this.#loaded.length > 1) {
      this.#dropBytes(this.#loaded.shift() as JournalPage);
    }
  }

  #dropBytes(page: JournalPage): void {
    if (page.isCommitted && page.bytes !== undefined) this.#memoryBytes -= page.size;
    page.bytes = undefined;
  }
}
