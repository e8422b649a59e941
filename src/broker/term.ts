import { typeNames } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';

/** The integer tags: one class for comparison, whatever their width (ARG-10). */
const INTEGERS = new Set<string>(['b', 'B', 's', 'u', 'I', 'i', 'l', 'L']);
const FLOATS = new Set<string>(['f', 'd']);

/** The number of an integer-typed value, as exactly as it can be compared; undefined for any other type. */
export function integerOf(value: FieldValue): bigint | undefined {
  return INTEGERS.has(value.tag) ? BigInt(value.value as number | bigint) : undefined;
}

function isFloat(value: FieldValue): boolean {
  return FLOATS.has(value.tag);
}

/** The text of a long string; undefined for any other type. */
export function textOf(value: FieldValue | undefined): string | undefined {
  return value?.tag === 'S' ? value.value.toString('utf8') : undefined;
}

/**
 * Whether two argument values count as the same: integers of all widths form one class, floats another; where classes
 * differ, values that are identical anyway (a timestamp 5 and an integer 5) are still the same (ARG-10).
 */
export function sameValue(a: FieldValue, b: FieldValue): boolean {
  if (isFloat(a) || isFloat(b)) return isFloat(a) && isFloat(b) && a.value === b.value;
  return comparable(a) === comparable(b);
}

/** Whether two tables hold the same entries, in any order. */
export function sameTable(a: FieldTable, b: FieldTable): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    const other = b.get(key);
    if (other === undefined || !sameValue(value, other)) return false;
  }
  return true;
}

/** A value in one line that is equal for values that are the same (ARG-10); numbers and strings cannot be confused. */
export function comparable(value: FieldValue): string {
  switch (value.tag) {
    case 'S':
    case 'x':
      return JSON.stringify(value.value.toString('latin1'));
    case 'A':
      return `[${value.value.map(comparable).join()}]`;
    case 'F':
      return `{${tableText(value.value)}}`;
    case 'D':
      return `${value.value.scale}e${value.value.digits}`;
    case 'f':
    case 'd':
      return `${value.value}f`;
    case 't':
    case 'b':
    case 'B':
    case 's':
    case 'u':
    case 'I':
    case 'i':
    case 'l':
    case 'L':
    case 'T':
    case 'V':
      return String(value.value);
    default:
      return unreachable(value);
  }
}

/** A table in one line that is equal for equal tables, whatever the order of their entries; types count (BND-01). */
export function tableText(table: FieldTable): string {
  return [...table]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${JSON.stringify(key)}:${typeNames[value.tag]} ${comparable(value)}`)
    .join();
}

/** A value as RabbitMQ prints it in `received 'x' but current is 'y'` (ARG-11). */
export function printValue(value: FieldValue): string {
  if (value.tag === 'S' || value.tag === 'x') return value.value.toString('utf8');
  if (value.tag === 'f' || value.tag === 'd') return printFloat(value.value);
  return printTerm(value);
}

/**
 * A value as RabbitMQ prints it as a term: a string has its quotes.
 * @param print for strings and keys: `printUnicode` where RabbitMQ prints text that is not ASCII as such
 */
export function printTerm(value: FieldValue, print: (bytes: Buffer) => string = printBinary): string {
  switch (value.tag) {
    case 'S':
    case 'x':
      return print(value.value);
    case 'f':
    case 'd':
      return printFloat(value.value);
    case 'D':
      return `{${value.value.scale},${value.value.digits}}`;
    case 'A':
      return `[${value.value.map((one) => `{${typeNames[one.tag]},${printTerm(one, print)}}`).join()}]`;
    case 'F':
      return `[${[...value.value].map((entry) => printEntry(entry, print)).join()}]`;
    case 'V':
      return 'undefined';
    default:
      return String(value.value);
  }
}

function printEntry([key, value]: readonly [string, FieldValue], print: (bytes: Buffer) => string): string {
  return `{${print(Buffer.from(key))},${typeNames[value.tag]},${printTerm(value, print)}}`;
}

/** The shortest decimal text of a float, with an exponent where that is shorter: 5.0, 100.0, 1.0e3 (QUE-11). */
export function printFloat(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0.0';
  if (value < 0) return `-${printFloat(-value)}`;
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const place = Number(exponent) + 1; // where the point stands among the digits
  if (place === 0) return `0.${digits}`;
  if (place > 0 && place < digits.length) return `${digits.slice(0, place)}.${digits.slice(place)}`;
  const exponentText = String(place - 1);
  const exponentCost = exponentText.length + 1 + (digits.length === 1 ? 2 : 1);
  const withExponent = `${digits[0]}.${digits.slice(1) || '0'}e${exponentText}`;
  if (place < 0) return 2 - place <= exponentCost ? `0.${'0'.repeat(-place)}${digits}` : withExponent;
  const zeros = place - digits.length;
  return zeros + 2 <= exponentCost ? `${digits}${'0'.repeat(zeros)}.0` : withExponent;
}

/** Bytes as RabbitMQ prints a binary: `<<"text">>`, `<<1,2>>`, `<<>>`. */
function printBinary(bytes: Buffer): string {
  if (bytes.length === 0) return '<<>>';
  return `<<${printString(bytes).replace(/^\[|\]$/g, '')}>>`;
}

/** The same where it prints text that is not ASCII as such: `<<"größe"/utf8>>`. */
export function printUnicode(bytes: Buffer): string {
  if (bytes.every((octet) => octet < 128)) return printBinary(bytes);
  const text = bytes.toString();
  const characters = Array.from(text);
  const isText = Buffer.from(text).equals(bytes) && characters.every(isPrintable);
  return isText ? `<<"${characters.map(escaped).join('')}"/utf8>>` : `<<${[...bytes].join()}>>`;
}

/** Bytes as RabbitMQ prints a string inside a term: quoted when printable, else a list of octets. */
export function printString(bytes: Buffer): string {
  const printed: string[] = [];
  for (const octet of bytes) {
    const character = String.fromCharCode(octet);
    if (!isPrintable(character)) return `[${[...bytes].join()}]`;
    printed.push(escaped(character));
  }
  return `"${printed.join('')}"`;
}

/** How Erlang writes characters that cannot stand for themselves between quotes. */
const escapes = new Map([
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\v', '\\v'],
  ['\f', '\\f'],
  ['\r', '\\r'],
  ['\u001b', '\\e'],
  ['"', '\\"'],
  ['\\', '\\\\'],
]);

function isPrintable(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return (code >= 32 && code < 127) || code >= 160 || escapes.has(character);
}

function escaped(character: string): string {
  return escapes.get(character) ?? character;
}

/** For the end of an exhaustive switch: does not compile while a case is missing. */
function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
