import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from './admin.ts';

/** How long all cases must have been waiting before time is moved, in milliseconds. */
const GRACE_MS = 5;
/** What is not worth a request, in milliseconds. */
const LEAST_MOVE_MS = 100;

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The time on the broker's clock, which passes as it does elsewhere. Where that clock can be moved, it is while all
 * cases wait for time to pass, and no further than to the moment the first of them waits for: no case that does
 * anything but wait ever sees it jump.
 */
export class BrokerTime {
  /** For cases that wait for what takes no notice of that clock. */
  static readonly real = new BrokerTime(undefined);

  /** Undefined when the clock of the broker cannot be moved. */
  readonly #admin: Admin | undefined;
  /** What the broker's clock is ahead of ours; behind what it really is rather than before it. */
  #ahead = 0;
  /** Cases that run and do not wait for time to pass. */
  #busy = 0;
  readonly #sleepers = new Set<Sleeper>();
  #isMoving = false;

  private constructor(admin: Admin | undefined) {
    this.#admin = admin;
  }

  /** Finds out whether the broker has a clock that can be moved, and lets it go. */
  static async of(admin: Admin | undefined): Promise<BrokerTime> {
    const { json } = (await admin?.get('/clock')) ?? {};
    const isMovable = (json as { mode?: unknown } | undefined)?.mode === 'manual';
    const time = new BrokerTime(isMovable ? admin : undefined);
    await time.resume();
    return time;
  }

  get isMovable(): boolean {
    return this.#admin !== undefined;
  }

  /** Milliseconds since the epoch; never ahead of the broker's clock where that can be moved. */
  now(): number {
    return performance.timeOrigin + performance.now() + this.#ahead;
  }

  /** The broker has just been started: its clock goes from now on. */
  async resume(): Promise<void> {
    if (this.#admin !== undefined) this.#follow(await this.#admin.must('POST', '/clock/resume', {}));
  }

  /** A case begins. */
  begin(): void {
    this.#busy++;
  }

  /** A case is over. */
  end(): void {
    this.#busy--;
    this.#look();
  }

  /** Lets so many milliseconds pass. */
  async elapse(ms: number): Promise<void> {
    if (this.#admin === undefined) return sleep(ms);
    await new Promise<void>((wake) => {
      const sleeper: Sleeper = { until: this.now() + ms, wake, timer: undefined };
      this.#sleepers.add(sleeper);
      this.#arm(sleeper);
      this.#busy--;
      this.#look();
    });
  }

  /** Whether they all wait will show in a moment. */
  #look(): void {
    if (this.#busy === 0 && this.#sleepers.size > 0 && !this.#isMoving) void this.#moveSoon();
  }

  async #moveSoon(): Promise<void> {
    this.#isMoving = true;
    await sleep(GRACE_MS);
    const by = Math.floor(this.#first - this.now());
    const isWorthIt = this.#busy > 0 || by >= LEAST_MOVE_MS; // they may all be waiting in a moment
    if (this.#busy === 0 && isWorthIt) await this.#move(by).catch(() => undefined); // then it just takes longer
    this.#isMoving = false;
    for (const sleeper of this.#sleepers) this.#arm(sleeper);
    if (isWorthIt) this.#look();
  }

  async #move(by: number): Promise<void> {
    this.#follow((await this.#admin?.must('POST', '/clock/advance', { by, patience: 0 })) ?? {});
  }

  #follow({ json }: { readonly json?: unknown }): void {
    const { now } = json as { readonly now: string };
    this.#ahead = Date.parse(now) - performance.timeOrigin - performance.now();
  }

  /** When the first of them is to go on. */
  get #first(): number {
    let first = Infinity;
    for (const { until } of this.#sleepers) first = Math.min(first, until);
    return first;
  }

  #arm(sleeper: Sleeper): void {
    clearTimeout(sleeper.timer);
    const left = sleeper.until - this.now();
    if (left > 0) sleeper.timer = setTimeout(() => this.#arm(sleeper), Math.ceil(left));
    else this.#wake(sleeper);
  }

  #wake(sleeper: Sleeper): void {
    if (!this.#sleepers.delete(sleeper)) return;
    this.#busy++;
    sleeper.wake();
  }
}
