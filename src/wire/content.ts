import { Buffer } from 'node:buffer';
import { copyBytes } from './buffer.ts';
import { decodeAck, decodeMethod, PublishDecoder } from './codec.ts';
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
const EXPECTED_HEADER = `expected content header for class ${BASIC_CLASS}`;

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

  /** Takes the next method, header or body frame; its payload stands from `start` to `end`. */
  accept(type: number, bytes: Buffer, start = 0, end = bytes.length): void {
    if (this.#method === undefined) return this.#acceptMethod(type, bytes, start, end);
    if (this.#size < 0) return this.#acceptHeader(type, bytes, start, end, this.#method);
    this.#acceptBody(type, bytes, start, end, this.#method);
  }

  #acceptMethod(type: number, bytes: Buffer, start: number, end: number): void {
    if (type !== FrameType.METHOD) {
      throw unexpected('expected method frame, got non method frame instead', NO_METHOD);
    }
    if (end - start >= 4 && bytes.readUInt32BE(start) === PUBLISH) {
      this.#method = this.#publishes.decode(bytes, start, end);
      return;
    }
    const method = decodeAck(bytes, start, end) ?? decodeMethod(bytes.subarray(start, end));
    if (carriesContent.has(method.name)) this.#method = method;
    else this.#onCommand(method, undefined);
  }

  #acceptHeader(type: number, bytes: Buffer, start: number, end: number, method: Method): void {
    if (type !== FrameType.HEADER || end - start < PROPERTIES_AT || bytes.readUInt16BE(start + 2) !== 0) {
      throw unexpected(`${EXPECTED_HEADER}, got non content header frame instead`, methodIds(method.name));
    }
    const classId = bytes.readUInt16BE(start);
    if (classId !== BASIC_CLASS) {
      throw unexpected(`${EXPECTED_HEADER}, got one for class ${classId} instead`, methodIds(method.name));
    }
    const size = bytes.readUInt32BE(start + 4) * 2 ** 32 + bytes.readUInt32BE(start + 8);
    if (size > LARGEST_ANNOUNCED) {
      const announced = bytes.readBigUInt64BE(start + 4);
      const text = `content body size ${announced} exceeds maximum allowed size ${LARGEST_ANNOUNCED}`;
      throw new AmqpError('FRAME_ERROR', text, methodIds(method.name));
    }
    this.#copyProperties(bytes, start + PROPERTIES_AT, end);
    this.#size = size;
    this.#have = 0;
    if (size === 0) this.#complete(method, EMPTY);
  }

  #acceptBody(type: number, bytes: Buffer, start: number, end: number, method: Method): void {
    if (type !== FrameType.BODY) {
      throw unexpected('expected content body, got non content body frame instead', methodIds(method.name));
    }
    const length = end - start;
    if (length > this.#size - this.#have) {
      const text = 'content body frame exceeds remaining content size';
      throw new AmqpError('FRAME_ERROR', text, methodIds(method.name));
    }
    if (length === this.#size) return this.#complete(method, bytes.subarray(start, end));
    if (this.#size <= this.#largestBody) this.#collect(bytes, start, end);
    this.#have += length;
    if (this.#have === this.#size) this.#complete(method, this.#body);
  }

  #collect(bytes: Buffer, start: number, end: number): void {
    const needed = this.#have + end - start;
    if (needed > this.#body.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#size, needed * 2));
      this.#body.copy(larger, 0, 0, this.#have);
      this.#body = larger;
    }
    bytes.copy(this.#body, this.#have, start, end);
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
  #copyProperties(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length !== this.#properties.length) {
      if (length > this.#scratch.length) {
        this.#scratch = Buffer.allocUnsafe(Math.max(length, SMALLEST_PROPERTIES));
      }
      this.#properties = this.#scratch.subarray(0, length);
    }
    copyBytes(this.#scratch, 0, bytes, start, end);
  }
}

function unexpected(text: string, at: MethodIds): AmqpError {
  return new AmqpError('UNEXPECTED_FRAME', text, at);
}
