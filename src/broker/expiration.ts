import { AmqpError } from '../wire/errors.ts';
import { printString } from './term.ts';

/** The longest TTL and queue expiry: ten years in milliseconds (TTL-02). */
export const LONGEST_TTL = 315_360_000_000;

/** As many digits as `LONGEST_TTL` has. */
const MOST_DIGITS = 12;
const INTEGER = /^[+-]?[0-9]+/;

/**
 * The `expiration` property as milliseconds, 0 to ten years.
 * @throws {AmqpError} PRECONDITION_FAILED for anything but an optional sign and decimal digits (TTL-04, TTL-05, TTL-08)
 */
export function parseExpiration(text: string): number {
  const short = parseDigits(text);
  if (short >= 0 && short <= LONGEST_TTL) return short;
  const digits = INTEGER.exec(text)?.[0];
  if (digits === undefined) throw refusal(text, 'no_integer');
  const rest = text.slice(digits.length);
  if (rest !== '') throw refusal(text, `{leftover_string,${printString(Buffer.from(rest))}}`);
  const value = BigInt(digits.replace('+', ''));
  if (value < 0n) throw refusal(text, `{value_negative,${value}}`);
  if (value > BigInt(LONGEST_TTL)) throw refusal(text, `{value_too_large,${value}}`);
  return Number(value);
}

/** What nearly all of them are, 0.03 us instead of 0.3 us; -1 for anything else. */
function parseDigits(text: string): number {
  if (text.length === 0 || text.length > MOST_DIGITS) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function refusal(text: string, reason: string): AmqpError {
  return new AmqpError('PRECONDITION_FAILED', `invalid expiration '${text}': ${reason}`);
}
