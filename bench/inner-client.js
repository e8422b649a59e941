import { Buffer } from 'node:buffer';
import { Confirms } from './confirms.js';
import { Scanner } from './scanner.js';
import {
  FRAME,
  METHOD,
  PROTOCOL_HEADER,
  frame,
  longString,
  methodFrame,
  shortString,
  table,
  uint,
} from './wire.js';

/** @typedef {import('node:stream').Duplex} Duplex */

const CHANNEL = 1;
const FRAME_MAX = 131_072;
/** An ack whose tag is still to be filled in. */
const ACK = methodFrame(CHANNEL, METHOD.basicAck, uint(0, 8), uint(0, 1));
const ACK_TAG_AT = 11;

/**
 * A client in the broker's own process, without a socket. What it sends is encoded beforehand, and it decodes next to
 * nothing: nearly all that is allocated while it works is the broker's.
 */
export class InnerClient {
  /** Messages that came. */
  delivered = 0;
  confirms = new Confirms();
  #stream;
  /** @type {number | undefined} the method that is waited for */
  #awaited = undefined;
  /** @type {(() => boolean) | undefined} */
  #done = undefined;
  #resolve = () => {};
  #reject = (/** @type {Error} */ _error) => {};

  /** @param {Duplex} stream */
  constructor(stream) {
    this.#stream = stream;
    const scanner = new Scanner({
      onDelivery: () => this.delivered++,
      onConfirm: (tag, multiple) => this.confirms.add(tag, multiple),
      onMethod: (id, payload) => this.#method(id, payload),
    });
    stream.on('data', (/** @type {Buffer} */ bytes) => this.#read(scanner, bytes));
    stream.on('close', () => this.#reject(new Error('the broker closed the connection')));
  }

  /** @param {Duplex} stream */
  static async open(stream) {
    const client = new InnerClient(stream);
    const login = [table({}), shortString('PLAIN'), longString('\0guest\0guest'), shortString('en_US')];
    await client.#exchange(PROTOCOL_HEADER, METHOD.connectionStart);
    await client.#exchange(methodFrame(0, METHOD.connectionStartOk, ...login), METHOD.connectionTune);
    client.write(methodFrame(0, METHOD.connectionTuneOk, uint(16, 2), uint(FRAME_MAX, 4), uint(0, 2)));
    const vhost = [shortString('/'), shortString(''), uint(0, 1)];
    await client.#exchange(methodFrame(0, METHOD.connectionOpen, ...vhost), METHOD.connectionOpenOk);
    await client.#request(METHOD.channelOpen, shortString(''));
    return client;
  }

  /** @param {Uint8Array} bytes not to be changed before what it asks for has come */
  write(bytes) {
    this.#stream.write(bytes);
  }

  /** @param {() => boolean} done looked at whenever something has come */
  until(done) {
    if (done()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#done = done;
      this.#resolve = () => resolve(undefined);
      this.#reject = reject;
    });
  }

  /**
   * @param {string} name
   * @param {Record<string, string | number>} [args]
   */
  async declareQueue(name, args = {}) {
    await this.#request(METHOD.queueDeclare, uint(0, 2), shortString(name), uint(2, 1), table(args));
  }

  /**
   * @param {string} name
   * @param {string} type
   */
  async declareExchange(name, type) {
    const fields = [uint(0, 2), shortString(name), shortString(type), uint(2, 1), table({})];
    await this.#request(METHOD.exchangeDeclare, ...fields);
  }

  /**
   * @param {string} queue
   * @param {string} exchange
   * @param {string} bindingKey
   */
  async bind(queue, exchange, bindingKey) {
    const names = [shortString(queue), shortString(exchange), shortString(bindingKey)];
    await this.#request(METHOD.queueBind, uint(0, 2), ...names, uint(0, 1), table({}));
  }

  async selectConfirms() {
    await this.#request(METHOD.confirmSelect, uint(0, 1));
  }

  /**
   * @param {string} queue
   * @param {boolean} noAck
   */
  async consume(queue, noAck) {
    const fields = [uint(0, 2), shortString(queue), shortString(''), uint(noAck ? 2 : 0, 1), table({})];
    await this.#request(METHOD.basicConsume, ...fields);
  }

  close() {
    this.#reject = () => {};
    this.#stream.destroy();
  }

  /**
   * @param {number} id whose answer has the next number
   * @param {...Uint8Array} fields
   */
  #request(id, ...fields) {
    return this.#exchange(methodFrame(CHANNEL, id, ...fields), id + 1);
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} reply
   */
  #exchange(bytes, reply) {
    this.#awaited = reply;
    this.write(bytes);
    return this.until(() => this.#awaited === undefined);
  }

  /**
   * @param {number} id
   * @param {Buffer} payload
   */
  #method(id, payload) {
    if (id === this.#awaited) this.#awaited = undefined;
    else this.#reject(new Error(`the broker refused: ${payload.toString('latin1', 3)}`));
  }

  /**
   * @param {Scanner} scanner
   * @param {Buffer} bytes
   */
  #read(scanner, bytes) {
    for (let at = 0; at < bytes.length;) {
      const length = bytes.copy(scanner.room(), 0, at);
      scanner.advance(length);
      at += length;
    }
    if (this.#done?.() !== true) return;
    this.#done = undefined;
    this.#resolve();
  }
}

/**
 * @param {{ exchange?: string, routingKey: string, size: number, persistent: boolean }} message
 * @returns a publish with all its frames
 */
export function publishFrames({ exchange = '', routingKey, size, persistent }) {
  const address = [shortString(exchange), shortString(routingKey)];
  const properties = [uint(0x1000, 2), uint(persistent ? 2 : 1, 1)];
  const header = Buffer.concat([uint(60, 2), uint(0, 2), uint(size, 8), ...properties]);
  return Buffer.concat([
    methodFrame(CHANNEL, METHOD.basicPublish, uint(0, 2), ...address, uint(0, 1)),
    frame(FRAME.header, CHANNEL, header),
    frame(FRAME.body, CHANNEL, Buffer.alloc(size, 0x61)),
  ]);
}

/** Acks one by one; made once, since an ack that is encoded for each message would be counted. */
export class Acks {
  #bytes;
  #next = 1;

  /** @param {number} count that go out at a time */
  constructor(count) {
    this.#bytes = Buffer.concat(Array.from({ length: count }, () => ACK));
  }

  /** The next ones; they stand where the last ones stood. */
  next() {
    for (let at = ACK_TAG_AT; at < this.#bytes.length; at += ACK.length) {
      this.#bytes.writeUInt32BE(this.#next++, at + 4);
    }
    return this.#bytes;
  }
}
