import type { ParkedRun } from '../broker/parked-run.ts';
import type { JournalPage } from './pages.ts';

/** A message in a run. */
export interface Parked {
  readonly run: ParkedRun;
  readonly index: number;
}

/** What of a page is parked, by where in it the record or the body starts. */
export class ParkedRecords {
  readonly messages = new Map<number, Parked>();
  /** Bodies of copies whose own records are elsewhere, or in another place of this page. */
  readonly bodies = new Map<number, Parked[]>();

  constructor(page: JournalPage) {
    for (const run of page.runs ?? []) {
      for (let index = run.first; index < run.end; index++) {
        if (run.page(index) === page) this.messages.set(run.recordAt(index), { run, index });
        if (run.bodyPage(index) === page) this.#addBody(run.bodyAt(index), { run, index });
      }
    }
  }

  #addBody(at: number, parked: Parked): void {
    const same = this.bodies.get(at);
    if (same === undefined) this.bodies.set(at, [parked]);
    else same.push(parked);
  }
}
