import type { Clock, Timer } from './clock.ts';
import type { Entry } from './message.ts';
import type { Ready } from './ready.ts';
import type { Ring } from './ring.ts';

/**
 * One moment that may be moved, with at most one alarm behind it. Moving it later costs nothing: the alarm stays,
 * finds nothing due when it rings, and is set again.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #task: () => void;
  readonly #isLook: boolean;
  #target = Infinity;
  #armedFor = Infinity;
  #timer: Timer | undefined = undefined;

  /**
   * @param task runs once when the moment has come, never before
   * @param isLook it is one of many, as in `Clock.watch`
   */
  constructor(clock: Clock, task: () => void, isLook = false) {
    this.#clock = clock;
    this.#task = task;
    this.#isLook = isLook;
  }

  /** Sets the moment, in milliseconds since the epoch; Infinity for never. */
  aim(time: number): void {
    this.#target = time;
    if (time >= this.#armedFor) return;
    this.#timer?.cancel();
    this.#arm();
  }

  /** Nothing will run any more unless it is aimed again. */
  cancel(): void {
    this.#timer?.cancel();
    this.#target = Infinity;
    this.#armedFor = Infinity;
  }

  #arm(): void {
    this.#armedFor = this.#target;
    const ring = (): void => this.#ring();
    this.#timer = this.#isLook ? this.#clock.watch(this.#target, ring) : this.#clock.at(this.#target, ring);
  }

  #ring(): void {
    this.#armedFor = Infinity;
    if (this.#target === Infinity) return;
    if (this.#clock.now() < this.#target) return this.#arm();
    this.#target = Infinity;
    this.#task();
  }
}

/**
 * The head-of-queue scanner: takes the run of expired messages off the head and stops at the first that has not
 * expired, whatever stands behind it (EXP-01). They die afterwards, in order, in slices; from now on they are not
 * ready any more.
 * @param most how many it takes in one go
 */
export function takeExpired(ready: Ready, now: number, dying: Ring<Entry>, most: number): void {
  let head = ready.peek();
  for (let left = most; left > 0 && head !== undefined && head.expiresAt <= now; left--) {
    ready.shift();
    dying.push(head);
    head = ready.peek();
  }
}
