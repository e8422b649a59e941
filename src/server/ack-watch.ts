import type { Clock, Timer } from '../broker/clock.ts';
import { Deadline } from '../broker/expiry.ts';
import { Ring } from '../broker/ring.ts';

/** Looks within the time a delivery may stay unacked: one that is late is noticed at most one look later. */
const LOOKS = 30;

/** Until when a delivery must be acked whose queue has a time of its own (CNS-41). */
export interface AckDeadline {
  /** Milliseconds. */
  readonly timeout: number;
  /** In milliseconds since the epoch. */
  readonly lateAt: number;
}

/** A delivery as it is watched. */
interface WatchedDelivery {
  readonly tag: number;
  /** Undefined when what the server allows holds for it. */
  readonly deadline: AckDeadline | undefined;
}

/** What is watched: the deliveries of one channel. */
export interface AckWatchPeer {
  /** The oldest unacked delivery; undefined when there is none. */
  readonly oldest: WatchedDelivery | undefined;
  /** The last tag that was given out. */
  readonly lastTag: number;
  /** The oldest delivery has been unacked for more than so many milliseconds. */
  late(timeout: number): void;
}

/**
 * The time in which deliveries must be acked (CNS-40): one deadline for a whole channel, as only its oldest delivery is
 * looked at. Deliveries are not stamped, but those of queues with a time of their own: what was given out is noted at
 * every look instead, and a tag that had been given out `LOOKS` looks ago is late.
 */
export class AckWatch {
  readonly #clock: Clock;
  readonly #peer: AckWatchPeer;
  readonly #timeout: number;
  readonly #interval: number;
  readonly #looks: number;
  /** The last tag at each of the recent looks, oldest first. */
  readonly #lastTags = new Ring<number>();
  #timer: Timer | undefined = undefined;
  /** For deliveries with a deadline; undefined while the channel never had one. */
  #deadline: Deadline | undefined = undefined;
  /** When that is looked at next, while there is something to wait for. */
  #lateAt = Infinity;
  /** Looks before that: another delivery may be the oldest by then, and late already. */
  #looksBetween: Deadline | undefined = undefined;
  /** The shortest time of those that are unacked, about. */
  #shortest = Infinity;

  /** @param timeout milliseconds; Infinity: never late */
  constructor(clock: Clock, timeout: number, peer: AckWatchPeer) {
    this.#clock = clock;
    this.#peer = peer;
    this.#timeout = timeout;
    this.#interval = Math.max(1, timeout / LOOKS);
    this.#looks = Math.ceil(timeout / this.#interval);
  }

  /** Something is unacked now. It goes on until a look finds nothing. */
  begin(): void {
    if (this.#timer !== undefined || this.#interval === Infinity) return;
    this.#lastTags.push(this.#peer.lastTag);
    this.#arm();
  }

  /** Something of a queue with this time of its own is unacked now. */
  beginOwn(timeout: number): AckDeadline {
    const lateAt = this.#clock.now() + timeout;
    this.#shortest = Math.min(this.#shortest, timeout);
    this.#deadline ??= new Deadline(this.#clock, () => this.#lookAtDeadline());
    if (lateAt < this.#lateAt) this.#aim(lateAt);
    return { timeout, lateAt };
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#lastTags.clear();
    this.#deadline?.cancel();
    this.#looksBetween?.cancel();
    this.#lateAt = Infinity;
    this.#shortest = Infinity;
  }

  #arm(): void {
    this.#timer = this.#clock.watch(this.#clock.now() + this.#interval, () => this.#look());
  }

  #look(): void {
    const { oldest, lastTag } = this.#peer;
    if (oldest === undefined) return this.stop();
    this.#lastTags.push(lastTag);
    const isOld = this.#lastTags.length > this.#looks && oldest.tag <= (this.#lastTags.shift() ?? 0);
    this.#arm();
    if (isOld && oldest.deadline === undefined) this.#peer.late(this.#timeout);
  }

  #lookAtDeadline(): void {
    const { oldest } = this.#peer;
    const { lateAt = Infinity, timeout = 0 } = { ...oldest?.deadline };
    const now = this.#clock.now();
    if (lateAt <= now) return this.#peer.late(timeout);
    this.#aim(lateAt);
    if (oldest === undefined) this.#shortest = Infinity;
    else this.#lookUntil(lateAt, now + Math.max(1, this.#shortest / LOOKS));
  }

  #lookUntil(lateAt: number, next: number): void {
    if (next >= lateAt) return;
    this.#looksBetween ??= new Deadline(this.#clock, () => this.#lookAtDeadline(), true);
    this.#looksBetween.aim(next);
  }

  #aim(time: number): void {
    this.#lateAt = time;
    this.#deadline?.aim(time);
  }
}
