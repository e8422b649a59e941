import type { Queue } from '../broker/queue.ts';
import { Waiting } from '../broker/waiting.ts';
import { badRequest } from './answer.ts';
import type { Call } from './call.ts';

/** How long a request may wait for a message, in milliseconds. */
const LONGEST = 60_000;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000 };

/** How long a request waits for a message, of real time: as long as its query says, and its client is there. */
export class Patience {
  readonly #call: Call;
  readonly #until: number;

  /** @throws {Refusal} 400 when `wait` is no time, or too long */
  constructor(call: Call) {
    this.#call = call;
    const wait = call.query.get('wait');
    this.#until = wait === null ? 0 : call.host.wallClock.now() + milliseconds(wait);
  }

  /** Resolves when it is worth another look: with false when the time is over, or the client is gone. */
  async more(queue: Queue): Promise<boolean> {
    const { host, gone } = this.#call;
    if (gone.aborted || host.wallClock.now() >= this.#until) return false;
    const waiting = (queue.waiting ??= new Waiting());
    await new Promise<void>((resolve) => {
      const timer = host.wallClock.at(this.#until, done);
      const leave = waiting.add(done);
      gone.addEventListener('abort', done);
      function done(): void {
        timer.cancel();
        leave();
        gone.removeEventListener('abort', done);
        resolve();
      }
    });
    return !gone.aborted;
  }
}

function milliseconds(wait: string): number {
  const [, number, unit = ''] = /^(\d+)(ms|s)$/.exec(wait) ?? [];
  const time = Number(number) * (UNITS[unit] ?? NaN);
  if (time <= LONGEST) return time;
  throw badRequest(`wait should be a time such as 500ms or 10s, and at most ${LONGEST / 1000}s`);
}
