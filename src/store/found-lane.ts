import { ParkedRun, RUN_CAPACITY } from '../broker/parked-run.ts';
import type { JournalPage } from './pages.ts';

/** Most queues hold little. */
const FIRST_CAPACITY = 16;

/** Gets a message of a run. */
export type Visit = (run: ParkedRun, index: number) => void;

/** What a restart finds of one lane of a queue: messages that had a place there and none elsewhere, settled or not. */
export class FoundLane {
  readonly queueId: number;
  readonly lane: number;
  count = 0;
  /** In the order of the pages. Ids ascend in each; what compaction moved begins another and overlaps with earlier ones. */
  #runs: ParkedRun[] = [];
  #lastId = 0;

  constructor(queueId: number, lane: number) {
    this.queueId = queueId;
    this.lane = lane;
  }

  add(
    id: number,
    expiresAt: number,
    page: JournalPage,
    recordAt: number,
    recordSize: number,
    bodyLength: number,
  ): void {
    let run = this.#runs.at(-1);
    if (run === undefined || id < this.#lastId || !run.takes(id)) {
      run = new ParkedRun(this.lane, id, Math.min(FIRST_CAPACITY + this.count, RUN_CAPACITY));
      this.#runs.push(run);
    }
    run.add(id, expiresAt, true, false, page, recordAt, recordSize, bodyLength);
    this.#lastId = id;
    this.count++;
  }

  /** Visits all, as they stand in the pages. */
  each(visit: Visit): void {
    for (const run of this.#runs) visitAll(run, visit);
  }

  /** Visits all in order of arrival, and forgets them meanwhile. */
  take(visit: Visit): void {
    const byFirst = this.#runs.sort((a, b) => b.firstId - a.firstId); // the oldest is last
    this.#runs = [];
    for (let run = byFirst.pop(); run !== undefined; run = byFirst.pop()) {
      const overlapping = [run];
      let { lastId } = run;
      for (let next = byFirst.at(-1); next !== undefined && next.firstId < lastId; next = byFirst.at(-1)) {
        lastId = Math.max(lastId, next.lastId);
        overlapping.push(next);
        byFirst.pop();
      }
      if (overlapping.length === 1) visitAll(run, visit);
      else visitInOrder(overlapping, visit);
    }
  }
}

function visitAll(run: ParkedRun, visit: Visit): void {
  for (let index = run.first; index < run.end; index++) visit(run, index);
}

function visitInOrder(runs: readonly ParkedRun[], visit: Visit): void {
  const all = runs.flatMap((run) => Array.from({ length: run.length }, (_, index) => ({ run, index })));
  all.sort((a, b) => a.run.id(a.index) - b.run.id(b.index));
  for (const { run, index } of all) visit(run, index);
}
