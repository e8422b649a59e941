import { longstr } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import { textOf } from './term.ts';

/** What distinguishes the types of queues where they are declared and consumed from. */
export interface QueueType {
  /** As `x-queue-type` has it. */
  readonly name: 'classic' | 'quorum' | 'stream';
  /** As RabbitMQ's texts have it (ARG-02). */
  readonly module: string;
  /** The arguments it has, in the order in which a redeclaration compares them (ARG-05, ARG-08). */
  readonly arguments: readonly string[];
  /** The arguments its consumers have (QUE-14). */
  readonly consumerArguments: readonly string[];
  /** It is durable, belongs to no connection, is not auto-delete, and has a name of its own (QUE-17, QUE-18). */
  readonly isReplicated: boolean;
}

export const CLASSIC: QueueType = {
  name: 'classic',
  module: 'rabbit_classic_queue',
  arguments: [
    'x-expires',
    'x-message-ttl',
    'x-dead-letter-exchange',
    'x-dead-letter-routing-key',
    'x-max-length',
    'x-max-length-bytes',
    'x-max-priority',
    'x-overflow',
    'x-queue-mode',
    'x-queue-version',
    'x-single-active-consumer',
    'x-queue-type',
    'x-queue-master-locator',
    'x-queue-leader-locator',
  ],
  consumerArguments: ['x-priority'],
  isReplicated: false,
};

export const QUORUM: QueueType = {
  name: 'quorum',
  module: 'rabbit_quorum_queue',
  arguments: [
    'x-dead-letter-exchange',
    'x-dead-letter-routing-key',
    'x-dead-letter-strategy',
    'x-expires',
    'x-max-length',
    'x-max-length-bytes',
    'x-max-in-memory-length',
    'x-max-in-memory-bytes',
    'x-overflow',
    'x-single-active-consumer',
    'x-queue-type',
    'x-quorum-initial-group-size',
    'x-delivery-limit',
    'x-message-ttl',
    'x-queue-leader-locator',
    'x-delayed-retry-type',
    'x-delayed-retry-min',
    'x-delayed-retry-max',
  ],
  consumerArguments: ['x-priority'],
  isReplicated: true,
};

export const STREAM: QueueType = {
  name: 'stream',
  module: 'rabbit_stream_queue',
  arguments: [
    'x-max-length-bytes',
    'x-queue-type',
    'x-max-age',
    'x-stream-max-segment-size-bytes',
    'x-stream-filter-size-bytes',
    'x-initial-cluster-size',
    'x-queue-leader-locator',
  ],
  consumerArguments: ['x-stream-offset', 'x-stream-filter', 'x-stream-match-unfiltered'],
  isReplicated: true,
};

const queueTypes: readonly QueueType[] = [CLASSIC, QUORUM, STREAM];

/** The type `x-queue-type` names: classic when it is absent or empty (ARG-13); undefined when nobody has it. */
export function queueTypeOf(table: FieldTable): QueueType | undefined {
  const value = table.get('x-queue-type');
  const name = value === undefined ? '' : textOf(value);
  return name === '' ? CLASSIC : queueTypes.find((type) => type.name === name);
}

/** The value of `x-queue-type` as it is stored and compared (GEN-35). */
export function typeArgument({ name }: QueueType): FieldValue {
  return longstr(name);
}

/** Every argument that queues of some type have. */
export const allArguments: ReadonlySet<string> = new Set(queueTypes.flatMap((type) => type.arguments));
const allConsumerArguments = new Set(queueTypes.flatMap((type) => type.consumerArguments));

/** The first argument only other types have (ARG-05); what no type has is kept and ignored. */
export function foreignArgument(type: QueueType, table: FieldTable): string | undefined {
  return firstForeign(table, allArguments, type.arguments);
}

/** The same for the arguments of a consumer (CNS-11). */
export function foreignConsumerArgument(type: QueueType, table: FieldTable): string | undefined {
  return firstForeign(table, allConsumerArguments, type.consumerArguments);
}

function firstForeign(
  table: FieldTable,
  known: ReadonlySet<string>,
  own: readonly string[],
): string | undefined {
  for (const name of table.keys()) if (known.has(name) && !own.includes(name)) return name;
  return undefined;
}
