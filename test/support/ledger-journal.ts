import type { Parking } from '../../src/broker/journal.ts';
import { MemoryJournal } from '../../src/broker/memory-journal.ts';
import { Message } from '../../src/broker/message.ts';
import type { Entry } from '../../src/broker/message.ts';
import type { ParkedRun } from '../../src/broker/parked-run.ts';

/** A journal that keeps books: what is written is released once, and nothing happens to it after that. */
export class LedgerJournal extends MemoryJournal {
  override readonly parking: Parking | undefined;
  /** Messages that were written and not released, by id: the object that stands for each, if it is not parked. */
  readonly live = new Map<number, Message | undefined>();
  /** `message queue` for each durable place. */
  readonly placed = new Set<string>();
  /** What must not happen. */
  readonly faults: string[] = [];

  /** @param parkAfter undefined: it parks nothing */
  constructor(parkAfter?: number) {
    super();
    this.parking = parkAfter === undefined ? undefined : new LedgerParking(parkAfter, this);
  }

  override write(message: Message, properties: Buffer, body: Buffer): void {
    super.write(message, properties, body);
    this.live.set(message.id, message);
  }

  override rewrite(message: Message, properties: Buffer, original: Message): void {
    this.check(original, `copied to ${message.id}`);
    super.rewrite(message, properties, original);
    this.live.set(message.id, message);
  }

  override place(message?: Message, queueId?: number): void {
    if (message === undefined) return;
    this.check(message, 'placed');
    this.placed.add(`${message.id} ${queueId}`);
  }

  override settle(message?: Message, queueId?: number): void {
    if (message === undefined) return;
    this.check(message, 'settled');
    this.unplace(message.id, queueId);
  }

  override release(message?: Message): void {
    if (message === undefined) return;
    this.check(message, 'released');
    this.live.delete(message.id);
  }

  unplace(id: number, queueId: number | undefined): void {
    if (!this.placed.delete(`${id} ${queueId}`)) this.faults.push(`${id} settled, not placed`);
  }

  /** Only the object that stands for a message may be used. */
  check(message: Message, how: string): void {
    if (this.live.get(message.id) !== message) this.faults.push(`${message.id} ${how}, but gone or parked`);
  }
}

/** Parks messages with a copy of their fields for a record. */
class LedgerParking implements Parking {
  readonly after: number;
  readonly #ledger: LedgerJournal;
  readonly #records = new Map<number, Message>();

  constructor(after: number, ledger: LedgerJournal) {
    this.after = after;
    this.#ledger = ledger;
  }

  park({ message, expiresAt, recorded, returns }: Entry, run: ParkedRun): void {
    const { id, page, bodyLength } = message;
    this.#ledger.check(message, 'parked');
    this.#ledger.live.set(id, undefined);
    this.#records.set(id, copyOf(message));
    run.add(id, expiresAt, recorded, returns > 0, page, 0, 0, bodyLength);
  }

  wake(run: ParkedRun, index: number): Message {
    const message = this.look(run, index);
    message.places = 1;
    this.#records.delete(message.id);
    this.#ledger.live.set(message.id, message);
    return message;
  }

  look(run: ParkedRun, index: number): Message {
    return copyOf(this.#records.get(run.id(index)) as Message);
  }

  drop(run: ParkedRun, queueId: number | undefined): void {
    for (let index = run.first; index < run.end; index++) {
      const id = run.id(index);
      if (!this.#records.delete(id)) this.#ledger.faults.push(`${id} dropped, not parked`);
      this.#ledger.live.delete(id);
      if (run.isRecorded(index) && queueId !== undefined) this.#ledger.unplace(id, queueId);
    }
  }
}

function copyOf(message: Message): Message {
  const { id, exchange, routingKey, moreKeys, persistent, died, priority } = message;
  const copy = new Message(id, exchange, routingKey, moreKeys, persistent, died, priority);
  const { page, propertiesAt, propertiesLength, bodyPage, bodyAt, bodyLength, bodyId } = message;
  return Object.assign(copy, { page, propertiesAt, propertiesLength, bodyPage, bodyAt, bodyLength, bodyId });
}
