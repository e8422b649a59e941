import { type Buffer } from 'node:buffer';
import { ShortData } from './buffer.ts';
import { AmqpError } from './errors.ts';

const UNKNOWN = -2;
const VARIES = -1;

/** By tag: octets of the values whose size does not vary; the others begin with their length. */
const sizes = new Int8Array(256).fill(UNKNOWN);
const tagsBySize = { [VARIES]: 'SxAF', 0: 'V', 1: 'tbB', 2: 'su', 4: 'iIf', 5: 'D', 8: 'lLTd' };
for (const [size, tags] of Object.entries(tagsBySize)) {
  for (const tag of tags) sizes[tag.charCodeAt(0)] = Number(size);
}

const TABLE = 'F'.charCodeAt(0);
const ARRAY = 'A'.charCodeAt(0);

/** Tables and arrays in one another: nobody needs more, and every level costs stack. */
const DEEPEST = 64;

/** Walks a table that stands between `start` and `end`: throws where `readTable` would. Hot path: by offset, no objects. */
export function checkTable(bytes: Buffer, start: number, end: number): void {
  checkEntries(bytes, start, end, 1);
}

function checkEntries(bytes: Buffer, start: number, end: number, depth: number): void {
  for (let at = start; at < end;) at = behindValue(bytes, behindKey(bytes, at, end), end, depth);
}

/** Where the tag of the entry at `at` stands. */
export function behindKey(bytes: Buffer, at: number, end: number): number {
  const next = at + 1 + (bytes[at] ?? 0);
  if (next >= end) throw new ShortData();
  return next;
}

/** The position behind the value whose tag stands at `at`. */
export function behindValue(bytes: Buffer, at: number, end: number, depth: number): number {
  const tag = bytes[at] ?? 0;
  const size = sizes[tag] ?? UNKNOWN;
  if (size === UNKNOWN) throw unknownTag(String.fromCharCode(tag));
  const start = at + 1 + (size === VARIES ? 4 : size);
  if (start > end) throw new ShortData();
  if (size !== VARIES) return start;
  const next = start + bytes.readUInt32BE(at + 1);
  if (next > end) throw new ShortData();
  if (tag === TABLE) checkEntries(bytes, start, next, deeper(depth));
  if (tag === ARRAY) {
    const below = deeper(depth);
    for (let inside = start; inside < next;) inside = behindValue(bytes, inside, next, below);
  }
  return next;
}

/** `U` of the original specification is unknown too (CON-48). */
export function unknownTag(tag: string): AmqpError {
  return new AmqpError('SYNTAX_ERROR', `unknown type tag ${JSON.stringify(tag)}`);
}

/** The level below this one. Throws when it is too deep. */
export function deeper(depth: number): number {
  if (depth >= DEEPEST) throw new AmqpError('SYNTAX_ERROR', `a table nested deeper than ${DEEPEST} levels`);
  return depth + 1;
}
