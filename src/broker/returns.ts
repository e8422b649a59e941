import { DelayedRetry, retryAt } from './delayed-retry.ts';
import type { ReturnCounts } from './delivery-count.ts';
import type { Dying } from './dying.ts';
import type { Entry } from './message.ts';
import type { Places } from './places.ts';
import type { Queue } from './queue.ts';
import type { QueueHost } from './queue-host.ts';

/** Delayed messages that are made ready in one go. */
const RELEASES = 256;

/** What becomes of messages that come back to a queue: they die, wait until they are tried again, or are ready. */
export class Returns {
  /** Those that wait; undefined when none ever did. */
  delayed: DelayedRetry | undefined = undefined;
  readonly #queue: Queue;
  readonly #host: QueueHost;
  readonly #places: Places;
  readonly #dying: Dying;

  constructor(queue: Queue, host: QueueHost, places: Places, dying: Dying) {
    this.#queue = queue;
    this.#host = host;
    this.#places = places;
    this.#dying = dying;
  }

  /** What its consumers are told of an entry. Only a queue that delays retries tells failures apart (DLV-04, DLV-05). */
  countsOf(entry: Entry): ReturnCounts {
    const failures = this.#failures(entry);
    const tellsApart = this.#queue.settings.delayedRetry !== undefined;
    return { failures, all: tellsApart ? entry.returns : undefined };
  }

  /** Of those that come back, the ones that are ready now. */
  take(entries: readonly Entry[], hasFailed: boolean): readonly Entry[] {
    const { delayedRetry, deliveryLimit } = this.#queue.settings;
    const { events } = this.#host;
    for (const entry of entries) {
      entry.returns++;
      if (events.isHeard) events.happened('requeued', this.#queue, entry.message);
    }
    if (delayedRetry === undefined && deliveryLimit === Infinity) return entries;
    if (delayedRetry !== undefined && !hasFailed) for (const entry of entries) this.#places.spare(entry);
    return entries.filter((entry) => {
      const failures = this.#failures(entry);
      if (failures > deliveryLimit)
        this.#dying.wornOut(entry); // DLV-02
      else if (delayedRetry === undefined) return true;
      else {
        const at = retryAt(delayedRetry, this.#host.clock.now(), hasFailed, failures);
        if (at === undefined) return true;
        this.#places.waits(entry, at);
        this.#hold(entry, at);
      }
      return false;
    });
  }

  /** One that came back before a restart; returns whether it is ready. */
  restore(entry: Entry, waitsUntil: number): boolean {
    if (this.#failures(entry) > this.#queue.settings.deliveryLimit) this.#dying.wornOut(entry);
    else if (waitsUntil > this.#host.clock.now()) this.#hold(entry, waitsUntil);
    else return true;
    return false;
  }

  /** Makes ready what is due. */
  release(): void {
    if (this.delayed?.hasDue !== true) return;
    this.#queue.ready.putBack(this.delayed.release(RELEASES));
    if (this.delayed.hasDue) this.#host.later(this.#queue);
  }

  #failures(entry: Entry): number {
    return entry.returns - this.#places.sparedReturns(entry);
  }

  #hold(entry: Entry, until: number): void {
    this.delayed ??= new DelayedRetry(this.#host.clock, () => this.#host.later(this.#queue));
    this.delayed.hold(entry, until);
  }
}
