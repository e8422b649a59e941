import type { BrokerEvent, BrokerEventName, EventOf, Events } from '../broker/observer.ts';
import { Ring } from '../broker/ring.ts';

export type EventListener<N extends BrokerEventName> = (event: EventOf<N>) => void;

type AnyListener = (event: BrokerEvent) => void;

/**
 * Hands the events of a broker to programs: in order, but not in the middle of what causes them, so that a listener may
 * do whatever it likes. The broker is listened to as long as there is anybody to tell.
 */
export class EventFeed {
  readonly #source: Events;
  readonly #listeners = new Map<BrokerEventName, Set<AnyListener>>();
  readonly #readers = new Set<EventReader>();
  #waiting: BrokerEvent[] = [];
  /** Stops listening; undefined while nobody has to be told. */
  #end: (() => void) | undefined = undefined;
  #isStopped = false;

  constructor(source: Events) {
    this.#source = source;
  }

  on<N extends BrokerEventName>(name: N, listener: EventListener<N>): void {
    const known = this.#listeners.get(name) ?? new Set();
    known.add(listener as unknown as AnyListener); // it is told of nothing else
    this.#listeners.set(name, known);
    this.#listen();
  }

  off<N extends BrokerEventName>(name: N, listener: EventListener<N>): void {
    const known = this.#listeners.get(name);
    if (known?.delete(listener as unknown as AnyListener) === true && known.size === 0)
      this.#listeners.delete(name);
    this.#endIfUnheard();
  }

  /** Events from now on, until the broker stops; of all kinds when none is named. */
  read(names: readonly BrokerEventName[]): AsyncIterableIterator<BrokerEvent> {
    const reader = new EventReader(new Set(names), () => {
      this.#readers.delete(reader);
      this.#endIfUnheard();
    });
    this.#readers.add(reader);
    this.#listen();
    if (this.#isStopped) reader.end();
    return reader;
  }

  /** What was told is handed out, and then nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#end?.();
    this.#end = undefined;
    this.#handOut();
    this.#listeners.clear();
    for (const reader of this.#readers) reader.end();
  }

  #listen(): void {
    if (!this.#isStopped) this.#end ??= this.#source.observe((event) => this.#take(event));
  }

  #endIfUnheard(): void {
    if (this.#listeners.size > 0 || this.#readers.size > 0) return;
    this.#end?.();
    this.#end = undefined;
  }

  #take(event: BrokerEvent): void {
    if (this.#readers.size === 0 && !this.#listeners.has(event.type)) return;
    this.#waiting.push(event);
    if (this.#waiting.length === 1) queueMicrotask(() => this.#handOut());
  }

  #handOut(): void {
    const events = this.#waiting;
    this.#waiting = [];
    for (const event of events) {
      for (const reader of this.#readers) reader.take(event);
      for (const listener of this.#listeners.get(event.type) ?? []) hand(event, listener);
    }
  }
}

/** What a listener throws is thrown where nobody catches it: it is no concern of the others. */
function hand(event: BrokerEvent, listener: AnyListener): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** One `for await` over events: what has not been read yet waits. */
class EventReader implements AsyncIterableIterator<BrokerEvent> {
  readonly #names: ReadonlySet<BrokerEventName>;
  readonly #onEnd: () => void;
  readonly #unread = new Ring<BrokerEvent>();
  readonly #asking: ((result: IteratorResult<BrokerEvent>) => void)[] = [];
  #isOver = false;

  /** @param names those that are wanted; none: all of them */
  constructor(names: ReadonlySet<BrokerEventName>, onEnd: () => void) {
    this.#names = names;
    this.#onEnd = onEnd;
  }

  take(event: BrokerEvent): void {
    if (this.#names.size > 0 && !this.#names.has(event.type)) return;
    const ask = this.#asking.shift();
    if (ask === undefined) this.#unread.push(event);
    else ask({ done: false, value: event });
  }

  /** Nothing more will come. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd();
    for (const ask of this.#asking.splice(0)) ask({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<BrokerEvent>> {
    const event = this.#unread.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#asking.push(resolve);
    });
  }

  return(): Promise<IteratorResult<BrokerEvent>> {
    this.end();
    this.#unread.clear();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
