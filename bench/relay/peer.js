import { Buffer } from 'node:buffer';
import {
  FRAME,
  FRAME_END,
  FRAME_HEADER,
  METHOD,
  longString,
  methodFrame,
  shortString,
  table,
  uint,
} from '../wire.js';

/** @typedef {import('node:net').Socket} Socket */

/**
 * What becomes of messages and consumers.
 * @typedef {object} Duties
 * @property {(queue: string, peer: Peer) => void} onConsume
 * @property {(publish: Publish) => void} onPublish
 * @property {(peer: Peer) => boolean} onReadEnd false: read no further until `resume`
 * @property {(peer: Peer) => void} onClose
 */

/**
 * Where a message stands in what was read. The octets are gone when the call returns.
 * @typedef {object} Publish
 * @property {Buffer} bytes
 * @property {number} keyAt where the routing key starts
 * @property {number} keyEnd
 * @property {number} headerAt where the header frame starts
 * @property {number} bodySize
 * @property {number} end where the last body frame ends
 */

const FRAME_MAX = 131_072;
const PROTOCOL_HEADER_LENGTH = 8;
/** @type {Buffer} */
const EMPTY = Buffer.alloc(0);

/** Methods that are answered with one that says nothing but that all is well. */
const ANSWERS = new Map([
  [METHOD.connectionOpen, [METHOD.connectionOpenOk, shortString('')]],
  [METHOD.connectionClose, [METHOD.connectionCloseOk]],
  [METHOD.channelOpen, [METHOD.channelOpenOk, longString('')]],
  [METHOD.queueDelete, [METHOD.queueDeleteOk, uint(0, 4)]],
  [METHOD.basicQos, [METHOD.basicQosOk]],
]);

/** The broker's end of one connection, with as little of AMQP as the load generator needs. */
export class Peer {
  #socket;
  #duties;
  #greeted = false;
  /** The start of a message or frame whose end has not been read. */
  #rest = EMPTY;
  #confirms = false;
  #published = 0;
  #confirmed = 0;

  /**
   * @param {Socket} socket
   * @param {Duties} duties
   */
  constructor(socket, duties) {
    this.#socket = socket;
    this.#duties = duties;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => duties.onClose(this));
  }

  /** True while the socket holds more than it should. */
  get blocked() {
    return this.#socket.writableNeedDrain;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {() => void} [done] the octets may be written over
   */
  write(bytes, done) {
    this.#socket.write(bytes, done);
  }

  /** @param {() => void} task runs when the socket has room again */
  onceDrained(task) {
    this.#socket.once('drain', task);
  }

  resume() {
    this.#socket.resume();
  }

  /** @param {Buffer} chunk */
  #read(chunk) {
    /** @type {Buffer} */
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#greeted) {
      if (bytes.length < PROTOCOL_HEADER_LENGTH) return void (this.#rest = bytes);
      this.#greeted = true;
      bytes = bytes.subarray(PROTOCOL_HEADER_LENGTH);
      this.#start();
    }
    this.#rest = bytes.subarray(this.#walk(bytes));
    this.#confirm();
    if (!this.#duties.onReadEnd(this)) this.#socket.pause();
  }

  /**
   * @param {Buffer} bytes
   * @returns {number} where the first incomplete frame or message starts
   */
  #walk(bytes) {
    let at = 0;
    for (;;) {
      const end = frameEnd(bytes, at);
      if (end === undefined) return at;
      if (bytes[at] !== FRAME.method) {
        at = end;
        continue;
      }
      const id = bytes.readUInt32BE(at + FRAME_HEADER);
      if (id === METHOD.basicPublish) {
        const next = this.#message(bytes, at, end);
        if (next === undefined) return at;
        at = next;
      } else {
        if (id !== METHOD.basicAck) this.#method(id, bytes.subarray(at + FRAME_HEADER + 4, end - 1));
        at = end;
      }
    }
  }

  /**
   * @param {Buffer} bytes
   * @param {number} methodAt
   * @param {number} headerAt
   * @returns {number | undefined} where it ends, unless that has not been read
   */
  #message(bytes, methodAt, headerAt) {
    let end = frameEnd(bytes, headerAt);
    if (end === undefined) return undefined;
    // the high half is zero: nobody sends 4 GiB
    const bodySize = bytes.readUInt32BE(headerAt + FRAME_HEADER + 8);
    for (let left = bodySize; left > 0;) {
      const bodyEnd = frameEnd(bytes, end);
      if (bodyEnd === undefined) return undefined;
      left -= bodyEnd - end - FRAME_HEADER - 1;
      end = bodyEnd;
    }
    const exchangeAt = methodAt + FRAME_HEADER + 6;
    const keyAt = exchangeAt + 2 + bytes.readUInt8(exchangeAt);
    const keyEnd = keyAt + bytes.readUInt8(keyAt - 1);
    this.#published++;
    this.#duties.onPublish({ bytes, keyAt, keyEnd, headerAt, bodySize, end });
    return end;
  }

  /** All that was read is confirmed at once. */
  #confirm() {
    if (!this.#confirms || this.#published === this.#confirmed) return;
    this.#confirmed = this.#published;
    this.write(methodFrame(1, METHOD.basicAck, uint(this.#confirmed, 8), uint(1, 1)));
  }

  #start() {
    const about = table({ product: 'relay', version: '', platform: `Node.js ${process.version}` });
    const fields = [uint(0, 1), uint(9, 1), about, longString('PLAIN'), longString('en_US')];
    this.write(methodFrame(0, METHOD.connectionStart, ...fields));
  }

  /**
   * @param {number} id
   * @param {Buffer} fields
   */
  #method(id, fields) {
    if (id === METHOD.connectionStartOk) {
      this.write(methodFrame(0, METHOD.connectionTune, uint(2047, 2), uint(FRAME_MAX, 4), uint(0, 2)));
    } else if (id === METHOD.queueDeclare) {
      const name = shortString(textAt(fields, 2));
      this.write(methodFrame(1, METHOD.queueDeclareOk, name, uint(0, 4), uint(0, 4)));
    } else if (id === METHOD.confirmSelect) {
      this.#confirms = true;
      this.write(methodFrame(1, METHOD.confirmSelectOk));
    } else if (id === METHOD.basicConsume) {
      this.write(methodFrame(1, METHOD.basicConsumeOk, shortString(CONSUMER_TAG)));
      this.#duties.onConsume(textAt(fields, 2), this);
    } else {
      this.#answer(id);
    }
  }

  /** @param {number} id */
  #answer(id) {
    const [reply, ...fields] = ANSWERS.get(id) ?? [];
    if (typeof reply !== 'number') return;
    const channel = id >>> 16 === 10 ? 0 : 1;
    this.write(methodFrame(channel, reply, .../** @type {Uint8Array[]} */ (fields)));
  }
}

export const CONSUMER_TAG = 'c';

/**
 * @param {Buffer} bytes
 * @param {number} at
 * @returns {number | undefined} where the frame ends, unless that has not been read
 */
function frameEnd(bytes, at) {
  if (bytes.length - at < FRAME_HEADER) return undefined;
  const end = at + FRAME_HEADER + bytes.readUInt32BE(at + 3) + 1;
  if (end > bytes.length) return undefined;
  if (bytes[end - 1] !== FRAME_END) throw new Error('a frame without its end octet');
  return end;
}

/**
 * A short string among the fields of a method.
 * @param {Buffer} fields
 * @param {number} at
 */
function textAt(fields, at) {
  return fields.toString('utf8', at + 1, at + 1 + fields.readUInt8(at));
}
