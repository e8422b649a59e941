import type { Entry } from './message.ts';
import { Ring } from './ring.ts';

/** How many the higher of two fair lanes may send while the lower one waits. */
const IN_A_ROW = 2;

/**
 * The ready messages of a queue in the order in which they leave: highest lane first, by arrival within a lane
 * (QUE-35). A queue without priorities has one lane. Of two fair ones the higher is served twice as often (QUE-37).
 */
export class Ready {
  readonly #lanes: Ring<Entry>[];
  #length = 0;
  #bytes = 0;
  /** No lane above this one has messages. */
  #top = 0;
  readonly #isFair: boolean;
  /** How many left the higher of two fair lanes in a row. */
  #inARow = 0;

  constructor(lanes: number, isFair = false) {
    this.#isFair = isFair;
    this.#lanes = Array.from({ length: lanes }, () => new Ring<Entry>());
  }

  get length(): number {
    return this.#length;
  }

  /** The sum of their bodies, in bytes (LEN-03). */
  get bytes(): number {
    return this.#bytes;
  }

  peek(): Entry | undefined {
    return this.#topLane().peek();
  }

  shift(): Entry | undefined {
    const entry = this.#topLane().shift();
    if (entry !== undefined) {
      this.#length--;
      this.#bytes -= entry.message.bodyLength;
      if (this.#isFair) this.#inARow = entry.lane === 0 ? 0 : this.#inARow + 1;
    }
    return entry;
  }

  push(entry: Entry): void {
    this.#count(entry);
    this.#lane(entry.lane).push(entry);
  }

  /**
   * Returns messages to the places they had (ACK-04). One merge however many there are: what stands in front of the
   * youngest of them is taken out once.
   * @param entries in any order
   */
  putBack(entries: readonly Entry[]): void {
    const byPlace = [...entries].sort((a, b) => a.lane - b.lane || a.message.id - b.message.id);
    for (let from = 0, to = 0; from < byPlace.length; from = to) {
      const lane = byPlace[from]?.lane ?? 0;
      while (byPlace[to]?.lane === lane) to++;
      this.#merge(this.#lane(lane), byPlace.slice(from, to));
    }
    for (const entry of entries) this.#count(entry);
  }

  /** The highest lane first, by arrival within a lane. */
  *[Symbol.iterator](): Generator<Entry> {
    for (const lane of this.#lanes.toReversed()) yield* lane;
  }

  clear(): Entry[] {
    const entries: Entry[] = [];
    for (let entry = this.shift(); entry !== undefined; entry = this.shift()) entries.push(entry);
    return entries;
  }

  #merge(ring: Ring<Entry>, returned: Entry[]): void {
    const youngest = returned.at(-1)?.message.id ?? 0;
    const before: Entry[] = [];
    while ((ring.peek()?.message.id ?? Infinity) < youngest) before.push(ring.shift() as Entry);
    for (let r = returned.length - 1, b = before.length - 1; r >= 0 || b >= 0;) {
      const back = returned[r];
      const stayed = before[b];
      if (stayed === undefined || (back !== undefined && back.message.id > stayed.message.id)) {
        ring.unshift(back as Entry);
        r--;
      } else {
        ring.unshift(stayed);
        b--;
      }
    }
  }

  #count(entry: Entry): void {
    this.#length++;
    this.#bytes += entry.message.bodyLength;
    if (entry.lane > this.#top) this.#top = entry.lane;
  }

  #lane(lane: number): Ring<Entry> {
    return this.#lanes[lane] as Ring<Entry>;
  }

  #topLane(): Ring<Entry> {
    if (this.#isFair) return this.#fairLane();
    let ring = this.#lane(this.#top);
    while (ring.length === 0 && this.#top > 0) ring = this.#lane(--this.#top);
    return ring;
  }

  #fairLane(): Ring<Entry> {
    const [lower, higher] = [this.#lane(0), this.#lane(1)];
    if (higher.length === 0) return lower;
    return this.#inARow >= IN_A_ROW && lower.length > 0 ? lower : higher;
  }
}
