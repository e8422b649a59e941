import { isUtf8 } from 'node:buffer';

/** A value as JSON can hold it. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

const LAST_SECOND = 253_402_300_799; // of the year 9999

/** A field of the protocol as JSON: timestamps as text, bytes as text or base64, decimals as numbers. */
export function plain(value: unknown): Plain {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Buffer.isBuffer(value)) return isUtf8(value) ? value.toString() : { base64: value.toString('base64') };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object') return plainObject(value as Record<string, unknown>);
  return null; // nothing else comes out of amqplib
}

function plainObject(value: Record<string, unknown>): Plain {
  const { '!': type, value: inner } = value;
  if (type === 'timestamp') return instant(inner);
  if (type === 'decimal') return decimal(inner as { places: number; digits: number });
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

function decimal({ places, digits }: { places: number; digits: number }): number {
  return digits / 10 ** places;
}

/** A timestamp of the protocol, in seconds, as ISO text; a number no calendar would show stays a number. */
export function instant(seconds: unknown): Plain {
  if (typeof seconds !== 'number' || seconds > LAST_SECOND) return plain(seconds);
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
