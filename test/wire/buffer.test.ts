import { describe, expect, test } from 'vitest';
import { located, Reader, ShortData, Writer } from '../../src/wire/buffer.ts';
import { AmqpError, NO_METHOD } from '../../src/wire/errors.ts';

const written = (write: (writer: Writer) => void): string => {
  const writer = new Writer(1);
  write(writer);
  return writer.bytes().toString('hex');
};

const known: readonly [string, string, (w: Writer) => void, (r: Reader) => unknown, unknown][] = [
  ['u8', 'ff', (w) => w.u8(255), (r) => r.u8(), 255],
  ['u16', 'fffe', (w) => w.u16(65534), (r) => r.u16(), 65534],
  ['u32', 'fffffffe', (w) => w.u32(4294967294), (r) => r.u32(), 4294967294],
  ['u64', '001fffffffffffff', (w) => w.u64(2 ** 53 - 1), (r) => r.u64(), 2 ** 53 - 1],
  ['bigU64', 'ffffffffffffffff', (w) => w.bigU64(2n ** 64n - 1n), (r) => r.bigU64(), 2n ** 64n - 1n],
  ['i8', '80', (w) => w.i8(-128), (r) => r.i8(), -128],
  ['i16', 'fffe', (w) => w.i16(-2), (r) => r.i16(), -2],
  ['i32', 'fffffffe', (w) => w.i32(-2), (r) => r.i32(), -2],
  ['i64', 'fffffffffffffffe', (w) => w.i64(-2n), (r) => r.i64(), -2n],
  ['f32', '3fc00000', (w) => w.f32(1.5), (r) => r.f32(), 1.5],
  ['f64', '3ff8000000000000', (w) => w.f64(1.5), (r) => r.f64(), 1.5],
  ['bit', '01', (w) => w.bit(true), (r) => r.bit(), true],
  ['short string', '0568c3a46c6c', (w) => w.shortstr('häll'), (r) => r.shortstr(), 'häll'],
  ['empty short string', '00', (w) => w.shortstr(''), (r) => r.shortstr(), ''],
  ['long string', '000000026162', (w) => w.longstr('ab'), (r) => r.longstr().toString(), 'ab'],
  ['raw bytes', '6162', (w) => w.raw(Buffer.from('ab')), (r) => r.raw(2).toString(), 'ab'],
];

describe('Reader and Writer', () => {
  test.each(known)('a value of type %s has its known encoding', (_type, hex, write, read, value) => {
    expect(written(write)).toBe(hex);
    const reader = new Reader(Buffer.from(hex, 'hex'));
    expect(read(reader)).toBe(value);
    expect(reader.at).toBe(reader.end);
  });

  test('neighbouring bits share an octet, the ninth begins another', () => {
    const bits = [true, false, true, true, false, false, false, true, true];
    const hex = written((w) => {
      for (const bit of bits) w.bit(bit);
    });
    expect(hex).toBe('8d01');
    const reader = new Reader(Buffer.from(hex, 'hex'));
    expect(bits.map(() => reader.bit())).toEqual(bits);
  });

  test('a value between two bits parts them', () => {
    const hex = written((w) => {
      w.bit(true);
      w.u8(7);
      w.bit(true);
      w.bit(true);
    });
    expect(hex).toBe('010703');
    const reader = new Reader(Buffer.from(hex, 'hex'));
    expect([reader.bit(), reader.u8(), reader.bit(), reader.bit(), reader.at]).toEqual([
      true,
      7,
      true,
      true,
      3,
    ]);
  });

  test.each(known)(
    'a value of type %s does not reach beyond the end of its reader',
    (_type, hex, _write, read) => {
      const bytes = Buffer.from(`${hex}00000000`, 'hex');
      const end = hex.length / 2;
      for (let short = 0; short < end; short++) {
        expect(() => read(new Reader(bytes, 0, short))).toThrow(ShortData);
      }
      expect(() => read(new Reader(bytes, 0, end))).not.toThrow();
    },
  );

  test('a reader begins where it is told and skips', () => {
    const reader = new Reader(Buffer.from([1, 2, 3, 4]), 1);
    reader.skip(2);
    expect(reader.u8()).toBe(4);
    expect(() => reader.skip(1)).toThrow(ShortData);
  });

  test('a short string that is not UTF-8 is refused [GEN-12]', () => {
    const refused = (...octets: number[]): unknown => {
      try {
        return new Reader(Buffer.from([octets.length, ...octets])).shortstr();
      } catch (error) {
        return error;
      }
    };
    for (const octets of [[0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
      const error = refused(...octets);
      expect(error).toBeInstanceOf(AmqpError);
      expect(error).toMatchObject({ message: 'FRAME_ERROR - Malformed UTF-8 in shortstr', at: NO_METHOD });
    }
  });

  test('a short string of any bytes is read where the protocol does not check them', () => {
    expect(new Reader(Buffer.from([2, 0x61, 0xff])).looseShortstr()).toBe('a\ufffd');
  });

  test('a short string has at most 255 bytes [GEN-12]', () => {
    expect(written((w) => w.shortstr('x'.repeat(255)))).toBe(`ff${'78'.repeat(255)}`);
    expect(() => written((w) => w.shortstr('ä'.repeat(128)))).toThrow(RangeError);
  });

  test('a number that does not fit is not written', () => {
    expect(() => written((w) => w.u8(256))).toThrow(RangeError);
    expect(() => written((w) => w.u16(-1))).toThrow(RangeError);
    expect(() => written((w) => w.u64(2 ** 64))).toThrow(RangeError);
  });

  test('a refusal is located once', () => {
    const error = new AmqpError('SYNTAX_ERROR', 'a reason');
    const there = located(error, { classId: 60, methodId: 40 });
    expect(there).toMatchObject({ message: 'SYNTAX_ERROR - a reason', at: { classId: 60, methodId: 40 } });
    expect(located(there, NO_METHOD)).toBe(there);
  });
});
