import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';

/** How long a request may work before others get their turn (ms). */
const LONGEST_MS = 4;

/** Cuts long work into turns of the loop, so that messages are not held up by somebody who looks at them. */
export class Breather {
  #since = performance.now();

  get isDue(): boolean {
    return performance.now() - this.#since > LONGEST_MS;
  }

  async rest(): Promise<void> {
    await turn();
    this.#since = performance.now();
  }
}
