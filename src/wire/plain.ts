import { Buffer, isUtf8 } from 'node:buffer';
import type { Properties } from './properties.ts';
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
      return dateOf(field.value);
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

/** Properties as a program would write them; what is absent is left out. */
export type PlainProperties = Omit<Properties, 'headers' | 'timestamp'> & {
  readonly headers?: { readonly [name: string]: PlainValue };
  readonly timestamp?: Date;
};

export function plainProperties({ headers, timestamp, ...others }: Properties): PlainProperties {
  return {
    ...others,
    ...(headers === undefined ? {} : { headers: plainTable(headers) }),
    ...(timestamp === undefined ? {} : { timestamp: dateOf(timestamp) }),
  };
}

function dateOf(seconds: bigint): Date {
  return new Date(Number(seconds) * 1000);
}
