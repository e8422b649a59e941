import type { Definition, Note, Recovered } from '../broker/journal.ts';
import { DefinitionNumbers, DefinitionReader } from './definitions.ts';
import type { Records } from './format.ts';
import {
  definitionOf,
  deliveredKey,
  deliveredOf,
  keyRange,
  laneId,
  NEXT_QUEUE_KEY,
  noteOf,
  pageKey,
  pageOf,
} from './keys.ts';
import type { JournalState } from './level-journal.ts';
import { decodeNote } from './notes.ts';
import type { JournalPage } from './pages.ts';
import { Rebuild } from './rebuild.ts';
import { Replay } from './replay.ts';
import { readChunks } from './stream-chunks.ts';

/** By queue, then by message. */
type Notes = ReadonlyMap<number, ReadonlyMap<number, Note>>;

/** Reads everything back: from records to what a journal and a broker start with. */
export async function recover(
  db: Records,
  memoryLimit: number,
  parkAfter: number,
): Promise<{ state: Omit<JournalState, 'diskAllowance' | 'parkAfter'>; recovered: Recovered }> {
  const numbers = new DefinitionNumbers();
  const definitions = await readDefinitions(db, numbers);
  const holders = new Set(definitions.flatMap(holderId));
  const queues = new Set(definitions.filter(({ kind }) => kind === 'queue').flatMap(holderId));
  const replay = new Replay(memoryLimit);
  for await (const [key, value] of db.iterator(keyRange('page'))) replay.read(pageOf(key), value);
  const delivered = await readDelivered(db, holders);
  const notes = await readNotes(db, holders);
  const load = ({ id }: JournalPage): Buffer => db.getSync(pageKey(id)) as Buffer; // it was read before
  const rebuild = new Rebuild(replay, { holders, queues, delivered, notes }, parkAfter, load);
  rebuild.run();
  const { places, parked } = rebuild;
  const chunks = await readChunks(db, holders);
  const nextQueueId = Number((db.getSync(NEXT_QUEUE_KEY) ?? '1').toString());
  const state = { table: replay.table, numbers, nextPageId: replay.lastPageId + 1 };
  const nextMessageId = replay.lastMessageId + 1;
  return { state, recovered: { definitions, places, parked, chunks, nextQueueId, nextMessageId } };
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
