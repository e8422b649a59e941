import type { Broker } from '../broker/broker.ts';
import type { Clock } from '../broker/clock.ts';
import type { Histogram } from '../broker/histogram.ts';
import type { Alarms } from '../server/alarms.ts';
import type { ServerLimits } from '../server/limits.ts';
import type { Log } from '../server/log.ts';
import type { Sampler } from './sampler.ts';

/** Where faults are asked for and counted, in JSON. A text in an answer says what is wrong with what was asked. */
export interface FaultDesk {
  add(asked: unknown): object | string;
  list(): readonly object[];
  get(id: number): object | undefined;
  /** Returns whether it was there. */
  remove(id: number): boolean;
  clear(): void;
  seed(seed: unknown): string | void;
  kinds(): object;
}

/** Where something listens. */
export interface ListenerFacts {
  /** As RabbitMQ names it: `amqp`, `amqp/ssl`, `http`, `https`, `http/prometheus`. */
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
}

/** What the store did since it was opened, and what it holds. */
export interface StoreFacts {
  /** How long commits took, in milliseconds. */
  readonly commitLatency: Histogram;
  /** What of messages was recorded in each, in bytes. */
  readonly commitBytes: Histogram;
  readonly pages: number;
  /** Bytes of the pages on disk, of those that are needed, and of those that are in memory, too. */
  readonly diskBytes: number;
  readonly liveBytes: number;
  readonly memoryBytes: number;
  /** What compaction wrote anew. */
  readonly movedPages: number;
  readonly movedBytes: number;
}

/** What the node has and uses. */
export interface NodeFacts {
  /** Real time, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** All but the management API itself: more are added when they listen. */
  readonly listeners: ListenerFacts[];
  /** The data directory; undefined when everything is in memory. */
  readonly data: string | undefined;
  /** Undefined when everything is in memory. */
  readonly store: StoreFacts | undefined;
  /** Bytes beyond which memory is low; Infinity: never. */
  readonly memoryHigh: number;
  /** Bytes below which the disk is low; 0: never. */
  readonly diskFreeLimit: number;
  /** Bytes, as the alarm counts them. */
  usedMemory(): number;
  /** Bytes, of the disk of the data, or where the process runs. */
  freeDisk(): Promise<number>;
  /** How late the event loop was since somebody asked last, in seconds, by quantiles: 0.99. */
  loopDelay(): ReadonlyMap<number, number>;
  /** The certificates it shows at the moment, in PEM; undefined without TLS. */
  certificates(): Buffer | undefined;
}

/** What the management API is told about the node it belongs to. */
export interface ManagementHost {
  readonly broker: Broker;
  /** Undefined when faults are not allowed. */
  readonly faults: FaultDesk | undefined;
  readonly log: Log;
  /** `leveret@localhost`: the only node of its cluster. */
  readonly nodeName: string;
  /** The RabbitMQ whose behaviour is followed: `4.2.0`. */
  readonly actsAs: string;
  /** Real time, also where the broker's is moved by hand. */
  readonly wallClock: Clock;
  readonly alarms: Alarms;
  readonly limits: ServerLimits;
  readonly node: NodeFacts;
  /** Name and version of this broker, and of what it runs on. */
  readonly platform: string;
  readonly clock: ManagementClock;
}

/** The clock of the broker as it is. Times are milliseconds since the epoch. */
export interface ClockStatus {
  readonly mode: 'real' | 'manual';
  readonly isFrozen: boolean;
  readonly autoAdvance: boolean;
  readonly now: number;
  /** Undefined when nothing will happen by itself. */
  readonly nextDeadline: number | undefined;
}

/** The ways to move a clock. */
export type ClockMove = 'advance' | 'run' | 'settle' | 'freeze' | 'resume' | 'auto';

/** The clock of the broker, for those who may move it. */
export interface ManagementClock {
  status(): ClockStatus;
  /**
   * Moves it in one of the ways there are, and resolves when that is done.
   * @throws {Refusal} 400 when the request cannot be read, or when it is not to be moved by hand
   */
  move(how: ClockMove, request: Readonly<Record<string, unknown>>): Promise<void>;
}

/** The same with what the API keeps beside it. */
export interface ManagementContext extends ManagementHost {
  readonly sampler: Sampler;
  /** All listeners, its own included. */
  readonly listeners: () => readonly ListenerFacts[];
  /** Something was thrown that nobody asked for: a bug, for the log. */
  readonly onFault: (error: unknown) => void;
}
