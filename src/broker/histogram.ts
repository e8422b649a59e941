/** How often a number was how large: counted up in place, nothing is allocated for an observation. */
export class Histogram {
  /** Upper bounds, ascending; each holds what is not above it. */
  readonly bounds: readonly number[];
  /** How many fell below each bound and above the one before; the last are above all. */
  readonly counts: Float64Array;
  /** Of all that was observed. */
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] as number)) at++;
    this.counts[at] = (this.counts[at] as number) + 1;
    this.sum += value;
  }
}
