import { AmqpError } from '../wire/errors.ts';
import { typeNames } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import { printTerm, printUnicode, sameValue, textOf } from './term.ts';

const MATCHES = ['all', 'any', 'all-with-x', 'any-with-x'];

/** Refuses a wrong `x-match` when a binding to a headers exchange is made (BND-09). */
export function checkHeadersBinding(table: FieldTable): void {
  const value = table.get('x-match');
  if (value === undefined) return;
  const text = textOf(value);
  const expected = 'expected all, any, all-with-x, or any-with-x';
  if (text === undefined) {
    const received = `Invalid x-match field type ${typeNames[value.tag]} (value ${printTerm(value, printUnicode)})`;
    throw new AmqpError('PRECONDITION_FAILED', `${received}; expected longstr`);
  }
  if (MATCHES.includes(text)) return;
  const printed = printUnicode(Buffer.from(text));
  throw new AmqpError('PRECONDITION_FAILED', `Invalid x-match field value ${printed}; ${expected}`);
}

/** Whether a message with these headers matches a binding's arguments (RTE-10 to RTE-14). */
export function headersMatch(binding: FieldTable, headers: FieldTable): boolean {
  const match = textOf(binding.get('x-match')) ?? 'all';
  const withX = match.endsWith('-with-x');
  const any = match.startsWith('any');
  for (const [key, wanted] of binding) {
    if (key === 'x-match' || (!withX && key.startsWith('x-'))) continue;
    if (valueMatches(wanted, headers.get(key)) === any) return any;
  }
  return !any;
}

/** A void argument asks only that the header is there (RTE-13). */
function valueMatches(wanted: FieldValue, value: FieldValue | undefined): boolean {
  if (value === undefined) return false;
  return wanted.tag === 'V' || sameValue(wanted, value);
}
