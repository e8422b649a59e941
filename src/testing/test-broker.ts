import type { Duplex } from 'node:stream';
import { startBroker } from '../index.ts';
import type { BrokerClock, BrokerView, FaultRequests, RunningBroker, StartOptions } from '../index.ts';
import type { DeadLetter, DeadLetterSource } from './dead-letters.ts';
import { expectNone, leftoversOf } from './leftovers.ts';
import type { Leftover } from './leftovers.ts';
import { Recorder } from './recorder.ts';
import { TestQueue } from './test-queue.ts';
import { TestVhost } from './test-vhost.ts';
import type { LeftoverOptions } from './test-vhost.ts';
import { tellTimeline } from './timeline.ts';

/** Registers something to be done before or after tests: `beforeEach` of any runner. */
export type Hook = (task: () => Promise<void>) => unknown;

/** As for `startBroker`, where nothing else is said: in memory, a free port, no log, a clock that is moved by hand. */
export interface TestBrokerOptions extends Omit<StartOptions, 'data' | 'onFailure'> {
  /** The runner's: the broker is reset before each test. */
  readonly beforeEach?: Hook;
  /** The runner's, `after` in `node:test`: the broker is stopped in the end. */
  readonly afterAll?: Hook;
}

/** What time it is when a test begins, unless `clock` says otherwise. */
const BEGIN = Date.parse('2026-01-01T00:00:00Z');

/** A broker for tests. */
export class TestBroker implements DeadLetterSource {
  readonly label = 'the broker';
  /** All that a broker in this process can do. */
  readonly running: RunningBroker;
  readonly #recorder: Recorder;
  /** How it was when it started. */
  readonly #initial: Buffer;
  readonly #isFrozen: boolean;
  #vhosts = 0;

  constructor(running: RunningBroker, initial: Buffer) {
    this.running = running;
    this.#initial = initial;
    this.#isFrozen = running.clock.isFrozen;
    this.#recorder = new Recorder(running);
  }

  /** Where clients connect. */
  get url(): string {
    return this.running.url;
  }

  get clock(): BrokerClock {
    return this.running.clock;
  }

  get faults(): FaultRequests {
    return this.running.faults;
  }

  get view(): BrokerView {
    return this.running.view;
  }

  /** A connection without a socket. */
  connect(): Duplex {
    return this.running.connect();
  }

  /** A queue of the vhost `/`, whether it exists or not. */
  queue(name: string): TestQueue {
    return new TestQueue(name, '/', this.running, this.#recorder);
  }

  /** A vhost nobody else has: tests that run side by side do not see each other. Their clock is the same. */
  vhost(): TestVhost {
    const name = `test-${++this.#vhosts}`;
    this.running.addVhost(name);
    return new TestVhost(name, this.running, this.#recorder);
  }

  /** Waits until nothing is going on any more, without moving time: see `BrokerClock.settle`. */
  async idle(): Promise<void> {
    await this.clock.settle();
  }

  /**
   * Makes the broker what it was when it started: what was declared and published since is gone, connections and faults
   * are, too, and so is the time that passed.
   */
  async reset(): Promise<void> {
    await this.restore(this.#initial);
  }

  /** Everything there is at this moment, with its time. */
  snapshot(): Promise<Buffer> {
    return this.running.snapshot();
  }

  /** Goes back to a snapshot, as `reset` does to the beginning. The clock stands or goes as it did in the beginning. */
  async restore(snapshot: Uint8Array): Promise<void> {
    this.faults.clear();
    this.clock.autoAdvance = false;
    if (this.#isFrozen) this.clock.freeze();
    else this.clock.resume();
    await this.#recorder.skip(() => this.running.restore(snapshot));
  }

  /** What was dead-lettered since the broker was reset, in all vhosts. */
  deadLetters(): DeadLetter[] {
    return this.#recorder.deadLetters({});
  }

  account(): string {
    return this.timeline();
  }

  /** What happened to messages since the broker was reset, in words. */
  timeline(): string {
    return tellTimeline(this.#recorder.events, this.#recorder.begin, {});
  }

  /** What is left in all vhosts, by kind and name. */
  leftovers(): Leftover[] {
    return leftoversOf(this.running, undefined, this.#recorder.begin);
  }

  /** @throws {Error} that names what is left, when anything is */
  expectNothingLeft({ except = [] }: LeftoverOptions = {}): void {
    expectNone(this.leftovers(), except);
  }

  async stop(): Promise<void> {
    await this.running.stop();
  }
}

/** Starts a broker for tests. With the hooks of a runner it is reset before each test and stopped after the last. */
export async function testBroker({
  beforeEach,
  afterAll,
  ...options
}: TestBrokerOptions = {}): Promise<TestBroker> {
  const clock = { mode: 'manual', now: BEGIN } as const;
  const running = await startBroker({ logLevel: 'silent', clock, ...options });
  const initial = await running.snapshot().catch(async (error: unknown) => {
    await running.stop();
    throw error;
  });
  const broker = new TestBroker(running, initial);
  beforeEach?.(() => broker.reset());
  afterAll?.(() => broker.stop());
  return broker;
}
