import { ClockError, laterThan, millisecondsOf, momentOf } from './moments.ts';
import type { Duration, Moment } from './moments.ts';
import type { MovableClock } from './movable-clock.ts';
import { PATIENCE_MS } from './quiet.ts';
import type { Quiet } from './quiet.ts';

/** How many deadlines `runUntilIdle` passes unless said otherwise. */
const MOST_DEADLINES = 100_000;
/** How long nothing may happen before `autoAdvance` skips to the next deadline (ms of real time). */
const AUTO_CALM_MS = 5;

/** How a clock is moved. */
export interface MoveOptions {
  /**
   * How long clients in other processes have for what they do about a message, in milliseconds of real time; 10 unless
   * said otherwise. Those in this process are waited for exactly.
   */
  readonly patience?: number;
}

export interface RunOptions extends MoveOptions {
  /** How many deadlines may be passed before it is taken for a cycle without end; 100,000 unless said otherwise. */
  readonly most?: number;
}

/**
 * The clock of a broker: everything that waits there waits for this. When it is moved, what falls due on the way happens
 * in order and each at its own moment; what clients do about it is taken in before time moves on.
 */
export class BrokerClock {
  readonly #clock: MovableClock;
  readonly #quiet: Quiet;
  /** Moves wait for each other. */
  #last: Promise<unknown> = Promise.resolve();
  #isMoving = false;
  /** It goes on after the move. */
  #goesOn = false;
  #isAuto = false;
  #isSkipping = false;
  #isStopped = false;
  /** Ends the wait of `autoAdvance` for something to skip to. */
  #wake: () => void = () => {};

  constructor(clock: MovableClock, quiet: Quiet) {
    this.#clock = clock;
    this.#quiet = quiet;
    clock.onAlarm = () => this.#wake();
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return Math.floor(this.#clock.now());
  }

  /** It stands still unless it is moved. */
  get isFrozen(): boolean {
    return this.#clock.isStanding;
  }

  /**
   * When the next thing happens by itself: a message or a queue expires, a delay ends, what a stream keeps grows too
   * old. Undefined when nothing will.
   */
  get nextDeadline(): number | undefined {
    const { nextAlarm } = this.#clock;
    return nextAlarm === Infinity ? undefined : nextAlarm;
  }

  /** Lets time stand still. */
  freeze(): void {
    this.#goesOn = false;
    this.#clock.stand();
  }

  /** Lets time pass again, from where it stands. */
  resume(): void {
    this.#isAuto = false;
    this.#wake();
    if (this.#isMoving) this.#goesOn = true;
    else this.#clock.go();
  }

  /**
   * Moves time on, and resolves when everything due on the way has happened, with all it caused: dead letters have
   * arrived, deliveries are written, clients have answered, and with a data directory it is all on disk.
   * @returns the time it is then
   * @throws {ClockError} when the duration cannot be read, or is longer than time goes on
   */
  async advance(by: Duration, options: MoveOptions = {}): Promise<number> {
    const milliseconds = millisecondsOf(by);
    return this.#move(options, (patience) => this.#passTo(laterThan(this.now(), milliseconds), patience));
  }

  /**
   * The same, to a moment.
   * @throws {ClockError} when that is in the past
   */
  async advanceTo(moment: Moment, options: MoveOptions = {}): Promise<number> {
    const time = momentOf(moment);
    return this.#move(options, async (patience) => {
      if (time >= this.now()) return this.#passTo(time, patience);
      throw new ClockError(`time does not go back: it is ${iso(this.now())}, after ${iso(time)}`);
    });
  }

  /**
   * Moves from deadline to deadline until none is left.
   * @returns the time it is then
   * @throws {ClockError} when there is no end to it
   */
  async runUntilIdle({ most = MOST_DEADLINES, ...options }: RunOptions = {}): Promise<number> {
    return this.#move(options, async (patience) => {
      const begin = this.now();
      for (let passed = 0; this.nextDeadline !== undefined; passed++) {
        if (passed >= most) throw new ClockError(endless(most, begin, this.now()));
        await this.#passTo(this.nextDeadline, patience);
      }
    });
  }

  /** Whether time skips to the next deadline whenever nothing else is going on. */
  get autoAdvance(): boolean {
    return this.#isAuto;
  }

  /**
   * Turning it on lets time stand still in between; turning it off leaves it so.
   * @throws {ClockError} when it is turned on after the broker was stopped
   */
  set autoAdvance(isOn: boolean) {
    if (isOn === this.#isAuto) return;
    if (isOn) this.#checkRunning();
    this.#isAuto = isOn;
    this.#wake();
    if (!isOn) return;
    this.freeze();
    if (!this.#isSkipping) void this.#skip();
  }

  /** Waits for what is going on to be over, without moving time. */
  async settle(options: MoveOptions = {}): Promise<void> {
    await this.#inTurn(() => this.#settle(options));
  }

  /**
   * Brings back a state and its time, when what was asked for before has been done. It does not wait for clients to come
   * to rest: who never does is to go, too.
   * @param clear makes sure that nothing waits for a moment any more
   * @param restore puts back what does; it is that time then
   */
  async restore(time: number, clear: () => Promise<void>, restore: () => void): Promise<void> {
    await this.#inTurn(async () => {
      await clear();
      this.#clock.setTo(time);
      restore();
      await this.#settle({});
    });
  }

  /** The broker stops: time is not moved any more. */
  stop(): void {
    this.#isStopped = true;
    this.#isAuto = false;
    this.#wake();
  }

  /** What was asked for before comes first. */
  #inTurn<T>(move: () => Promise<T>): Promise<T> {
    const moved = this.#last.then(() => {
      this.#checkRunning();
      return move();
    });
    this.#last = moved.catch(() => undefined);
    return moved;
  }

  #checkRunning(): void {
    if (this.#isStopped) throw new ClockError('the broker was stopped');
  }

  async #settle({ patience = PATIENCE_MS }: MoveOptions): Promise<void> {
    await this.#quiet.waitForDisk(patience);
    this.#checkRunning();
  }

  /** Lets time stand, lets what was going on end, and moves it. */
  #move({ patience = PATIENCE_MS }: MoveOptions, pass: (patience: number) => Promise<void>): Promise<number> {
    return this.#inTurn(async () => {
      this.#goesOn = !this.#clock.isStanding;
      this.#isMoving = true;
      this.#clock.stand();
      try {
        await this.#quiet.wait(patience);
        await pass(patience);
        await this.#settle({ patience });
        return this.now();
      } finally {
        this.#isMoving = false;
        if (this.#goesOn && !this.#isStopped) this.#clock.go();
      }
    });
  }

  /** What is due on the way happens, each at its moment. */
  async #passTo(target: number, patience: number): Promise<void> {
    const clock = this.#clock;
    while (clock.nextEvent <= target) {
      this.#checkRunning();
      clock.moveTo(Math.max(clock.now(), clock.nextEvent));
      clock.runDue();
      await this.#quiet.afterMoment(patience);
    }
    clock.moveTo(Math.max(clock.now(), target));
  }

  async #skip(): Promise<void> {
    this.#isSkipping = true;
    while (this.#isAuto) {
      await this.#move({ patience: AUTO_CALM_MS }, (patience) => this.#skipToNext(patience)).catch(
        () => undefined, // it was stopped, or is never at rest
      );
      if (this.#isAuto && this.nextDeadline === undefined) await this.#untilAlarm();
    }
    this.#isSkipping = false;
  }

  async #skipToNext(patience: number): Promise<void> {
    await this.#quiet.waitLong(AUTO_CALM_MS);
    const next = this.nextDeadline;
    if (this.#isAuto && next !== undefined) await this.#passTo(next, patience);
  }

  async #untilAlarm(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function endless(most: number, begin: number, end: number): string {
  return `there is no end to it: from ${iso(begin)} to ${iso(end)} ${most} deadlines were passed, and there are still more`;
}
