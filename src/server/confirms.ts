import { Ring } from '../broker/ring.ts';

/** Where confirms go. */
export interface ConfirmOutput {
  ack(deliveryTag: number, multiple: boolean): void;
  nack(deliveryTag: number): void;
}

/** Called where a number would be acked. Returns whether it is nacked. */
export type Diversion = (number: number) => boolean;

/**
 * Publisher confirms of one channel. What is decided in one turn goes out together: numbers below the first that is
 * still open as one ack with `multiple`, the rest one by one (CNF-05, CNF-06).
 */
export class Confirms {
  #last = 0;
  /** Numbers that wait for the disk, and the batch each waits for; both ascend. */
  readonly #open = new Ring<number>();
  readonly #batches = new Ring<number>();
  #acked: number[] = [];
  #nacked: number[] = [];
  /** Numbers that faults deal with, until they are acked or nacked after all; undefined for nearly every channel. */
  #diverted: Map<number, Diversion | undefined> | undefined = undefined;

  /** The number of the next publish (CHN-12). */
  next(): number {
    return ++this.#last;
  }

  /** How many there were so far. */
  get asked(): number {
    return this.#last;
  }

  get hasDecided(): boolean {
    return this.#acked.length > 0 || this.#nacked.length > 0;
  }

  /** Published and neither acked nor nacked. */
  get count(): number {
    const decided = this.#open.length + this.#acked.length + this.#nacked.length;
    if (this.#diverted === undefined) return decided;
    return decided + [...this.#diverted.values()].filter((instead) => instead === undefined).length;
  }

  /** Some wait for the disk. */
  get hasOpen(): boolean {
    return this.#open.length > 0;
  }

  ack(number: number): void {
    this.#acked.push(number);
  }

  nack(number: number): void {
    this.#nacked.push(number);
  }

  /** To be acked when this batch of the journal is on disk (CNF-03). */
  ackAfter(number: number, batch: number): void {
    this.#open.push(number);
    this.#batches.push(batch);
  }

  /** Once this number is to be acked `instead` is called; a second `ack` or a nack of it is sent. */
  divert(number: number, instead: Diversion): void {
    this.#diverted ??= new Map();
    this.#diverted.set(number, instead);
  }

  /** Every batch up to this one is on disk. */
  committed(batch: number): void {
    while ((this.#batches.peek() ?? Infinity) <= batch) {
      this.#batches.shift();
      this.#acked.push(this.#open.shift() as number);
    }
  }

  /**
   * Sends what was decided since the last time.
   * @returns how many were acked
   */
  send(output: ConfirmOutput): number {
    if (this.#diverted !== undefined) this.#divertAll(this.#diverted);
    const [acked, nacked] = [this.#acked, this.#nacked];
    this.#acked = [];
    this.#nacked = [];
    acked.sort((a, b) => a - b);
    const firstOpen = Math.min(this.#open.peek() ?? Infinity, nacked[0] ?? Infinity, this.#firstDiverted);
    let together = acked.length;
    while (together > 0 && (acked[together - 1] as number) > firstOpen) together--;
    if (together > 0) output.ack(acked[together - 1] as number, together > 1);
    for (const number of acked.slice(together)) output.ack(number, false);
    for (const number of nacked) output.nack(number);
    return acked.length;
  }

  get #firstDiverted(): number {
    const [first = Infinity] = this.#diverted?.keys() ?? []; // they come in ascending order
    return first;
  }

  #divertAll(diverted: Map<number, Diversion | undefined>): void {
    const acked = this.#acked;
    this.#acked = [];
    for (const number of acked) {
      const instead = diverted.get(number);
      if (instead === undefined) {
        diverted.delete(number);
        this.#acked.push(number);
        continue;
      }
      diverted.set(number, undefined);
      if (instead(number)) this.#nacked.push(number);
    }
    this.#nacked.sort((a, b) => a - b);
    for (const number of this.#nacked) diverted.delete(number);
    if (diverted.size === 0) this.#diverted = undefined;
  }
}
