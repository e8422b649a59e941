import { AlarmHeap } from './alarm-heap.ts';

/** A task waiting for its moment. */
export interface Timer {
  cancel(): void;
}

/** All time the broker knows. Moments are milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Runs `task` once, not before `time`. A moment in the past means as soon as possible, never at once. */
  at(time: number, task: () => void): Timer;
  /**
   * The same for a look that is repeated as long as something goes on, such as an unacked delivery: whoever moves a
   * clock until nothing is left to happen does not move it for this.
   */
  watch(time: number, task: () => void): Timer;
}

/** A clock that stands still until it is moved. Time never runs backwards. */
export class ManualClock implements Clock {
  readonly #alarms = new AlarmHeap();
  readonly #settle: () => void;
  #now: number;

  /**
   * @param now where it starts, in milliseconds since the epoch
   * @param settle runs after each alarm and before time moves on: lets the work an alarm caused finish in its moment
   */
  constructor(now = 0, settle: () => void = () => {}) {
    this.#now = now;
    this.#settle = settle;
  }

  now(): number {
    return this.#now;
  }

  at(time: number, task: () => void): Timer {
    return this.#alarms.add(time, task);
  }

  watch(time: number, task: () => void): Timer {
    return this.#alarms.add(time, task);
  }

  /** Moves time by `ms` and runs everything that falls due on the way, in order, each at its own moment. */
  advance(ms: number): void {
    const target = this.#now + ms;
    this.#settle();
    while (this.#alarms.next() <= target) {
      this.#now = Math.max(this.#now, this.#alarms.next());
      this.#alarms.runOne();
      this.#settle();
    }
    this.#now = target;
  }
}
