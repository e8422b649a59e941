import { performance } from 'node:perf_hooks';
import { Broker } from './broker.ts';
import type { Target } from './broker.ts';
import { Context, Skip } from './context.ts';
import { describeFeature, detectFeatures } from './features.ts';
import { Rendezvous } from './rendezvous.ts';
import type { Case } from './suite.ts';
import { BrokerTime } from './time.ts';

/** How many cases run side by side unless said otherwise. */
const LANES = 24;
/** A case that takes longer has failed, in milliseconds. */
const CASE_MS = 90_000;

export interface Result {
  readonly case: Case;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped. */
  readonly reason?: string;
  readonly error?: Error;
  readonly ms: number;
}

export interface Verdict {
  readonly broker: Broker;
  readonly results: readonly Result[];
  readonly ms: number;
}

export interface JudgeOptions extends Target {
  readonly cases: readonly Case[];
  /** How many cases run side by side. */
  readonly lanes?: number;
  /** Tries no further case after the first that failed; those that run already are ended. */
  readonly bail?: boolean;
  /** Tries no further case once it is aborted; those that run already are ended and clean up. */
  readonly signal?: AbortSignal;
  /** Called with the broker before the first case. */
  readonly onStart?: (broker: Broker) => void;
  /** Called after each case, in the order in which they end. */
  readonly onResult?: (result: Result) => void;
}

/** Tries every case on a broker. Rejects when the broker cannot be reached; what a broker does wrong is in the results. */
export async function judge(options: JudgeOptions): Promise<Verdict> {
  const start = performance.now();
  const broker = await Broker.meet(options);
  await detectFeatures(broker);
  options.onStart?.(broker);
  const time = await BrokerTime.of(broker.admin);
  const results = await new Judge(broker, time, options).run();
  return { broker, results, ms: performance.now() - start };
}

class Judge {
  readonly #broker: Broker;
  readonly #time: BrokerTime;
  readonly #options: JudgeOptions;
  readonly #run = Math.random().toString(36).slice(2, 7);
  readonly #results: Result[] = [];
  #contexts = 0;
  #hasFailed = false;

  constructor(broker: Broker, time: BrokerTime, options: JudgeOptions) {
    this.#broker = broker;
    this.#time = time;
    this.#options = options;
  }

  async run(): Promise<readonly Result[]> {
    const { cases, lanes = LANES } = this.#options;
    const runnable = cases.filter((one) => !this.#skip(one));
    const restarting = runnable.filter(({ needs }) => needs?.includes('restart'));
    const alone = runnable.filter((one) => one.alone === true && !restarting.includes(one));
    const realTime = runnable.filter((one) => one.realTime === true);
    const rest = runnable.filter((one) => ![restarting, alone, realTime].some((some) => some.includes(one)));
    const slowFirst = [...rest].sort((a, b) => Number(b.slow ?? false) - Number(a.slow ?? false));
    await Promise.all([
      this.#inLanes(realTime, lanes, neverRestarts),
      this.#inLanes(slowFirst, lanes, neverRestarts),
    ]);
    await this.#inLanes(alone, 1, neverRestarts);
    const rendezvous = new Rendezvous(restarting.length, () => this.#restart());
    await this.#inLanes(restarting, restarting.length, rendezvous);
    return this.#results;
  }

  async #restart(): Promise<void> {
    await this.#broker.target.restart?.();
    await this.#time.resume();
  }

  get #isOver(): boolean {
    const { bail, signal } = this.#options;
    return signal?.aborted === true || (bail === true && this.#hasFailed);
  }

  /** Records it as skipped when this broker cannot be judged by it. */
  #skip(one: Case): boolean {
    const reason = reasonToSkip(this.#broker, one);
    if (reason !== undefined) this.#record({ case: one, outcome: 'skipped', reason, ms: 0 });
    return reason !== undefined;
  }

  async #inLanes(cases: readonly Case[], lanes: number, rendezvous: Rendezvous): Promise<void> {
    const queue = cases.values();
    const lane = async (): Promise<void> => {
      for (const one of queue) {
        if (this.#isOver) return;
        this.#record(await this.#try(one, rendezvous));
        rendezvous.leave();
      }
    };
    await Promise.all(Array.from({ length: Math.min(lanes, cases.length) }, lane));
  }

  async #try(one: Case, rendezvous: Rendezvous): Promise<Result> {
    const start = performance.now();
    const prefix = `spec-${this.#run}-${++this.#contexts}`;
    const time = one.realTime === true ? BrokerTime.real : this.#time;
    const context = new Context(this.#broker, time, prefix, () => rendezvous.meet());
    time.begin();
    let result: Pick<Result, 'outcome' | 'reason' | 'error'> = { outcome: 'passed' };
    try {
      await inTime(one.run(context));
    } catch (error) {
      if (error instanceof Skip) result = { outcome: 'skipped', reason: error.message };
      else result = { outcome: 'failed', error: error instanceof Error ? error : new Error(String(error)) };
    }
    const ms = performance.now() - start;
    time.end();
    await context.clean().catch(() => undefined); // what is left behind has a name of its own
    return { case: one, ...result, ms };
  }

  #record(result: Result): void {
    this.#hasFailed ||= result.outcome === 'failed';
    this.#results.push(result);
    this.#options.onResult?.(result);
  }
}

function reasonToSkip(broker: Broker, one: Case): string | undefined {
  const lacking = one.needs?.filter((feature) => !broker.features.has(feature)) ?? [];
  if (lacking.length > 0) return `needs ${lacking.map(describeFeature).join(' and ')}`;
  const { since, until, rabbitmqDefect } = one;
  if (since !== undefined && !broker.since(since)) return `so since version ${since}`;
  if (until !== undefined && broker.since(until)) return `so before version ${until}`;
  if (rabbitmqDefect !== undefined && broker.isRabbitMQ) return `known defect: ${rabbitmqDefect}`;
  return undefined;
}

async function inTime(run: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${CASE_MS / 1000} s`)), CASE_MS);
  });
  try {
    await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
  }
}

const neverRestarts = new Rendezvous(0, () => Promise.reject(new Error('this case should need `restart`')));
