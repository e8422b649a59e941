import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { ClockError } from './moments.ts';
import type { Moved, Traffic } from './traffic.ts';
import type { LoopTurn } from './turn.ts';

/** Turns of the loop in which nothing happens before it is taken for quiet: clients put work off by one or two. */
const CALM_TURNS = 6;
/** How long somebody who does not take what was sent to him is waited for (ms). */
const STALL_MS = 100;
/** How long other events of the process may have to wait while time is moved (ms). */
const BREATH_MS = 5;

/** How long a single moment may last, of real time (ms). */
const LONGEST_MOMENT = 30_000;

/** How long a client in another process has for its answer unless said otherwise, in milliseconds. */
export const PATIENCE_MS = 10;

const RESTLESS =
  `the broker did not come to rest within ${LONGEST_MOMENT / 1000} s: clients keep publishing, or messages go round in ` +
  'a circle without waiting anywhere';

/** The journal of a broker with a data directory. */
export interface QuietJournal {
  /** Somebody waits for what was recorded to be on disk. */
  readonly isAwaited: boolean;
  flush(): Promise<void>;
}

/**
 * Tells when nothing is going on in a broker: no work is put off, nothing waits for the disk, what was sent has been
 * read, and nobody answered it for some turns of the loop.
 */
export class Quiet {
  readonly #turn: LoopTurn;
  readonly #traffic: Traffic;
  /** Undefined when everything is in memory. */
  readonly #journal: QuietJournal | undefined;
  #moved: Moved = { near: 0, far: 0 };
  #movedAt = 0;
  #farMovedAt = -Infinity;
  #breathedAt = performance.now();

  constructor(loopTurn: LoopTurn, traffic: Traffic, journal: QuietJournal | undefined) {
    this.#turn = loopTurn;
    this.#traffic = traffic;
    this.#journal = journal;
  }

  /**
   * The same for a moment in which the broker did something by itself: when no client has noticed, nobody can answer.
   * @param patience how long clients in other processes have for an answer (ms)
   */
  async afterMoment(patience: number): Promise<void> {
    this.#turn.finish();
    await Promise.resolve(); // output leaves in a microtask
    if (this.#look() || !this.#turn.isIdle || this.#journal?.isAwaited === true) return this.wait(patience);
    if (performance.now() - this.#breathedAt > BREATH_MS) await this.#breathe();
  }

  /** Waits until it is quiet. */
  async wait(patience: number): Promise<void> {
    const begin = performance.now();
    this.#movedAt = begin;
    for (let calm = 0; calm < CALM_TURNS; calm++) {
      this.#turn.finish();
      await this.#breathe();
      if (this.#journal?.isAwaited === true) await this.#journal.flush();
      const now = performance.now();
      if (now - begin > LONGEST_MOMENT) throw new ClockError(RESTLESS);
      if (this.#look() || !this.#turn.isIdle) {
        this.#movedAt = now;
        calm = -1;
      } else if (this.#traffic.isUnderWay && now - this.#movedAt < STALL_MS) {
        calm = -1;
      } else if (calm === CALM_TURNS - 1 && now - this.#farMovedAt < patience) {
        await sleep(1);
        calm--;
      }
    }
  }

  /** The same, for so many milliseconds of real time on end. */
  async waitLong(ms: number): Promise<void> {
    do {
      await this.wait(0);
      await sleep(ms);
    } while (this.#look() || !this.#turn.isIdle);
  }

  /** The same, and everything that has happened is on disk. */
  async waitForDisk(patience: number): Promise<void> {
    await this.wait(patience);
    await this.#journal?.flush();
  }

  async #breathe(): Promise<void> {
    await turn();
    this.#breathedAt = performance.now();
  }

  /** Whether anything moved since the last look. */
  #look(): boolean {
    const before = this.#moved;
    this.#moved = this.#traffic.moved;
    const hasFarMoved = this.#moved.far !== before.far;
    if (hasFarMoved) this.#farMovedAt = performance.now();
    return hasFarMoved || this.#moved.near !== before.near;
  }
}
