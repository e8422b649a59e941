import type { Faults } from '../server/faults.ts';
import type { Crashes } from '../store/level-journal.ts';

/** Ends the broker where a fault asks for it. */
export class Crash {
  readonly #faults: Faults;
  /** What ending it means; nothing while it has not started. */
  end: () => void = () => {};

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  readonly at: Crashes = (when) => {
    if (!this.#faults.isArmed) return false;
    const fault = this.#faults.find(['crash'], () => ({}), undefined, when);
    if (fault !== undefined) this.end();
    return fault !== undefined;
  };
}
