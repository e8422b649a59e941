import { Buffer, isUtf8 } from 'node:buffer';
import { AmqpError, NO_METHOD, type MethodIds } from './errors.ts';

const TWO_32 = 2 ** 32;
const LONGEST_SHORTSTR = 255;

/** A value reaches beyond the bytes it was announced in. Decoders that know what they decode answer it their own way. */
export class ShortData extends AmqpError {
  constructor() {
    super('SYNTAX_ERROR', 'the data ends in the middle of a value');
  }
}

/** The same refusal, naming the method it belongs to unless it names one already. */
export function located(error: AmqpError, at: MethodIds): AmqpError {
  if (error.at !== undefined) return error;
  return new AmqpError(error.reply, error.message.slice(error.reply.length + ' - '.length), at);
}

/** Below this many bytes a loop costs less than a call of `copy`. */
const SMALL = 40;

/** Copies what stands from `start` to `end`; returns the position behind it. Fast for few bytes, where `copy` is not. */
export function copyBytes(target: Buffer, at: number, bytes: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length > SMALL) {
    bytes.copy(target, at, start, end);
  } else {
    for (let i = 0; i < length; i++) target[at + i] = bytes[start + i] ?? 0;
  }
  return at + length;
}

/** Whether the first `length` bytes of one are those that stand at `at` in the other. */
export function isSameBytes(bytes: Buffer, other: Buffer, at: number, length: number): boolean {
  if (length > SMALL) return bytes.compare(other, at, at + length, 0, length) === 0;
  for (let i = 0; i < length; i++) if (bytes[i] !== other[at + i]) return false;
  return true;
}

/** Reads the basic types one after the other. Buffers it returns are views. */
export class Reader {
  at: number;
  readonly end: number;
  readonly #bytes: Buffer;
  #bits = 0;
  #bitsLeft = 0;
  #bitsEnd = -1;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.at = at;
    this.end = end;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  u16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  /** Precise up to 2^53: delivery tags and sizes never come near. */
  u64(): number {
    const at = this.#take(8);
    return this.#bytes.readUInt32BE(at) * TWO_32 + this.#bytes.readUInt32BE(at + 4);
  }

  /** The same type where every bit counts. */
  bigU64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  i8(): number {
    return this.#bytes.readInt8(this.#take(1));
  }

  i16(): number {
    return this.#bytes.readInt16BE(this.#take(2));
  }

  i32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }

  f32(): number {
    return this.#bytes.readFloatBE(this.#take(4));
  }

  f64(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }

  /** Bits that follow one another share an octet, lowest first. */
  bit(): boolean {
    if (this.#bitsLeft === 0 || this.#bitsEnd !== this.at) {
      this.#bits = this.u8();
      this.#bitsLeft = 8;
      this.#bitsEnd = this.at;
    }
    const set = (this.#bits & 1) === 1;
    this.#bits >>= 1;
    this.#bitsLeft--;
    return set;
  }

  /** A short string of valid UTF-8; anything else is refused (GEN-12). */
  shortstr(): string {
    const length = this.u8();
    const at = this.#take(length);
    const end = at + length;
    for (let i = at; i < end; i++) {
      if ((this.#bytes[i] ?? 0) > 0x7f) return this.#utf8(at, end);
    }
    return this.#bytes.toString('latin1', at, end);
  }

  /** A short string where any bytes are allowed: table keys and message properties. */
  looseShortstr(): string {
    const length = this.u8();
    const at = this.#take(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  longstr(): Buffer {
    return this.raw(this.u32());
  }

  raw(length: number): Buffer {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  #utf8(at: number, end: number): string {
    if (!isUtf8(this.#bytes.subarray(at, end))) {
      throw new AmqpError('FRAME_ERROR', 'Malformed UTF-8 in shortstr', NO_METHOD);
    }
    return this.#bytes.toString('utf8', at, end);
  }

  #take(length: number): number {
    const at = this.at;
    if (length > this.end - at) throw new ShortData();
    this.at = at + length;
    return at;
  }
}

/** Writes the basic types one after the other into a buffer that grows. */
export class Writer {
  #bytes: Buffer;
  #at = 0;
  #bitsUsed = 0;
  #bitsEnd = -1;

  constructor(capacity = 64) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  u8(value: number): void {
    const at = this.#room(1);
    this.#bytes.writeUInt8(value, at);
  }

  u16(value: number): void {
    const at = this.#room(2);
    this.#bytes.writeUInt16BE(value, at);
  }

  u32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeUInt32BE(value, at);
  }

  u64(value: number): void {
    const at = this.#room(8);
    this.#bytes.writeUInt32BE(Math.floor(value / TWO_32), at);
    this.#bytes.writeUInt32BE(value % TWO_32, at + 4);
  }

  bigU64(value: bigint): void {
    const at = this.#room(8);
    this.#bytes.writeBigUInt64BE(value, at);
  }

  i8(value: number): void {
    const at = this.#room(1);
    this.#bytes.writeInt8(value, at);
  }

  i16(value: number): void {
    const at = this.#room(2);
    this.#bytes.writeInt16BE(value, at);
  }

  i32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeInt32BE(value, at);
  }

  i64(value: bigint): void {
    const at = this.#room(8);
    this.#bytes.writeBigInt64BE(value, at);
  }

  f32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeFloatBE(value, at);
  }

  f64(value: number): void {
    const at = this.#room(8);
    this.#bytes.writeDoubleBE(value, at);
  }

  /** Bits written one after the other share an octet, lowest first. */
  bit(value: boolean): void {
    if (this.#bitsUsed === 8 || this.#bitsEnd !== this.#at) {
      this.u8(0);
      this.#bitsUsed = 0;
      this.#bitsEnd = this.#at;
    }
    const octet = this.#at - 1;
    if (value) this.#bytes.writeUInt8(this.#bytes.readUInt8(octet) | (1 << this.#bitsUsed), octet);
    this.#bitsUsed++;
  }

  /** Throws RangeError for more than 255 bytes: whoever has a longer text decides how to cut it. */
  shortstr(text: string): void {
    const length = Buffer.byteLength(text);
    if (length > LONGEST_SHORTSTR) throw new RangeError(`a short string of ${length} bytes`);
    this.u8(length);
    const at = this.#room(length);
    this.#bytes.write(text, at, 'utf8');
  }

  longstr(value: Buffer | string): void {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    this.u32(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Buffer): void {
    const at = this.#room(bytes.length);
    bytes.copy(this.#bytes, at);
  }

  /** What was written so far: a view. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #room(length: number): number {
    const at = this.#at;
    this.#at = at + length;
    if (this.#at > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#at, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    return at;
  }
}
