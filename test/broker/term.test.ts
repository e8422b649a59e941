import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  printFloat,
  printString,
  printTerm,
  printUnicode,
  printValue,
  sameTable,
  sameValue,
  tableText,
} from '../../src/broker/term.ts';
import { array, bool, fieldTable, long, longstr, timestamp } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { byte, int } from '../support/deaths.ts';

const values: fc.Arbitrary<FieldValue> = fc.letrec<{ value: FieldValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.string({ unit: fc.constantFrom('a', '"', ',', '\\', ']', '1') }).map(longstr),
    fc.integer({ min: -3, max: 3 }).map(int),
    fc.boolean().map(bool),
    fc.constant<FieldValue>({ tag: 'V', value: null }),
    fc.array(tie('value'), { maxLength: 3 }).map(array),
  ),
})).value;

describe('term', () => {
  test('integers of all widths are one class, floats another [ARG-10]', () => {
    expect(sameValue(byte(5), long(5))).toBe(true);
    expect(sameValue(long(2n ** 53n), long(2n ** 53n + 1n))).toBe(false);
    expect(sameValue({ tag: 'f', value: 5 }, { tag: 'd', value: 5 })).toBe(true);
    expect(sameValue(int(5), { tag: 'd', value: 5 })).toBe(false);
    expect(sameValue(int(5), longstr('5'))).toBe(false);
  });

  test('where classes differ, values that are identical are still the same [ARG-10]', () => {
    expect(sameValue(int(5), timestamp(5))).toBe(true);
    expect(sameValue(int(5), timestamp(6))).toBe(false);
  });

  test('tables with the same entries are the same, in any order', () => {
    const one = fieldTable({ a: int(1), b: longstr('x') });
    expect(sameTable(one, fieldTable({ b: longstr('x'), a: long(1) }))).toBe(true);
    expect(sameTable(one, fieldTable({ a: int(1) }))).toBe(false);
    expect(sameTable(one, fieldTable({ a: int(1), c: longstr('x') }))).toBe(false);
    expect(tableText(one)).toBe(tableText(fieldTable({ b: longstr('x'), a: int(1) })));
  });

  test('different values never look the same, whatever strings contain', () => {
    const plain = (value: FieldValue): string => JSON.stringify(value);
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(sameValue(a, b)).toBe(plain(a) === plain(b));
        const same = tableText(fieldTable({ k: a })) === tableText(fieldTable({ k: b }));
        expect(same).toBe(plain(a) === plain(b));
      }),
    );
  });

  const floats: readonly [number, string][] = [
    [0, '0.0'],
    [5, '5.0'],
    [-5, '-5.0'],
    [1.5, '1.5'],
    [0.25, '0.25'],
    [100, '100.0'],
    [1000, '1.0e3'],
    [1234, '1234.0'],
    [0.001, '0.001'],
    [1e22, '1.0e22'],
  ];
  test.each(floats)('the float %d prints as %s [ARG-11, QUE-11]', (value, text) => {
    expect(printFloat(value)).toBe(text);
    expect(printValue({ tag: 'd', value })).toBe(text);
  });

  test('values print without their type [ARG-11]', () => {
    expect(printValue(longstr('5'))).toBe('5');
    expect(printValue(byte(5))).toBe('5');
    expect(printValue(bool(true))).toBe('true');
    expect(printValue({ tag: 'V', value: null })).toBe('undefined');
  });

  test('strings inside a term are quoted when they can be printed, else listed [TTL-05, BND-09]', () => {
    const print = (text: string): string => printString(Buffer.from(text, 'latin1'));
    expect(print('abc')).toBe('"abc"');
    expect(print('a"\\')).toBe('"a\\"\\\\"');
    expect(print('a\n')).toBe('"a\\n"');
    expect(print('a\u0001')).toBe('[97,1]');
  });

  test.each([
    ['grüß', '<<"grüß"/utf8>>'],
    ['aé"b\\\n', '<<"aé\\"b\\\\\\n"/utf8>>'],
    ['café 😀', '<<"café 😀"/utf8>>'],
    ['\u00a0', '<<"\u00a0"/utf8>>'],
    ['plain', '<<"plain">>'],
    ['', '<<>>'],
    ['\u0001x', '<<1,120>>'],
    ['é\u0001', '<<195,169,1>>'],
    ['\u0085', '<<194,133>>'],
  ])('%j prints as %s where text is printed as such [BND-09, RTE-21, POL-10]', (text, printed) => {
    expect(printUnicode(Buffer.from(text))).toBe(printed);
  });

  test('what is no text prints as octets, also inside a table [BND-09]', () => {
    expect(printUnicode(Buffer.from([0xc3, 0x28]))).toBe('<<195,40>>');
    const value = {
      tag: 'F',
      value: fieldTable({ schlüssel: longstr('日'), a: array([longstr('é')]) }),
    } as const;
    expect(printTerm(value, printUnicode)).toBe(
      '[{<<"schlüssel"/utf8>>,longstr,<<"日"/utf8>>},{<<"a">>,array,[{longstr,<<"é"/utf8>>}]}]',
    );
    expect(printTerm(longstr('日'))).toBe('<<230,151,165>>');
  });
});
