import { typeNames } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import { LONGEST_TTL } from './expiration.ts';
import type { QueueType } from './queue-type.ts';
import { integerOf, textOf } from './term.ts';

/** Says what is wrong with a value, in RabbitMQ's words; undefined when nothing is. */
type Check = (value: FieldValue, table: FieldTable) => string | undefined;

/** Value checks in the order in which RabbitMQ makes them (ARG-03, ARG-04); of those not here any value will do. */
const checks: readonly (readonly [string, Check])[] = [
  ['x-expires', integer({ least: 1n, most: BigInt(LONGEST_TTL) })],
  ['x-message-ttl', integer({ most: BigInt(LONGEST_TTL) })],
  ['x-dead-letter-exchange', oneType('S')],
  ['x-dead-letter-routing-key', deadLetterRoutingKey],
  ['x-dead-letter-strategy', oneOf(['at-most-once', 'at-least-once'], 'invalid_dlx_strategy')],
  ['x-max-length', integer({})],
  ['x-max-length-bytes', integer({})],
  ['x-max-in-memory-length', integer({})],
  ['x-max-in-memory-bytes', integer({})],
  ['x-max-priority', maxPriority],
  ['x-overflow', oneOf(['drop-head', 'reject-publish', 'reject-publish-dlx'], 'invalid_overflow')],
  ['x-queue-mode', queueMode],
  ['x-queue-version', queueVersion],
  ['x-single-active-consumer', oneType('t')],
  ['x-max-age', maxAge],
  ['x-stream-max-segment-size-bytes', integer({})],
  ['x-stream-filter-size-bytes', integer({})],
  ['x-initial-cluster-size', integer({ least: 1n })],
  ['x-quorum-initial-group-size', integer({ least: 1n })],
  // Where a replica leads means nothing on one node, but a wrong name is a mistake (QUE-19).
  [
    'x-queue-leader-locator',
    oneOf(['client-local', 'balanced', 'random', 'least-leaders'], 'invalid_queue_locator_arg'),
  ],
];

/** The first bad value of an argument the type has: its name and RabbitMQ's reason. */
export function badValue(
  type: QueueType,
  table: FieldTable,
): { readonly name: string; readonly reason: string } | undefined {
  for (const [name, check] of checks) {
    const value = table.get(name);
    if (value === undefined || !type.arguments.includes(name)) continue;
    const reason = check(value, table);
    if (reason !== undefined) return { name, reason };
  }
  return undefined;
}

/** Why a value cannot be a string, when it is none. */
export function notText(value: FieldValue): string {
  return `{unacceptable_type,${typeNames[value.tag]}}`;
}

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
  return (value) => (value.tag === tag ? undefined : notText(value));
}

function oneOf(known: readonly string[], reason: string): Check {
  return (value) => {
    const text = textOf(value);
    if (text === undefined) return notText(value);
    return known.includes(text) ? undefined : reason;
  };
}

function deadLetterRoutingKey(value: FieldValue, table: FieldTable): string | undefined {
  if (value.tag !== 'S') return notText(value);
  return table.has('x-dead-letter-exchange') ? undefined : 'routing_key_but_no_dlx_defined';
}

function maxPriority(value: FieldValue, table: FieldTable): string | undefined {
  const number = integerOf(value);
  return number !== undefined && number > 255n ? `{max_value_exceeded,${number}}` : integer({})(value, table);
}

function queueMode(value: FieldValue): string | undefined {
  const text = textOf(value);
  if (text === undefined) return notText(value);
  return text === 'default' || text === 'lazy' ? undefined : `"unsupported queue mode '${text}'"`;
}

function queueVersion(value: FieldValue, table: FieldTable): string | undefined {
  const number = integerOf(value);
  if (number === undefined || number < 0n) return integer({})(value, table);
  return number === 1n || number === 2n ? undefined : `"unsupported queue version '${number}'"`;
}

/** A whole number of years, months, days, hours, minutes or seconds. */
function maxAge(value: FieldValue): string | undefined {
  const text = textOf(value);
  if (text === undefined) return notText(value);
  return /^0*[1-9]\d*[YMDhms]$/.test(text) ? undefined : 'invalid_max_age';
}
