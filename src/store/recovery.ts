import { Message } from '../broker/message.ts';
import type { Definition, Note, Recovered, RecoveredPlace } from '../broker/journal.ts';
import { DefinitionNumbers, DefinitionReader } from './definitions.ts';
import { StoreError } from './format.ts';
import type { Records } from './format.ts';
import {
  definitionOf,
  deliveredKey,
  deliveredOf,
  keyRange,
  laneId,
  NEXT_QUEUE_KEY,
  noteOf,
  pageOf,
} from './keys.ts';
import type { JournalState } from './level-journal.ts';
import { decodeNote } from './notes.ts';
import { PageTable } from './page-table.ts';
import { hasOwnBody, JournalPage } from './pages.ts';
import { readRecords } from './records.ts';
import type { MessageRecord, PlaceRecord } from './records.ts';
import { readChunks } from './stream-chunks.ts';

/** A body by the id of the message that brought it. */
interface Body {
  readonly page: JournalPage;
  readonly at: number;
  readonly length: number;
}

interface Found {
  readonly message: Message;
  readonly page: JournalPage;
  places: readonly PlaceRecord[];
}

/** By queue, then by message. */
type Notes = ReadonlyMap<number, ReadonlyMap<number, Note>>;

interface Settle {
  readonly messageId: number;
  readonly queueId: number;
  readonly page: JournalPage;
}

/** Reads everything back: from records to what a journal and a broker start with. */
export async function recover(
  db: Records,
  memoryLimit: number,
): Promise<{ state: Omit<JournalState, 'diskAllowance' | 'parkAfter'>; recovered: Recovered }> {
  const numbers = new DefinitionNumbers();
  const definitions = await readDefinitions(db, numbers);
  const queueIds = new Set(definitions.flatMap(holderId));
  const replay = new Replay(memoryLimit, queueIds);
  for await (const [key, value] of db.iterator(keyRange('page'))) replay.page(pageOf(key), value);
  const places = replay.finish(await readDelivered(db, queueIds), await readNotes(db, queueIds));
  const chunks = await readChunks(db, queueIds);
  const nextQueueId = Number((db.getSync(NEXT_QUEUE_KEY) ?? '1').toString());
  const state = { table: replay.table, numbers, nextPageId: replay.lastPageId + 1 };
  const nextMessageId = replay.lastMessageId + 1;
  return { state, recovered: { definitions, places, chunks, nextQueueId, nextMessageId } };
}

/** What may hold messages: every queue, and the exchanges that keep some. */
function holderId(definition: Definition): number[] {
  const isHolder = definition.kind === 'queue' || definition.kind === 'exchange';
  return isHolder && definition.id !== undefined ? [definition.id] : [];
}

async function readDefinitions(db: Records, numbers: DefinitionNumbers): Promise<Definition[]> {
  const definitions: Definition[] = [];
  const reader = new DefinitionReader();
  for await (const [key, value] of db.iterator(keyRange('definition'))) {
    const definition = reader.read(value);
    numbers.restore(definition, definitionOf(key));
    definitions.push(definition);
  }
  return definitions;
}

/** The youngest message handed out, by queue and lane; what belongs to no queue is deleted. */
async function readDelivered(db: Records, known: ReadonlySet<number>): Promise<Map<number, number>> {
  const delivered = new Map<number, number>();
  const stale: Buffer[] = [];
  for await (const [key, value] of db.iterator(keyRange('delivered'))) {
    const { queueId, lane } = deliveredOf(key);
    if (known.has(queueId)) delivered.set(laneId(queueId, lane), Number(value.toString()));
    else stale.push(deliveredKey(queueId, lane));
  }
  await db.batch(stale.map((key) => ({ type: 'del', key })));
  return delivered;
}

/** What queues remember of messages, by queue and message; what belongs to no queue is deleted. */
async function readNotes(db: Records, known: ReadonlySet<number>): Promise<Notes> {
  const notes = new Map<number, Map<number, Note>>();
  const stale: Buffer[] = [];
  for await (const [key, value] of db.iterator(keyRange('note'))) {
    const { queueId, messageId } = noteOf(key);
    if (!known.has(queueId)) stale.push(key);
    else if (notes.get(queueId)?.set(messageId, decodeNote(value)) === undefined) {
      notes.set(queueId, new Map([[messageId, decodeNote(value)]]));
    }
  }
  await db.batch(stale.map((key) => ({ type: 'del', key })));
  return notes;
}

/** Replays pages in the order they were committed. Settles are applied last: a moved message may follow its settle. */
class Replay {
  readonly table: PageTable;
  lastPageId = 0;
  lastMessageId = 0;
  readonly #found = new Map<number, Found>();
  readonly #bodies = new Map<number, Body>();
  readonly #settles: Settle[] = [];
  readonly #queueIds: ReadonlySet<number>;

  constructor(memoryLimit: number, queueIds: ReadonlySet<number>) {
    this.table = new PageTable(memoryLimit);
    this.#queueIds = queueIds;
  }

  page(id: number, bytes: Buffer): void {
    const page = new JournalPage(id, false, bytes, this.table.totals);
    page.size = bytes.length;
    page.isSealed = true;
    page.isWritten = true;
    this.table.pages.set(id, page);
    this.lastPageId = id;
    try {
      readRecords(bytes, {
        message: (record) => this.#message(page, record),
        settle: (messageId, queueId) => this.#settles.push({ messageId, queueId, page }),
        body: (bodyId, at, length) => this.#bodies.set(bodyId, { page, at, length }),
      });
    } catch (error) {
      throw new StoreError(`page ${id} is damaged: ${(error as Error).message}`);
    }
    this.table.committed(page);
  }

  /** @returns what each queue held, in order of arrival */
  finish(delivered: ReadonlyMap<number, number>, notes: Notes): Map<number, RecoveredPlace[]> {
    this.#applySettles();
    for (const id of delivered.values()) this.lastMessageId = Math.max(this.lastMessageId, id);
    const byQueue = new Map<number, RecoveredPlace[]>();
    for (const found of this.#found.values()) this.#keep(found, delivered, notes, byQueue);
    for (const held of byQueue.values()) held.sort((a, b) => a.message.id - b.message.id);
    for (const page of this.table.pages.values()) this.table.removeIfDead(page);
    return byQueue;
  }

  #message(page: JournalPage, record: MessageRecord): void {
    const { id, exchange, routingKey, moreKeys, persistent, died, priority } = record;
    const message = new Message(id, exchange, routingKey, moreKeys, persistent, died, priority);
    message.recordAt = record.at;
    message.propertiesAt = record.propertiesAt;
    message.propertiesLength = record.propertiesLength;
    message.bodyId = record.bodyId;
    if (record.bodyAt >= 0) this.#bodies.set(id, { page, at: record.bodyAt, length: record.bodyLength });
    page.firstId = Math.min(page.firstId, id);
    page.lastId = Math.max(page.lastId, id);
    this.#found.set(id, { message, page, places: record.places });
    this.lastMessageId = Math.max(this.lastMessageId, id);
  }

  #applySettles(): void {
    for (const { messageId, queueId, page } of this.#settles) {
      this.lastMessageId = Math.max(this.lastMessageId, messageId);
      const found = this.#found.get(messageId);
      if (found === undefined) continue;
      found.places = found.places.filter((place) => place.queueId !== queueId);
      found.page.settledPlaces ??= new Set<string>();
      found.page.settledPlaces.add(`${messageId}/${queueId}`);
      if (found.page !== page) found.page.pin(page, 1);
    }
  }

  #keep(
    found: Found,
    delivered: ReadonlyMap<number, number>,
    notes: Notes,
    byQueue: Map<number, RecoveredPlace[]>,
  ): void {
    const { message, page } = found;
    const places = found.places.filter(({ queueId }) => this.#queueIds.has(queueId)); // others were deleted
    if (places.length === 0) return;
    const body = this.#bodies.get(message.bodyId);
    if (body === undefined)
      throw new StoreError(`page ${page.id} names a body that is gone: ${message.bodyId}`);
    message.bodyAt = body.at;
    message.bodyLength = body.length;
    page.adopt(message);
    if (hasOwnBody(message)) message.bodyPage = page;
    else body.page.lend(message);
    for (const { queueId, expiresAt, lane } of places) {
      const wasDelivered = message.id <= (delivered.get(laneId(queueId, lane)) ?? 0);
      const note = notes.get(queueId)?.get(message.id);
      const returns = note?.deliveries ?? (wasDelivered ? 1 : 0);
      const place = { message, expiresAt, lane, returns, note };
      const held = byQueue.get(queueId);
      if (held === undefined) byQueue.set(queueId, [place]);
      else held.push(place);
    }
  }
}
