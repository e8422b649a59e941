import { Buffer } from 'node:buffer';

/**
 * The types of a field table on the wire: `t` bool, `b B s u I i l L` integers of 8, 16, 32 and 64 bits (capitals `B`,
 * and `u`, `i` unsigned), `f d` floats, `D` decimal, `S` long string, `x` bytes, `T` timestamp in seconds, `A` array,
 * `F` table, `V` void.
 */
export type Tag =
  't' | 'b' | 'B' | 's' | 'u' | 'I' | 'i' | 'l' | 'L' | 'f' | 'd' | 'D' | 'S' | 'x' | 'T' | 'A' | 'F' | 'V';

/** A value whose type on the wire is said. A tag that does not exist is written with the bytes of its value. */
export class Field {
  readonly tag: string;
  readonly value: unknown;

  constructor(tag: string, value: unknown) {
    this.tag = tag;
    this.value = value;
  }
}

/** What a case may put into a table: plain values take the usual type (`S`, `t`, `I` or `l`, `d`, `x`, `V`, `A`, `F`). */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | Buffer
  | Field
  | readonly Value[]
  | { readonly [key: string]: Value };

export type Table = Readonly<Record<string, Value>>;

/** A table as it was received: every value with its type. */
export type Fields = Readonly<Record<string, Field>>;

/** A value of a certain type on the wire; `field('b', 5)`. */
export function field(tag: Tag | (string & {}), value: unknown): Field {
  return new Field(tag, value);
}

/** The inside of a table, without its length. */
export function encodeTable(table: Table): Buffer {
  return Buffer.concat(
    Object.entries(table).flatMap(([key, value]) => [encodeShortstr(key), encodeValue(value)]),
  );
}

export function encodeShortstr(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as string);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

export function encodeLongstr(bytes: string | Buffer): Buffer {
  const inside = Buffer.from(bytes as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(inside.length);
  return Buffer.concat([length, inside]);
}

function encodeValue(value: Value): Buffer {
  const { tag, value: inside } = typed(value);
  return Buffer.concat([Buffer.from(tag, 'latin1'), encodeInside(tag, inside)]);
}

/** The type a plain value gets. */
function typed(value: Value): Field {
  if (value instanceof Field) return value;
  if (value === null) return new Field('V', null);
  if (typeof value === 'string') return new Field('S', value);
  if (typeof value === 'boolean') return new Field('t', value);
  if (typeof value === 'bigint') return new Field('l', value);
  if (typeof value === 'number') return new Field(numberTag(value), value);
  if (Buffer.isBuffer(value)) return new Field('x', value);
  return Array.isArray(value) ? new Field('A', value) : new Field('F', value);
}

function numberTag(value: number): Tag {
  if (!Number.isInteger(value)) return 'd';
  return Math.abs(value) < 2 ** 31 ? 'I' : 'l';
}

/** How the types of one fixed width are written and read. */
const numbers: Readonly<
  Record<
    string,
    { size: number; write(bytes: Buffer, value: number): void; read(bytes: Buffer, at: number): number }
  >
> = {
  t: {
    size: 1,
    write: (b, v: number | boolean) => b.writeUInt8(Number(v)),
    read: (b, at) => b.readUInt8(at),
  },
  b: { size: 1, write: (b, v) => b.writeInt8(v), read: (b, at) => b.readInt8(at) },
  B: { size: 1, write: (b, v) => b.writeUInt8(v), read: (b, at) => b.readUInt8(at) },
  s: { size: 2, write: (b, v) => b.writeInt16BE(v), read: (b, at) => b.readInt16BE(at) },
  u: { size: 2, write: (b, v) => b.writeUInt16BE(v), read: (b, at) => b.readUInt16BE(at) },
  I: { size: 4, write: (b, v) => b.writeInt32BE(v), read: (b, at) => b.readInt32BE(at) },
  i: { size: 4, write: (b, v) => b.writeUInt32BE(v), read: (b, at) => b.readUInt32BE(at) },
  l: { size: 8, write: writeInt64, read: readInt64 },
  L: { size: 8, write: writeInt64, read: readInt64 },
  T: { size: 8, write: writeInt64, read: readInt64 },
  f: { size: 4, write: (b, v) => b.writeFloatBE(v), read: (b, at) => b.readFloatBE(at) },
  d: { size: 8, write: (b, v) => b.writeDoubleBE(v), read: (b, at) => b.readDoubleBE(at) },
};

function writeInt64(bytes: Buffer, value: number | bigint): void {
  bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(value)));
}

/** A number where it is exact; what is beyond is rounded. */
function readInt64(bytes: Buffer, at: number): number {
  return Number(bytes.readBigInt64BE(at));
}

function encodeInside(tag: string, value: unknown): Buffer {
  const number = numbers[tag];
  if (number !== undefined && !Buffer.isBuffer(value)) {
    const bytes = Buffer.alloc(number.size);
    number.write(bytes, value as number);
    return bytes;
  }
  switch (tag) {
    case 'S':
    case 'x':
      return encodeLongstr(value as string | Buffer);
    case 'A':
      return encodeLongstr(Buffer.concat((value as readonly Value[]).map(encodeValue)));
    case 'F':
      return encodeLongstr(encodeTable(value as Table));
    case 'V':
      return Buffer.alloc(0);
    case 'D': {
      const { scale, digits } = value as { scale: number; digits: number };
      const bytes = Buffer.alloc(5);
      bytes.writeUInt8(scale);
      bytes.writeUInt32BE(digits, 1);
      return bytes;
    }
    default:
      return value as Buffer; // the bytes as they are: an unknown tag, or a value that must not be well-formed
  }
}

/** Reads bytes from the left. */
export class Cursor {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  take(size: number): Buffer {
    if (this.at + size > this.bytes.length) throw new RangeError('the bytes end too early');
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  unsigned(size: 1 | 2 | 4): number {
    return this.take(size).readUIntBE(0, size);
  }

  shortstr(): string {
    return this.take(this.unsigned(1)).toString();
  }

  longstr(): Buffer {
    return this.take(this.unsigned(4));
  }
}

/** A table from its inside, every value with its type, in the order of the wire. */
export function decodeTable(bytes: Buffer): Fields {
  const cursor = new Cursor(bytes);
  const table: Record<string, Field> = {};
  while (!cursor.isAtEnd) {
    const key = cursor.shortstr();
    table[key] = decodeValue(cursor);
  }
  return table;
}

function decodeValue(cursor: Cursor): Field {
  const tag = String.fromCharCode(cursor.unsigned(1));
  return new Field(tag, decodeInside(tag, cursor));
}

function decodeInside(tag: string, cursor: Cursor): unknown {
  const number = numbers[tag];
  if (number !== undefined) {
    const value = number.read(cursor.take(number.size), 0);
    return tag === 't' ? value !== 0 : value;
  }
  switch (tag) {
    case 'S':
      return cursor.longstr().toString();
    case 'x':
      return Buffer.from(cursor.longstr());
    case 'A': {
      const inside = new Cursor(cursor.longstr());
      const values: Field[] = [];
      while (!inside.isAtEnd) values.push(decodeValue(inside));
      return values;
    }
    case 'F':
      return decodeTable(cursor.longstr());
    case 'V':
      return null;
    case 'D':
      return { scale: cursor.unsigned(1), digits: cursor.unsigned(4) };
    default:
      throw new RangeError(`unknown field type ${JSON.stringify(tag)}`);
  }
}

/** The same without types: strings, numbers, booleans, null, arrays and objects. */
export function plain(value: unknown): unknown {
  if (value instanceof Field) return plain(value.value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inside]) => [key, plain(inside)]));
}

/** About a hundred in every width of integer, with what the width is called. */
export const integerWidths: readonly (readonly [name: string, value: Field])[] = [
  ['a signed 8 bit integer', field('b', 100)],
  ['an unsigned 8 bit integer', field('B', 200)],
  ['a signed 16 bit integer', field('s', 100)],
  ['an unsigned 16 bit integer', field('u', 100)],
  ['a signed 32 bit integer', field('I', 100)],
  ['an unsigned 32 bit integer', field('i', 100)],
  ['a signed 64 bit integer', field('l', 100)],
];
