import { AmqpError } from '../wire/errors.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import type { PolicyDefinition } from './policy-keys.ts';
import { STREAM } from './queue-type.ts';
import type { QueueType } from './queue-type.ts';
import { integerOf, textOf } from './term.ts';

/** How much a stream keeps. Limits that are absent are Infinity. */
export interface StreamLimits {
  /** Bytes of all segments. */
  readonly maxLengthBytes: number;
  /** Milliseconds. */
  readonly maxAge: number;
  /** Bytes after which a segment is followed by the next. */
  readonly segmentBytes: number;
}

/** The x-arguments of a stream, read once. */
export interface StreamArguments extends StreamLimits {
  readonly type: QueueType;
}

const MAX_SEGMENT_SIZE = 'x-stream-max-segment-size-bytes';
const FILTER_SIZE = 'x-stream-filter-size-bytes';
const LARGEST_SEGMENT = 3_000_000_000;
const DEFAULT_SEGMENT = 500_000_000;

const SECOND = 1000;
const DAY = 24 * 3600 * SECOND;

/** The units of an age, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  Y: 365 * DAY,
  M: 30 * DAY,
  D: DAY,
  h: 3600 * SECOND,
  m: 60 * SECOND,
  s: SECOND,
};

/** Milliseconds of an age such as `7D`: a whole number above 0 and a unit; undefined for any other text (STR-02). */
export function parseAge(text: string): number | undefined {
  const [, digits, unit] = /^0*([1-9]\d*)([YMDhms])$/.exec(text) ?? [];
  return unit === undefined ? undefined : Number(digits) * (UNITS[unit] as number);
}

/**
 * What is checked last of a new stream (STR-03).
 * @throws {AmqpError} PRECONDITION_FAILED
 */
export function checkStreamArguments(table: FieldTable): void {
  if (integer(table.get(MAX_SEGMENT_SIZE), 0) > LARGEST_SEGMENT) {
    throw new AmqpError('PRECONDITION_FAILED', `Exceeded max value for ${MAX_SEGMENT_SIZE}`);
  }
  const filterSize = integer(table.get(FILTER_SIZE), 16);
  if (filterSize < 16 || filterSize > 255) {
    throw new AmqpError('PRECONDITION_FAILED', `Invalid value for ${FILTER_SIZE}`);
  }
}

/** Of arguments that were checked. */
export function readStreamArguments(table: FieldTable): StreamArguments {
  return {
    type: STREAM,
    maxLengthBytes: integer(table.get('x-max-length-bytes'), Infinity),
    maxAge: parseAge(textOf(table.get('x-max-age')) ?? '') ?? Infinity,
    segmentBytes: integer(table.get(MAX_SEGMENT_SIZE), DEFAULT_SEGMENT),
  };
}

/** What holds for a stream: of each a policy wins over the argument. */
export function streamLimits(args: StreamArguments, definition: PolicyDefinition): StreamLimits {
  return {
    maxLengthBytes: definition['max-length-bytes'] ?? args.maxLengthBytes,
    maxAge: parseAge(definition['max-age'] ?? '') ?? args.maxAge,
    segmentBytes: definition['stream-max-segment-size-bytes'] ?? args.segmentBytes,
  };
}

function integer(value: FieldValue | undefined, absent: number): number {
  return value === undefined ? absent : Number(integerOf(value));
}
