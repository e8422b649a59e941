import type { MessageCounts, Traffic } from '../broker/counts.ts';
import type { QueueTotals } from '../broker/queue-totals.ts';
import type { ManagementHost } from '../management/host.ts';
import type { Labels } from './figure.ts';

/** A number that is told of each thing of a kind. */
export interface Cell<T> {
  /** Behind those of the thing. */
  readonly labels: Labels | ((subject: T) => Labels);
  /** NaN when there is nothing to tell. */
  of(subject: T): number;
}

/** A metric of each thing of a kind. */
export interface Column<T> {
  /** What its name begins with. */
  readonly owner: 'rabbitmq' | 'leveret';
  /** The rest of it: `queue_messages_ready`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly cells: readonly Cell<T>[];
  /** A sum of it means nothing. */
  readonly isAlone: boolean;
}

/** What was counted in all, also by what is gone. */
export interface Sums {
  /** On channels. */
  readonly counts: MessageCounts;
  /** Messages that were published in confirm mode. */
  readonly confirmsAsked: number;
  readonly traffic: Traffic;
  /** By the names of types of queues. */
  readonly queues: ReadonlyMap<string, QueueTotals>;
}

/** Metrics that are asked for together, by a name. */
export interface Family<T> {
  readonly name: string;
  readonly columns: readonly Column<T>[];
  /** The values of all cells for everything there is and was; without it those of what there is are added up. */
  readonly whole?: (sums: Sums) => readonly number[];
  /** All its columns are also in another family: it is there to be asked for by its name. */
  readonly isPart?: boolean;
  /** Whether there is anything to tell of one. */
  readonly has?: (subject: T) => boolean;
}

/** Something of which there are many. */
export interface Kind<T> {
  readonly families: readonly Family<T>[];
  /** @param isWanted whether a vhost is asked for */
  subjects(host: ManagementHost, isWanted: (vhost: string) => boolean): T[];
  /** As they stand between braces. */
  labels(subject: T): string;
}

export function gauge<T>(name: string, help: string, of: (subject: T) => number): Column<T> {
  return { owner: 'rabbitmq', name, type: 'gauge', help, cells: [{ labels: {}, of }], isAlone: false };
}

export function counter<T>(name: string, help: string, of: (subject: T) => number): Column<T> {
  return { ...gauge(name, help, of), type: 'counter' };
}

/** The values of all cells of one thing. */
export function valuesOf<T>(columns: readonly Column<T>[], subject: T): number[] {
  return columns.flatMap(({ cells }) => cells.map((cell) => cell.of(subject)));
}
