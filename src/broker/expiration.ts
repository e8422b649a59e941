import { AmqpError } from '../wire/errors.ts';
import { printString } from './term.ts';

/** The longest TTL and queue expiry: ten years in milliseconds (TTL-02). */
export const LONGEST_TTL = 315_360_000_000;

const INTEGER = /^[+-]?[0-9]+/;

/**
 * The `expiration` property as milliseconds, 0 to ten years.
 * @throws {AmqpError} PRECONDITION_FAILED for anything but an optional sign and decimal digits (TTL-04, TTL-05, TTL-08)
 */
export function parseExpiration(text: string): number {
  const digits = INTEGER.exec(text)?.[0];
  if (digits === undefined) throw refusal(text, 'no_integer');
  const rest = text.slice(digits.length);
  if (rest !== '') throw refusal(text, `{leftover_string,${printString(Buffer.from(rest))}}`);
  const value = BigInt(digits.replace('+', ''));
  if (value < 0n) throw refusal(text, `{value_negative,${value}}`);
  if (value > BigInt(LONGEST_TTL)) throw refusal(text, `{value_too_large,${value}}`);
  return Number(value);
}

function refusal(text: string, reason: string): AmqpError {
  return new AmqpError('PRECONDITION_FAILED', `invalid expiration '${text}': ${reason}`);
}
