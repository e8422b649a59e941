import { AmqpError } from '../wire/errors.ts';
import { longstr, typeNames } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import { LONGEST_TTL } from './expiration.ts';
import { integerOf, printValue, sameValue, textOf } from './term.ts';

type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx';

/** The x-arguments of a queue, read once. Limits that are absent are Infinity, so that nothing has to ask. */
export interface QueueArguments {
  /** Milliseconds; Infinity when absent. */
  readonly messageTtl: number;
  /** Milliseconds without use after which the queue is deleted; Infinity when absent. */
  readonly expires: number;
  readonly deadLetterExchange: string | undefined;
  readonly deadLetterRoutingKey: string | undefined;
  /** Ready messages. */
  readonly maxLength: number;
  /** Bytes of the bodies of ready messages. */
  readonly maxLengthBytes: number;
  readonly overflow: Overflow;
  /** 0 for a queue without priorities. */
  readonly maxPriority: number;
  readonly singleActiveConsumer: boolean;
}

/** What a classic queue supports, in the order in which a redeclaration compares them (ARG-05, ARG-08). */
const CLASSIC = [
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
] as const;

/** What only the other queue types support; names in neither list are kept and ignored (ARG-05). */
const OF_OTHER_TYPES = new Set([
  'x-dead-letter-strategy',
  'x-max-in-memory-length',
  'x-max-in-memory-bytes',
  'x-quorum-initial-group-size',
  'x-delivery-limit',
  'x-max-age',
  'x-stream-max-segment-size-bytes',
  'x-stream-filter-size-bytes',
  'x-initial-cluster-size',
]);

/** Says what is wrong with a value, in RabbitMQ's words; undefined when nothing is. */
type Check = (value: FieldValue, table: FieldTable) => string | undefined;

/** Value checks in the order in which RabbitMQ makes them (ARG-03, ARG-04). */
const checks: readonly (readonly [string, Check])[] = [
  ['x-expires', integer({ least: 1n, most: BigInt(LONGEST_TTL) })],
  ['x-message-ttl', integer({ most: BigInt(LONGEST_TTL) })],
  ['x-dead-letter-exchange', oneType('S')],
  ['x-dead-letter-routing-key', deadLetterRoutingKey],
  ['x-max-length', integer({})],
  ['x-max-length-bytes', integer({})],
  ['x-max-priority', maxPriority],
  ['x-overflow', overflow],
  ['x-queue-mode', queueMode],
  ['x-queue-version', queueVersion],
  ['x-single-active-consumer', oneType('t')],
  ['x-queue-leader-locator', leaderLocator],
];

function integer(range: { least?: bigint; most?: bigint }): Check {
  return (value) => {
    const number = integerOf(value);
    if (number === undefined) return `"expected integer, got ${typeNames[value.tag]}"`;
    if (number < 0n) return `{value_negative,${number}}`;
    if (range.least !== undefined && number < range.least) return '{value_zero,0}';
    if (range.most !== undefined && number > range.most) return `{value_too_large,${number}}`;
    return undefined;
  };
}

function oneType(tag: FieldValue['tag']): Check {
  return (value) => (value.tag === tag ? undefined : `{unacceptable_type,${typeNames[value.tag]}}`);
}

function deadLetterRoutingKey(value: FieldValue, table: FieldTable): string | undefined {
  if (value.tag !== 'S') return oneType('S')(value, table);
  return table.has('x-dead-letter-exchange') ? undefined : 'routing_key_but_no_dlx_defined';
}

function maxPriority(value: FieldValue, table: FieldTable): string | undefined {
  const number = integerOf(value);
  return number !== undefined && number > 255n ? `{max_value_exceeded,${number}}` : integer({})(value, table);
}

function overflow(value: FieldValue, table: FieldTable): string | undefined {
  const known = ['drop-head', 'reject-publish', 'reject-publish-dlx'];
  const text = textOf(value);
  if (text === undefined) return oneType('S')(value, table);
  return known.includes(text) ? undefined : 'invalid_overflow';
}

function queueMode(value: FieldValue, table: FieldTable): string | undefined {
  const text = textOf(value);
  if (text === undefined) return oneType('S')(value, table);
  return text === 'default' || text === 'lazy' ? undefined : `"unsupported queue mode '${text}'"`;
}

/** Where a replica leads means nothing on one node, but a wrong name is a mistake (QUE-19). */
function leaderLocator(value: FieldValue, table: FieldTable): string | undefined {
  const known = ['client-local', 'balanced', 'random', 'least-leaders'];
  const text = textOf(value);
  if (text === undefined) return oneType('S')(value, table);
  return known.includes(text) ? undefined : 'invalid_queue_locator_arg';
}

function queueVersion(value: FieldValue, table: FieldTable): string | undefined {
  const number = integerOf(value);
  if (number === undefined || number < 0n) return integer({})(value, table);
  return number === 1n || number === 2n ? undefined : `"unsupported queue version '${number}'"`;
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
  checkQueueType(label, table);
  for (const [name, check] of checks) {
    const value = table.get(name);
    const reason = value === undefined ? undefined : check(value, table);
    if (reason !== undefined) throw invalid(label, name, `: ${reason}`);
  }
  for (const name of table.keys()) {
    if (OF_OTHER_TYPES.has(name)) throw invalid(label, name, ' of queue type rabbit_classic_queue');
  }
  return {
    messageTtl: number(table, 'x-message-ttl', Infinity),
    expires: number(table, 'x-expires', Infinity),
    deadLetterExchange: textOf(table.get('x-dead-letter-exchange')),
    deadLetterRoutingKey: textOf(table.get('x-dead-letter-routing-key')),
    maxLength: number(table, 'x-max-length', Infinity),
    maxLengthBytes: number(table, 'x-max-length-bytes', Infinity),
    overflow: (textOf(table.get('x-overflow')) ?? 'drop-head') as Overflow,
    maxPriority: number(table, 'x-max-priority', 0),
    singleActiveConsumer: table.get('x-single-active-consumer')?.value === true,
  };
}

function checkQueueType(label: string, table: FieldTable): void {
  const value = table.get('x-queue-type');
  if (value === undefined) return;
  const text = textOf(value);
  const reason =
    text === undefined
      ? oneType('S')(value, table)
      : isClassic(text)
        ? undefined
        : `"unsupported queue type '${text}'"`;
  if (reason !== undefined) throw invalid(label, 'x-queue-type', `: ${reason}`);
}

/** The empty name means the default type (ARG-13). */
function isClassic(type: string): boolean {
  return type === '' || type === 'classic';
}

function number(table: FieldTable, name: string, absent: number): number {
  const value = table.get(name);
  return value === undefined ? absent : Number(integerOf(value));
}

function invalid(label: string, name: string, rest: string): AmqpError {
  return new AmqpError('PRECONDITION_FAILED', `invalid arg '${name}' for ${label}${rest}`);
}

const CLASSIC_TYPE = longstr('classic');

/** The arguments as they are stored: with the effective type (GEN-35, ARG-13). */
export function storedQueueArguments(table: FieldTable): FieldTable {
  return new Map([...table, ['x-queue-type', CLASSIC_TYPE]]);
}

/**
 * Refuses a redeclaration whose arguments differ from those of the queue (ARG-08, ARG-09).
 * @throws {AmqpError} PRECONDITION_FAILED for the first difference
 */
export function checkSameQueueArguments(label: string, received: FieldTable, current: FieldTable): void {
  for (const name of CLASSIC) {
    let value = received.get(name);
    if (name === 'x-queue-type' && (value === undefined || textOf(value) === '')) value = CLASSIC_TYPE;
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
export function consumerPriority(label: string, table: FieldTable): number {
  for (const name of ['x-stream-offset', 'x-stream-filter', 'x-stream-match-unfiltered']) {
    if (table.has(name)) throw invalid(label, name, ' of queue type rabbit_classic_queue');
  }
  const value = table.get('x-priority');
  if (value === undefined) return 0;
  const priority = integerOf(value);
  if (priority !== undefined) return Number(priority);
  throw invalid(label, 'x-priority', `: "expected integer, got ${typeNames[value.tag]}"`);
}
