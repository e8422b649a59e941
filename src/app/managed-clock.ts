import { badRequest } from '../management/answer.ts';
import type { ClockMove, ClockStatus, ManagementClock } from '../management/host.ts';
import type { BrokerClock, MoveOptions } from './broker-clock.ts';
import { ClockError } from './moments.ts';
import type { Duration, Moment } from './moments.ts';
import type { ClockMode } from './options.ts';

type Request = Readonly<Record<string, unknown>>;

/**
 * The clock of a broker as it is moved over HTTP: only where it was started to be moved, since messages that have
 * expired by mistake do not come back.
 */
export class ManagedClock implements ManagementClock {
  readonly #clock: BrokerClock;
  readonly #mode: ClockMode;

  constructor(clock: BrokerClock, mode: ClockMode) {
    this.#clock = clock;
    this.#mode = mode;
  }

  status(): ClockStatus {
    const { isFrozen, autoAdvance, nextDeadline } = this.#clock;
    return { mode: this.#mode, isFrozen, autoAdvance, now: this.#clock.now(), nextDeadline };
  }

  async move(how: ClockMove, request: Request): Promise<void> {
    if (this.#mode === 'real') {
      throw badRequest(
        'the clock of this broker is real: one that is started with --clock manual can be moved',
      );
    }
    try {
      await this.#move(how, request);
    } catch (error) {
      if (error instanceof ClockError) throw badRequest(error.message);
      throw error;
    }
  }

  async #move(how: ClockMove, request: Request): Promise<void> {
    const clock = this.#clock;
    const options = patienceIn(request);
    if (how === 'advance') await this.#advance(request, options);
    else if (how === 'run') await clock.runUntilIdle({ ...options, ...numberIn(request, 'most', 1) });
    else if (how === 'settle') await clock.settle(options);
    else if (how === 'freeze') clock.freeze();
    else if (how === 'resume') clock.resume();
    else clock.autoAdvance = switchIn(request);
  }

  async #advance({ by, to }: Request, options: MoveOptions): Promise<number> {
    if ((by === undefined) === (to === undefined)) {
      throw new ClockError('say how far: { "by": "30m" }, or until when: { "to": "2026-05-01T10:00:00Z" }');
    }
    if (by === undefined) return this.#clock.advanceTo(to as Moment, options);
    return this.#clock.advance(by as Duration, options);
  }
}

function switchIn({ on }: Request): boolean {
  if (typeof on === 'boolean') return on;
  throw new ClockError('"on" is true or false');
}

function patienceIn(request: Request): MoveOptions {
  return numberIn(request, 'patience', 0);
}

function numberIn<N extends string>(
  request: Request,
  name: N,
  least: number,
): { readonly [K in N]?: number } {
  const value = request[name];
  if (value === undefined) return {};
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) {
    return { [name]: value } as { readonly [K in N]?: number };
  }
  throw new ClockError(`"${name}" is a whole number of ${least} or more, got ${JSON.stringify(value)}`);
}
