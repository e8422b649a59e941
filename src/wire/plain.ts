import { Buffer, isUtf8 } from 'node:buffer';
import type { FieldTable, FieldValue } from './table.ts';

/** A value of a field table as a program would write it. */
export type PlainValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | Buffer
  | readonly PlainValue[]
  | { readonly [name: string]: PlainValue };

/**
 * A field table as an object: long strings as text unless they are none, integers as numbers where these are exact,
 * timestamps as dates.
 */
export function plainTable(table: FieldTable): { readonly [name: string]: PlainValue } {
  return Object.fromEntries([...table].map(([name, value]) => [name, plainValue(value)]));
}

function plainValue(field: FieldValue): PlainValue {
  switch (field.tag) {
    case 'S':
      return isUtf8(field.value) ? field.value.toString('utf8') : field.value;
    case 'T':
      return new Date(Number(field.value) * 1000);
    case 'l':
    case 'L':
      return Number.isSafeInteger(Number(field.value)) ? Number(field.value) : field.value;
    case 'D':
      return field.value.digits / 10 ** field.value.scale;
    case 'A':
      return field.value.map(plainValue);
    case 'F':
      return plainTable(field.value);
    default:
      return field.value;
  }
}
