import { Buffer } from 'node:buffer';
import { FRAME_END, FRAME_HEADER, METHOD, methodFrame, shortString, uint } from '../wire.js';
import { CONSUMER_TAG } from './peer.js';

/** @typedef {import('./peer.js').Peer} Peer */
/** @typedef {import('./peer.js').Publish} Publish */

const BUFFER = 128 * 1024;

/** A basic.deliver without its routing key; up to where the tag stands, and the tag. */
const DELIVER = methodFrame(
  1,
  METHOD.basicDeliver,
  shortString(CONSUMER_TAG),
  uint(0, 8),
  uint(0, 1),
  shortString(''),
);
const TAG_AT = FRAME_HEADER + 4 + 1 + CONSUMER_TAG.length;
/** All but the end octet. */
const DELIVER_LENGTH = DELIVER.length - 1;

/** One consumer: gathers what goes to it during a read, and writes it at once. Its buffers come back when written. */
export class Outlet {
  peer;
  #tag = 0;
  /** @type {Buffer[]} */
  #free = [];
  /** @type {Buffer} */
  #bytes = Buffer.allocUnsafeSlow(BUFFER);
  #at = 0;

  /** @param {Peer} peer */
  constructor(peer) {
    this.peer = peer;
  }

  get isEmpty() {
    return this.#at === 0;
  }

  /** @param {Publish} publish */
  deliver({ bytes, keyAt, keyEnd, headerAt, end }) {
    const keyLength = keyEnd - keyAt;
    this.#reserve(DELIVER_LENGTH + keyLength + 2 + end - headerAt);
    const to = this.#bytes;
    let at = this.#at;
    DELIVER.copy(to, at);
    to.writeUInt32BE(DELIVER_LENGTH + 1 + keyLength - FRAME_HEADER, at + 3);
    this.#tag++;
    to.writeUInt32BE(Math.floor(this.#tag / 2 ** 32), at + TAG_AT);
    to.writeUInt32BE(this.#tag % 2 ** 32, at + TAG_AT + 4);
    at += DELIVER_LENGTH;
    at += bytes.copy(to, at, keyAt - 1, keyEnd);
    to[at++] = FRAME_END;
    this.#at = at + bytes.copy(to, at, headerAt, end);
  }

  flush() {
    const bytes = this.#bytes;
    const length = this.#at;
    this.#at = 0;
    this.#bytes = this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER);
    this.peer.write(bytes.subarray(0, length), () => {
      if (bytes.length === BUFFER) this.#free.push(bytes);
    });
  }

  /** @param {number} length */
  #reserve(length) {
    if (this.#at + length <= this.#bytes.length) return;
    if (this.#at > 0) this.flush();
    if (length > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(length);
  }
}
