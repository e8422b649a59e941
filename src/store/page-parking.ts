import type { Parking } from '../broker/journal.ts';
import type { Entry, Message } from '../broker/message.ts';
import type { ParkedRun } from '../broker/parked-run.ts';
import type { PageTable } from './page-table.ts';
import type { Parked } from './parked-records.ts';
import { hasOwnBody } from './pages.ts';
import type { JournalPage } from './pages.ts';
import { MessageReader, recordSize } from './records.ts';

/** What parking needs of the journal. */
export interface ParkingHost {
  load(page: JournalPage): Buffer;
  /** What is recorded of a run is no longer held by a queue. */
  settleRun(run: ParkedRun, queueId: number): void;
  /** Some pages may have died. */
  released(): void;
}

/** Parks messages in the pages that have their records: they live on there as a number of reasons to keep the page. */
export class PageParking implements Parking {
  readonly after: number;
  readonly #table: PageTable;
  readonly #host: ParkingHost;
  readonly #reader = new MessageReader();

  constructor(after: number, table: PageTable, host: ParkingHost) {
    this.after = after;
    this.#table = table;
    this.#host = host;
  }

  park({ message, expiresAt, recorded, returns }: Entry, run: ParkedRun): void {
    parkMessage(message, expiresAt, recorded, returns > 0, run);
  }

  wake(run: ParkedRun, index: number): Message {
    const message = this.look(run, index);
    (message.page as JournalPage).wake(message);
    if (!hasOwnBody(message)) (message.bodyPage as JournalPage).wakeBorrower(message);
    message.places = 1;
    if (index === run.end - 1) this.#leave(run);
    return message;
  }

  look(run: ParkedRun, index: number): Message {
    const page = run.page(index) as JournalPage;
    const message = this.#reader.read(page.bytes ?? this.#host.load(page), run.recordAt(index));
    const bodyPage = run.bodyPage(index);
    message.page = page;
    message.bodyPage = bodyPage ?? page;
    if (bodyPage !== undefined) {
      message.bodyAt = run.bodyAt(index);
      message.bodyLength = run.bodyLength(index);
    }
    return message;
  }

  drop(run: ParkedRun, queueId: number | undefined): void {
    for (let index = run.first; index < run.end; index++) {
      (run.page(index) as JournalPage).dropParked(run.recordSize(index));
      (run.bodyPage(index) as JournalPage | undefined)?.dropParked(run.bodyLength(index));
    }
    this.#leave(run);
    for (const page of run.pages) this.#table.removeIfDead(page as JournalPage);
    if (queueId !== undefined && run.recordedCount > 0) this.#host.settleRun(run, queueId);
    this.#host.released();
  }

  /** The record of a parked message was moved to where the message says. */
  moved(message: Message, { run, index }: Parked): void {
    const page = message.page as JournalPage;
    page.park(message);
    if (run.move(index, page, message.recordAt, recordSize(message))) page.parksIn(run);
  }

  /** Nobody will look for something of it in its pages. */
  #leave(run: ParkedRun): void {
    for (const page of run.pages) (page as JournalPage).runs?.delete(run);
  }
}

/** Moves what is known of a message to a run. */
export function parkMessage(
  message: Message,
  expiresAt: number,
  recorded: boolean,
  returned: boolean,
  run: ParkedRun,
): void {
  const { id, recordAt, bodyAt, bodyLength } = message;
  const page = message.page as JournalPage;
  page.park(message);
  if (run.add(id, expiresAt, recorded, returned, page, recordAt, recordSize(message), bodyLength))
    page.parksIn(run);
  if (hasOwnBody(message)) return;
  const bodyPage = message.bodyPage as JournalPage;
  bodyPage.parkBorrower(message);
  if (run.borrow(run.end - 1, bodyPage, bodyAt)) bodyPage.parksIn(run);
}
