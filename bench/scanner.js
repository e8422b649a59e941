import { Buffer } from 'node:buffer';
import { FRAME, FRAME_END, FRAME_HEADER, METHOD } from './wire.js';

/**
 * What a scanner finds. A stamp is the number in the first eight octets of a body.
 * @typedef {object} Findings
 * @property {(deliveryTag: number, stamp: number) => void} onDelivery
 * @property {(deliveryTag: number, multiple: boolean, accepted: boolean) => void} onConfirm
 * @property {(id: number, payload: Buffer) => void} onMethod any other method, with a payload that may be kept
 */

/** Room for several reads beside the largest frame that is agreed on. */
const SPACE = 512 * 1024;

/**
 * Walks frames by their offsets, where they were read: nothing is decoded but tags, and nothing is copied but the
 * part of a frame that a read cut off, which moves to the front, before the next read.
 */
export class Scanner {
  #space = Buffer.allocUnsafeSlow(SPACE);
  /** How many octets of an incomplete frame stand at the front. */
  #held = 0;
  #deliveryTag = 0;
  #stamp = Number.NaN;
  /** Octets of the current body still to come. */
  #bodyLeft = 0;
  #stamped = false;
  /** @type {Findings} */
  #findings;

  /** @param {Findings} findings */
  constructor(findings) {
    this.#findings = findings;
  }

  /** Where the next read must put its octets. */
  room() {
    return this.#space.subarray(this.#held);
  }

  /** @param {number} length how many octets the read has put there */
  advance(length) {
    const end = this.#held + length;
    const bytes = this.#space;
    let at = 0;
    while (end - at >= FRAME_HEADER) {
      const payloadEnd = at + FRAME_HEADER + bytes.readUInt32BE(at + 3);
      if (payloadEnd - at >= SPACE) throw new Error(`the broker sent a frame of ${payloadEnd - at} octets`);
      if (payloadEnd >= end) break;
      if (bytes[payloadEnd] !== FRAME_END) throw new Error('the broker sent a frame without its end octet');
      this.#frame(bytes, bytes[at], at + FRAME_HEADER, payloadEnd);
      at = payloadEnd + 1;
    }
    if (at > 0) bytes.copyWithin(0, at, end);
    this.#held = end - at;
  }

  /**
   * @param {Buffer} bytes
   * @param {number | undefined} type
   * @param {number} at
   * @param {number} end
   */
  #frame(bytes, type, at, end) {
    if (type === FRAME.body) this.#body(bytes, at, end - at);
    else if (type === FRAME.header) this.#header(bytes, at);
    else if (type === FRAME.method) this.#method(bytes, at, end);
    else if (type !== FRAME.heartbeat) throw new Error(`the broker sent a frame of type ${type}`);
  }

  /**
   * @param {Buffer} bytes
   * @param {number} at
   * @param {number} end
   */
  #method(bytes, at, end) {
    const id = bytes.readUInt32BE(at);
    if (id === METHOD.basicDeliver) {
      this.#deliveryTag = readTag(bytes, at + 5 + bytes.readUInt8(at + 4));
    } else if (id === METHOD.basicAck || id === METHOD.basicNack) {
      const multiple = (bytes.readUInt8(at + 12) & 1) === 1;
      this.#findings.onConfirm(readTag(bytes, at + 4), multiple, id === METHOD.basicAck);
    } else {
      this.#findings.onMethod(id, Buffer.from(bytes.subarray(at + 4, end)));
    }
  }

  /**
   * @param {Buffer} bytes
   * @param {number} at
   */
  #header(bytes, at) {
    this.#bodyLeft = readTag(bytes, at + 4);
    this.#stamp = Number.NaN;
    this.#stamped = false;
    if (this.#bodyLeft === 0) this.#findings.onDelivery(this.#deliveryTag, this.#stamp);
  }

  /**
   * @param {Buffer} bytes
   * @param {number} at
   * @param {number} length
   */
  #body(bytes, at, length) {
    if (!this.#stamped && length >= 8) this.#stamp = bytes.readDoubleBE(at);
    this.#stamped = true;
    this.#bodyLeft -= length;
    if (this.#bodyLeft === 0) this.#findings.onDelivery(this.#deliveryTag, this.#stamp);
  }
}

/**
 * An unsigned integer of eight octets, exact up to 2^53.
 * @param {Buffer} bytes
 * @param {number} at
 */
function readTag(bytes, at) {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
