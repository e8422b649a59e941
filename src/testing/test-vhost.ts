import type { RunningBroker } from '../index.ts';
import type { DeadLetter, DeadLetterSource } from './dead-letters.ts';
import { expectNone, leftoversOf } from './leftovers.ts';
import type { Leftover, LeftoverKind } from './leftovers.ts';
import type { Recorder } from './recorder.ts';
import { TestQueue } from './test-queue.ts';
import { tellTimeline } from './timeline.ts';

export interface LeftoverOptions {
  /** What may be left. */
  readonly except?: readonly LeftoverKind[];
}

/** A vhost of its own for a test. */
export class TestVhost implements DeadLetterSource {
  readonly name: string;
  readonly #broker: RunningBroker;
  readonly #recorder: Recorder;

  constructor(name: string, broker: RunningBroker, recorder: Recorder) {
    this.name = name;
    this.#broker = broker;
    this.#recorder = recorder;
  }

  /** Where clients connect to it. */
  get url(): string {
    return `${this.#broker.url}/${encodeURIComponent(this.name)}`;
  }

  /** A queue in it, whether it exists or not. */
  queue(name: string): TestQueue {
    return new TestQueue(name, this.name, this.#broker, this.#recorder);
  }

  get label(): string {
    return `vhost ${this.name}`;
  }

  /** What was dead-lettered in it since the broker was reset. */
  deadLetters(): DeadLetter[] {
    return this.#recorder.deadLetters({ vhost: this.name });
  }

  account(): string {
    return this.timeline();
  }

  /** What happened to messages in it since the broker was reset. */
  timeline(): string {
    const { events, begin } = this.#recorder;
    return tellTimeline(events, begin, { vhost: this.name });
  }

  /** What is left in it. Deadlines are those of the whole broker, and not among it. */
  leftovers(): Leftover[] {
    return leftoversOf(this.#broker, this.name, this.#recorder.begin);
  }

  /** @throws {Error} that names what is left, when anything is */
  expectNothingLeft({ except = [] }: LeftoverOptions = {}): void {
    expectNone(this.leftovers(), except);
  }

  /** Deletes it with all that is in it, and closes its connections. */
  delete(): void {
    this.#broker.deleteVhost(this.name);
  }
}
