import type { Note, RecoveredPlace } from '../broker/journal.ts';
import type { Message } from '../broker/message.ts';
import type { ParkedRun } from '../broker/parked-run.ts';
import { StoreError } from './format.ts';
import type { FoundLane } from './found-lane.ts';
import { laneId } from './keys.ts';
import { hasOwnBody } from './pages.ts';
import type { JournalPage } from './pages.ts';
import { ParkedLine } from './parked-line.ts';
import type { FoundPlace } from './parked-line.ts';
import { MessageReader } from './records.ts';
import type { FoundMessage, Replay } from './replay.ts';

/** What is known beside the pages. */
export interface Remembered {
  /** What may hold messages: queues and exchanges. */
  readonly holders: ReadonlySet<number>;
  /** Of these the queues. */
  readonly queues: ReadonlySet<number>;
  /** The youngest message handed out, by `laneId`. */
  readonly delivered: ReadonlyMap<number, number>;
  /** By queue, then by message. */
  readonly notes: ReadonlyMap<number, ReadonlyMap<number, Note>>;
}

/** A message of a run that is to be an object. */
interface Sleeper {
  readonly recordAt: number;
  readonly queueId: number;
  readonly place: Omit<RecoveredPlace, 'message'>;
}

/** Makes of what was found in pages what queues hold: objects where there are few, else parked messages. */
export class Rebuild {
  /** By holder, in order of arrival. */
  readonly places = new Map<number, RecoveredPlace[]>();
  /** The same of lanes with so many that they are parked. */
  readonly parked = new Map<number, (RecoveredPlace | ParkedRun)[]>();
  readonly #found: Replay;
  readonly #remembered: Remembered;
  readonly #parkAfter: number;
  readonly #load: (page: JournalPage) => Buffer;
  readonly #reader = new MessageReader();
  /** By page: each is read once, whatever queues its messages are in. */
  readonly #sleepers = new Map<JournalPage, Sleeper[]>();
  /** What is an object already. */
  readonly #objects = new Map<FoundLane, FoundPlace[]>();

  /**
   * @param parkAfter how many messages of a lane may be objects
   * @param load reads a page whose bytes left memory
   */
  constructor(found: Replay, remembered: Remembered, parkAfter: number, load: (page: JournalPage) => Buffer) {
    this.#found = found;
    this.#remembered = remembered;
    this.#parkAfter = parkAfter;
    this.#load = load;
  }

  run(): void {
    const found = this.#found;
    for (const id of this.#remembered.delivered.values()) {
      found.lastMessageId = Math.max(found.lastMessageId, id);
    }
    this.#findBodies();
    for (const message of found.messages.values()) this.#keep(message);
    for (const lane of found.lanes.values()) {
      if (this.#remembered.holders.has(lane.queueId)) this.#rebuild(lane); // others were deleted
    }
    this.#wakeSleepers();
    for (const held of this.places.values()) held.sort((a, b) => a.message.id - b.message.id);
    for (const page of found.table.pages.values()) found.table.removeIfDead(page);
  }

  /** Bodies that copies share with messages in lanes, settled or not. */
  #findBodies(): void {
    const { messages, bodies, lanes } = this.#found;
    const wanted = new Set<number>();
    for (const { message } of messages.values()) if (!bodies.has(message.bodyId)) wanted.add(message.bodyId);
    if (wanted.size === 0) return;
    for (const lane of lanes.values()) {
      lane.each((run, index) => {
        if (!wanted.has(run.id(index))) return;
        const length = run.bodyLength(index);
        const at = run.recordAt(index) + run.recordSize(index) - length;
        bodies.set(run.id(index), { page: run.page(index) as JournalPage, at, length });
      });
    }
  }

  /** One that is an object already, if a queue holds it still. */
  #keep({ message, page, places }: FoundMessage): void {
    const held = places.filter(
      (place) => !this.#isSettled(message.id, place.queueId, page, places.length > 1),
    );
    const open = held.filter(({ queueId }) => this.#remembered.holders.has(queueId));
    if (open.length === 0) return;
    const body = this.#found.bodies.get(message.bodyId);
    if (body === undefined)
      throw new StoreError(`page ${page.id} names a body that is gone: ${message.bodyId}`);
    message.bodyAt = body.at;
    message.bodyLength = body.length;
    page.adopt(message);
    if (hasOwnBody(message)) message.bodyPage = page;
    else body.page.lend(message);
    for (const { queueId, expiresAt, lane } of open) {
      const found = this.#found.laneOf(queueId, lane);
      found.count++;
      const objects = this.#objects.get(found);
      const isAlone = open.length === 1;
      const place = { message, expiresAt, lane, isAlone, ...this.#memoryOf(message.id, queueId, lane) };
      if (objects === undefined) this.#objects.set(found, [place]);
      else objects.push(place);
    }
  }

  /** @param livesOn it may be held elsewhere, and be moved with its record */
  #isSettled(id: number, queueId: number, home: JournalPage, livesOn: boolean): boolean {
    const page = this.#found.settles.get(queueId)?.get(id);
    if (page === undefined) return false;
    if (home !== page) home.pin(page, 1);
    if (livesOn) {
      home.settledPlaces ??= new Set<string>();
      home.settledPlaces.add(`${id}/${queueId}`);
    }
    return true;
  }

  #memoryOf(id: number, queueId: number, lane: number): Pick<RecoveredPlace, 'returns' | 'note'> {
    const { delivered, notes } = this.#remembered;
    const note = notes.get(queueId)?.get(id);
    return { note, returns: note?.deliveries ?? (id <= (delivered.get(laneId(queueId, lane)) ?? 0) ? 1 : 0) };
  }

  #rebuild(lane: FoundLane): void {
    const objects = (this.#objects.get(lane) ?? []).sort((a, b) => a.message.id - b.message.id);
    if (this.#remembered.queues.has(lane.queueId) && lane.count > this.#parkAfter) this.#park(lane, objects);
    else this.#wake(lane, objects);
  }

  /** Makes one line of the runs and the objects of a lane. */
  #park(lane: FoundLane, objects: readonly FoundPlace[]): void {
    const { queueId } = lane;
    const { delivered, notes } = this.#remembered;
    const [settlesOfQueue, notesOfQueue] = [this.#found.settles.get(queueId), notes.get(queueId)];
    const youngest = delivered.get(laneId(queueId, lane.lane)) ?? 0;
    const line = new ParkedLine(lane.lane);
    let next = 0;
    const putBefore = (id: number): void => {
      for (let one = objects[next]; one !== undefined && one.message.id < id; one = objects[++next])
        line.put(one);
    };
    lane.take((run, index) => {
      const id = run.id(index);
      putBefore(id);
      if (settlesOfQueue?.has(id) === true)
        this.#isSettled(id, queueId, run.page(index) as JournalPage, false);
      else if (notesOfQueue?.has(id) === true) line.put(this.#objectOf(run, index, queueId));
      else line.park(run, index, id <= youngest);
    });
    putBefore(Infinity);
    const items = this.parked.get(queueId) ?? [];
    for (const item of line.items) items.push(item);
    this.parked.set(queueId, items);
  }

  /** Makes objects of what is in a lane. */
  #wake(lane: FoundLane, objects: readonly FoundPlace[]): void {
    const { queueId } = lane;
    for (const place of objects) this.#hold(queueId, place);
    lane.take((run, index) => {
      const page = run.page(index) as JournalPage;
      if (this.#isSettled(run.id(index), queueId, page, false)) return;
      const place = this.#placeOf(run, index, queueId);
      const sleeper = { recordAt: run.recordAt(index), queueId, place };
      const sleepers = this.#sleepers.get(page);
      if (sleepers === undefined) this.#sleepers.set(page, [sleeper]);
      else sleepers.push(sleeper);
    });
  }

  #wakeSleepers(): void {
    for (const [page, sleepers] of this.#sleepers) {
      const bytes = page.bytes ?? this.#load(page);
      for (const { recordAt, queueId, place } of sleepers) {
        this.#hold(queueId, { message: this.#read(page, bytes, recordAt), ...place });
      }
    }
  }

  #objectOf(run: ParkedRun, index: number, queueId: number): FoundPlace {
    const page = run.page(index) as JournalPage;
    const message = this.#read(page, page.bytes ?? this.#load(page), run.recordAt(index));
    return { message, isAlone: true, ...this.#placeOf(run, index, queueId) };
  }

  #placeOf(run: ParkedRun, index: number, queueId: number): Omit<RecoveredPlace, 'message'> {
    const { lane } = run;
    return { expiresAt: run.expiresAt(index), lane, ...this.#memoryOf(run.id(index), queueId, lane) };
  }

  #read(page: JournalPage, bytes: Buffer, recordAt: number): Message {
    const message = this.#reader.read(bytes, recordAt);
    message.bodyPage = page;
    page.adopt(message);
    return message;
  }

  #hold(queueId: number, place: RecoveredPlace): void {
    const held = this.places.get(queueId);
    if (held === undefined) this.places.set(queueId, [place]);
    else held.push(place);
  }
}
