import { AlarmHeap } from '../broker/alarm-heap.ts';
import type { Clock, Timer } from '../broker/clock.ts';

/**
 * The longest the clock sleeps without looking. `setTimeout` fires at once beyond 2^31-1 ms, and it counts on while
 * the host's clock is set: so a jump forward is noticed this late at most.
 */
const LONGEST_SLEEP = 10_000;

/** How far the two clocks of the process may be apart before the host's is taken to have been set. */
const TOLERANCE = 5;

/**
 * Real time, with one `setTimeout` behind all alarms. Never early: a timer that rings too soon is set again, and time
 * is read in fractions of a millisecond, as a deadline counted from a whole one would be up to a millisecond early.
 */
export class RealClock implements Clock {
  readonly #alarms = new AlarmHeap();
  /** What the steady clock is behind the host's. */
  #offset = performance.timeOrigin;
  #timeout: NodeJS.Timeout | undefined = undefined;
  #wakesAt = Infinity;

  /** The host's clock, as precise as the steady one; follows the host's when it is set. */
  now(): number {
    const host = Date.now();
    const now = this.#offset + performance.now();
    if (Math.abs(now - host) <= TOLERANCE) return now;
    this.#offset += host - now;
    return host;
  }

  at(time: number, task: () => void): Timer {
    const timer = this.#alarms.add(time, task);
    if (time < this.#wakesAt) this.#sleep();
    return timer;
  }

  /** Here it makes no difference. */
  watch(time: number, task: () => void): Timer {
    return this.at(time, task);
  }

  /** Forgets the timer that keeps the process alive; alarms do not ring any more. */
  stop(): void {
    clearTimeout(this.#timeout);
    this.#wakesAt = -Infinity;
  }

  #sleep(): void {
    clearTimeout(this.#timeout);
    const now = this.now();
    const next = this.#alarms.next();
    if (next === Infinity) {
      this.#wakesAt = Infinity;
      return;
    }
    const ms = Math.min(Math.max(0, Math.ceil(next - now)), LONGEST_SLEEP);
    this.#wakesAt = now + ms;
    this.#timeout = setTimeout(() => this.#wake(), ms);
  }

  #wake(): void {
    while (this.#alarms.next() <= this.now()) this.#alarms.runOne();
    if (this.#wakesAt !== -Infinity) this.#sleep();
  }
}
