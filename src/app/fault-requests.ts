import type { FaultKind, FaultOptions } from '../server/fault-kinds.ts';
import type { Faults } from '../server/faults.ts';
import { readFault } from './fault-options.ts';
import { OptionError } from './options.ts';

/** One thing that was asked to go wrong. */
export interface RequestedFault {
  /** Given out in order, never twice. */
  readonly id: number;
  readonly kind: FaultKind;
  /** What it was asked for with, and what was not said; `times` is Infinity for always. */
  readonly setting: Readonly<Record<string, unknown>> & { readonly kind: FaultKind };
  /** How often it has happened. */
  readonly count: number;
  /** It will not happen any more. */
  readonly isOver: boolean;
  /** It does not happen any more; confirms it withholds are sent, connections it blocks go on. */
  remove(): void;
  /** Resolves when it has happened so many times in all, which may be already. */
  happened(times?: number): Promise<void>;
}

/** What a running broker does wrong because it is asked to. */
export class FaultRequests {
  readonly #faults: Faults;
  readonly #canCrash: boolean;

  /** @param canCrash there is a data directory to find things in afterwards */
  constructor(faults: Faults, canCrash: boolean) {
    this.#faults = faults;
    this.#canCrash = canCrash;
  }

  /**
   * From now on this goes wrong: once, unless `times` says otherwise.
   * @throws {OptionError} when it cannot be asked for like that
   */
  add(options: FaultOptions): RequestedFault {
    const setting = readFault(options);
    if (setting.kind === 'crash' && !this.#canCrash) {
      throw new OptionError('crash needs a data directory: nothing would be left of a broker in memory');
    }
    return this.#faults.add(setting);
  }

  /** Those that were not removed, over or not, in the order in which they were added. */
  list(): readonly RequestedFault[] {
    return this.#faults.all;
  }

  /** Removes all; chance begins anew. */
  clear(): void {
    this.#faults.clear();
  }

  /**
   * Where chance begins, for faults with a `probability`: the same seed, faults and actions of clients give the same
   * again. 1 when it is not called.
   * @throws {OptionError} for anything but a whole number
   */
  seed(seed: number): void {
    if (!Number.isSafeInteger(seed)) throw new OptionError(`a seed is a whole number, got ${String(seed)}`);
    this.#faults.seed(seed);
  }
}
