import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { Steps } from '../broker/steps.ts';

/** How long a request may work before others get their turn (ms). */
const LONGEST_MS = 4;

/** Takes steps, as many in a turn as others can wait for. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  const breather = new Breather();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (breather.isDue) await breather.rest();
  }
}

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

/** Texts one after the other, as many in a piece as others can wait for. */
export async function* inPieces(texts: Iterable<string>): AsyncGenerator<string> {
  const breather = new Breather();
  let piece = '';
  for (const text of texts) {
    piece += text;
    if (!breather.isDue) continue;
    yield piece;
    piece = '';
    await breather.rest();
  }
  yield piece;
}
