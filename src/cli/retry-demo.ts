import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { readDeaths } from './deaths.ts';
import { Failure } from './failure.ts';
import { dim } from './output.ts';
import type { Output } from './output.ts';
import {
  attemptKey,
  attemptOf,
  declareLadder,
  JOBS,
  PARKING_LOT,
  waitQueue,
  WATCH,
  WORK,
} from './retry-ladder.ts';
import { formatDuration } from '../app/durations.ts';

/** What becomes of a job: why it fails, and at which attempt it no longer does. */
interface Job {
  readonly succeedsAt: number;
  readonly trouble: string;
}

const jobs: ReadonlyMap<string, Job> = new Map([
  ['welcome-mail', { succeedsAt: 1, trouble: '' }],
  ['invoice', { succeedsAt: 2, trouble: 'the mail server is busy' }],
  ['report', { succeedsAt: Infinity, trouble: 'its template is missing' }],
]);

/** One line of the timeline. */
interface Happening {
  readonly event: 'published' | 'done' | 'rejected' | 'waiting' | 'parked' | 'finished';
  readonly at_ms: number;
  readonly exchange?: string;
  readonly routing_key?: string;
  readonly queue?: string;
  readonly message?: string;
  readonly attempt?: number;
  readonly why?: string;
  /** How long it is going to wait. */
  readonly wait_ms?: number;
  /** Since it was rejected. */
  readonly waited_ms?: number;
  readonly deaths?: readonly { readonly queue: string; readonly reason: string; readonly count: number }[];
  readonly left?: Readonly<Record<string, number>>;
}

/** Publishes the jobs, works on them badly, and tells what becomes of them. It never waits for time to pass. */
export class RetryDemo {
  readonly #channel: ConfirmChannel;
  readonly #output: Output;
  readonly #waits: readonly number[];
  readonly #startedAt = performance.now();
  readonly #rejectedAt = new Map<string, number>();
  readonly #settled = new Set<string>();
  #finish: () => void = () => undefined;
  #fail: (reason: unknown) => void = () => undefined;

  /** @param waits milliseconds before the second attempt, the third, and so on */
  constructor(channel: ConfirmChannel, output: Output, waits: readonly number[]) {
    this.#channel = channel;
    this.#output = output;
    this.#waits = waits;
  }

  /** Resolves when every job is done or parked. */
  async run(interrupt: AbortSignal): Promise<void> {
    const finished = new Promise<void>((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    finished.catch(() => undefined); // it may end while something else is awaited
    const stop = (): void => this.#fail(new Failure('interrupted', 'stopped before everything was settled'));
    interrupt.addEventListener('abort', stop);
    if (interrupt.aborted) stop();
    await declareLadder(this.#channel, this.#waits);
    await this.#publish();
    await this.#channel.prefetch(1);
    await this.#channel.consume(WATCH, (message) => this.#guard(message, (it) => this.#onDeath(it)), {
      noAck: true,
    });
    await this.#channel.consume(WORK, (message) => this.#guard(message, (it) => this.#onWork(it)));
    await finished;
    await this.#tellEnd();
  }

  /** Persistent, and confirmed before anything else happens. */
  async #publish(): Promise<void> {
    for (const name of jobs.keys()) {
      this.#channel.publish(JOBS, attemptKey(1), Buffer.from(name), { persistent: true });
    }
    await this.#channel.waitForConfirms();
    for (const name of jobs.keys()) {
      const where = { exchange: JOBS, routing_key: attemptKey(1), message: name };
      this.#tell(`published with key ${attemptKey(1)} and confirmed`, {
        event: 'published',
        at_ms: this.#now(),
        ...where,
      });
    }
  }

  #guard(message: ConsumeMessage | null, task: (message: ConsumeMessage) => void): void {
    if (message === null) this.#fail(new Failure('not-found', 'a queue of the demo was deleted'));
    else task(message);
  }

  /** The worker. The moment of a rejection is taken before the broker hears of it: waits are never counted short. */
  #onWork(message: ConsumeMessage): void {
    const name = message.content.toString();
    const attempt = attemptOf(message.fields.routingKey);
    const at = this.#now();
    const { succeedsAt, trouble } = jobs.get(name) ?? { succeedsAt: 1, trouble: '' };
    const isDone = attempt >= succeedsAt;
    const waited = this.#waited(name, attempt, at);
    const outcome = isDone ? 'succeeds: acked' : `fails, ${trouble}: rejected`;
    this.#tell(`${waited.text}attempt ${attempt} ${outcome}`, {
      event: isDone ? 'done' : 'rejected',
      at_ms: at,
      queue: WORK,
      message: name,
      attempt,
      ...(isDone ? {} : { why: trouble }),
      ...waited.record,
      deaths: deathsOf(message),
    });
    if (isDone) this.#channel.ack(message);
    else this.#channel.reject(message, false);
    if (isDone) this.#settle(name);
    else this.#rejectedAt.set(name, at);
  }

  #waited(name: string, attempt: number, at: number): { text: string; record: { waited_ms?: number } } {
    const rejectedAt = this.#rejectedAt.get(name);
    if (rejectedAt === undefined) return { text: '', record: {} };
    const waited = at - rejectedAt;
    const from = waitQueue(this.#waits[attempt - 2] ?? 0);
    return { text: `expired in ${from} after ${seconds(waited)} s; `, record: { waited_ms: waited } };
  }

  /** A copy of what work dead-letters; the original is in the queue that this tells of. */
  #onDeath(message: ConsumeMessage): void {
    const name = message.content.toString();
    const attempt = attemptOf(message.fields.routingKey);
    const wait = this.#waits[attempt - 1];
    const deaths = deathsOf(message);
    const at = this.#now();
    if (wait !== undefined) {
      this.#tell(`rejected in ${WORK}: waits ${formatDuration(wait)}`, {
        event: 'waiting',
        at_ms: at,
        queue: waitQueue(wait),
        message: name,
        attempt,
        wait_ms: wait,
        deaths,
      });
      return;
    }
    const text = `rejected in ${WORK} ${attempt} times: stays here until somebody looks at it`;
    this.#tell(text, { event: 'parked', at_ms: at, queue: PARKING_LOT, message: name, attempt, deaths });
    this.#settle(name);
  }

  #settle(name: string): void {
    this.#settled.add(name);
    if (this.#settled.size === jobs.size) this.#finish();
  }

  async #tellEnd(): Promise<void> {
    const left: Record<string, number> = {};
    for (const queue of [WORK, ...this.#waits.map(waitQueue), PARKING_LOT]) {
      left[queue] = (await this.#channel.checkQueue(queue)).messageCount;
    }
    const counts = Object.entries(left).map(([queue, count]) => `${queue} ${count}`);
    await this.#output.result(`\nMessages left: ${counts.join(', ')}.`, {
      event: 'finished',
      at_ms: this.#now(),
      left,
    } satisfies Happening);
  }

  /** Whole milliseconds since the start, cut off: so a difference of two is never less than the wait between them. */
  #now(): number {
    return Math.floor(performance.now() - this.#startedAt);
  }

  #tell(what: string, event: Happening): void {
    const { at_ms: at, queue, exchange, message = '', deaths = [] } = event;
    const where = queue ?? `[${exchange}]`;
    const line = `${seconds(at).padStart(8)}  ${where.padEnd(11)}  ${message.padEnd(12)}  ${what}`;
    const history = deaths.map((death) => `${death.queue} ${death.reason} ${death.count}x`).join(', ');
    const text = deaths.length === 0 ? line : `${line}\n${' '.repeat(37)}${dim(`x-death: ${history}`)}`;
    this.#output.result(text, event).catch(this.#fail);
  }
}

function deathsOf(message: ConsumeMessage): NonNullable<Happening['deaths']> {
  const deaths = readDeaths(message.properties.headers?.['x-death']) ?? [];
  return deaths.map(({ queue, reason, count }) => ({ queue, reason, count }));
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}
