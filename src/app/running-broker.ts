import type { Duplex } from 'node:stream';
import type { Explanation } from '../advice/explanation.ts';
import type { AskedQuestion } from '../advice/question.ts';
import type { Why } from '../advice/why.ts';
import type { BrokerEvent, BrokerEventName, EventOf } from '../broker/observer.ts';
import type { Advice, WhyOptions } from './advice.ts';
import type { BrokerClock } from './broker-clock.ts';
import type { BrokerState } from './broker-state.ts';
import type { BrokerView } from './broker-view.ts';
import type { FaultRequests } from './fault-requests.ts';
import type { EventFeed, EventListener } from './event-feed.ts';
import { OptionError } from './options.ts';

/** Where a broker can be reached, and how it is stopped. */
export interface BrokerAddresses {
  /** Undefined when it listens on no port. */
  readonly url: string | undefined;
  readonly port: number | undefined;
  readonly tlsUrl: string | undefined;
  readonly tlsPort: number | undefined;
  readonly managementUrl: string | undefined;
  readonly metricsUrl: string | undefined;
  readonly data: string | undefined;
}

export interface BrokerControls {
  readonly clock: BrokerClock;
  readonly faults: FaultRequests;
  readonly feed: EventFeed;
  readonly view: BrokerView;
  readonly state: BrokerState;
  readonly advice: Advice;
  addVhost(name: string): void;
  deleteVhost(name: string): boolean;
  connect(): Duplex;
  stop(): Promise<void>;
}

/** A running broker. */
export class RunningBroker implements AsyncIterable<BrokerEvent> {
  /** The same as `url`, for TLS; undefined without it. */
  readonly tlsUrl: string | undefined;
  readonly tlsPort: number | undefined;
  /** The management HTTP API: `http://HOST:PORT`; undefined without it. */
  readonly managementUrl: string | undefined;
  /** Metrics in Prometheus' format for anybody: `http://HOST:PORT/metrics`; undefined without a port for them. */
  readonly metricsUrl: string | undefined;
  /** The data directory, absolute; undefined when everything is in memory. */
  readonly data: string | undefined;
  /** What time it is in the broker, and how to move it. */
  readonly clock: BrokerClock;
  /** What it does wrong because it is asked to. */
  readonly faults: FaultRequests;
  /** What there is in it at this moment. */
  readonly view: BrokerView;
  readonly #url: string | undefined;
  readonly #port: number | undefined;
  readonly #controls: BrokerControls;

  constructor(addresses: BrokerAddresses, controls: BrokerControls) {
    const { url, port, tlsUrl, tlsPort, managementUrl, metricsUrl, data } = addresses;
    this.#url = url;
    this.#port = port;
    this.tlsUrl = tlsUrl;
    this.tlsPort = tlsPort;
    this.managementUrl = managementUrl;
    this.metricsUrl = metricsUrl;
    this.data = data;
    this.clock = controls.clock;
    this.faults = controls.faults;
    this.view = controls.view;
    this.#controls = controls;
  }

  /**
   * Where clients connect: `amqp://guest:guest@HOST:PORT`; without a login once `guest` has another password.
   * @throws {OptionError} when it was started with `port: false`
   */
  get url(): string {
    return this.#url ?? listensNowhere();
  }

  /** @throws {OptionError} when it was started with `port: false` */
  get port(): number {
    return this.#port ?? listensNowhere();
  }

  /**
   * A connection without a socket: the client's end of it, on which AMQP is spoken as on any other. It counts as one
   * from this machine.
   */
  connect(): Duplex {
    return this.#controls.connect();
  }

  /** Calls `listener` for every event of this kind from now on: in order, and soon after it happened. */
  on<N extends BrokerEventName>(name: N, listener: EventListener<N>): this {
    this.#controls.feed.on(name, listener);
    return this;
  }

  /** Ends what `on` began. */
  off<N extends BrokerEventName>(name: N, listener: EventListener<N>): this {
    this.#controls.feed.off(name, listener);
    return this;
  }

  /** Events of these kinds from now on, until the broker stops; all of them when none is named. */
  events<N extends BrokerEventName = BrokerEventName>(...names: N[]): AsyncIterableIterator<EventOf<N>> {
    return this.#controls.feed.read(names) as AsyncIterableIterator<EventOf<N>>;
  }

  /** All events from now on. */
  [Symbol.asyncIterator](): AsyncIterableIterator<BrokerEvent> {
    return this.#controls.feed.read([]);
  }

  /** Adds a vhost in which every administrator may do everything. One that is there stays as it is. */
  addVhost(name: string): void {
    this.#controls.addVhost(name);
  }

  /**
   * Deletes a vhost with all that is in it, and closes its connections.
   * @returns whether there was one
   */
  deleteVhost(name: string): boolean {
    return this.#controls.deleteVhost(name);
  }

  /**
   * Everything there is in a broker in memory, with its time, as bytes that may be kept in a file: definitions, messages
   * with their deadlines, streams. What is unacked is there as it would come back, redelivered; connections, and
   * exclusive queues with them, are not.
   * @throws {StoreError} when there is a data directory
   */
  snapshot(): Promise<Buffer> {
    return this.#controls.state.take();
  }

  /**
   * Goes back to a snapshot: what is there now goes, connections are closed, and time is what it was then.
   * @throws {StoreError} when these bytes are none, or there is a data directory
   */
  restore(snapshot: Uint8Array): Promise<void> {
    return this.#controls.state.restore(snapshot);
  }

  /**
   * What would become of a message if it were published now: played through in a copy of what there is, without the
   * broker noticing. docs/explain.md explains what is taken for granted.
   * @throws {QuestionError} when the exchange, or something else it is about, does not exist
   * @throws {OptionError} when the question is not as it should be
   */
  explain(question: AskedQuestion): Explanation {
    return this.#controls.advice.explain(question);
  }

  /**
   * Why messages of a queue are not delivered at this moment: consumers that cannot take more, or a head that keeps
   * others waiting. docs/explain.md has all reasons.
   * @throws {QuestionError} when there is no such vhost or queue
   */
  why(queue: string, options: WhyOptions = {}): Why {
    return this.#controls.advice.why(queue, options);
  }

  /** Takes no more connections, closes those that are open, writes what is left. May be called again. */
  stop(): Promise<void> {
    return this.#controls.stop();
  }
}

function listensNowhere(): never {
  throw new OptionError('this broker listens on no port: connect() gives a connection without one');
}
