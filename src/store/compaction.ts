import type { Message } from '../broker/message.ts';
import type { PageTable } from './page-table.ts';
import { hasOwnBody } from './pages.ts';
import type { JournalPage } from './pages.ts';
import {
  bodySize,
  messageSize,
  readRecords,
  SETTLE_SIZE,
  writeBodyHead,
  writeMessage,
  writePlace,
  writeSettle,
} from './records.ts';
import type { MessageRecord } from './records.ts';

/** What compaction needs of the journal. */
export interface CompactionHost {
  /** A page of the batch that gathers with room for so many bytes at `page.size`. */
  reserve(size: number): JournalPage;
  load(page: JournalPage): Buffer;
}

/** Bytes of sparse pages rewritten, and pages looked at, after a commit, however small: a millisecond or so. */
const BYTES_PER_STEP = 512 * 1024;
const PAGES_PER_STEP = 256;
/** After a large one as much as it wrote, up to this: else sparse pages would become more than compaction can move. */
const MOST_BYTES_PER_STEP = 4 * 1024 * 1024;

/**
 * Moves what is live out of sparse pages, a little after each commit, so that disk use stays within a small multiple
 * of what is needed. The moved records and the deletion of their old page are in one batch.
 */
export class Compaction {
  readonly #table: PageTable;
  readonly #host: CompactionHost;
  readonly #allowance: number;
  movedPages = 0;
  movedBytes = 0;
  #cursor: Iterator<JournalPage> | undefined = undefined;

  /** @param allowance bytes on disk beyond twice the live ones that are not worth any work */
  constructor(table: PageTable, host: CompactionHost, allowance: number) {
    this.#table = table;
    this.#host = host;
    this.#allowance = allowance;
  }

  /** @param written bytes of the commit */
  step(written: number): void {
    let bytesLeft = Math.min(Math.max(written, BYTES_PER_STEP), MOST_BYTES_PER_STEP);
    for (let pagesLeft = PAGES_PER_STEP; pagesLeft > 0 && bytesLeft > 0; pagesLeft--) {
      if (this.#table.diskBytes <= 2 * this.#table.totals.liveBytes + this.#allowance) return;
      this.#cursor ??= this.#table.pages.values();
      const { value: page, done } = this.#cursor.next();
      if (done === true) {
        this.#cursor = undefined;
        return;
      }
      if (!page.isCommitted || page.isDead || !page.isSparse) continue;
      bytesLeft -= page.size;
      this.move(page);
    }
  }

  /** Writes everything that is needed of a page once more, in the batch that gathers; the page dies of it. */
  move(page: JournalPage): void {
    this.movedPages++;
    this.movedBytes += page.size;
    const bytes = this.#host.load(page);
    const live = new Map<number, Message>();
    for (const message of page.messages) if (message !== undefined) live.set(message.id, message);
    const lent = new Map<number, Message[]>();
    for (const message of page.borrowers ?? []) {
      const same = lent.get(message.bodyId);
      if (same === undefined) lent.set(message.bodyId, [message]);
      else same.push(message);
    }
    readRecords(bytes, {
      message: (record) => this.#moveMessage(page, bytes, record, live.get(record.id), lent.get(record.id)),
      settle: (messageId, queueId) => this.#moveSettle(page, messageId, queueId),
      body: (id, at, length) => this.#moveBody(page, bytes.subarray(at, at + length), id, lent.get(id) ?? []),
    });
    for (const pinning of page.pinnedBy ?? []) pinning.unpin(page); // what is still needed was moved
    this.#table.removeIfDead(page);
  }

  #moveMessage(
    from: JournalPage,
    bytes: Buffer,
    record: MessageRecord,
    message: Message | undefined,
    borrowers: readonly Message[] = [],
  ): void {
    const ownBody =
      record.bodyAt < 0 ? undefined : bytes.subarray(record.bodyAt, record.bodyAt + record.bodyLength);
    if (message === undefined) {
      if (ownBody !== undefined) this.#moveBody(from, ownBody, record.id, borrowers);
      return;
    }
    from.drop(message);
    const properties = bytes.subarray(record.propertiesAt, record.propertiesAt + record.propertiesLength);
    const places = record.places.filter(({ queueId }) => !from.settledPlaces?.has(`${record.id}/${queueId}`));
    const to = this.#host.reserve(
      messageSize(message, properties.length + (ownBody?.length ?? 0), places.length),
    );
    const page = to.bytes as Buffer;
    to.size = writeMessage(page, to.size, message, properties, ownBody, places.length);
    for (const { queueId, expiresAt, lane } of places) writePlace(page, message, queueId, expiresAt, lane);
    to.adopt(message);
    if (hasOwnBody(message)) message.bodyPage = to;
    for (const borrower of borrowers) this.#relend(from, to, borrower, message.bodyAt);
  }

  #moveBody(from: JournalPage, body: Buffer, id: number, borrowers: readonly Message[]): void {
    if (borrowers.length === 0) return;
    const to = this.#host.reserve(bodySize(body.length));
    const page = to.bytes as Buffer;
    const at = writeBodyHead(page, to.size, id, body.length);
    to.size = at + body.copy(page, at);
    for (const borrower of borrowers) this.#relend(from, to, borrower, at);
  }

  #relend(from: JournalPage, to: JournalPage, borrower: Message, bodyAt: number): void {
    from.takeBack(borrower);
    borrower.bodyAt = bodyAt;
    to.lend(borrower);
  }

  /** Needed only while the record it settles may still be on disk. */
  #moveSettle(from: JournalPage, messageId: number, queueId: number): void {
    for (const home of from.pinnedBy ?? []) {
      if (messageId < home.firstId || messageId > home.lastId) continue;
      const to = this.#host.reserve(SETTLE_SIZE);
      to.size = writeSettle(to.bytes as Buffer, to.size, messageId, queueId);
      if (home !== to) home.pin(to, 1);
    }
  }
}
