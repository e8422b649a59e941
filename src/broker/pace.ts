import type { DeclaredQueue } from './declared-queue.ts';

/** Questions after which the answer is thought over. */
const SAME_ANSWER = 16;
/** Messages that consumers must take meanwhile: an eighth of what is buried between so many questions. */
const ENOUGH = 128;

interface Takings {
  /** How many consumers had been given when that was looked at last. */
  given: number;
  asked: number;
  areEnough: boolean;
}

/**
 * Whether it pays to bury no faster than consumers take: not where they hardly take anything, such as workers whose
 * prefetch is used up. For 100,000 messages due at once in a busy broker they would make it 24 s instead of one.
 */
export class Pace {
  readonly #takings = new WeakMap<DeclaredQueue, Takings>();

  /** To be asked once for each slice of burials. */
  paysFor(queue: DeclaredQueue): boolean {
    const { deliver, deliverNoAck } = queue.counts;
    const given = deliver + deliverNoAck;
    let takings = this.#takings.get(queue);
    if (takings === undefined) this.#takings.set(queue, (takings = { given, asked: 0, areEnough: true }));
    if (++takings.asked < SAME_ANSWER) return takings.areEnough;
    takings.areEnough = given - takings.given >= ENOUGH;
    takings.given = given;
    takings.asked = 0;
    return takings.areEnough;
  }
}
