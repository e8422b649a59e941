import { AmqpError } from '../wire/errors.ts';
import { typeNames } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import { parseAge } from './stream-arguments.ts';
import type { StreamLog } from './stream-log.ts';
import { integerOf, printTerm, textOf } from './term.ts';

const NEXT: FieldValue = { tag: 'S', value: Buffer.from('next') };

/**
 * Where a new consumer begins to read (STR-08).
 * @param label the stream, as in texts
 * @throws {AmqpError} PRECONDITION_FAILED for an `x-stream-offset` that means nothing
 */
export function startOffset(label: string, table: FieldTable, log: StreamLog, now: number): number {
  const value = table.get('x-stream-offset') ?? NEXT;
  if (value.tag === 'T') return log.notOlder(Number(value.value) * 1000);
  const text = textOf(value);
  if (text === 'first') return log.firstOffset;
  if (text === 'last') return log.lastChunk;
  if (text === 'next') return log.nextOffset;
  const age = text === undefined ? undefined : parseAge(text);
  if (age !== undefined) return log.notOlder(now - age);
  const offset = integerOf(value);
  if (offset !== undefined) return Math.max(Number(offset), log.firstOffset);
  const reason = `{invalid_stream_offset_arg,{${typeNames[value.tag]},${printTerm(value)}}}`;
  throw new AmqpError('PRECONDITION_FAILED', `invalid arg 'x-stream-offset' for ${label}: ${reason}`);
}
