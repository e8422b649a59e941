import { Buffer } from 'node:buffer';
import { Reader, Writer } from './buffer.ts';
import { behindKey, behindValue, deeper, unknownTag } from './table-walk.ts';

interface Tagged<T extends string, V> {
  readonly tag: T;
  readonly value: V;
}

/** A value with its type on the wire. Timestamps are seconds; a decimal is `digits` divided by ten to the `scale`. */
export type FieldValue =
  | Tagged<'t', boolean>
  | Tagged<'b' | 'B' | 's' | 'u' | 'I' | 'i' | 'f' | 'd', number>
  | Tagged<'l' | 'L' | 'T', bigint>
  | Tagged<'D', { readonly scale: number; readonly digits: number }>
  | Tagged<'S' | 'x', Buffer>
  | Tagged<'A', readonly FieldValue[]>
  | Tagged<'F', FieldTable>
  | Tagged<'V', null>;

/** Keys in the order in which they stood on the wire. */
export type FieldTable = ReadonlyMap<string, FieldValue>;

/** The octet before a value that says its type. */
export type Tag = FieldValue['tag'];

/** What error texts call the types (CON-47). `U` of the original specification is not among them (CON-48). */
export const typeNames: Readonly<Record<Tag, string>> = {
  t: 'bool',
  b: 'byte',
  B: 'unsignedbyte',
  s: 'short',
  u: 'unsignedshort',
  I: 'signedint',
  i: 'unsignedint',
  l: 'long',
  L: 'long',
  f: 'float',
  d: 'double',
  D: 'decimal',
  S: 'longstr',
  x: 'binary',
  T: 'timestamp',
  A: 'array',
  F: 'table',
  V: 'void',
};

/** A table without entries. */
export const EMPTY_TABLE: FieldTable = new Map();

/** From the inside of a table, without its length. Of entries with one key the last counts. Bytes in it are views. */
export function readTable(bytes: Buffer): FieldTable {
  return readEntries(bytes, 1);
}

function readEntries(bytes: Buffer, depth: number): FieldTable {
  if (bytes.length === 0) return EMPTY_TABLE;
  const reader = new Reader(bytes);
  const entries = new Map<string, FieldValue>();
  while (reader.at < reader.end) {
    const key = reader.looseShortstr();
    entries.set(key, readValue(reader, depth));
  }
  return entries;
}

function readValues(bytes: Buffer, depth: number): FieldValue[] {
  const reader = new Reader(bytes);
  const values: FieldValue[] = [];
  while (reader.at < reader.end) values.push(readValue(reader, depth));
  return values;
}

function readValue(reader: Reader, depth: number): FieldValue {
  const tag = readTag(reader);
  switch (tag) {
    case 't':
      return { tag, value: reader.u8() !== 0 };
    case 'b':
      return { tag, value: reader.i8() };
    case 'B':
      return { tag, value: reader.u8() };
    case 's':
      return { tag, value: reader.i16() };
    case 'u':
      return { tag, value: reader.u16() };
    case 'I':
      return { tag, value: reader.i32() };
    case 'i':
      return { tag, value: reader.u32() };
    case 'l':
    case 'L':
      return { tag, value: reader.i64() };
    case 'T':
      return { tag, value: reader.bigU64() };
    case 'f':
      return { tag, value: reader.f32() };
    case 'd':
      return { tag, value: reader.f64() };
    case 'D':
      return { tag, value: { scale: reader.u8(), digits: reader.u32() } };
    case 'S':
    case 'x':
      return { tag, value: reader.longstr() };
    case 'A':
      return { tag, value: readValues(reader.longstr(), deeper(depth)) };
    case 'F':
      return { tag, value: readEntries(reader.longstr(), deeper(depth)) };
    case 'V':
      return { tag, value: null };
  }
}

function readTag(reader: Reader): Tag {
  const tag = String.fromCharCode(reader.u8());
  if (!isTag(tag)) throw unknownTag(tag);
  return tag;
}

function isTag(text: string): text is Tag {
  return Object.hasOwn(typeNames, text);
}

/** The inside of a table, without its length. */
export function writeTable(table: FieldTable): Buffer {
  const writer = new Writer();
  writeEntries(writer, table);
  return writer.bytes();
}

function writeEntries(writer: Writer, table: FieldTable): void {
  for (const [key, value] of table) {
    writer.shortstr(key);
    writeTagged(writer, value);
  }
}

function writeTagged(writer: Writer, value: FieldValue): void {
  writer.u8(value.tag.charCodeAt(0));
  writeValue(writer, value);
}

function writeValue(writer: Writer, { tag, value }: FieldValue): void {
  switch (tag) {
    case 't':
      return writer.u8(value ? 1 : 0);
    case 'b':
      return writer.i8(value);
    case 'B':
      return writer.u8(value);
    case 's':
      return writer.i16(value);
    case 'u':
      return writer.u16(value);
    case 'I':
      return writer.i32(value);
    case 'i':
      return writer.u32(value);
    case 'l':
    case 'L':
      return writer.i64(value);
    case 'T':
      return writer.bigU64(value);
    case 'f':
      return writer.f32(value);
    case 'd':
      return writer.f64(value);
    case 'D':
      writer.u8(value.scale);
      return writer.u32(value.digits);
    case 'S':
    case 'x':
      return writer.longstr(value);
    case 'A':
      return writer.longstr(writeValues(value));
    case 'F':
      return writer.longstr(writeTable(value));
    case 'V':
      return;
  }
}

function writeValues(values: readonly FieldValue[]): Buffer {
  const writer = new Writer();
  for (const value of values) writeTagged(writer, value);
  return writer.bytes();
}

/** A long string; text is written as UTF-8. */
export function longstr(text: string | Buffer): FieldValue {
  return { tag: 'S', value: typeof text === 'string' ? Buffer.from(text) : text };
}

/** An integer as the server itself writes them (CON-49). */
export function long(n: number | bigint): FieldValue {
  return { tag: 'l', value: BigInt(n) };
}

/** A boolean. */
export function bool(value: boolean): FieldValue {
  return { tag: 't', value };
}

/** A moment in whole seconds since the epoch. */
export function timestamp(seconds: number | bigint): FieldValue {
  return { tag: 'T', value: BigInt(seconds) };
}

/** An array of values, each of its own type. */
export function array(values: readonly FieldValue[]): FieldValue {
  return { tag: 'A', value: values };
}

/** A table inside a table. */
export function table(entries: Readonly<Record<string, FieldValue>>): FieldValue {
  return { tag: 'F', value: fieldTable(entries) };
}

/** A table from an object, in the order of its keys. */
export function fieldTable(entries: Readonly<Record<string, FieldValue>>): FieldTable {
  return new Map(Object.entries(entries));
}

/** One entry of a table as it stands on the wire, so that headers are edited without touching a byte of the others. */
export interface RawEntry {
  readonly key: Buffer;
  readonly tag: string;
  /** What follows the tag octet; for `S`, `x`, `A` and `F` with its length. */
  readonly value: Buffer;
}

/** The entries at the top of a table, as views. Everything is walked and checked as `readTable` does, nothing decoded. */
export function rawEntries(bytes: Buffer): RawEntry[] {
  const entries: RawEntry[] = [];
  const end = bytes.length;
  for (let at = 0; at < end;) {
    const tagAt = behindKey(bytes, at, end);
    const next = behindValue(bytes, tagAt, end, 1);
    const tag = String.fromCharCode(bytes.readUInt8(tagAt));
    entries.push({ key: bytes.subarray(at + 1, tagAt), tag, value: bytes.subarray(tagAt + 1, next) });
    at = next;
  }
  return entries;
}

/** The inside of a table made of these entries, in their order. */
export function joinEntries(entries: readonly RawEntry[]): Buffer {
  let size = 0;
  for (const { key, value } of entries) size += key.length + value.length + 2;
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { key, tag, value } of entries) {
    at = bytes.writeUInt8(key.length, at);
    at += key.copy(bytes, at);
    at = bytes.writeUInt8(tag.charCodeAt(0), at);
    at += value.copy(bytes, at);
  }
  return bytes;
}

/** An entry as it would stand on the wire. */
export function rawEntry(key: string, value: FieldValue): RawEntry {
  const writer = new Writer();
  writeValue(writer, value);
  return { key: Buffer.from(key), tag: value.tag, value: writer.bytes() };
}
