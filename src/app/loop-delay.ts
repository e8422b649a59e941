import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { IntervalHistogram } from 'node:perf_hooks';

/** How often it is looked at (ms). */
const RESOLUTION = 10;
const QUANTILES = [0.5, 0.99, 1];

/** How long the event loop keeps things waiting: looked at from the first time somebody asks, for that costs something. */
export class LoopDelay {
  #histogram: IntervalHistogram | undefined = undefined;

  /** Since somebody asked last: quantiles, and seconds. Nothing the first time. */
  read(): ReadonlyMap<number, number> {
    const histogram = this.#histogram;
    if (histogram === undefined) {
      this.#histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
      this.#histogram.enable();
      return new Map();
    }
    const quantiles = new Map(
      QUANTILES.map((quantile) => [quantile, late(histogram.percentile(quantile * 100))]),
    );
    histogram.reset();
    return quantiles;
  }

  stop(): void {
    this.#histogram?.disable();
  }
}

/** What is measured, in nanoseconds, is a whole interval: what it should have taken is not late. */
function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1000);
}
