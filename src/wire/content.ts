import { Buffer } from 'node:buffer';
import { copyBytes } from './buffer.ts';
import { decodeMethod, PublishDecoder } from './codec.ts';
import { BASIC_CLASS, FrameType } from './constants.ts';
import { AmqpError, NO_METHOD, type MethodIds } from './errors.ts';
import { carriesContent, methodIds, methods, type Method } from './methods.ts';

/** What a method brings along. Everything here is valid during the call only: whoever keeps it copies it. */
export interface Content {
  /** The announced size of the body. */
  readonly size: number;
  /** Flags and values. */
  readonly properties: Buffer;
  /** `undefined` when it was larger than allowed: it was read and thrown away (PUB-03). */
  readonly body: Buffer | undefined;
}

/** Takes a method, with its content if it carries any. */
export type OnCommand = (method: Method, content: Content | undefined) => void;

const LARGEST_ANNOUNCED = 536_870_912;
const PUBLISH = (BASIC_CLASS << 16) | methods['basic.publish'].methodId;
/** Class, weight and body size precede the properties in a content header. */
const PROPERTIES_AT = 12;
const SMALLEST_PROPERTIES = 256;

const EMPTY: Buffer = Buffer.alloc(0);

/**
 * Method, header and body frames of one channel in, one command out. A body within one frame is passed on as a view;
 * a longer one is collected in a buffer that grows with what has arrived, never with what was announced.
 */
export class ContentAssembler {
  readonly #largestBody: number;
  readonly #onCommand: OnCommand;
  readonly #publishes = new PublishDecoder();
  /** The method whose content is awaited. */
  #method: Method | undefined = undefined;
  /** -1 while the header is due. */
  #size = -1;
  /** Octets of the body that have arrived. */
  #have = 0;
  #body = EMPTY;
  /** Where properties wait for the body; `#properties` is a view of it. */
  #scratch = EMPTY;
  #properties = EMPTY;

  constructor(largestBody: number, onCommand: OnCommand) {
    this.#largestBody = largestBody;
    this.#onCommand = onCommand;
  }

  /** Takes the payload of the next method, header or body frame. */
  accept(type: number, payload: Buffer): void {
    if (this.#method === undefined) return this.#acceptMethod(type, payload);
    if (this.#size < 0) return this.#acceptHeader(type, payload, this.#method);
    this.#acceptBody(type, payload, this.#method);
  }

  #acceptMethod(type: number, payload: Buffer): void {
    if (type !== FrameType.METHOD) {
      throw unexpected('expected method frame, got non method frame instead', NO_METHOD);
    }
    if (payload.length >= 4 && payload.readUInt32BE(0) === PUBLISH) {
      this.#method = this.#publishes.decode(payload);
      return;
    }
    const method = decodeMethod(payload);
    if (carriesContent.has(method.name)) this.#method = method;
    else this.#onCommand(method, undefined);
  }

  #acceptHeader(type: number, payload: Buffer, method: Method): void {
    const expected = `expected content header for class ${BASIC_CLASS}`;
    if (type !== FrameType.HEADER || payload.length < PROPERTIES_AT || payload.readUInt16BE(2) !== 0) {
      throw unexpected(`${expected}, got non content header frame instead`, methodIds(method.name));
    }
    const classId = payload.readUInt16BE(0);
    if (classId !== BASIC_CLASS) {
      throw unexpected(`${expected}, got one for class ${classId} instead`, methodIds(method.name));
    }
    const size = payload.readUInt32BE(4) * 2 ** 32 + payload.readUInt32BE(8);
    if (size > LARGEST_ANNOUNCED) {
      const text = `content body size ${payload.readBigUInt64BE(4)} exceeds maximum allowed size ${LARGEST_ANNOUNCED}`;
      throw new AmqpError('FRAME_ERROR', text, methodIds(method.name));
    }
    this.#copyProperties(payload);
    this.#size = size;
    this.#have = 0;
    if (size === 0) this.#complete(method, EMPTY);
  }

  #acceptBody(type: number, payload: Buffer, method: Method): void {
    if (type !== FrameType.BODY) {
      throw unexpected('expected content body, got non content body frame instead', methodIds(method.name));
    }
    if (payload.length > this.#size - this.#have) {
      const text = 'content body frame exceeds remaining content size';
      throw new AmqpError('FRAME_ERROR', text, methodIds(method.name));
    }
    if (payload.length === this.#size) return this.#complete(method, payload);
    if (this.#size <= this.#largestBody) this.#collect(payload);
    this.#have += payload.length;
    if (this.#have === this.#size) this.#complete(method, this.#body);
  }

  #collect(payload: Buffer): void {
    const needed = this.#have + payload.length;
    if (needed > this.#body.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#size, needed * 2));
      this.#body.copy(larger, 0, 0, this.#have);
      this.#body = larger;
    }
    payload.copy(this.#body, this.#have);
  }

  #complete(method: Method, body: Buffer): void {
    const size = this.#size;
    const content = {
      size,
      properties: this.#properties,
      body: size <= this.#largestBody ? body : undefined,
    };
    this.#method = undefined;
    this.#size = -1;
    this.#body = EMPTY;
    this.#onCommand(method, content);
  }

  /** The header's chunk may be gone when the body is complete. Messages of a kind share the length of their properties. */
  #copyProperties(header: Buffer): void {
    const length = header.length - PROPERTIES_AT;
    if (length !== this.#properties.length) {
      if (length > this.#scratch.length) {
        this.#scratch = Buffer.allocUnsafe(Math.max(length, SMALLEST_PROPERTIES));
      }
      this.#properties = this.#scratch.subarray(0, length);
    }
    copyBytes(this.#scratch, 0, header, PROPERTIES_AT, header.length);
  }
}

function unexpected(text: string, at: MethodIds): AmqpError {
  return new AmqpError('UNEXPECTED_FRAME', text, at);
}
