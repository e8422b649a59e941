import type { Turn } from '../broker/broker.ts';
import { Ring } from '../broker/ring.ts';

/** How long one turn's expiries and deliveries may take before heartbeats and publishes get theirs (ms). */
const LONGEST_TURN = 2;
/** How long `finish` may keep everything else waiting (ms). */
const LONGEST_FINISH = 50;

/** The event loop as the broker sees it. */
export class LoopTurn implements Turn {
  readonly #tasks = new Ring<() => void>();
  #isScheduled = false;
  #isFinishing = false;
  #startedAt = 0;

  soon(task: () => void): void {
    this.#tasks.push(task);
    if (!this.#isScheduled) this.#schedule();
  }

  isLong(): boolean {
    return !this.#isFinishing && performance.now() - this.#startedAt > LONGEST_TURN;
  }

  /** Nothing is to be run. */
  get isIdle(): boolean {
    return this.#tasks.length === 0;
  }

  /**
   * Runs everything there is to run, and what that asks for, without a breath in between: where a clock is moved by
   * hand, what happens in one moment must not depend on how fast the machine is. If it takes very long, some is left.
   */
  finish(): void {
    this.#isFinishing = true;
    const until = performance.now() + LONGEST_FINISH;
    try {
      for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
        task();
        if (performance.now() > until) return;
      }
    } finally {
      this.#isFinishing = false;
    }
  }

  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => this.#run());
  }

  /** What these ask for comes in the next turn. */
  #run(): void {
    this.#isScheduled = false;
    try {
      for (let left = this.#tasks.length; left > 0; left--) {
        this.#startedAt = performance.now();
        this.#tasks.shift()?.();
      }
    } finally {
      if (this.#tasks.length > 0 && !this.#isScheduled) this.#schedule();
    }
  }
}
