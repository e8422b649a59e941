import { Message } from '../broker/message.ts';
import type { PageParking } from './page-parking.ts';
import type { PageTable } from './page-table.ts';
import { hasOwnBody } from './pages.ts';
import type { JournalPage } from './pages.ts';
import { ParkedRecords } from './parked-records.ts';
import type { Parked } from './parked-records.ts';
import {
  bodySize,
  messageSize,
  readRecords,
  recordSize,
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
  readonly parking: PageParking;
}

/** Copies that share one body of a page. */
interface Borrowers {
  readonly live: readonly Message[];
  readonly parked: readonly Parked[];
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
    for (const message of page.messages) live.set(message.id, message);
    const lent = new Map<number, Message[]>();
    for (const message of page.borrowers ?? []) {
      const same = lent.get(message.bodyId);
      if (same === undefined) lent.set(message.bodyId, [message]);
      else same.push(message);
    }
    const parked = new ParkedRecords(page);
    readRecords(bytes, {
      message: (record) => {
        const borrowers = { live: lent.get(record.id) ?? [], parked: parked.bodies.get(record.bodyAt) ?? [] };
        const message = live.get(record.id);
        this.#moveMessage(page, bytes, record, message ?? parked.messages.get(record.at), borrowers);
      },
      settle: (messageId, queueId) => this.#moveSettle(page, messageId, queueId),
      body: (id, at, length) => {
        const borrowers = { live: lent.get(id) ?? [], parked: parked.bodies.get(at) ?? [] };
        this.#moveBody(page, bytes.subarray(at, at + length), id, borrowers);
      },
    });
    for (const pinning of page.pinnedBy ?? []) pinning.unpin(page); // what is still needed was moved
    this.#table.removeIfDead(page);
  }

  #moveMessage(
    from: JournalPage,
    bytes: Buffer,
    record: MessageRecord,
    holder: Message | Parked | undefined,
    borrowers: Borrowers,
  ): void {
    const ownBody =
      record.bodyAt < 0 ? undefined : bytes.subarray(record.bodyAt, record.bodyAt + record.bodyLength);
    if (holder === undefined) {
      if (ownBody !== undefined) this.#moveBody(from, ownBody, record.id, borrowers);
      return;
    }
    const message = this.#leave(from, holder);
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
    if (!(holder instanceof Message)) this.#host.parking.moved(message, holder);
    this.#relend(from, to, borrowers, message.bodyAt);
  }

  /** Nobody looks for the message in its old page any more. */
  #leave(from: JournalPage, holder: Message | Parked): Message {
    if (holder instanceof Message) {
      from.drop(holder);
      return holder;
    }
    const message = this.#host.parking.look(holder.run, holder.index);
    from.dropParked(recordSize(message));
    return message;
  }

  #moveBody(from: JournalPage, body: Buffer, id: number, borrowers: Borrowers): void {
    if (borrowers.live.length === 0 && borrowers.parked.length === 0) return;
    const to = this.#host.reserve(bodySize(body.length));
    const page = to.bytes as Buffer;
    const at = writeBodyHead(page, to.size, id, body.length);
    to.size = at + body.copy(page, at);
    this.#relend(from, to, borrowers, at);
  }

  #relend(from: JournalPage, to: JournalPage, { live, parked }: Borrowers, bodyAt: number): void {
    for (const borrower of live) {
      from.takeBack(borrower);
      borrower.bodyAt = bodyAt;
      to.lend(borrower);
    }
    for (const { run, index } of parked) {
      const length = run.bodyLength(index);
      from.dropParked(length);
      to.lendParked(length);
      if (run.borrow(index, to, bodyAt)) to.parksIn(run);
    }
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
