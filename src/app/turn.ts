import type { Turn } from '../broker/broker.ts';

/** How long one turn's expiries and deliveries may take before heartbeats and publishes get theirs (ms). */
const LONGEST_TURN = 2;

/** The event loop as the broker sees it. */
export class LoopTurn implements Turn {
  #startedAt = 0;

  soon(task: () => void): void {
    setImmediate(() => {
      this.#startedAt = performance.now();
      task();
    });
  }

  isLong(): boolean {
    return performance.now() - this.#startedAt > LONGEST_TURN;
  }
}
