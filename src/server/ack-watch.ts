import type { Clock, Timer } from '../broker/clock.ts';
import { Ring } from '../broker/ring.ts';

/** Looks within the time a delivery may stay unacked: one that is late is noticed at most one look later. */
const LOOKS = 30;

/** What is watched: the deliveries of one channel. */
export interface AckWatchPeer {
  /** The tag of the oldest unacked delivery; undefined when there is none. */
  readonly oldestTag: number | undefined;
  /** The last tag that was given out. */
  readonly lastTag: number;
  /** The oldest delivery has been unacked for too long. */
  late(): void;
}

/**
 * The time in which deliveries must be acked (CNS-40): one deadline for a whole channel. A delivery is not stamped.
 * What was given out is noted at every look instead, and a tag that had been given out `LOOKS` looks ago is late.
 */
export class AckWatch {
  readonly #clock: Clock;
  readonly #peer: AckWatchPeer;
  readonly #interval: number;
  readonly #looks: number;
  /** The last tag at each of the recent looks, oldest first. */
  readonly #lastTags = new Ring<number>();
  #timer: Timer | undefined = undefined;

  /** @param timeout milliseconds; Infinity: never late */
  constructor(clock: Clock, timeout: number, peer: AckWatchPeer) {
    this.#clock = clock;
    this.#peer = peer;
    this.#interval = Math.max(1, timeout / LOOKS);
    this.#looks = Math.ceil(timeout / this.#interval);
  }

  /** Something is unacked now. It goes on until a look finds nothing. */
  begin(): void {
    if (this.#timer !== undefined || this.#interval === Infinity) return;
    this.#lastTags.push(this.#peer.lastTag);
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#lastTags.clear();
  }

  #arm(): void {
    this.#timer = this.#clock.watch(this.#clock.now() + this.#interval, () => this.#look());
  }

  #look(): void {
    const { oldestTag, lastTag } = this.#peer;
    if (oldestTag === undefined) return this.stop();
    this.#lastTags.push(lastTag);
    const isLate = this.#lastTags.length > this.#looks && oldestTag <= (this.#lastTags.shift() ?? 0);
    this.#arm();
    if (isLate) this.#peer.late();
  }
}
