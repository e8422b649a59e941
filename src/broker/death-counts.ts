import type { LostReason } from './dead-letter.ts';
import type { DeathReason } from './queue-host.ts';
import type { QueueSettings } from './queue-settings.ts';

/** How a queue dead-letters: not at all without a dead-letter exchange. */
export type Strategy = 'disabled' | 'at_most_once' | 'at_least_once';

/** Places in the arrays. */
const STRATEGIES: Readonly<Record<Strategy, number>> = { disabled: 0, at_most_once: 1, at_least_once: 2 };
const REASONS: Readonly<Record<DeathReason, number>> = {
  rejected: 0,
  expired: 1,
  maxlen: 2,
  delivery_limit: 3,
};
const LOST: Readonly<Record<LostReason, number>> = {
  'no dead-letter exchange': 0,
  'exchange missing': 1,
  'no route': 2,
  cycle: 3,
  refused: 4,
  'slow requester': 5,
};

export const strategies = Object.keys(STRATEGIES) as readonly Strategy[];
export const deathReasons = Object.keys(REASONS) as readonly DeathReason[];
export const lostReasons = Object.keys(LOST) as readonly LostReason[];

/** What became of the messages of a queue that died. Counted up in place: nothing is allocated for a message. */
export class DeathCounts {
  readonly #deaths = new Float64Array(strategies.length * deathReasons.length);
  readonly #losses = new Float64Array(deathReasons.length * lostReasons.length);

  died({ deadLetterExchange, deadLetterAtLeastOnce }: QueueSettings, reason: DeathReason): void {
    const strategy = deadLetterAtLeastOnce ? 2 : deadLetterExchange === undefined ? 0 : 1;
    const at = strategy * deathReasons.length + REASONS[reason];
    this.#deaths[at] = (this.#deaths[at] as number) + 1;
  }

  /** One reached nobody, or not everybody it should have. Returns how many did so before for the same reasons. */
  lost(reason: DeathReason, why: LostReason): number {
    const at = REASONS[reason] * lostReasons.length + LOST[why];
    const before = this.#losses[at] as number;
    this.#losses[at] = before + 1;
    return before;
  }

  deaths(strategy: Strategy, reason: DeathReason): number {
    return this.#deaths[STRATEGIES[strategy] * deathReasons.length + REASONS[reason]] as number;
  }

  losses(reason: DeathReason, why: LostReason): number {
    return this.#losses[REASONS[reason] * lostReasons.length + LOST[why]] as number;
  }

  /** Takes up what another one counted. */
  add(other: DeathCounts): void {
    for (const [at, count] of other.#deaths.entries())
      this.#deaths[at] = (this.#deaths[at] as number) + count;
    for (const [at, count] of other.#losses.entries())
      this.#losses[at] = (this.#losses[at] as number) + count;
  }
}
