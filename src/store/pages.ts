import type { Message, Page } from '../broker/message.ts';
import type { ParkedRun } from '../broker/parked-run.ts';
import { recordSize, SETTLE_SIZE } from './records.ts';

/** What all pages of a journal hold together. */
export interface Totals {
  /** Bytes still needed, near enough. */
  liveBytes: number;
}

/**
 * A page of the journal: bytes that were committed together. It lives while something in it is needed: a message some
 * queue holds, a body a dead-lettered copy shares, or a settle whose message is in a page that still lives.
 */
export class JournalPage implements Page {
  readonly id: number;
  /** Never written to disk: it holds messages that a restart forgets. */
  readonly isTransient: boolean;
  readonly #totals: Totals;
  bytes: Buffer | undefined;
  /** Bytes used. While it is filled, `bytes` is longer. */
  size = 0;
  /** Reasons to keep it. */
  live = 0;
  /** About how many of its bytes are still needed. */
  liveBytes = 0;
  /** Its bytes are final. */
  isSealed = false;
  /** Part of a batch: it is on disk, or will be. */
  isWritten = false;
  isCommitted = false;
  isDead = false;
  /** Messages whose record is here, by `Message.slot`, but for those that are parked. */
  readonly messages: Message[] = [];
  /** The ids of the first and last message ever recorded here. */
  firstId = Infinity;
  lastId = 0;
  /** Dead-lettered copies whose record is elsewhere and whose body is here, but for those that are parked. */
  borrowers: Set<Message> | undefined = undefined;
  /** Where messages and copies are parked whose record or body is here; undefined where none ever was. */
  runs: Set<ParkedRun> | undefined = undefined;
  /** Pages with settles of messages recorded here, and how many: they must not go before this one. */
  pins: Map<JournalPage, number> | undefined = undefined;
  /** The other side of `pins`: pages with messages that are settled here. */
  pinnedBy: Set<JournalPage> | undefined = undefined;
  /** Settled though the message lives on in another queue: `message id/queue id`. */
  settledPlaces: Set<string> | undefined = undefined;

  constructor(id: number, isTransient: boolean, bytes: Buffer | undefined, totals: Totals) {
    this.id = id;
    this.isTransient = isTransient;
    this.bytes = bytes;
    this.#totals = totals;
  }

  /** So little of it is needed that it is worth writing that once more. */
  get isSparse(): boolean {
    return this.liveBytes <= this.size / 2;
  }

  /** A message whose record was written here. */
  adopt(message: Message): void {
    this.#list(message);
    this.firstId = Math.min(this.firstId, message.id);
    this.lastId = Math.max(this.lastId, message.id);
    this.#count(1, recordSize(message));
  }

  /** A message recorded here is not needed any more. */
  drop(message: Message): void {
    this.#unlist(message);
    this.#count(-1, -recordSize(message));
  }

  /** A message recorded here goes on without an object. */
  park(message: Message): void {
    this.#unlist(message);
  }

  /** A message recorded here has an object again. */
  wake(message: Message): void {
    this.#list(message);
  }

  /** A copy that shares a body of this page goes on without an object. */
  parkBorrower(message: Message): void {
    this.borrowers?.delete(message);
  }

  /** It has an object again. */
  wakeBorrower(message: Message): void {
    this.borrowers ??= new Set<Message>();
    this.borrowers.add(message);
  }

  /** A message recorded here that never had an object is parked. @param bytes of its record */
  adoptParked(bytes: number): void {
    this.#count(1, bytes);
  }

  /** A parked message, or the body of one, is not needed any more. @param bytes what it took */
  dropParked(bytes: number): void {
    this.#count(-1, -bytes);
  }

  /** A parked message needs a body that is here. @param bytes of the body */
  lendParked(bytes: number): void {
    this.#count(1, bytes);
  }

  /** Something here is parked in a run. */
  parksIn(run: ParkedRun): void {
    this.runs ??= new Set<ParkedRun>();
    this.runs.add(run);
  }

  /** A copy that shares a body of this page. */
  lend(message: Message): void {
    message.bodyPage = this;
    this.borrowers ??= new Set<Message>();
    this.borrowers.add(message);
    this.#count(1, message.bodyLength);
  }

  /** A copy no longer needs the body. */
  takeBack(message: Message): void {
    this.borrowers?.delete(message);
    this.#count(-1, -message.bodyLength);
  }

  /** `holder` has `count` more settles of messages recorded here. */
  pin(holder: JournalPage, count: number): void {
    this.pins ??= new Map<JournalPage, number>();
    this.pins.set(holder, (this.pins.get(holder) ?? 0) + count);
    holder.pinnedBy ??= new Set<JournalPage>();
    holder.pinnedBy.add(this);
    holder.#count(count, count * SETTLE_SIZE);
  }

  /** Takes back what `pin` did; returns how many settles it was. */
  unpin(holder: JournalPage): number {
    const count = this.pins?.get(holder) ?? 0;
    this.pins?.delete(holder);
    holder.pinnedBy?.delete(this);
    holder.#count(-count, -count * SETTLE_SIZE);
    return count;
  }

  #list(message: Message): void {
    message.page = this;
    message.slot = this.messages.length;
    this.messages.push(message);
  }

  #unlist(message: Message): void {
    const last = this.messages.pop() as Message; // takes the place of the other
    if (last === message) return;
    last.slot = message.slot;
    this.messages[last.slot] = last;
  }

  #count(live: number, bytes: number): void {
    this.live += live;
    this.liveBytes += bytes;
    this.#totals.liveBytes += bytes;
  }
}

/** Whether a message's body stands in the same record as its properties. */
export function hasOwnBody(message: Message): boolean {
  return message.bodyId === message.id;
}

/** Cuts pages out of larger stretches of memory, so that a page may be small without wasting any. */
export class PageFiller {
  readonly #slabSize: number;
  readonly #open: (bytes: Buffer) => JournalPage;
  #slab = Buffer.alloc(0);
  #used = 0;
  #page: JournalPage | undefined = undefined;

  /**
   * @param slabSize bytes; a page is no longer, unless one record is
   * @param open makes a page of these bytes
   */
  constructor(slabSize: number, open: (bytes: Buffer) => JournalPage) {
    this.#slabSize = slabSize;
    this.#open = open;
  }

  /** A page with room for `size` more bytes at `page.size`. */
  reserve(size: number): JournalPage {
    const page = this.#page;
    if (page?.bytes !== undefined && page.size + size <= page.bytes.length) return page;
    this.seal();
    if (this.#used + size > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(size, this.#slabSize));
      this.#used = 0;
    }
    this.#page = this.#open(this.#slab.subarray(this.#used));
    return this.#page;
  }

  /** Ends the page being filled. */
  seal(): void {
    const page = this.#page;
    if (page === undefined) return;
    this.#page = undefined;
    this.#used += page.size;
    page.bytes = page.bytes?.subarray(0, page.size);
    page.isSealed = true;
  }
}
