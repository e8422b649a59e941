import type { Page } from './message.ts';

/** Messages in one run. */
export const RUN_CAPACITY = 1024;
/** Pages that are looked through for one that is known: neighbours lie in few. */
const RECENT_PAGES = 4;

const RECORDED = 1;
const RETURNED = 2;

/** Bodies of dead-lettered copies: they lie in the records of the messages they are copies of. */
class BorrowedBodies {
  /** 0: it has its own; else one more than the index of the page. */
  readonly pageOf: Uint32Array;
  readonly at: Uint32Array;

  constructor(capacity: number) {
    this.pageOf = new Uint32Array(capacity);
    this.at = new Uint32Array(capacity);
  }
}

/**
 * Neighbours deep in a lane of a queue, without an object for any of them: 21 bytes each, 29 with deadlines, where a
 * `Message` and its `Entry` take 350. It is filled at its end and emptied from its start; an index stays what it is.
 */
export class ParkedRun {
  readonly lane: number;
  /** The sum of the bodies, in bytes. */
  bytes = 0;
  /** How many of them the journal knows of, and the sum of their bodies. */
  recordedCount = 0;
  recordedBytes = 0;
  readonly #pages: Page[] = [];
  /** No message in it is older. */
  readonly firstId: number;
  readonly #capacity: number;
  #first = 0;
  #end = 0;
  readonly #ids: Uint32Array;
  readonly #pageOf: Uint32Array;
  readonly #recordAt: Uint32Array;
  readonly #recordSize: Uint32Array;
  readonly #bodyLength: Uint32Array;
  readonly #flags: Uint8Array;
  /** Undefined while none has one. */
  #deadlines: Float64Array | undefined = undefined;
  /** Undefined while none is such a copy. */
  #borrowed: BorrowedBodies | undefined = undefined;

  /**
   * @param firstId no message in it is older
   * @param capacity how many it takes
   */
  constructor(lane: number, firstId: number, capacity = RUN_CAPACITY) {
    this.lane = lane;
    this.firstId = firstId;
    this.#capacity = capacity;
    this.#ids = new Uint32Array(capacity);
    this.#pageOf = new Uint32Array(capacity);
    this.#recordAt = new Uint32Array(capacity);
    this.#recordSize = new Uint32Array(capacity);
    this.#bodyLength = new Uint32Array(capacity);
    this.#flags = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#end - this.#first;
  }

  /** The index of the next to leave. */
  get first(): number {
    return this.#first;
  }

  /** The index behind the last. */
  get end(): number {
    return this.#end;
  }

  /** Those that records and bodies lie in, or lay in before they were moved; some twice. */
  get pages(): Iterable<Page> {
    return this.#pages;
  }

  /** The id of the last that was added. */
  get lastId(): number {
    return this.id(this.#end - 1);
  }

  /** Whether it has room for a message with this id. */
  takes(id: number): boolean {
    const distance = id - this.firstId;
    return this.#end < this.#capacity && distance >= 0 && distance < 2 ** 32;
  }

  /**
   * Adds a message behind the others. Positions and sizes are in bytes.
   * @param returned it came back once
   * @returns whether the page is new here; one that is old may be taken for new
   */
  add(
    id: number,
    expiresAt: number,
    recorded: boolean,
    returned: boolean,
    page: Page,
    recordAt: number,
    recordSize: number,
    bodyLength: number,
  ): boolean {
    const pages = this.#pages.length;
    const index = this.#end++;
    this.#ids[index] = id - this.firstId;
    this.#pageOf[index] = this.#indexOf(page);
    this.#recordAt[index] = recordAt;
    this.#recordSize[index] = recordSize;
    this.#bodyLength[index] = bodyLength;
    this.#flags[index] = (recorded ? RECORDED : 0) | (returned ? RETURNED : 0);
    if (expiresAt !== Infinity && this.#deadlines === undefined)
      this.#deadlines = new Float64Array(this.#capacity).fill(Infinity);
    if (this.#deadlines !== undefined) this.#deadlines[index] = expiresAt;
    this.bytes += bodyLength;
    if (recorded) {
      this.recordedCount++;
      this.recordedBytes += bodyLength;
    }
    return this.#pages.length > pages;
  }

  /** The body of the message at an index lies elsewhere. Returns whether that page is new here, as above. */
  borrow(index: number, page: Page, at: number): boolean {
    const pages = this.#pages.length;
    this.#borrowed ??= new BorrowedBodies(this.#capacity);
    this.#borrowed.pageOf[index] = this.#indexOf(page) + 1;
    this.#borrowed.at[index] = at;
    return this.#pages.length > pages;
  }

  /** The first one leaves. */
  shift(): void {
    const index = this.#first++;
    const bodyLength = this.bodyLength(index);
    this.bytes -= bodyLength;
    if (!this.isRecorded(index)) return;
    this.recordedCount--;
    this.recordedBytes -= bodyLength;
  }

  id(index: number): number {
    return this.firstId + (this.#ids[index] as number);
  }

  expiresAt(index: number): number {
    return this.#deadlines === undefined ? Infinity : (this.#deadlines[index] as number);
  }

  isRecorded(index: number): boolean {
    return ((this.#flags[index] as number) & RECORDED) !== 0;
  }

  /** How often it came back: once at most. */
  returns(index: number): number {
    return ((this.#flags[index] as number) & RETURNED) === 0 ? 0 : 1;
  }

  /** Where its record is. */
  page(index: number): Page {
    return this.#pages[this.#pageOf[index] as number] as Page;
  }

  recordAt(index: number): number {
    return this.#recordAt[index] as number;
  }

  recordSize(index: number): number {
    return this.#recordSize[index] as number;
  }

  /** Where its body is when that is in another record; undefined when it has its own. */
  bodyPage(index: number): Page | undefined {
    const pageOf = this.#borrowed?.pageOf[index] ?? 0;
    return pageOf === 0 ? undefined : this.#pages[pageOf - 1];
  }

  /** Of a body in another record. */
  bodyAt(index: number): number {
    return this.#borrowed?.at[index] ?? 0;
  }

  bodyLength(index: number): number {
    return this.#bodyLength[index] as number;
  }

  /** The record of one was moved. Returns whether that page is new here, as above. */
  move(index: number, page: Page, recordAt: number, recordSize: number): boolean {
    const pages = this.#pages.length;
    this.#pageOf[index] = this.#indexOf(page);
    this.#recordAt[index] = recordAt;
    this.#recordSize[index] = recordSize;
    return this.#pages.length > pages;
  }

  #indexOf(page: Page): number {
    const { length } = this.#pages;
    for (let index = length - 1; index >= 0 && index >= length - RECENT_PAGES; index--) {
      if (this.#pages[index] === page) return index;
    }
    this.#pages.push(page);
    return length;
  }
}
