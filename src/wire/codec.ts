import { Buffer } from 'node:buffer';
import { copyBytes, located, Reader, ShortData, Writer } from './buffer.ts';
import { FRAME_END, FRAME_HEADER, FRAME_OVERHEAD, FrameType, BASIC_CLASS } from './constants.ts';
import { AmqpError, type MethodIds } from './errors.ts';
import { methodIds, methods, type Field, type Method, type MethodName, type MethodOf } from './methods.ts';

interface Row {
  readonly name: MethodName;
  readonly ids: MethodIds;
  readonly fields: readonly (readonly [string, Field<unknown>])[];
  readonly views: boolean;
}

const rowsByName = new Map<MethodName, Row>();
const rowsById = new Map<number, Row>();
for (const name of Object.keys(methods) as MethodName[]) {
  const ids = methodIds(name);
  const fields = Object.entries<Field<unknown>>(methods[name].fields);
  const row = { name, ids, fields, views: fields.some(([, field]) => field.views) };
  rowsByName.set(name, row);
  rowsById.set((ids.classId << 16) | ids.methodId, row);
}

/** Class and method id: what precedes the arguments. */
const IDS = 4;
/** Where the exchange stands in a publish: behind the ticket. */
const EXCHANGE_AT = 6;
const ACK_PAYLOAD = 13;
const DELIVER = 60;
const ACK = 80;
const NACK = 120;
const ACK_IDS = (BASIC_CLASS << 16) | ACK;
const MULTIPLE = 1;
const PUBLISH_IDS = methodIds('basic.publish');

/** A method with its arguments, which outlive the payload. Whatever cannot be one is refused with the ids it claims to have (CON-42, CON-43). */
export function decodeMethod(payload: Buffer): Method {
  if (payload.length < IDS) throw new AmqpError('FRAME_ERROR', `cannot decode ${octetList(payload, 0)}`);
  const ids = payload.readUInt32BE(0);
  const row = rowsById.get(ids);
  if (row === undefined) throw unknownMethod(payload.readUInt16BE(0), payload.readUInt16BE(2));
  const reader = new Reader(row.views ? Buffer.from(payload) : payload, IDS);
  const method: Record<string, unknown> = { name: row.name };
  try {
    for (const [name, field] of row.fields) method[name] = field.read(reader);
  } catch (error) {
    throw refusal(error, payload, row.ids);
  }
  if (reader.at !== reader.end) throw undecodable(payload, row.ids);
  return method as unknown as Method;
}

/** The same for basic.ack, which comes as often as messages do; undefined when what stands there is something else. */
export function decodeAck(bytes: Buffer, start: number, end: number): MethodOf<'basic.ack'> | undefined {
  if (end - start !== ACK_PAYLOAD || bytes.readUInt32BE(start) !== ACK_IDS) return undefined;
  const at = start + IDS;
  const deliveryTag = bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
  return { name: 'basic.ack', deliveryTag, multiple: (bytes.readUInt8(at + 8) & MULTIPLE) !== 0 };
}

function refusal(error: unknown, payload: Buffer, ids: MethodIds): unknown {
  if (error instanceof ShortData) return undecodable(payload, ids);
  return error instanceof AmqpError ? located(error, ids) : error;
}

function undecodable(payload: Buffer, ids: MethodIds): AmqpError {
  return new AmqpError('FRAME_ERROR', `cannot decode ${octetList(payload, IDS)}`, ids);
}

function unknownMethod(classId: number, methodId: number): AmqpError {
  return new AmqpError('COMMAND_INVALID', `unknown method ${classId}/${methodId}`, { classId, methodId });
}

/** No reply text shows more than this many octets anyway. */
const SHOWN = 255;

function octetList(bytes: Buffer, from: number): string {
  return `<<${bytes.subarray(from, from + SHOWN).join(',')}>>`;
}

/** The payload of a method frame: ids and arguments. Throws RangeError for a short string of more than 255 bytes. */
export function encodeMethod(method: Method): Buffer {
  const row = rowsByName.get(method.name);
  if (row === undefined) throw new RangeError(`no method ${method.name}`);
  const values: Readonly<Record<string, unknown>> = { ...method };
  const writer = new Writer();
  writer.u16(row.ids.classId);
  writer.u16(row.ids.methodId);
  for (const [name, field] of row.fields) field.write(writer, values[name]);
  return writer.bytes();
}

/**
 * Decodes basic.publish for one channel. Publishers repeat themselves: bytes equal to those of the previous call give
 * the very same object, and the same exchange the same string.
 */
export class PublishDecoder {
  #last: Buffer = Buffer.alloc(0);
  #length = -1;
  #method: MethodOf<'basic.publish'> = publish(0, '', '', false, false);

  /** @param bytes the payload stands from `start` to `end` */
  decode(bytes: Buffer, start = 0, end = bytes.length): MethodOf<'basic.publish'> {
    const length = end - start;
    if (length === this.#length && isSame(bytes, start, this.#last, IDS, length)) return this.#method;
    const behindExchange = EXCHANGE_AT + 1 + (bytes[start + EXCHANGE_AT] ?? 0);
    const sameExchange = isSame(bytes, start, this.#last, EXCHANGE_AT, behindExchange);
    const method = decodePublish(bytes, start, end, sameExchange ? this.#method.exchange : undefined);
    if (this.#last.length < length) this.#last = Buffer.alloc(length * 2);
    bytes.copy(this.#last, 0, start, end);
    this.#length = length;
    this.#method = method;
    return method;
  }
}

// Routing keys differ at their end, and at this length a comparison costs less than a call out of JavaScript.
function isSame(bytes: Buffer, start: number, last: Buffer, from: number, to: number): boolean {
  for (let i = to - 1; i >= from; i--) {
    if (bytes[start + i] !== last[i]) return false;
  }
  return true;
}

function decodePublish(
  bytes: Buffer,
  start: number,
  end: number,
  knownExchange: string | undefined,
): MethodOf<'basic.publish'> {
  const reader = new Reader(bytes, start + IDS, end);
  try {
    const ticket = reader.u16();
    if (knownExchange !== undefined) reader.skip(reader.u8());
    const exchange = knownExchange ?? reader.shortstr();
    const method = publish(ticket, exchange, reader.shortstr(), reader.bit(), reader.bit());
    if (reader.at === reader.end) return method;
  } catch (error) {
    throw refusal(error, bytes.subarray(start, end), PUBLISH_IDS);
  }
  throw undecodable(bytes.subarray(start, end), PUBLISH_IDS);
}

function publish(
  ticket: number,
  exchange: string,
  routingKey: string,
  mandatory: boolean,
  immediate: boolean,
): MethodOf<'basic.publish'> {
  return { name: 'basic.publish', ticket, exchange, routingKey, mandatory, immediate };
}

/** A short string with its length octet, for the writers below: encoded once, written often. */
export function shortstrBytes(text: string): Buffer {
  const writer = new Writer();
  writer.shortstr(text);
  return writer.bytes();
}

const DELIVER_ARGUMENTS = 9;
const CONTENT_HEADER = 12;

/** Octets of the whole method frame that `writeDeliver` writes. */
export function deliverSize(consumerTag: Buffer, exchange: Buffer, routingKey: Buffer): number {
  return FRAME_OVERHEAD + IDS + DELIVER_ARGUMENTS + consumerTag.length + exchange.length + routingKey.length;
}

/** The method frame of a delivery. The three strings come from `shortstrBytes`. Returns the position behind it. */
export function writeDeliver(
  target: Buffer,
  at: number,
  channel: number,
  consumerTag: Buffer,
  deliveryTag: number,
  redelivered: boolean,
  exchange: Buffer,
  routingKey: Buffer,
): number {
  const size = deliverSize(consumerTag, exchange, routingKey) - FRAME_OVERHEAD;
  let next = writeMethodStart(target, at, channel, size, DELIVER);
  next = copyBytes(target, next, consumerTag, 0, consumerTag.length);
  next = putU64(target, next, deliveryTag);
  target[next++] = redelivered ? 1 : 0;
  next = copyBytes(target, next, exchange, 0, exchange.length);
  next = copyBytes(target, next, routingKey, 0, routingKey.length);
  target[next] = FRAME_END;
  return next + 1;
}

/** A content header frame; the properties stand, from their flags on, between `start` and `end`. */
export function writeContentHeader(
  target: Buffer,
  at: number,
  channel: number,
  bodySize: number,
  properties: Buffer,
  start: number,
  end: number,
): number {
  let next = writeFrameStart(target, at, FrameType.HEADER, channel, CONTENT_HEADER + end - start);
  next = putU32(target, next, BASIC_CLASS << 16);
  next = putU64(target, next, bodySize);
  next = copyBytes(target, next, properties, start, end);
  target[next] = FRAME_END;
  return next + 1;
}

/** What precedes the payload of a body frame. */
export function writeBodyStart(target: Buffer, at: number, channel: number, size: number): number {
  return writeFrameStart(target, at, FrameType.BODY, channel, size);
}

/** One body frame: `body` from `start` to `end`. */
export function writeBody(
  target: Buffer,
  at: number,
  channel: number,
  body: Buffer,
  start: number,
  end: number,
): number {
  let next = writeFrameStart(target, at, FrameType.BODY, channel, end - start);
  next = copyBytes(target, next, body, start, end);
  target[next] = FRAME_END;
  return next + 1;
}

/** An ack frame. */
export function writeAck(
  target: Buffer,
  at: number,
  channel: number,
  deliveryTag: number,
  multiple: boolean,
): number {
  return writeSettle(target, at, channel, ACK, deliveryTag, multiple);
}

/** A nack frame without requeue, which means nothing to a publisher. */
export function writeNack(
  target: Buffer,
  at: number,
  channel: number,
  deliveryTag: number,
  multiple: boolean,
): number {
  return writeSettle(target, at, channel, NACK, deliveryTag, multiple);
}

function writeSettle(
  target: Buffer,
  at: number,
  channel: number,
  methodId: number,
  deliveryTag: number,
  multiple: boolean,
): number {
  let next = writeMethodStart(target, at, channel, ACK_PAYLOAD, methodId);
  next = putU64(target, next, deliveryTag);
  target[next] = multiple ? MULTIPLE : 0;
  target[next + 1] = FRAME_END;
  return next + 2;
}

function writeMethodStart(
  target: Buffer,
  at: number,
  channel: number,
  size: number,
  methodId: number,
): number {
  const next = writeFrameStart(target, at, FrameType.METHOD, channel, size);
  return putU32(target, next, (BASIC_CLASS << 16) | methodId);
}

function writeFrameStart(target: Buffer, at: number, type: number, channel: number, size: number): number {
  target[at] = type;
  target[at + 1] = channel >>> 8;
  target[at + 2] = channel;
  putU32(target, at + 3, size);
  return at + FRAME_HEADER;
}

function putU32(target: Buffer, at: number, value: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}

function putU64(target: Buffer, at: number, value: number): number {
  putU32(target, at, Math.floor(value / 2 ** 32));
  return putU32(target, at + 4, value >>> 0);
}
