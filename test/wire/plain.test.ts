import { expect, test } from 'vitest';
import { plainTable } from '../../src/wire/plain.ts';
import { array, bool, fieldTable, long, longstr, table, timestamp } from '../../src/wire/table.ts';

test('a field table reads as the object a program would write', () => {
  const inner = table({ list: array([long(1), longstr('two')]) });
  const fields = {
    text: longstr('häschen'),
    bytes: longstr(Buffer.from([0xff])),
    yes: bool(true),
    count: long(3),
    huge: long(2n ** 60n),
    at: timestamp(1_777_629_600),
    inner,
    price: { tag: 'D', value: { scale: 2, digits: 1999 } },
    nothing: { tag: 'V', value: null },
  } as const;
  expect(plainTable(fieldTable(fields))).toEqual({
    text: 'häschen',
    bytes: Buffer.from([0xff]),
    yes: true,
    count: 3,
    huge: 2n ** 60n,
    at: new Date('2026-05-01T10:00:00Z'),
    inner: { list: [1, 'two'] },
    price: 19.99,
    nothing: null,
  });
});
