import type { RecoveredPlace } from '../broker/journal.ts';
import { ParkedRun } from '../broker/parked-run.ts';
import { parkMessage } from './page-parking.ts';
import type { JournalPage } from './pages.ts';

/** A place that was read back to an object. */
export interface FoundPlace extends RecoveredPlace {
  /** No other queue holds the message. */
  readonly isAlone: boolean;
}

/** A lane as its queue gets it back: runs, and between them what has to be objects. */
export class ParkedLine {
  readonly items: (RecoveredPlace | ParkedRun)[] = [];
  readonly #lane: number;

  constructor(lane: number) {
    this.#lane = lane;
  }

  /** Adds a message that is an object, and parks it when it may be parked. */
  put(place: FoundPlace): void {
    const { message, expiresAt, returns, note, isAlone } = place;
    if (!isAlone || note !== undefined) this.items.push(place);
    else parkMessage(message, expiresAt, true, returns > 0, this.#runFor(message.id));
  }

  /** Adds a message of a run that never was an object. */
  park(from: ParkedRun, index: number, returned: boolean): void {
    const id = from.id(index);
    const page = from.page(index) as JournalPage;
    const run = this.#runFor(id);
    const size = from.recordSize(index);
    const [expiresAt, recordAt, bodyLength] = [
      from.expiresAt(index),
      from.recordAt(index),
      from.bodyLength(index),
    ];
    if (run.add(id, expiresAt, true, returned, page, recordAt, size, bodyLength)) page.parksIn(run);
    page.adoptParked(size);
  }

  #runFor(id: number): ParkedRun {
    const last = this.items.at(-1);
    if (last instanceof ParkedRun && last.takes(id)) return last;
    const run = new ParkedRun(this.#lane, id);
    this.items.push(run);
    return run;
  }
}
