import type { BrokerEvent, RunningBroker } from '../index.ts';
import type { DeadLetter } from './dead-letters.ts';
import type { TimelineFilter } from './timeline.ts';

/** Events that are kept to be told of: the youngest. */
const MOST_EVENTS = 20_000;

/** Writes down what happens in a broker, and tells who waits for something that something happened. */
export class Recorder {
  /** When the record begins, on the broker's clock. */
  begin: number;
  readonly #broker: RunningBroker;
  readonly #waiting = new Set<() => void>();
  #events: BrokerEvent[] = [];
  #source: AsyncIterableIterator<BrokerEvent>;

  constructor(broker: RunningBroker) {
    this.#broker = broker;
    this.begin = broker.clock.now();
    this.#source = broker.events();
    void this.#record(this.#source);
  }

  get events(): readonly BrokerEvent[] {
    return this.#events;
  }

  get now(): number {
    return this.#broker.clock.now();
  }

  /** What was dead-lettered in a vhost, a queue, or at all. */
  deadLetters({ vhost, queue }: TimelineFilter): DeadLetter[] {
    return this.#events.flatMap((event) => {
      if (event.type !== 'dead-lettered' || event.vhost !== (vhost ?? event.vhost)) return [];
      if (event.queue !== (queue ?? event.queue)) return [];
      const { queue: died, reason, queues, time } = event;
      return [{ queue: died, reason, queues, time }];
    });
  }

  /** Begins anew when the task is done, which itself is not on record. */
  async skip(task: () => Promise<void>): Promise<void> {
    await this.#source.return?.();
    try {
      await task();
    } finally {
      this.#events = [];
      this.begin = this.now;
      this.#source = this.#broker.events();
      void this.#record(this.#source);
      this.#changed();
    }
  }

  /** Calls `task` when something has happened. Returns what ends it. */
  onChange(task: () => void): () => void {
    this.#waiting.add(task);
    return () => this.#waiting.delete(task);
  }

  async #record(events: AsyncIterable<BrokerEvent>): Promise<void> {
    for await (const event of events) {
      this.#events.push(event);
      if (this.#events.length > 2 * MOST_EVENTS) this.#events = this.#events.slice(-MOST_EVENTS);
      this.#changed();
    }
  }

  #changed(): void {
    for (const task of this.#waiting) task();
  }
}
