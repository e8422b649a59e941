import type { Broker } from '../broker/broker.ts';
import type { Clock, Timer } from '../broker/clock.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import type { Vhost } from '../broker/vhost.ts';
import { Breather } from './breather.ts';
import {
  churnMeasures,
  depth,
  exchangeStats,
  hasCounted,
  hasSameDepth,
  hasSameStats,
  messageStats,
  queueDepth,
  queueStats,
  sumOfTotals,
  totalsByVhost,
  trafficMeasures,
} from './measures.ts';
import type { Measures, Totals } from './measures.ts';

/** How often everything is looked at (ms), as RabbitMQ does. */
const INTERVAL = 5_000;

const NO_RATES: Measures = {};

/** What was measured of one thing when it was last looked at, and how fast that grew. */
interface Sample {
  values: Measures;
  /** Per second. */
  rates: Measures;
  at: number;
  /** When it was last seen to have changed. */
  changedAt: number;
}

/**
 * Looks at everything that counts every few seconds of real time, for rates and for who is idle. It does so only as
 * long as the management API runs, and nothing of it happens when a message passes.
 */
export class Sampler {
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  #samples = new WeakMap<object, Sample>();
  #timer: Timer | undefined = undefined;
  #isStopped = false;
  /** `activityOf` the broker when it was looked at last. */
  #lastActivity = -1;
  /** The last look found something new: rates that the next one takes back. */
  #hasGrown = false;
  /** When a look was last left out. */
  #skippedAt = 0;

  /**
   * @param clock of real time, also where the broker's is moved by hand
   * @param onFault something was thrown: a bug, and the end of the sampling
   */
  constructor(broker: Broker, clock: Clock, onFault: (error: unknown) => void) {
    this.#onFault = onFault;
    this.#broker = broker;
    this.#clock = clock;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#timer = this.#clock.at(this.#clock.now() + INTERVAL, () => {
      if (this.#isIdle()) this.start();
      else this.#lookAround().catch(this.#onFault);
    });
  }

  /** The management API did something, which no connection and no queue's turn may tell of. */
  wake(): void {
    this.#lastActivity = -1;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Forgets what was seen so far: rates and idle times begin anew. */
  reset(): void {
    this.wake();
    this.#samples = new WeakMap<object, Sample>();
  }

  /** Each measure and, as its `_details`, its rate (API-13). */
  withRates(subject: object, measures: Measures): Record<string, unknown> {
    const rates = this.#samples.get(subject)?.rates;
    const json: Record<string, unknown> = {};
    for (const name of Object.keys(measures)) {
      json[name] = measures[name];
      json[`${name}_details`] = { rate: rates?.[name] ?? 0 };
    }
    return json;
  }

  /** The `_details` of one measure. */
  rateOf(subject: object, name: string): { readonly rate: number } {
    return { rate: this.#samples.get(subject)?.rates[name] ?? 0 };
  }

  /** Since when nothing was counted, to a few seconds, in ISO 8601; undefined for what counts. */
  idleSince(subject: object): string | undefined {
    const sample = this.#samples.get(subject);
    if (sample === undefined || sample.changedAt === sample.at) return undefined;
    return new Date(sample.changedAt).toISOString().replace('Z', '+00:00');
  }

  /** Whether a look can be left out: with 50,000 idle queues each takes 20 ms and more. */
  #isIdle(): boolean {
    const activity = activityOf(this.#broker);
    const isIdle = activity === this.#lastActivity && !this.#hasGrown;
    if (isIdle) this.#skippedAt = this.#clock.now();
    this.#lastActivity = activity;
    return isIdle;
  }

  async #lookAround(): Promise<void> {
    const breather = new Breather();
    this.#hasGrown = false;
    for (const { queues } of this.#broker.vhosts.values()) {
      for (const queue of queues.values()) {
        this.#lookAtQueue(queue);
        if (breather.isDue) await breather.rest();
        if (this.#isStopped) return;
      }
    }
    for (const [subject, values] of subjects(this.#broker)) {
      this.#look(subject, values);
      if (breather.isDue) await breather.rest();
      if (this.#isStopped) return;
    }
    this.start();
  }

  /** What counts messages is found by its counts. */
  #lookAtQueue(queue: DeclaredQueue): void {
    const { counts } = queue;
    if (!this.#isSame(counts, hasSameStats, queue)) this.#look(counts, queueStats(queue));
    if (!this.#isSame(queue, hasSameDepth, queue)) this.#look(queue, queueDepth(queue));
  }

  /** Whether a queue is as it was when it was last looked at; then that was the look. */
  #isSame(subject: object, hasSame: typeof hasSameStats, queue: DeclaredQueue): boolean {
    const sample = this.#samples.get(subject);
    if (!hasSame(queue, sample?.values)) return false;
    if (sample === undefined) return true;
    sample.rates = NO_RATES;
    sample.at = this.#clock.now();
    return true;
  }

  #look(subject: object, values: Measures): void {
    const at = this.#clock.now();
    const sample = this.#samples.get(subject);
    if (sample === undefined) {
      if (!hasCounted(values)) return;
      this.#samples.set(subject, { values, rates: {}, at, changedAt: at });
      this.#hasGrown = true;
      return;
    }
    const seconds = (at - Math.max(sample.at, this.#skippedAt)) / 1000;
    if (seconds <= 0) return;
    const rates: Record<string, number> = {};
    for (const name of Object.keys(values)) {
      const grown = (values[name] ?? 0) - (sample.values[name] ?? 0);
      if (grown === 0) continue;
      sample.changedAt = at;
      this.#hasGrown = true;
      rates[name] = grown / seconds;
    }
    sample.values = values;
    sample.rates = rates;
    sample.at = at;
  }
}

/** A number that changes with almost anything that happens, and takes no look at queues. */
function activityOf({ turns, churn, connections }: Broker): number {
  let activity = turns;
  for (const count of Object.values(churnMeasures(churn))) activity += count;
  for (const { traffic } of connections) activity += traffic.reads + traffic.writes;
  return activity;
}

/** Everything that is looked at but queues, and what is measured of it. */
function* subjects(broker: Broker): Generator<readonly [object, Measures]> {
  for (const connection of broker.connections) {
    yield [connection, trafficMeasures(connection.traffic)];
    for (const { counts } of connection.channels) yield [counts, messageStats(counts)];
  }
  for (const vhost of broker.vhosts.values()) {
    for (const exchange of vhost.exchanges.values()) yield [exchange, exchangeStats(exchange)];
  }
  const totals = totalsByVhost(broker);
  for (const vhost of broker.vhosts.values()) {
    yield* totalMeasures(vhost, totals.get(vhost.name));
  }
  yield* totalMeasures(broker, sumOfTotals(broker, totals.values()));
  yield [broker.churn, churnMeasures(broker.churn)];
}

/** Three kinds of numbers of one owner. */
function* totalMeasures(
  owner: Broker | Vhost,
  totals: Totals | undefined,
): Generator<readonly [object, Measures]> {
  if (totals === undefined) return;
  yield [owner.counts, messageStats(totals.counts)];
  yield [owner, { ...depth(totals.ready, totals.unacked), ...trafficMeasures(totals.traffic) }];
}
