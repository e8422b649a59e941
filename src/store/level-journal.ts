import type { BatchOperation } from 'level';
import type { Chunk } from '../broker/chunk.ts';
import type { CommitListener, Definition, Journal, Note } from '../broker/journal.ts';
import type { Message, Page } from '../broker/message.ts';
import type { ParkedRun } from '../broker/parked-run.ts';
import { Compaction } from './compaction.ts';
import { encodeDefinition } from './definitions.ts';
import type { DefinitionNumbers } from './definitions.ts';
import { StoreFigures } from './figures.ts';
import type { Database } from './format.ts';
import { deliveredKey, deliveredKeyOf, laneId, NEXT_QUEUE_KEY, noteKey, pageKey } from './keys.ts';
import { encodeNote, NOTE_SIZE } from './notes.ts';
import { PageParking } from './page-parking.ts';
import type { PageTable } from './page-table.ts';
import { JournalPage, PageFiller } from './pages.ts';
import { PageSpace } from './reclaim.ts';
import { messageSize, SETTLE_SIZE, writeMessage, writePlace, writeSettle } from './records.ts';
import { Settles } from './settles.ts';
import { StreamChunks } from './stream-chunks.ts';

type Operation = BatchOperation<Database, Buffer, Buffer>;

/** What a journal starts with: new, or found on disk. */
export interface JournalState {
  readonly table: PageTable;
  readonly numbers: DefinitionNumbers;
  readonly nextPageId: number;
  /** Bytes on disk beyond twice the live ones that are tolerated. */
  readonly diskAllowance: number;
  /** How many messages of a lane are objects before those behind them are parked. */
  readonly parkAfter: number;
}

/** Asked at both moments whether the process is to end there, as if it were killed; for faults on request. */
export type Crashes = (when: 'before-commit' | 'after-commit') => boolean;

interface Batch {
  readonly number: number;
  readonly pages: readonly JournalPage[];
  readonly operations: Operation[];
  /** Bytes of the pages it deletes. */
  readonly deleted: number;
}

/**
 * The longest body that a dead-lettered copy gets for itself (bytes): to lend one and take it back costs 0.5 us, to copy
 * it 0.1 us for each 100 bytes.
 */
const COPIED_BODY = 512;
/** How long a batch gathers that nobody waits for (ms): as long as a consumer needs for an ack. */
const UNAWAITED_MS = 25;
/** But no more than this (bytes). */
const UNAWAITED_BYTES = 8 * 1024 * 1024;
const DURABLE_SLAB = 256 * 1024;
/** Smaller: one long-lived transient message keeps a whole slab in memory. */
const TRANSIENT_SLAB = 64 * 1024;

/**
 * The journal on LevelDB. What happens in one turn of the loop gathers in pages and is written by one synced batch;
 * while a batch is being written the next one gathers. If somebody waits for it, it is begun when the turn ends, or when
 * the one before it is done; else a little later, for much of what is never asked for is gone by then: dead letters that
 * were consumed need not be written at all.
 */
export class LevelJournal implements Journal {
  gathering = 1;
  committed = 0;
  defined = 0;
  readonly figures: StoreFigures;
  readonly parking: PageParking;
  readonly #db: Database;
  readonly #table: PageTable;
  readonly #numbers: DefinitionNumbers;
  readonly #compaction: Compaction;
  readonly #chunks: StreamChunks;
  readonly #space: PageSpace;
  readonly #onFailure: (error: unknown) => void;
  readonly #crashes: Crashes;
  readonly #durable: PageFiller;
  readonly #transient: PageFiller;
  #nextPageId: number;
  /** Pages of the batch that gathers. */
  #filling: JournalPage[] = [];
  /** Only those whose page still lives when the batch is cut are written. */
  readonly #settles = new Settles();
  #settledRuns: { readonly run: ParkedRun; readonly queueId: number }[] = [];
  #operations: Operation[] = [];
  /** By `laneId`. */
  #deliveredIds = new Map<number, number>();
  #listeners = new Set<CommitListener>();
  #isDirty = false;
  #isWriting = false;
  #isScheduled = false;
  /** Begins the batch that nobody waits for. */
  #timer: NodeJS.Timeout | undefined = undefined;
  #isStopped = false;
  #gatheringBytes = 0;
  #writingBytes = 0;
  #flushed: (() => void)[] = [];

  /** @param onFailure hears of a write that failed: the node must stop, nothing more will be committed */
  constructor(
    db: Database,
    state: JournalState,
    onFailure: (error: unknown) => void,
    crashes: Crashes = () => false,
  ) {
    this.#db = db;
    this.#table = state.table;
    this.#numbers = state.numbers;
    this.#nextPageId = state.nextPageId;
    this.#onFailure = onFailure;
    this.#crashes = crashes;
    this.#chunks = new StreamChunks(db, (error) => this.#fail(error));
    this.#space = new PageSpace(db, state.table, () => this.#nextPageId);
    this.#durable = new PageFiller(DURABLE_SLAB, (bytes) => this.#openPage(bytes));
    const totals = { liveBytes: 0 };
    this.#transient = new PageFiller(TRANSIENT_SLAB, (bytes) => new JournalPage(0, true, bytes, totals));
    const load = (page: JournalPage): Buffer => this.load(page);
    this.parking = new PageParking(state.parkAfter, this.#table, {
      load,
      settleRun: (run, queueId) => this.#settleRun(run, queueId),
      released: () => this.#released(),
    });
    const host = { reserve: (size: number) => this.#reserve(size), load, parking: this.parking };
    this.#compaction = new Compaction(this.#table, host, state.diskAllowance);
    this.figures = new StoreFigures(this.#table, this.#compaction);
  }

  get backlog(): number {
    return this.#gatheringBytes + this.#writingBytes;
  }

  /** Somebody is to hear of the next commit. */
  get isAwaited(): boolean {
    return this.#listeners.size > 0;
  }

  write(message: Message, properties: Buffer, body: Buffer, durablePlaces: number): void {
    this.#record(message, properties, body, 0, body.length, durablePlaces);
  }

  #record(
    message: Message,
    properties: Buffer,
    body: Buffer,
    bodyStart: number,
    bodyEnd: number,
    durablePlaces: number,
  ): void {
    const page = this.#reserveFor(message, properties.length + bodyEnd - bodyStart, durablePlaces);
    message.bodyId = message.id;
    message.bodyPage = page;
    const bytes = page.bytes as Buffer;
    page.size = writeMessage(bytes, page.size, message, properties, body, durablePlaces, bodyStart, bodyEnd);
    page.adopt(message);
  }

  rewrite(message: Message, properties: Buffer, original: Message, durablePlaces: number): void {
    const bodyPage = original.bodyPage as JournalPage;
    const { bodyAt, bodyLength } = original;
    if (bodyLength <= COPIED_BODY || (durablePlaces > 0 && bodyPage.isTransient)) {
      const end = bodyAt + bodyLength;
      return this.#record(message, properties, this.load(bodyPage), bodyAt, end, durablePlaces);
    }
    message.bodyId = original.bodyId;
    message.bodyAt = bodyAt;
    message.bodyLength = bodyLength;
    const page = this.#reserveFor(message, properties.length, durablePlaces);
    page.size = writeMessage(page.bytes as Buffer, page.size, message, properties, undefined, durablePlaces);
    page.adopt(message);
    bodyPage.lend(message);
  }

  /** The page may be sealed by now, but it is not cut off before the turn ends. */
  place(message: Message, queueId: number, expiresAt: number, lane: number): void {
    writePlace(message.page.bytes as Buffer, message, queueId, expiresAt, lane);
  }

  settle(message: Message, queueId: number): void {
    const home = message.page as JournalPage;
    this.#settles.add(home, message.id, queueId);
    this.#dirty(SETTLE_SIZE);
    if (message.places === 1) return;
    home.settledPlaces ??= new Set<string>();
    home.settledPlaces.add(`${message.id}/${queueId}`);
  }

  delivered(queueId: number, lane: number, messageId: number): void {
    this.#deliveredIds.set(laneId(queueId, lane), messageId);
    this.#dirty(0);
  }

  note(message: Message, queueId: number, note: Note | undefined): void {
    const key = noteKey(queueId, message.id);
    if (note === undefined) this.#operations.push({ type: 'del', key });
    else this.#operations.push({ type: 'put', key, value: encodeNote(note) });
    this.#dirty(NOTE_SIZE);
  }

  release(message: Message): void {
    this.#table.release(message);
    this.#released();
  }

  load(page: Page): Buffer {
    if (page.bytes !== undefined) return page.bytes;
    const journalPage = page as JournalPage;
    const bytes = this.#db.getSync(pageKey(journalPage.id));
    if (bytes === undefined) throw new Error(`page ${journalPage.id} is not on disk`);
    this.#table.loaded(journalPage, bytes);
    return bytes;
  }

  append(chunk: Chunk, bytes: number): void {
    this.#chunks.append(chunk);
    this.#dirty(bytes);
  }

  loadChunk(streamId: number, firstOffset: number): Buffer {
    return this.#chunks.load(streamId, firstOffset);
  }

  dropChunks(streamId: number, before: number): void {
    this.#chunks.drop(streamId, before);
    this.#dirty(0);
  }

  /** Gives back the disk space of what was deleted, when that is much. */
  async reclaim(): Promise<void> {
    await this.#space.reclaim();
    await this.#chunks.reclaim();
  }

  define(definition: Definition): void {
    const key = this.#numbers.keyOf(definition);
    this.#operations.push({ type: 'put', key, value: encodeDefinition(definition) });
    this.defined = this.gathering;
    if ((definition.kind === 'queue' || definition.kind === 'exchange') && definition.id !== undefined) {
      this.#operations.push({
        type: 'put',
        key: NEXT_QUEUE_KEY,
        value: Buffer.from(String(definition.id + 1)),
      });
    }
    this.#dirty(0);
  }

  undefine(definition: Definition): void {
    const key = this.#numbers.release(definition);
    if (key === undefined) return;
    this.#operations.push({ type: 'del', key });
    this.defined = this.gathering;
    if (definition.kind === 'queue') {
      this.#deliveredIds.delete(laneId(definition.id, 0));
      this.#operations.push({ type: 'del', key: deliveredKey(definition.id, 0) }); // others go at the next start
    }
    this.#dirty(0);
  }

  onCommit(listener: CommitListener): void {
    this.#listeners.add(listener);
    if (!this.#isWriting) this.#dirty(0);
  }

  /** Resolves when everything recorded so far is on disk. */
  async flush(): Promise<void> {
    while ((this.#isDirty || this.#isWriting) && !this.#isStopped) {
      await new Promise<void>((resolve) => {
        this.#flushed.push(resolve);
        if (!this.#isWriting) this.#dirty(0);
      });
    }
    await this.#chunks.idle();
  }

  /** Writes what is left; nothing may be recorded any more. */
  async close(): Promise<void> {
    await this.flush();
    await this.#space.stop();
  }

  #released(): void {
    if (this.#table.hasDead) this.#dirty(0);
  }

  #settleRun(run: ParkedRun, queueId: number): void {
    this.#settledRuns.push({ run, queueId });
    this.#dirty(SETTLE_SIZE * run.recordedCount);
  }

  #fail(error: unknown): void {
    this.#isStopped = true;
    this.#onFailure(error);
  }

  #reserveFor(message: Message, contentLength: number, durablePlaces: number): JournalPage {
    const size = messageSize(message, contentLength, durablePlaces);
    return durablePlaces > 0 ? this.#reserve(size) : this.#transient.reserve(size);
  }

  #reserve(size: number): JournalPage {
    this.#dirty(size);
    return this.#durable.reserve(size);
  }

  #openPage(bytes: Buffer): JournalPage {
    const page = new JournalPage(this.#nextPageId++, false, bytes, this.#table.totals);
    this.#table.pages.set(page.id, page);
    this.#filling.push(page);
    return page;
  }

  #dirty(bytes: number): void {
    this.#gatheringBytes += bytes;
    this.#isDirty = true;
    if (this.#isScheduled || this.#isWriting || this.#isStopped) return;
    if (this.#isUrgent) this.#schedule();
    else if (this.#timer === undefined) this.#wait();
  }

  /** Not in `#dirty`: where a function makes closures, each call allocates for them, needed or not (250 bytes for a dead letter). */
  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      void this.#writeAll();
    });
  }

  #wait(): void {
    this.#timer = setTimeout(() => void this.#writeAll(), UNAWAITED_MS);
  }

  get #isUrgent(): boolean {
    return this.isAwaited || this.#flushed.length > 0 || this.#gatheringBytes > UNAWAITED_BYTES;
  }

  /** Writes batch after batch until nothing urgent has gathered meanwhile. */
  async #writeAll(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    for (let isDue = this.#isDirty; isDue && !this.#isStopped; isDue = this.#isDirty && this.#isUrgent) {
      const batch = this.#cut();
      try {
        if (!(await this.#write(batch))) this.#isStopped = true;
      } catch (error) {
        this.#fail(error);
        break;
      }
      if (!this.#isStopped) this.#finish(batch);
    }
    this.#isWriting = false;
    for (const resolve of this.#flushed.splice(0)) resolve();
    if (this.#isDirty) this.#dirty(0);
  }

  /** Returns false when everything ends here. */
  async #write({ operations }: Batch): Promise<boolean> {
    if (operations.length === 0) return true;
    if (this.#crashes('before-commit')) return false;
    const begin = performance.now();
    await this.#db.batch(operations, { sync: true });
    this.figures.commitLatency.observe(performance.now() - begin);
    this.figures.commitBytes.observe(this.#writingBytes);
    return !this.#crashes('after-commit');
  }

  /** Closes what has gathered into one batch. It is called between turns only: nothing done in one is torn apart. */
  #cut(): Batch {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#removeUnneeded();
    this.#writeSettles();
    this.#durable.seal();
    const pages = this.#filling.filter((page) => !page.isDead);
    const operations = this.#operations;
    let deleted = 0;
    for (const page of this.#table.takeDead()) {
      operations.push({ type: 'del', key: pageKey(page.id) });
      deleted += page.size;
    }
    for (const page of pages) {
      page.isWritten = true;
      operations.push({ type: 'put', key: pageKey(page.id), value: page.bytes as Buffer });
    }
    for (const [id, messageId] of this.#deliveredIds) {
      operations.push({ type: 'put', key: deliveredKeyOf(id), value: Buffer.from(String(messageId)) });
    }
    this.#chunks.cut(operations);
    const batch = { number: this.gathering++, pages, operations, deleted };
    this.#writingBytes = this.#gatheringBytes;
    this.#gatheringBytes = 0;
    this.#filling = [];
    this.#operations = [];
    this.#deliveredIds = new Map();
    this.#isDirty = false;
    return batch;
  }

  /** A message that came and went within the batch never reaches the disk. */
  #removeUnneeded(): void {
    if (this.#filling.some((page) => page.live === 0)) this.#durable.seal();
    for (const page of this.#filling) this.#table.removeIfDead(page);
  }

  /** Only what a restart would otherwise find again: a page that dies takes its messages with it. */
  #writeSettles(): void {
    this.#settles.drain((home, messageId, queueId) => this.#writeSettle(home, messageId, queueId));
    const runs = this.#settledRuns;
    this.#settledRuns = [];
    for (const { run, queueId } of runs) {
      for (let index = run.first; index < run.end; index++) {
        if (run.isRecorded(index)) this.#writeSettle(run.page(index) as JournalPage, run.id(index), queueId);
      }
    }
  }

  #writeSettle(home: JournalPage, messageId: number, queueId: number): void {
    if (home.isDead || home.isTransient) return;
    const page = this.#durable.reserve(SETTLE_SIZE);
    page.size = writeSettle(page.bytes as Buffer, page.size, messageId, queueId);
    if (home !== page) home.pin(page, 1);
  }

  #finish(batch: Batch): void {
    const written = this.#writingBytes;
    this.committed = batch.number;
    this.#writingBytes = 0;
    for (const page of batch.pages) this.#table.committed(page);
    const listeners = this.#listeners;
    this.#listeners = new Set();
    for (const listener of listeners) listener.committed(batch.number);
    if (this.#listeners.size > 0) this.#dirty(0); // some wait for what gathered meanwhile
    this.#chunks.committed();
    this.#compaction.step(written);
    if (batch.deleted > 0) this.#space.deleted(batch.deleted);
  }
}
