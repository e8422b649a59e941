import { Message } from '../broker/message.ts';
import { StoreError } from './format.ts';
import { FoundLane } from './found-lane.ts';
import { laneId } from './keys.ts';
import { PageTable } from './page-table.ts';
import { JournalPage } from './pages.ts';
import { readRecords } from './records.ts';
import type { MessageRecord, PlaceRecord, RecordVisitor } from './records.ts';

/** A body by the id of the message that brought it. */
export interface FoundBody {
  readonly page: JournalPage;
  readonly at: number;
  readonly length: number;
}

/** A message that was in several queues, or has its body elsewhere, or further keys. */
export interface FoundMessage {
  readonly message: Message;
  readonly page: JournalPage;
  readonly places: readonly PlaceRecord[];
}

/** Reads pages in the order they were committed, and gathers what they say; what holds is decided by `Rebuild`. */
export class Replay implements RecordVisitor {
  readonly table: PageTable;
  lastPageId = 0;
  lastMessageId = 0;
  /** By `laneId`. */
  readonly lanes = new Map<number, FoundLane>();
  readonly messages = new Map<number, FoundMessage>();
  /** Of messages that are not in lanes. */
  readonly bodies = new Map<number, FoundBody>();
  /** The pages of settles, by queue and message. They are applied last: a moved message may follow its settle. */
  readonly settles = new Map<number, Map<number, JournalPage>>();
  #page!: JournalPage;
  /** Where the last one was added: neighbours often are of one lane. */
  #lane = new FoundLane(0, 0);

  constructor(memoryLimit: number) {
    this.table = new PageTable(memoryLimit);
  }

  /** @throws {StoreError} when the page is damaged */
  read(id: number, bytes: Buffer): void {
    const page = new JournalPage(id, false, bytes, this.table.totals);
    page.size = bytes.length;
    page.isSealed = true;
    page.isWritten = true;
    this.table.pages.set(id, page);
    this.lastPageId = id;
    this.#page = page;
    try {
      readRecords(bytes, this);
    } catch (error) {
      throw new StoreError(`page ${id} is damaged: ${(error as Error).message}`);
    }
    this.table.committed(page);
  }

  lone(
    id: number,
    at: number,
    size: number,
    bodyLength: number,
    queueId: number,
    expiresAt: number,
    lane: number,
  ): void {
    this.#noticeId(id);
    if (this.#lane.queueId !== queueId || this.#lane.lane !== lane) this.#lane = this.laneOf(queueId, lane);
    this.#lane.add(id, expiresAt, this.#page, at, size, bodyLength);
  }

  message(record: MessageRecord): void {
    const { id, exchange, routingKey, moreKeys, persistent, died, priority, places } = record;
    const message = new Message(id, exchange, routingKey, moreKeys, persistent, died, priority);
    message.recordAt = record.at;
    message.propertiesAt = record.propertiesAt;
    message.propertiesLength = record.propertiesLength;
    message.bodyId = record.bodyId;
    if (record.bodyAt >= 0) this.body(id, record.bodyAt, record.bodyLength);
    this.messages.set(id, { message, page: this.#page, places });
    this.#noticeId(id);
  }

  settle(messageId: number, queueId: number): void {
    let ofQueue = this.settles.get(queueId);
    if (ofQueue === undefined) this.settles.set(queueId, (ofQueue = new Map<number, JournalPage>()));
    ofQueue.set(messageId, this.#page);
    this.lastMessageId = Math.max(this.lastMessageId, messageId);
  }

  body(id: number, at: number, length: number): void {
    this.bodies.set(id, { page: this.#page, at, length });
  }

  #noticeId(id: number): void {
    const page = this.#page;
    if (id < page.firstId) page.firstId = id;
    if (id > page.lastId) page.lastId = id;
    if (id > this.lastMessageId) this.lastMessageId = id;
  }

  /** The lane of a queue, with nothing in it if nothing was found. */
  laneOf(queueId: number, lane: number): FoundLane {
    const id = laneId(queueId, lane);
    const known = this.lanes.get(id);
    if (known !== undefined) return known;
    const found = new FoundLane(queueId, lane);
    this.lanes.set(id, found);
    return found;
  }
}
