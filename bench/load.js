import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { FRAME, METHOD, frame, methodFrame, shortString, table, uint } from './wire.js';

/**
 * @typedef {object} Shape what the messages of a load have in common
 * @property {string} [exchange] the default exchange if there is none
 * @property {string} routingKey of the default exchange: the queue
 * @property {(index: number) => Pick<Shape, 'routingKey' | 'headers'>} [vary] what differs from message to message, always of the same length
 * @property {import('./wire.js').FieldTable} [headers]
 * @property {number} size of a body
 * @property {boolean} persistent
 * @property {string} [expiration]
 * @property {number} frameMax
 * @property {number} [repeatAfter] bodies repeat only after so many octets (default 1 MiB)
 */

/** @typedef {{ bytes: Buffer, count: number }} Batch publishes, encoded */

const CHANNEL = 1;
/** A write of about this size keeps the kernel busy without holding up the loop. */
const WRITE_BYTES = 64 * 1024;
/** Further apart than a block compressor looks back. */
const REPEAT_AFTER = 1024 * 1024;

/**
 * Publishes, encoded once and sent over and over. Messages of one load have the same length and differ in their
 * bodies, which are random: a broker that compresses what it stores gets nothing for free.
 */
export class Load {
  /** @param {Shape} shape */
  constructor(shape) {
    const { method, header } = envelope({ ...shape, ...shape.vary?.(0) });
    const body = bodyFrames(Buffer.alloc(shape.size), shape.frameMax);
    const message = Buffer.concat([method, header, body]);
    this.length = message.length;
    /** Where in a message its body starts, and with it the stamp. */
    this.bodyAt = method.length + header.length + 7;
    /** Where in a message the digits of its expiration start: they end the header's payload. */
    this.expirationAt = method.length + header.length - 1 - (shape.expiration?.length ?? 0);
    this.perWrite = Math.max(1, Math.floor(WRITE_BYTES / this.length));
    const { repeatAfter = REPEAT_AFTER } = shape;
    this.count = this.perWrite * Math.ceil(repeatAfter / (this.perWrite * this.length));
    this.ring = Buffer.alloc(this.count * this.length);
    for (let i = 0; i < this.count; i++) {
      const of = shape.vary === undefined ? { method, header } : envelope({ ...shape, ...shape.vary(i) });
      const frames = bodyFrames(randomBytes(shape.size), shape.frameMax);
      const bytes = Buffer.concat([of.method, of.header, frames]);
      if (bytes.length !== this.length) throw new Error('messages of one load must have the same length');
      bytes.copy(this.ring, i * this.length);
    }
  }

  /**
   * Up to `count` messages as they are, not to be changed: `stamped` gives a copy for that.
   * @param {number} index of the first among all that are sent
   * @param {number} count
   * @returns {Batch}
   */
  view(index, count) {
    const first = index % this.count;
    const last = Math.min(first + Math.min(count, this.perWrite), this.count);
    return { bytes: this.ring.subarray(first * this.length, last * this.length), count: last - first };
  }

  /**
   * @param {number} index
   * @param {number} count
   * @param {number} stamp goes into each body
   * @param {string} [expiration] as long as the one in the shape
   * @returns {Batch}
   */
  stamped(index, count, stamp, expiration) {
    const view = this.view(index, count);
    const bytes = Buffer.from(view.bytes);
    for (let at = 0; at < bytes.length; at += this.length) {
      bytes.writeDoubleBE(stamp, at + this.bodyAt);
      if (expiration !== undefined) bytes.write(expiration, at + this.expirationAt, 'latin1');
    }
    return { bytes, count: view.count };
  }
}

/** @param {Shape} shape */
function envelope({ exchange = '', routingKey, headers, size, persistent, expiration }) {
  const method = methodFrame(
    CHANNEL,
    METHOD.basicPublish,
    uint(0, 2),
    shortString(exchange),
    shortString(routingKey),
    uint(0, 1),
  );
  const flags = (headers === undefined ? 0 : 0x2000) | 0x1000 | (expiration === undefined ? 0 : 0x0100);
  const header = frame(
    FRAME.header,
    CHANNEL,
    Buffer.concat([
      uint(60, 2),
      uint(0, 2),
      uint(size, 8),
      uint(flags, 2),
      headers === undefined ? Buffer.alloc(0) : table(headers),
      uint(persistent ? 2 : 1, 1),
      expiration === undefined ? Buffer.alloc(0) : shortString(expiration),
    ]),
  );
  return { method, header };
}

/**
 * @param {Buffer} body
 * @param {number} frameMax
 */
function bodyFrames(body, frameMax) {
  const frames = [];
  for (let at = 0; at < body.length; at += frameMax - 8) {
    frames.push(frame(FRAME.body, CHANNEL, body.subarray(at, at + frameMax - 8)));
  }
  return Buffer.concat(frames);
}
