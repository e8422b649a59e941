import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AmqpError } from '../../src/wire/errors.ts';
import {
  array,
  bool,
  EMPTY_TABLE,
  fieldTable,
  joinEntries,
  long,
  longstr,
  rawEntries,
  rawEntry,
  readTable,
  table,
  timestamp,
  typeNames,
  writeTable,
  type FieldValue,
} from '../../src/wire/table.ts';
import { checkTable } from '../../src/wire/table-walk.ts';
import * as arbitrary from './support.ts';
import { refusal } from './support.ts';

const known: readonly [FieldValue, string][] = [
  [{ tag: 't', value: true }, '01'],
  [{ tag: 'b', value: -1 }, 'ff'],
  [{ tag: 'B', value: 255 }, 'ff'],
  [{ tag: 's', value: -2 }, 'fffe'],
  [{ tag: 'u', value: 65534 }, 'fffe'],
  [{ tag: 'I', value: -2 }, 'fffffffe'],
  [{ tag: 'i', value: 4294967294 }, 'fffffffe'],
  [{ tag: 'l', value: -2n }, 'fffffffffffffffe'],
  [{ tag: 'L', value: -2n }, 'fffffffffffffffe'],
  [{ tag: 'f', value: 1.5 }, '3fc00000'],
  [{ tag: 'd', value: 1.5 }, '3ff8000000000000'],
  [{ tag: 'D', value: { scale: 2, digits: 314 } }, '020000013a'],
  [{ tag: 'S', value: Buffer.from('ab') }, '000000026162'],
  [{ tag: 'x', value: Buffer.from([0, 255]) }, '0000000200ff'],
  [{ tag: 'T', value: 1_700_000_000n }, '000000006553f100'],
  [{ tag: 'A', value: [bool(false), { tag: 'V', value: null }] }, '00000003740056'],
  [{ tag: 'F', value: fieldTable({ a: bool(true) }) }, '0000000401617401'],
  [{ tag: 'V', value: null }, ''],
];

/** The inside of a table: arrays within arrays, the innermost empty. */
function nested(levels: number): Buffer {
  const bytes = Buffer.alloc(1 + 5 * levels);
  for (let level = 0; level < levels; level++) {
    const at = 1 + 5 * level;
    bytes.write('A', at);
    bytes.writeUInt32BE(bytes.length - at - 5, at + 1);
  }
  return bytes;
}

describe('a field table', () => {
  test.each(known)('a value of $tag has its known encoding [CON-47]', (value, hex) => {
    const bytes = Buffer.from(`016b${Buffer.from(value.tag).toString('hex')}${hex}`, 'hex');
    expect(writeTable(fieldTable({ k: value })).equals(bytes)).toBe(true);
    expect(readTable(bytes)).toEqual(new Map([['k', value]]));
    expect(rawEntries(bytes)).toEqual([rawEntry('k', value)]);
  });

  test('there is a known encoding for every type that has a name [CON-47]', () => {
    expect(known.map(([{ tag }]) => tag).toSorted()).toEqual(Object.keys(typeNames).toSorted());
  });

  test('what was written is read again, whatever is in it', () => {
    fc.assert(
      fc.property(arbitrary.fieldTable, (entries) => {
        expect(readTable(writeTable(entries))).toEqual(entries);
      }),
    );
  });

  test('a table without entries is always the same', () => {
    expect(readTable(Buffer.alloc(0))).toBe(EMPTY_TABLE);
    expect(writeTable(EMPTY_TABLE)).toHaveLength(0);
  });

  test('the last of two entries with one key counts', () => {
    const bytes = joinEntries([rawEntry('a', long(1)), rawEntry('b', long(2)), rawEntry('a', long(3))]);
    expect(readTable(bytes)).toEqual(fieldTable({ a: long(3), b: long(2) }));
  });

  test('any octet but zero is true [CON-47]', () => {
    expect(readTable(Buffer.from('016b7402', 'hex')).get('k')).toEqual(bool(true));
  });

  test('a key may hold any bytes [GEN-12]', () => {
    expect([...readTable(Buffer.from([1, 0xff, 0x56])).keys()]).toEqual(['\ufffd']);
  });

  test.each(['U', 'X', '\u0000', 'n'])(
    'a value of the unknown type %j is refused [CON-43] [CON-48]',
    (tag) => {
      const bytes = Buffer.from(`\u0001k${tag}\u0000\u0000\u0000\u0000`, 'latin1');
      const expected = {
        reply: 'SYNTAX_ERROR',
        message: `SYNTAX_ERROR - unknown type tag ${JSON.stringify(tag)}`,
      };
      expect(refusal(() => readTable(bytes))).toMatchObject(expected);
      expect(refusal(() => rawEntries(bytes))).toMatchObject(expected);
    },
  );

  test('64 levels are read, one more is refused, and a hundred thousand cost no stack', () => {
    const expected = { message: 'SYNTAX_ERROR - a table nested deeper than 64 levels' };
    expect(() => readTable(nested(63))).not.toThrow();
    expect(() => rawEntries(nested(63))).not.toThrow();
    for (const levels of [64, 100_000]) {
      expect(refusal(() => readTable(nested(levels)))).toMatchObject(expected);
      expect(refusal(() => rawEntries(nested(levels)))).toMatchObject(expected);
    }
  });

  test('constructors make what the server itself emits [CON-49]', () => {
    expect([long(1), long(2n), longstr('a'), timestamp(3), array([bool(true)]), table({})]).toEqual([
      { tag: 'l', value: 1n },
      { tag: 'l', value: 2n },
      { tag: 'S', value: Buffer.from('a') },
      { tag: 'T', value: 3n },
      { tag: 'A', value: [{ tag: 't', value: true }] },
      { tag: 'F', value: new Map() },
    ]);
  });
});

describe('raw entries', () => {
  test('a table taken apart and joined again is the same, byte for byte [CON-51]', () => {
    fc.assert(
      fc.property(arbitrary.fieldTable, (entries) => {
        const bytes = writeTable(entries);
        expect(joinEntries(rawEntries(bytes)).equals(bytes)).toBe(true);
        expect(joinEntries([...entries].map(([key, value]) => rawEntry(key, value))).equals(bytes)).toBe(
          true,
        );
      }),
    );
    const unusual = Buffer.from('016b7402016b7402', 'hex');
    expect(joinEntries(rawEntries(unusual)).equals(unusual)).toBe(true);
  });

  test('they are refused exactly when the table is, with the same words', () => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.constantFrom(0, 1, 2, 65, 70, 83, 86, 116), { maxLength: 40 }),
      fc.tuple(arbitrary.fieldTable, fc.nat(), fc.nat(255)).map(([entries, at, octet]) => {
        const bytes = writeTable(entries);
        if (bytes.length > 0) bytes[at % bytes.length] = octet;
        return bytes;
      }),
    );
    fc.assert(
      fc.property(octets, (some) => {
        const bytes = Buffer.from(some);
        const decoded = refusal(() => readTable(bytes));
        const walked = refusal(() => rawEntries(bytes));
        if (decoded instanceof Error) {
          expect(decoded).toBeInstanceOf(AmqpError);
          expect(walked).toEqual(decoded);
        } else expect(walked).toBeInstanceOf(Array);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('checkTable', () => {
  const isReadable = (read: () => unknown): boolean => {
    try {
      read();
      return true;
    } catch {
      return false;
    }
  };

  test('accepts what can be read and nothing else, and so does rawEntries', () => {
    const damaged = fc
      .tuple(arbitrary.fieldTable, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }))
      .map(([table, changes]) => {
        const bytes = writeTable(table);
        for (const [at, octet] of changes) if (bytes.length > 0) bytes[at % bytes.length] = octet;
        return bytes;
      });
    fc.assert(
      fc.property(damaged, (bytes) => {
        const expected = isReadable(() => readTable(bytes));
        expect(isReadable(() => checkTable(bytes, 0, bytes.length))).toBe(expected);
        expect(isReadable(() => rawEntries(bytes))).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  test('keeps to its part of the bytes', () => {
    const bytes = Buffer.concat([Buffer.of(1, 2), writeTable(fieldTable({ a: longstr('b') })), Buffer.of(3)]);
    checkTable(bytes, 2, bytes.length - 1);
    expect(() => checkTable(bytes, 2, bytes.length)).toThrow('the data ends');
    expect(() => checkTable(bytes, 2, bytes.length - 2)).toThrow('the data ends');
  });
});
