import type { MessageView, QueueView, RunningBroker } from '../index.ts';
import type { DeadLetter, DeadLetterSource } from './dead-letters.ts';
import { formatElapsed } from './moments.ts';
import { checkNames } from './names.ts';
import type { Recorder } from './recorder.ts';
import { tellTimeline } from './timeline.ts';

/** What a queue is waited for to be. What is not named may be anything. */
export interface QueueState {
  /** Messages that may be delivered. */
  readonly ready?: number;
  /** Messages that were delivered and are not settled. */
  readonly unacked?: number;
  readonly consumers?: number;
  /** Whether there is such a queue. */
  readonly exists?: boolean;
}

export interface WaitOptions {
  /** How long it may take in real time (ms); 2,000 unless said otherwise. */
  readonly timeout?: number;
}

const TIMEOUT_MS = 2_000;

/** A queue as a test sees it, whether it exists or not: nothing changes by looking. */
export class TestQueue implements DeadLetterSource {
  readonly name: string;
  readonly vhost: string;
  readonly #broker: RunningBroker;
  readonly #recorder: Recorder;

  constructor(name: string, vhost: string, broker: RunningBroker, recorder: Recorder) {
    this.name = name;
    this.vhost = vhost;
    this.#broker = broker;
    this.#recorder = recorder;
  }

  get label(): string {
    return `queue ${this.name}`;
  }

  /** Undefined while there is no such queue. */
  get view(): QueueView | undefined {
    return this.#broker.view.queue(this.name, this.vhost);
  }

  /** Ready messages. */
  get messageCount(): number {
    return this.view?.ready ?? 0;
  }

  get unackedCount(): number {
    return this.view?.unacked ?? 0;
  }

  get consumerCount(): number {
    return this.view?.consumers.length ?? 0;
  }

  /** When the message at the head expires, in milliseconds since the epoch; undefined when it never does. */
  get nextDeadline(): number | undefined {
    return this.view?.nextDeadline;
  }

  /** What is in it: ready messages in the order in which they will leave, then the others. */
  messages(): MessageView[] {
    return this.#broker.view.messages(this.name, this.vhost);
  }

  /** The dead letters that left it since the broker was reset. */
  deadLetters(): DeadLetter[] {
    return this.#recorder.deadLetters({ vhost: this.vhost, queue: this.name });
  }

  /** Waits until it has no messages, neither ready nor otherwise. */
  async untilEmpty(options: WaitOptions = {}): Promise<void> {
    await this.#until('be empty', () => this.view !== undefined && this.messages().length === 0, options);
  }

  /**
   * Waits for it to be like this, without moving time. It looks whenever something happens in the broker.
   * @throws {Error} that tells what the queue looks like, and what happened, when it takes too long
   */
  async until(wanted: QueueState, options: WaitOptions = {}): Promise<void> {
    checkNames(wanted, ['ready', 'unacked', 'consumers', 'exists'], 'until');
    const text = Object.entries(wanted).map(([name, value]) => `${name}: ${String(value)}`);
    await this.#until(`have { ${text.join(', ')} }`, () => this.#is(wanted), options);
  }

  #is({ ready, unacked, consumers, exists }: QueueState): boolean {
    const { view } = this;
    if (exists !== undefined && exists !== (view !== undefined)) return false;
    const pairs = [
      [ready, this.messageCount],
      [unacked, this.unackedCount],
      [consumers, this.consumerCount],
    ];
    return pairs.every(([wanted, actual]) => wanted === undefined || wanted === actual);
  }

  async #until(text: string, isSo: () => boolean, { timeout = TIMEOUT_MS }: WaitOptions): Promise<void> {
    if (isSo()) return;
    const wasSo = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => finish(false), timeout);
      const end = this.#recorder.onChange(() => {
        if (isSo()) finish(true);
      });
      const finish = (result: boolean): void => {
        clearTimeout(timer);
        end();
        resolve(result);
      };
    });
    if (wasSo) return;
    const first = `queue ${this.name} did not ${text} within ${timeout} ms`;
    throw new Error([first, `${this.describe()}${this.#reasons()}`, this.timeline()].join('\n\n'));
  }

  /** Why what it holds is not delivered, a line for each reason. */
  #reasons(): string {
    if (this.view === undefined) return '';
    const { reasons } = this.#broker.why(this.name, { vhost: this.vhost });
    return reasons.map((reason) => `\n${reason.text}`).join('');
  }

  /** What it looks like, and what happened to its messages. */
  account(): string {
    return `${this.describe()}\n\n${this.timeline()}`;
  }

  /** What it looks like, in a line. */
  describe(): string {
    const { view } = this;
    if (view === undefined) return `there is no queue ${this.name}${this.#nearby()}`;
    const { ready, unacked, consumers, nextDeadline } = view;
    const others = this.messages().filter(({ state }) => state !== 'ready' && state !== 'unacked').length;
    const parts = [
      `${ready} ready`,
      `${unacked} unacked`,
      ...(others === 0 ? [] : [`${others} waiting to be tried again`]),
      `${consumers.length} ${consumers.length === 1 ? 'consumer' : 'consumers'}`,
      ...(nextDeadline === undefined ? [] : [`the head expires at ${this.elapsed(nextDeadline)}`]),
    ];
    return `queue ${this.name} at ${this.elapsed(this.#recorder.now)}: ${parts.join(', ')}`;
  }

  /** What happened to the messages that came here, or were to, since the broker was reset. */
  timeline(): string {
    const { events, begin } = this.#recorder;
    return tellTimeline(events, begin, { vhost: this.vhost, queue: this.name });
  }

  /** What time it is in the broker, in milliseconds since the epoch. */
  now(): number {
    return this.#recorder.now;
  }

  /** A moment, as timelines tell it. */
  elapsed(time: number): string {
    return formatElapsed(time - this.#recorder.begin);
  }

  #nearby(): string {
    const names = this.#broker.view.queues(this.vhost).map(({ name }) => name);
    return names.length === 0 ? '' : `; there are ${names.slice(0, 10).join(', ')}`;
  }
}
