import { Buffer } from 'node:buffer';
import { connect } from 'node:net';
import { Confirms } from './confirms.js';
import { Scanner } from './scanner.js';
import {
  METHOD,
  PROTOCOL_HEADER,
  longString,
  methodFrame,
  readStrings,
  shortString,
  table,
  uint,
} from './wire.js';

const CHANNEL = 1;
const FRAME_MAX = 131_072;
const WRITE_HIGH_WATER = 256 * 1024;
/** A broker that sends nothing for so long while something is awaited has given up. */
const PATIENCE = 180_000;
const CLOSE_PATIENCE = 5000;
/** An ack whose tag and `multiple` are still to be filled in. */
const ACK = methodFrame(CHANNEL, METHOD.basicAck, uint(0, 8), uint(0, 1));

/**
 * One connection with one channel: as little of AMQP as a load generator can do with, so that the time measured is the
 * broker's. Publishes go out as bytes encoded beforehand; what arrives is counted, not decoded.
 */
export class Client {
  confirms = new Confirms();
  frameMax = FRAME_MAX;
  /** What server-properties says in strings. @type {Record<string, string>} */
  server = {};
  /** @type {(deliveryTag: number, stamp: number) => void} */
  onDelivery = () => {};
  #closing = false;
  /** @type {Error | undefined} */
  #failure;
  /** @type {Buffer[]} */
  #acks = [];
  /** @type {{ id: number, payload?: Buffer } | undefined} */
  #call;
  /** @type {{ done: () => boolean, resolve: () => void, reject: (error: Error) => void }[]} */
  #waiting = [];
  #heardAt = Date.now();
  #patience;

  /** @param {string} url */
  constructor(url) {
    const { hostname, port, username, password, pathname } = new URL(url);
    this.url = url;
    this.login = `\0${decodeURIComponent(username || 'guest')}\0${decodeURIComponent(password || 'guest')}`;
    this.vhost = decodeURIComponent(pathname.slice(1)) || '/';
    const scanner = new Scanner({
      onDelivery: (deliveryTag, stamp) => this.onDelivery(deliveryTag, stamp),
      onConfirm: (deliveryTag, multiple, accepted) => this.#confirmed(deliveryTag, multiple, accepted),
      onMethod: (id, payload) => this.#method(id, payload),
    });
    const onread = {
      buffer: () => scanner.room(),
      /** @param {number} length */
      callback: (length) => this.#read(scanner, length),
    };
    const host = hostname.replace(/^\[|\]$/g, '');
    const options = {
      host,
      port: Number(port || 5672),
      noDelay: true,
      writableHighWaterMark: WRITE_HIGH_WATER,
    };
    this.socket = connect({ ...options, onread });
    this.#patience = setInterval(() => this.#impatient(), 1000);
    this.socket.on('drain', () => this.#check());
    this.socket.on('error', (error) => this.#fail(error));
    this.socket.on('close', () => this.#fail(new Error('the broker closed the connection')));
  }

  /**
   * Connects, logs in and opens the channel.
   * @param {string} url
   */
  static async open(url) {
    const client = new Client(url);
    try {
      await client.#handshake();
      return client;
    } catch (error) {
      client.socket.destroy();
      throw error;
    }
  }

  /**
   * Resolves when `done` holds, which is looked at whenever something was read or written. Rejects when the connection
   * fails.
   * @param {() => boolean} done
   * @returns {Promise<void>}
   */
  until(done) {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (done()) return Promise.resolve();
    this.#heardAt = Date.now();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ done, resolve, reject });
    });
  }

  /** True while the socket holds more than it should: write nothing until `until(() => !blocked)`. */
  get blocked() {
    return this.socket.writableNeedDrain;
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    if (this.#failure !== undefined) throw this.#failure;
    this.socket.write(bytes);
  }

  /**
   * Goes out with the other acks of the same read.
   * @param {number} deliveryTag
   * @param {boolean} multiple
   */
  ack(deliveryTag, multiple) {
    const bytes = Buffer.allocUnsafe(ACK.length);
    ACK.copy(bytes);
    bytes.writeUInt32BE(Math.floor(deliveryTag / 2 ** 32), 11);
    bytes.writeUInt32BE(deliveryTag % 2 ** 32, 15);
    bytes[19] = multiple ? 1 : 0;
    this.#acks.push(bytes);
  }

  async selectConfirms() {
    await this.request(METHOD.confirmSelect, METHOD.confirmSelectOk, uint(0, 1));
  }

  /** @param {number} count */
  async prefetch(count) {
    await this.request(METHOD.basicQos, METHOD.basicQosOk, uint(0, 4), uint(count, 2), uint(0, 1));
  }

  /**
   * @param {string} queue
   * @param {boolean} noAck
   */
  async consume(queue, noAck) {
    const fields = [uint(0, 2), shortString(queue), shortString(''), uint(noAck ? 2 : 0, 1), table({})];
    await this.request(METHOD.basicConsume, METHOD.basicConsumeOk, ...fields);
  }

  async close() {
    if (this.#failure !== undefined || this.#closing) return;
    this.#closing = true;
    const bye = methodFrame(
      0,
      METHOD.connectionClose,
      uint(200, 2),
      shortString('bye'),
      uint(0, 2),
      uint(0, 2),
    );
    const timer = setTimeout(() => this.socket.destroy(), CLOSE_PATIENCE);
    await this.#exchange(bye, METHOD.connectionCloseOk).finally(() => clearTimeout(timer));
    this.socket.destroy();
  }

  async #handshake() {
    const start = await this.#exchange(PROTOCOL_HEADER, METHOD.connectionStart);
    this.server = readStrings(start, 2);
    // with this capability a refused login is answered, instead of a closed socket
    const about = table({ product: 'leveret bench', capabilities: { authentication_failure_close: true } });
    const mechanism = [about, shortString('PLAIN'), longString(this.login)];
    const startOk = methodFrame(0, METHOD.connectionStartOk, ...mechanism, shortString('en_US'));
    const tune = await this.#exchange(startOk, METHOD.connectionTune);
    this.frameMax = Math.min(tune.readUInt32BE(2) || FRAME_MAX, FRAME_MAX);
    // no heartbeats: a connection that dies is noticed by what does not arrive
    const limits = [uint(Math.min(tune.readUInt16BE(0), 16), 2), uint(this.frameMax, 4), uint(0, 2)];
    this.write(methodFrame(0, METHOD.connectionTuneOk, ...limits));
    const vhost = [shortString(this.vhost), shortString(''), uint(0, 1)];
    await this.#exchange(methodFrame(0, METHOD.connectionOpen, ...vhost), METHOD.connectionOpenOk);
    await this.request(METHOD.channelOpen, METHOD.channelOpenOk, shortString(''));
  }

  /**
   * A method that is not answered.
   * @param {number} id
   * @param {...Uint8Array} fields
   */
  async send(id, ...fields) {
    this.write(methodFrame(CHANNEL, id, ...fields));
    if (this.blocked) await this.until(() => !this.blocked);
  }

  /**
   * @param {number} id
   * @param {number} reply
   * @param {...Uint8Array} fields
   */
  request(id, reply, ...fields) {
    return this.#exchange(methodFrame(CHANNEL, id, ...fields), reply);
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} reply the method that answers them
   * @returns {Promise<Buffer>} its payload
   */
  async #exchange(bytes, reply) {
    /** @type {{ id: number, payload?: Buffer }} */
    const call = { id: reply };
    this.#call = call;
    this.write(bytes);
    await this.until(() => call.payload !== undefined);
    return /** @type {Buffer} */ (call.payload);
  }

  /**
   * @param {Scanner} scanner
   * @param {number} length
   */
  #read(scanner, length) {
    this.#heardAt = Date.now();
    try {
      scanner.advance(length);
    } catch (error) {
      this.#fail(/** @type {Error} */ (error));
    }
    if (this.#acks.length > 0 && this.#failure === undefined) {
      this.socket.write(Buffer.concat(this.#acks));
      this.#acks = [];
    }
    this.#check();
    return true;
  }

  /**
   * @param {number} id
   * @param {Buffer} payload
   */
  #method(id, payload) {
    if (id === this.#call?.id) {
      this.#call.payload = payload;
    } else if (id === METHOD.connectionClose || id === METHOD.channelClose) {
      this.#fail(new Error(`the broker refused: ${payload.toString('utf8', 3, 3 + payload.readUInt8(2))}`));
    } else {
      this.#fail(new Error(`the broker sent an unexpected method ${id >>> 16},${id & 0xffff}`));
    }
  }

  /**
   * @param {number} deliveryTag
   * @param {boolean} multiple
   * @param {boolean} accepted
   */
  #confirmed(deliveryTag, multiple, accepted) {
    if (accepted) this.confirms.add(deliveryTag, multiple);
    else this.#fail(new Error(`the broker refused message ${deliveryTag} (basic.nack)`));
  }

  #check() {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = waiting.filter((waiter) => !waiter.done());
    for (const waiter of waiting) if (!this.#waiting.includes(waiter)) waiter.resolve();
  }

  #impatient() {
    if (this.#waiting.length === 0 || Date.now() - this.#heardAt < PATIENCE) return;
    this.#fail(new Error(`the broker has sent nothing for ${PATIENCE / 1000} s`));
  }

  /** @param {Error} error */
  #fail(error) {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    clearInterval(this.#patience);
    this.socket.destroy();
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
  }
}
