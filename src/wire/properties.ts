import { Buffer } from 'node:buffer';
import { located, Reader, Writer } from './buffer.ts';
import { AmqpError } from './errors.ts';
import { methodIds, type Field } from './methods.ts';
import { checkTable } from './table-walk.ts';
import { readTable, writeTable, type FieldTable } from './table.ts';

/** The properties of a message; `undefined` means absent. Their text may be anything, so it is decoded leniently. */
export interface Properties {
  contentType?: string | undefined;
  contentEncoding?: string | undefined;
  headers?: FieldTable | undefined;
  /** 2 is persistent. */
  deliveryMode?: number | undefined;
  priority?: number | undefined;
  correlationId?: string | undefined;
  replyTo?: string | undefined;
  /** Milliseconds, in decimal digits. */
  expiration?: string | undefined;
  messageId?: string | undefined;
  /** Seconds since the epoch. */
  timestamp?: bigint | undefined;
  type?: string | undefined;
  userId?: string | undefined;
  appId?: string | undefined;
  clusterId?: string | undefined;
}

const text: Field<string> = { read: (r) => r.looseShortstr(), write: (w, v) => w.shortstr(v) };
const octet: Field<number> = { read: (r) => r.u8(), write: (w, v) => w.u8(v) };
const seconds: Field<bigint> = { read: (r) => r.bigU64(), write: (w, v) => w.bigU64(v) };
const table: Field<FieldTable> = {
  read: (r) => readTable(r.longstr()),
  write: (w, v) => w.longstr(writeTable(v)),
};

type Layout = { readonly [K in keyof Properties]-?: Field<NonNullable<Properties[K]>> };

/** In wire order: the first has the highest bit of the flags (CON-50). */
const layout: Layout = {
  contentType: text,
  contentEncoding: text,
  headers: table,
  deliveryMode: octet,
  priority: octet,
  correlationId: text,
  replyTo: text,
  expiration: text,
  messageId: text,
  timestamp: seconds,
  type: text,
  userId: text,
  appId: text,
  clusterId: text,
};

const slots = Object.entries<Field<unknown>>(layout).map(([name, field], index) => ({
  name,
  field,
  flag: 0x8000 >> index,
}));

/** The two lowest flags mean nothing; continuation words do not exist. */
const KNOWN_FLAGS = 0xfffc;

/** Every property of a content header, from the flags on. Bytes within the headers are views. */
export function decodeProperties(bytes: Buffer): Properties {
  const reader = new Reader(bytes);
  const properties: Record<string, unknown> = {};
  try {
    const flags = reader.u16();
    for (const { name, field, flag } of slots) {
      if ((flags & flag) !== 0) properties[name] = field.read(reader);
    }
  } catch (error) {
    throw error instanceof AmqpError ? located(error, methodIds('basic.publish')) : error;
  }
  if (reader.at !== reader.end) throw undecodable();
  return properties;
}

/** Flags and values as a content header has them behind its body size. */
export function encodeProperties(properties: Properties): Buffer {
  const values: Readonly<Record<string, unknown>> = { ...properties };
  let flags = 0;
  const writer = new Writer();
  writer.u16(0);
  for (const { name, field, flag } of slots) {
    const value = values[name];
    if (value === undefined) continue;
    flags |= flag;
    field.write(writer, value);
  }
  const bytes = writer.bytes();
  bytes.writeUInt16BE(flags);
  return bytes;
}

const CONTENT_TYPE = 0x8000;
const CONTENT_ENCODING = 0x4000;
const HEADERS = 0x2000;
const DELIVERY_MODE = 0x1000;
const PRIORITY = 0x0800;
const CORRELATION_ID = 0x0400;
const REPLY_TO = 0x0200;
const EXPIRATION = 0x0100;
const MESSAGE_ID = 0x0080;
const TIMESTAMP = 0x0040;
const TYPE = 0x0020;
const USER_ID = 0x0010;
const APP_ID = 0x0008;
const CLUSTER_ID = 0x0004;
const BEHIND_DELIVERY_MODE = 0x0ffc;

const PERSISTENT = 2;

/**
 * What the path of a message needs of its properties, found by walking the flags; nothing else is decoded. The headers
 * are walked too: nobody who reads them later, maybe after a restart, could refuse them any more. One instance is used
 * again and again: it describes the last scan.
 */
export class PropertyScan {
  /** What was scanned: the flags stand at `start`. */
  start = 0;
  end = 0;
  /** Delivery-mode is 2. */
  persistent = false;
  /** 0 when absent. */
  deliveryMode = 0;
  /** -1 when absent. */
  priority = -1;
  expiration: string | undefined = undefined;
  userId: string | undefined = undefined;
  replyTo: string | undefined = undefined;
  /** The whole field, with its length octet; -1 when absent. */
  replyToStart = -1;
  replyToEnd = -1;
  /** The inside of the headers table, without its length; -1 when absent. */
  headersStart = -1;
  headersEnd = -1;
  /** Where the headers stand, with their length, or would stand. */
  headersAt = -1;
  /** The whole field, with its length octet; -1 when absent. */
  expirationStart = -1;
  expirationEnd = -1;

  /**
   * Throws SYNTAX_ERROR when a property reaches beyond `end`, something is left behind the last, or the headers cannot
   * be read (CON-45).
   */
  scan(bytes: Buffer, at: number, end: number): this {
    this.#forget(at, end);
    if (end - at < 2) throw undecodable();
    const flags = bytes.readUInt16BE(at);
    let next = at + 2;
    if ((flags & CONTENT_TYPE) !== 0) next = behindShort(bytes, next, end);
    if ((flags & CONTENT_ENCODING) !== 0) next = behindShort(bytes, next, end);
    this.headersAt = next;
    if ((flags & HEADERS) !== 0) {
      this.headersStart = behind(next, 4, end);
      next = behind(this.headersStart, bytes.readUInt32BE(next), end);
      this.headersEnd = next;
      checkTable(bytes, this.headersStart, next);
    }
    if ((flags & DELIVERY_MODE) !== 0) {
      const after = behind(next, 1, end);
      this.deliveryMode = bytes.readUInt8(next);
      this.persistent = this.deliveryMode === PERSISTENT;
      next = after;
    }
    if ((flags & BEHIND_DELIVERY_MODE) !== 0) next = this.#scanRest(flags, bytes, next, end);
    if (next !== end) throw undecodable();
    return this;
  }

  #scanRest(flags: number, bytes: Buffer, at: number, end: number): number {
    let next = at;
    if ((flags & PRIORITY) !== 0) {
      next = behind(at, 1, end);
      this.priority = bytes.readUInt8(at);
    }
    if ((flags & CORRELATION_ID) !== 0) next = behindShort(bytes, next, end);
    if ((flags & REPLY_TO) !== 0) {
      this.replyToStart = next;
      next = behindShort(bytes, next, end);
      this.replyToEnd = next;
      this.replyTo = bytes.toString('utf8', this.replyToStart + 1, next);
    }
    if ((flags & EXPIRATION) !== 0) {
      this.expirationStart = next;
      next = behindShort(bytes, next, end);
      this.expirationEnd = next;
      this.expiration = bytes.toString('utf8', this.expirationStart + 1, next);
    }
    if ((flags & MESSAGE_ID) !== 0) next = behindShort(bytes, next, end);
    if ((flags & TIMESTAMP) !== 0) next = behind(next, 8, end);
    if ((flags & TYPE) !== 0) next = behindShort(bytes, next, end);
    if ((flags & USER_ID) !== 0) {
      const start = next + 1;
      next = behindShort(bytes, next, end);
      this.userId = bytes.toString('utf8', start, next);
    }
    if ((flags & APP_ID) !== 0) next = behindShort(bytes, next, end);
    if ((flags & CLUSTER_ID) !== 0) next = behindShort(bytes, next, end);
    return next;
  }

  #forget(start: number, end: number): void {
    this.start = start;
    this.end = end;
    this.persistent = false;
    this.deliveryMode = 0;
    this.priority = -1;
    this.expiration = undefined;
    this.userId = undefined;
    this.replyTo = undefined;
    this.replyToStart = -1;
    this.replyToEnd = -1;
    this.headersStart = -1;
    this.headersEnd = -1;
    this.headersAt = -1;
    this.expirationStart = -1;
    this.expirationEnd = -1;
  }
}

function behind(at: number, length: number, end: number): number {
  if (length > end - at) throw undecodable();
  return at + length;
}

function behindShort(bytes: Buffer, at: number, end: number): number {
  if (at >= end) throw undecodable();
  return behind(at + 1, bytes.readUInt8(at), end);
}

function undecodable(): AmqpError {
  return new AmqpError('SYNTAX_ERROR', 'message properties cannot be decoded', methodIds('basic.publish'));
}

/** The same properties without expiration and with these headers (the inside of a table); every other byte is kept. */
export function replaceHeaders(bytes: Buffer, scan: PropertyScan, headers: Buffer): Buffer {
  if (scan.expirationStart < 0) return withHeaders(bytes, scan, headers);
  return rebuilt(bytes, scan, headers, scan.expirationStart, scan.expirationEnd);
}

/** The same properties with these headers (the inside of a table); every other byte is kept, expiration too. */
export function withHeaders(bytes: Buffer, scan: PropertyScan, headers: Buffer): Buffer {
  return rebuilt(bytes, scan, headers, scan.end, scan.end);
}

/** New headers, and without what stands from `cutStart` to `cutEnd`, which is the expiration or nothing. */
function rebuilt(
  bytes: Buffer,
  scan: PropertyScan,
  headers: Buffer,
  cutStart: number,
  cutEnd: number,
): Buffer {
  const afterHeaders = scan.headersStart < 0 ? scan.headersAt : scan.headersEnd;
  const before = scan.headersAt - scan.start;
  const kept = cutStart - afterHeaders + (scan.end - cutEnd);
  const out = Buffer.allocUnsafe(before + 4 + headers.length + kept);
  const flags = bytes.readUInt16BE(scan.start) & KNOWN_FLAGS;
  let at = bytes.copy(out, 0, scan.start, scan.headersAt);
  out.writeUInt16BE((cutStart === cutEnd ? flags : flags & ~EXPIRATION) | HEADERS);
  at = out.writeUInt32BE(headers.length, at);
  at += headers.copy(out, at);
  at += bytes.copy(out, at, afterHeaders, cutStart);
  bytes.copy(out, at, cutEnd, scan.end);
  return out;
}

/** The same properties with another expiration. Throws RangeError when they have none. */
export function withExpiration(bytes: Buffer, scan: PropertyScan, expiration: string): Buffer {
  return withText(bytes, scan, scan.expirationStart, scan.expirationEnd, expiration);
}

/** The same properties with another reply-to. Throws RangeError when they have none. */
export function withReplyTo(bytes: Buffer, scan: PropertyScan, replyTo: string): Buffer {
  return withText(bytes, scan, scan.replyToStart, scan.replyToEnd, replyTo);
}

/** Another short string in place of the one from `start` to `end`. */
function withText(bytes: Buffer, scan: PropertyScan, start: number, end: number, text: string): Buffer {
  if (start < 0) throw new RangeError('there is nothing to replace');
  const writer = new Writer(scan.end - scan.start + text.length);
  writer.raw(bytes.subarray(scan.start, start));
  writer.shortstr(text);
  writer.raw(bytes.subarray(end, scan.end));
  return writer.bytes();
}
