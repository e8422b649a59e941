import { Buffer } from 'node:buffer';

/** Methods by class and method id, as they stand in the first four octets of a method frame. */
export const METHOD = {
  connectionStart: 0x000a000a,
  connectionStartOk: 0x000a000b,
  connectionTune: 0x000a001e,
  connectionTuneOk: 0x000a001f,
  connectionOpen: 0x000a0028,
  connectionOpenOk: 0x000a0029,
  connectionClose: 0x000a0032,
  connectionCloseOk: 0x000a0033,
  channelOpen: 0x0014000a,
  channelOpenOk: 0x0014000b,
  channelClose: 0x00140028,
  exchangeDeclare: 0x0028000a,
  exchangeDeclareOk: 0x0028000b,
  queueDeclare: 0x0032000a,
  queueDeclareOk: 0x0032000b,
  queueBind: 0x00320014,
  queueBindOk: 0x00320015,
  queueDelete: 0x00320028,
  queueDeleteOk: 0x00320029,
  basicQos: 0x003c000a,
  basicQosOk: 0x003c000b,
  basicConsume: 0x003c0014,
  basicConsumeOk: 0x003c0015,
  basicPublish: 0x003c0028,
  basicDeliver: 0x003c003c,
  basicAck: 0x003c0050,
  basicNack: 0x003c0078,
  confirmSelect: 0x0055000a,
  confirmSelectOk: 0x0055000b,
};

export const FRAME = { method: 1, header: 2, body: 3, heartbeat: 8 };
export const FRAME_HEADER = 7;
export const FRAME_END = 0xce;
export const PROTOCOL_HEADER = Buffer.from('AMQP\0\0\x09\x01', 'latin1');

/**
 * An unsigned integer of `octets` octets.
 * @param {number} value
 * @param {1 | 2 | 4 | 8} octets
 */
export function uint(value, octets) {
  const bytes = Buffer.alloc(octets);
  if (octets === 8) bytes.writeBigUInt64BE(BigInt(value));
  else bytes.writeUIntBE(value, 0, octets);
  return bytes;
}

/** @param {string} text */
export function shortString(text) {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint(bytes.length, 1), bytes]);
}

/** @param {string} text */
export function longString(text) {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint(bytes.length, 4), bytes]);
}

/** @typedef {{ [name: string]: string | number | boolean | FieldTable }} FieldTable */

/**
 * A field table; numbers are 32-bit integers, which is all that queue arguments need here.
 * @param {FieldTable} entries
 * @returns {Buffer}
 */
export function table(entries) {
  const fields = Object.entries(entries).flatMap(([name, value]) => [shortString(name), fieldValue(value)]);
  const bytes = Buffer.concat(fields);
  return Buffer.concat([uint(bytes.length, 4), bytes]);
}

/** @param {FieldTable[string]} value */
function fieldValue(value) {
  if (typeof value === 'string') return Buffer.concat([Buffer.from('S'), longString(value)]);
  if (typeof value === 'number') return Buffer.concat([Buffer.from('I'), uint(value, 4)]);
  if (typeof value === 'boolean') return Buffer.concat([Buffer.from('t'), uint(value ? 1 : 0, 1)]);
  return Buffer.concat([Buffer.from('F'), table(value)]);
}

/**
 * @param {number} type
 * @param {number} channel
 * @param {Uint8Array} payload
 */
export function frame(type, channel, payload) {
  return Buffer.concat([
    uint(type, 1),
    uint(channel, 2),
    uint(payload.length, 4),
    payload,
    uint(FRAME_END, 1),
  ]);
}

/**
 * @param {number} channel
 * @param {number} id one of METHOD
 * @param {...Uint8Array} fields
 */
export function methodFrame(channel, id, ...fields) {
  return frame(FRAME.method, channel, Buffer.concat([uint(id, 4), ...fields]));
}

/**
 * The strings of a field table, at any depth of no interest: what server-properties says about the broker.
 * Stops at a type it does not know.
 * @param {Buffer} bytes
 * @param {number} at where the table's length stands
 * @returns {Record<string, string>}
 */
export function readStrings(bytes, at) {
  /** @type {Record<string, string>} */
  const strings = {};
  const end = at + 4 + bytes.readUInt32BE(at);
  at += 4;
  while (at < end) {
    const valueAt = at + 1 + bytes.readUInt8(at);
    const type = String.fromCharCode(bytes.readUInt8(valueAt));
    const length = valueLength(type, bytes, valueAt + 1);
    if (length === undefined) break;
    const next = valueAt + 1 + length;
    if (type === 'S')
      strings[bytes.toString('utf8', at + 1, valueAt)] = bytes.toString('utf8', valueAt + 5, next);
    at = next;
  }
  return strings;
}

/** @type {Record<string, number>} */
const FIXED_LENGTHS = { t: 1, b: 1, B: 1, s: 2, u: 2, I: 4, i: 4, f: 4, l: 8, L: 8, d: 8, T: 8, D: 5, V: 0 };

/**
 * @param {string} type
 * @param {Buffer} bytes
 * @param {number} at
 */
function valueLength(type, bytes, at) {
  return 'SFAx'.includes(type) ? 4 + bytes.readUInt32BE(at) : FIXED_LENGTHS[type];
}
