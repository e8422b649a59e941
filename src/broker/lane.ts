import type { Parking } from './journal.ts';
import { Entry } from './message.ts';
import { ParkedRun } from './parked-run.ts';
import { Ring } from './ring.ts';

/** Parked messages that are made objects in one go when nothing stands before them any more. */
const WAKES = 64;

/**
 * Messages in the order in which they leave. Of many those in front are objects; the ones behind them are parked as soon
 * as another stands behind them: until then somebody may be putting the last one in further queues.
 */
export class Lane {
  readonly #lane: number;
  /** Undefined when the journal cannot park. */
  readonly #parking: Parking | undefined;
  /** How many may stand in front before the rest is parked. */
  readonly #most: number;
  /** Never empty while something stands behind it. */
  readonly #front = new Ring<Entry>();
  /** What stands behind the front: runs, and between them what is not to be parked. Undefined when there is nothing. */
  #deep: Ring<Entry | ParkedRun> | undefined = undefined;
  /** Behind all. */
  #last: Entry | undefined = undefined;

  constructor(lane: number, parking: Parking | undefined) {
    this.#lane = lane;
    this.#parking = parking;
    this.#most = parking?.after ?? Infinity;
  }

  get isEmpty(): boolean {
    return this.#front.length === 0;
  }

  peek(): Entry | undefined {
    return this.#front.peek();
  }

  shift(): Entry | undefined {
    const entry = this.#front.shift();
    if (this.#deep !== undefined && this.#front.length === 0) this.#wake(this.#deep);
    return entry;
  }

  push(entry: Entry): void {
    if (this.#deep === undefined && this.#front.length < this.#most) {
      this.#front.push(entry);
      return;
    }
    this.#deep ??= new Ring<Entry | ParkedRun>();
    if (this.#last !== undefined) this.#pushDeep(this.#deep, this.#last);
    this.#last = entry;
  }

  /** Puts one before all others. */
  unshift(entry: Entry): void {
    this.#front.unshift(entry);
  }

  /** Adds parked messages behind all others. */
  append(run: ParkedRun): void {
    this.#deep ??= new Ring<Entry | ParkedRun>();
    if (this.#last !== undefined) this.#deep.push(this.#last);
    this.#last = undefined;
    this.#deep.push(run);
    if (this.#front.length === 0) this.#wake(this.#deep);
  }

  /** Takes out what is parked, as it is. */
  takeParked(): ParkedRun[] {
    const runs: ParkedRun[] = [];
    for (const one of this.#deep ?? []) {
      if (one instanceof ParkedRun) runs.push(one);
      else this.#front.push(one);
    }
    if (this.#last !== undefined) this.#front.push(this.#last);
    this.#last = undefined;
    this.#deep = undefined;
    return runs;
  }

  /** What is parked stays so: for it objects are made to look at. */
  *[Symbol.iterator](): Generator<Entry> {
    yield* this.#front;
    for (const one of this.#deep ?? []) {
      if (one instanceof Entry) yield one;
      else for (let index = one.first; index < one.end; index++) yield this.#entry(one, index, false);
    }
    if (this.#last !== undefined) yield this.#last;
  }

  /** One that is alone in this queue and never came back; what is noted of others would be lost. */
  #pushDeep(deep: Ring<Entry | ParkedRun>, entry: Entry): void {
    const { message, returns } = entry;
    if (message.places > 1 || returns > 0) {
      deep.push(entry);
      return;
    }
    let run = deep.peekLast();
    if (!(run instanceof ParkedRun) || !run.takes(message.id)) {
      run = new ParkedRun(this.#lane, message.id);
      deep.push(run);
    }
    this.#parking?.park(entry, run);
  }

  #wake(deep: Ring<Entry | ParkedRun>): void {
    for (let left = Math.min(WAKES, this.#most); left > 0; left--) {
      const next = deep.peek();
      if (next === undefined) break;
      if (next instanceof ParkedRun) {
        const entry = this.#entry(next, next.first, true);
        next.shift();
        this.#front.push(entry);
        if (next.length === 0) deep.shift();
      } else {
        this.#front.push(next);
        deep.shift();
      }
    }
    if (deep.length > 0) return;
    this.#deep = undefined;
    if (this.#last !== undefined) this.#front.push(this.#last);
    this.#last = undefined;
  }

  #entry(run: ParkedRun, index: number, isWoken: boolean): Entry {
    const parking = this.#parking as Parking; // nothing is parked without
    const message = isWoken ? parking.wake(run, index) : parking.look(run, index);
    return new Entry(message, run.expiresAt(index), this.#lane, run.isRecorded(index), run.returns(index));
  }
}
