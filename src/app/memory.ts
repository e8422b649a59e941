import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Of the time, at most this part goes into collecting garbage on demand. */
const MOST_OF_THE_TIME = 1 / 20;
const SHORTEST_PAUSE = 2_000;

/**
 * How much memory the process needs. Its resident memory alone would not tell: what was freed is often kept for later,
 * and nothing is freed in a process that allocates nothing, as it is when its publishers are blocked.
 */
export class MemoryGauge {
  /** What is neither heap nor buffers: code, libraries, the store's caches. */
  readonly #rest: number;
  #collectAt = 0;
  #collect: (() => void) | undefined = undefined;

  constructor() {
    const { rss, heapTotal, external } = process.memoryUsage();
    this.#rest = Math.max(0, rss - heapTotal - external);
  }

  /**
   * Bytes, never more than are resident.
   * @param isLow looks for garbage first, now and then: who asks waits for the figure to fall
   */
  read(isLow: boolean): number {
    if (isLow && performance.now() >= this.#collectAt) this.#collectGarbage();
    const { total_heap_size: heap, external_memory: external } = getHeapStatistics();
    return Math.min(residentBytes(), this.#rest + heap + external);
  }

  #collectGarbage(): void {
    if (this.#collect === undefined) {
      setFlagsFromString('--expose-gc');
      this.#collect = runInNewContext('gc') as () => void;
    }
    const startedAt = performance.now();
    this.#collect();
    const endedAt = performance.now();
    this.#collectAt = endedAt + Math.max(SHORTEST_PAUSE, (endedAt - startedAt) / MOST_OF_THE_TIME);
  }
}

/** It takes a file to find out, and there may be none left to open. */
function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return Infinity;
  }
}
