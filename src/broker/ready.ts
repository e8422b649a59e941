import type { Parking } from './journal.ts';
import { Lane } from './lane.ts';
import type { Entry } from './message.ts';
import type { ParkedRun } from './parked-run.ts';

/** How many the higher of two fair lanes may send while the lower one waits. */
const IN_A_ROW = 2;

/**
 * The ready messages of a queue in the order in which they leave: highest lane first, by arrival within a lane
 * (QUE-35). A queue without priorities has one lane. Of two fair ones the higher is served twice as often (QUE-37).
 */
export class Ready {
  readonly #lanes: Lane[];
  #length = 0;
  #bytes = 0;
  /** No lane above this one has messages. */
  #top = 0;
  readonly #isFair: boolean;
  /** How many left the higher of two fair lanes in a row. */
  #inARow = 0;

  /** @param parking undefined when all messages stay objects */
  constructor(lanes: number, isFair: boolean, parking: Parking | undefined) {
    this.#isFair = isFair;
    this.#lanes = Array.from({ length: lanes }, (_, lane) => new Lane(lane, parking));
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

  /** Adds parked messages behind all others of their lane. */
  append(run: ParkedRun): void {
    this.#length += run.length;
    this.#bytes += run.bytes;
    if (run.lane > this.#top) this.#top = run.lane;
    this.#lane(run.lane).append(run);
  }

  /** Takes out what is parked, as it is; the rest stays. */
  takeParked(): ParkedRun[] {
    const runs = this.#lanes.flatMap((lane) => lane.takeParked());
    for (const { length, bytes } of runs) {
      this.#length -= length;
      this.#bytes -= bytes;
    }
    return runs;
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

  #merge(to: Lane, returned: Entry[]): void {
    const youngest = returned.at(-1)?.message.id ?? 0;
    const before: Entry[] = [];
    while ((to.peek()?.message.id ?? Infinity) < youngest) before.push(to.shift() as Entry);
    for (let r = returned.length - 1, b = before.length - 1; r >= 0 || b >= 0;) {
      const back = returned[r];
      const stayed = before[b];
      if (stayed === undefined || (back !== undefined && back.message.id > stayed.message.id)) {
        to.unshift(back as Entry);
        r--;
      } else {
        to.unshift(stayed);
        b--;
      }
    }
  }

  #count(entry: Entry): void {
    this.#length++;
    this.#bytes += entry.message.bodyLength;
    if (entry.lane > this.#top) this.#top = entry.lane;
  }

  #lane(lane: number): Lane {
    return this.#lanes[lane] as Lane;
  }

  #topLane(): Lane {
    if (this.#isFair) return this.#fairLane();
    let lane = this.#lane(this.#top);
    while (lane.isEmpty && this.#top > 0) lane = this.#lane(--this.#top);
    return lane;
  }

  #fairLane(): Lane {
    const [lower, higher] = [this.#lane(0), this.#lane(1)];
    if (higher.isEmpty) return lower;
    return this.#inARow >= IN_A_ROW && !lower.isEmpty ? lower : higher;
  }
}
