import { Buffer } from 'node:buffer';
import { Cursor, decodeTable, encodeLongstr, encodeShortstr, encodeTable } from './fields.ts';
import type { Fields, Table } from './fields.ts';

/** Class 60 of the protocol, the only one with content. */
const BASIC = 60;

/** The properties a client gives to a message. Times are seconds (`timestamp`) or milliseconds (`expiration`). */
export interface Properties {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly headers?: Table;
  readonly deliveryMode?: number;
  readonly priority?: number;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly expiration?: string;
  readonly messageId?: string;
  readonly timestamp?: number;
  readonly type?: string;
  readonly userId?: string;
  readonly appId?: string;
  readonly clusterId?: string;
}

/** The properties of a received message: headers with their types. */
export type ReceivedProperties = Omit<Properties, 'headers'> & { readonly headers?: Fields };

/** In the order of the wire: the first has the highest bit of the flags. */
const slots: readonly (readonly [keyof Properties, 'shortstr' | 'octet' | 'table' | 'seconds'])[] = [
  ['contentType', 'shortstr'],
  ['contentEncoding', 'shortstr'],
  ['headers', 'table'],
  ['deliveryMode', 'octet'],
  ['priority', 'octet'],
  ['correlationId', 'shortstr'],
  ['replyTo', 'shortstr'],
  ['expiration', 'shortstr'],
  ['messageId', 'shortstr'],
  ['timestamp', 'seconds'],
  ['type', 'shortstr'],
  ['userId', 'shortstr'],
  ['appId', 'shortstr'],
  ['clusterId', 'shortstr'],
];

/** The payload of a content header frame. What is announced need not be true. */
export function contentHeader(size: number, properties: Properties = {}, classId = BASIC): Buffer {
  const fixed = Buffer.alloc(12);
  fixed.writeUInt16BE(classId);
  fixed.writeBigUInt64BE(BigInt(size), 4);
  return Buffer.concat([fixed, encodeProperties(properties)]);
}

export function encodeProperties(properties: Properties): Buffer {
  let flags = 0;
  const parts: Buffer[] = [];
  for (const [index, [name, kind]] of slots.entries()) {
    const value = properties[name];
    if (value === undefined) continue;
    flags |= 0x8000 >> index;
    parts.push(encodeProperty(kind, value));
  }
  const head = Buffer.alloc(2);
  head.writeUInt16BE(flags);
  return Buffer.concat([head, ...parts]);
}

function encodeProperty(kind: (typeof slots)[number][1], value: string | number | Table): Buffer {
  if (kind === 'shortstr') return encodeShortstr(value as string);
  if (kind === 'table') return encodeLongstr(encodeTable(value as Table));
  if (kind === 'octet') return Buffer.from([value as number]);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value as number));
  return bytes;
}

/** Body size, properties, and the properties as bytes, from the payload of a content header frame. */
export function decodeHeader(payload: Buffer): {
  readonly size: number;
  readonly properties: ReceivedProperties;
  readonly bytes: Buffer;
} {
  const bytes = payload.subarray(12);
  return { size: Number(payload.readBigUInt64BE(4)), properties: decodeProperties(bytes), bytes };
}

function decodeProperties(bytes: Buffer): ReceivedProperties {
  const cursor = new Cursor(bytes);
  const flags = cursor.unsigned(2);
  const properties: Record<string, unknown> = {};
  for (const [index, [name, kind]] of slots.entries()) {
    if ((flags & (0x8000 >> index)) === 0) continue;
    if (kind === 'shortstr') properties[name] = cursor.shortstr();
    else if (kind === 'table') properties[name] = decodeTable(cursor.longstr());
    else if (kind === 'octet') properties[name] = cursor.unsigned(1);
    else properties[name] = Number(cursor.take(8).readBigUInt64BE());
  }
  return properties;
}
