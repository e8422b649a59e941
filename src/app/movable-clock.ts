import { AlarmHeap } from '../broker/alarm-heap.ts';
import type { Clock, Timer } from '../broker/clock.ts';

/**
 * The broker's clock: it goes as the wall clock does, from wherever it was set to, or stands still until somebody moves
 * it. It goes back only to a state
 * that was kept.
 */
export class MovableClock implements Clock {
  readonly #wall: Clock;
  readonly #soon: (task: () => void) => void;
  readonly #alarms = new AlarmHeap();
  readonly #looks = new AlarmHeap();
  /** How far it is ahead of the wall clock while it goes. */
  #offset = 0;
  /** Undefined while it goes. */
  #standsAt: number | undefined = undefined;
  #timer: Timer | undefined = undefined;
  #wakesAt = Infinity;
  /** Hears that there is an alarm while the clock stands. */
  onAlarm: () => void = () => {};

  /** @param soon runs a task after what is going on */
  constructor(wall: Clock, soon: (task: () => void) => void) {
    this.#wall = wall;
    this.#soon = soon;
  }

  now(): number {
    return this.#standsAt ?? this.#wall.now() + this.#offset;
  }

  at(time: number, task: () => void): Timer {
    const timer = this.#alarms.add(time, task);
    this.#added(time);
    if (this.#standsAt !== undefined) this.onAlarm();
    return timer;
  }

  watch(time: number, task: () => void): Timer {
    const timer = this.#looks.add(time, task);
    this.#added(time);
    return timer;
  }

  get isStanding(): boolean {
    return this.#standsAt !== undefined;
  }

  /** When the next alarm rings; Infinity when there is none. Looks that are repeated do not count. */
  get nextAlarm(): number {
    return this.#alarms.next();
  }

  /** The same with those looks. */
  get nextEvent(): number {
    return Math.min(this.#alarms.next(), this.#looks.next());
  }

  /** Lets it stand, at a whole millisecond. What is due by then rings soon. */
  stand(): void {
    if (this.#standsAt !== undefined) return;
    this.moveTo(Math.ceil(this.now()));
    if (this.nextEvent <= this.now()) this.#soon(() => this.runDue());
  }

  /** Lets it stand at this moment, which is not before now. What is due by then rings when `runDue` is called. */
  moveTo(time: number): void {
    this.#standsAt = time;
    this.#timer?.cancel();
    this.#wakesAt = Infinity;
  }

  /** Sets it to a moment, also back, where it stands or goes as before: nothing that waits for a moment is left by then. */
  setTo(time: number): void {
    const wasStanding = this.isStanding;
    this.moveTo(time);
    if (!wasStanding) this.go();
  }

  /** Lets it go on from where it stands. */
  go(): void {
    if (this.#standsAt === undefined) return;
    this.#offset = this.#standsAt - this.#wall.now();
    this.#standsAt = undefined;
    this.#sleep();
  }

  /** Runs what is due, in order. */
  runDue(): void {
    while (this.nextEvent <= this.now()) this.#runOne();
  }

  #runOne(): void {
    const heap = this.#alarms.next() <= this.#looks.next() ? this.#alarms : this.#looks;
    heap.runOne();
  }

  #added(time: number): void {
    if (this.#standsAt === undefined) {
      if (time < this.#wakesAt) this.#sleep();
    } else if (time <= this.#standsAt) this.#soon(() => this.runDue());
  }

  #sleep(): void {
    this.#timer?.cancel();
    const next = this.nextEvent;
    this.#wakesAt = next;
    if (next === Infinity) return;
    this.#timer = this.#wall.at(next - this.#offset, () => this.#wake());
  }

  #wake(): void {
    if (this.#standsAt !== undefined) return;
    try {
      this.runDue();
    } finally {
      if (!this.isStanding) this.#sleep();
    }
  }
}
