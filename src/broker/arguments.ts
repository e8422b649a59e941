import { AmqpError } from '../wire/errors.ts';
import { typeNames } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import { badValue, notText } from './argument-values.ts';
import {
  CLASSIC,
  foreignArgument,
  foreignConsumerArgument,
  queueTypeOf,
  QUORUM,
  typeArgument,
} from './queue-type.ts';
import type { QueueType } from './queue-type.ts';
import { integerOf, printValue, sameValue, textOf } from './term.ts';

export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx';
/** Which messages that came back wait before they are tried again: those that failed, those that did not, all (DLV-09). */
export type DelayedRetryType = (typeof delayedRetryTypes)[number];
export type DeadLetterStrategy = 'at-most-once' | 'at-least-once';

/** The x-arguments of a queue, read once: what was declared. Limits that are absent are Infinity. */
export interface QueueArguments {
  readonly type: QueueType;
  /** Milliseconds; Infinity when absent. */
  readonly messageTtl: number;
  /** Milliseconds without use after which the queue is deleted; Infinity when absent. */
  readonly expires: number;
  readonly deadLetterExchange: string | undefined;
  readonly deadLetterRoutingKey: string | undefined;
  readonly deadLetterStrategy: DeadLetterStrategy | undefined;
  /** Ready messages. */
  readonly maxLength: number;
  /** Bytes of the bodies of ready messages. */
  readonly maxLengthBytes: number;
  readonly overflow: Overflow | undefined;
  /** 0 for a queue without priorities; 1 for a quorum queue, which knows two levels (QUE-37). */
  readonly maxPriority: number;
  readonly singleActiveConsumer: boolean;
  /** How often a message may come back (DLV-02); below 0: as often as it likes. */
  readonly deliveryLimit: number | undefined;
  readonly delayedRetryType: DelayedRetryType | undefined;
  /** Milliseconds. */
  readonly delayedRetryMin: number | undefined;
  /** Milliseconds. */
  readonly delayedRetryMax: number | undefined;
}

const delayedRetryTypes = ['all', 'failed', 'returned', 'disabled'] as const;

/** In a quorum queue, what is above is served twice as often (QUE-37). */
const HIGHEST_NORMAL_PRIORITY = 4;

/** The line a message of this priority stands in, 0 to `maxPriority` (QUE-35, QUE-37). */
export function laneOf({ type, maxPriority }: QueueArguments, priority: number): number {
  if (type === QUORUM) return priority > HIGHEST_NORMAL_PRIORITY ? 1 : 0;
  return Math.min(priority, maxPriority);
}

/** `queue 'Q' in vhost 'VH'`, as every text has it (GEN-05). */
export function queueLabel(vhost: string, name: string): string {
  return `queue '${name}' in vhost '${vhost}'`;
}

/**
 * Refuses a wrong type of `x-dead-letter-exchange`: the first check of a new queue, before permissions (DLX-04).
 * @param label the queue, as in texts
 */
export function checkDeadLetterExchange(label: string, table: FieldTable): void {
  const value = table.get('x-dead-letter-exchange');
  if (value === undefined || value.tag === 'S') return;
  const type = typeNames[value.tag];
  throw new AmqpError(
    'PRECONDITION_FAILED',
    `invalid type '${type}' for arg 'x-dead-letter-exchange' in ${label}`,
  );
}

/**
 * Checks the arguments of a new queue and reads them (ARG-01, ARG-02).
 * @param label the queue, as in texts
 * @throws {AmqpError} PRECONDITION_FAILED naming the first argument that is wrong
 */
export function readQueueArguments(label: string, table: FieldTable): QueueArguments {
  const type = checkedQueueType(label, table);
  const wrong = wrongArgument(type, table);
  if (wrong !== undefined) throw invalid(label, wrong.name, wrong.why);
  return readArguments(type, table);
}

/**
 * The same for a queue that is there: another version may have declared it, and what is refused today counts as absent.
 * @throws {AmqpError} PRECONDITION_FAILED when it is of a type that nobody knows
 */
export function readKnownArguments(label: string, table: FieldTable): QueueArguments {
  const type = checkedQueueType(label, table);
  const usable = new Map(table);
  for (let wrong = wrongArgument(type, usable); wrong !== undefined; wrong = wrongArgument(type, usable)) {
    usable.delete(wrong.name);
  }
  return readArguments(type, usable);
}

/** The first argument that is wrong, and how the text about it goes on. */
function wrongArgument(
  type: QueueType,
  table: FieldTable,
): { readonly name: string; readonly why: string } | undefined {
  const bad = badValue(type, table);
  if (bad !== undefined) return { name: bad.name, why: `: ${bad.reason}` };
  const foreign = foreignArgument(type, table);
  return foreign === undefined ? undefined : { name: foreign, why: ` of queue type ${type.module}` };
}

function readArguments(type: QueueType, table: FieldTable): QueueArguments {
  return {
    type,
    messageTtl: number(table, 'x-message-ttl', Infinity),
    expires: number(table, 'x-expires', Infinity),
    deadLetterExchange: textOf(table.get('x-dead-letter-exchange')),
    deadLetterRoutingKey: textOf(table.get('x-dead-letter-routing-key')),
    deadLetterStrategy: textOf(table.get('x-dead-letter-strategy')) as DeadLetterStrategy | undefined,
    maxLength: number(table, 'x-max-length', Infinity),
    maxLengthBytes: number(table, 'x-max-length-bytes', Infinity),
    overflow: textOf(table.get('x-overflow')) as Overflow | undefined,
    maxPriority: type === QUORUM ? 1 : number(table, 'x-max-priority', 0),
    singleActiveConsumer: table.get('x-single-active-consumer')?.value === true,
    deliveryLimit: looseInteger(table, 'x-delivery-limit'),
    delayedRetryType: delayedRetryTypes.find((one) => one === textOf(table.get('x-delayed-retry-type'))),
    delayedRetryMin: looseInteger(table, 'x-delayed-retry-min'),
    delayedRetryMax: looseInteger(table, 'x-delayed-retry-max'),
  };
}

function checkedQueueType(label: string, table: FieldTable): QueueType {
  const type = queueTypeOf(table);
  if (type !== undefined) return type;
  const value = table.get('x-queue-type') as FieldValue;
  const text = textOf(value);
  if (text === undefined) throw invalid(label, 'x-queue-type', `: ${notText(value)}`);
  throw unsupportedQueueType(label, text);
}

function unsupportedQueueType(label: string, type: string): AmqpError {
  return invalid(label, 'x-queue-type', `: "unsupported queue type '${type}'"`);
}

/** Of an argument that is not checked: what is no integer counts as absent (DLV-01, DLV-09). */
function looseInteger(table: FieldTable, name: string): number | undefined {
  const value = table.get(name);
  const integer = value === undefined ? undefined : integerOf(value);
  return integer === undefined ? undefined : Number(integer);
}

/** Refuses what replicated queues cannot be, in RabbitMQ's order (QUE-17). */
export function checkProperties(
  { type }: QueueArguments,
  label: string,
  asked: { readonly durable: boolean; readonly exclusive: boolean; readonly autoDelete: boolean },
): void {
  if (!type.isReplicated) return;
  const property = asked.autoDelete
    ? 'auto-delete'
    : asked.exclusive
      ? 'exclusive-owner'
      : asked.durable
        ? undefined
        : 'non-durable';
  if (property === undefined) return;
  throw new AmqpError('PRECONDITION_FAILED', `invalid property '${property}' for ${label}`);
}

/** Refuses to name a queue of a type that cannot be named by the broker (QUE-18). */
export function checkMayBeNamed(table: FieldTable): void {
  const type = queueTypeOf(table);
  if (type === undefined || !type.isReplicated) return;
  const text = `Cannot declare a server-named queue for type ${type.module}`;
  throw new AmqpError('PRECONDITION_FAILED', text);
}

function number(table: FieldTable, name: string, absent: number): number {
  const value = table.get(name);
  return value === undefined ? absent : Number(integerOf(value));
}

function invalid(label: string, name: string, rest: string): AmqpError {
  return new AmqpError('PRECONDITION_FAILED', `invalid arg '${name}' for ${label}${rest}`);
}

/** The arguments as they are stored: with the effective type (GEN-35, ARG-13). */
export function storedQueueArguments({ type }: QueueArguments, table: FieldTable): FieldTable {
  return new Map([...table, ['x-queue-type', typeArgument(type)]]);
}

/**
 * Refuses a redeclaration whose arguments differ from those of the queue (ARG-08, ARG-09).
 * @throws {AmqpError} PRECONDITION_FAILED for the first difference
 */
export function checkSameQueueArguments(
  { type }: Pick<QueueArguments, 'type'>,
  label: string,
  received: FieldTable,
  current: FieldTable,
): void {
  for (const name of type.arguments) {
    let value = received.get(name);
    if (name === 'x-queue-type' && (value === undefined || textOf(value) === ''))
      value = typeArgument(CLASSIC);
    checkSameArgument(label, name, value, current.get(name));
  }
}

/** @throws {AmqpError} PRECONDITION_FAILED when a value differs, appeared or is gone (ARG-11, EXC-08) */
export function checkSameArgument(
  label: string,
  name: string,
  received: FieldValue | undefined,
  current: FieldValue | undefined,
): void {
  if (received === undefined && current === undefined) return;
  if (received !== undefined && current !== undefined) {
    if (sameValue(received, current)) return;
    throw inequivalent(label, name, `${quoted(received)} but current is ${quoted(current)}`);
  }
  const gone = received === undefined ? 'none but current is ' : '';
  const lone = (received ?? current) as FieldValue;
  const value = `the value '${printValue(lone)}' of type '${typeNames[lone.tag]}'`;
  throw inequivalent(label, name, `${gone}${value}${gone === '' ? ' but current is none' : ''}`);
}

/** A void value reads as if it were absent. */
function quoted(value: FieldValue): string {
  return value.tag === 'V' ? 'none' : `'${printValue(value)}'`;
}

export function inequivalent(label: string, name: string, received: string): AmqpError {
  return new AmqpError(
    'PRECONDITION_FAILED',
    `inequivalent arg '${name}' for ${label}: received ${received}`,
  );
}

/** The `x-priority` of a consumer, any integer (CNS-09); arguments of other queue types are refused (CNS-11). */
export function consumerPriority(type: QueueType, label: string, table: FieldTable): number {
  const foreign = foreignConsumerArgument(type, table);
  if (foreign !== undefined) throw invalid(label, foreign, ` of queue type ${type.module}`);
  const value = table.get('x-priority');
  if (value === undefined) return 0;
  const priority = integerOf(value);
  if (priority !== undefined) return Number(priority);
  throw invalid(label, 'x-priority', `: "expected integer, got ${typeNames[value.tag]}"`);
}
