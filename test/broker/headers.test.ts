import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkHeadersBinding, HeadersIndex } from '../../src/broker/headers.ts';
import { sameValue, textOf } from '../../src/broker/term.ts';
import { array, bool, fieldTable, long, longstr, table } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { byte, int } from '../support/deaths.ts';
import { refusal } from '../support/refusal.ts';

type Values = Record<string, FieldValue>;

const nothing: FieldValue = { tag: 'V', value: null };

function matches(binding: Values, headers: Values): boolean {
  const index = new HeadersIndex<string>();
  index.add(fieldTable(binding), 'found');
  const found = new Set<string>();
  index.match(fieldTable(headers), found);
  return found.has('found');
}

/** What RTE-10 to RTE-13 say, with no thought for speed. */
function naive(binding: Values, headers: Values): boolean {
  const match = textOf(binding['x-match']) ?? 'all';
  const wanted = Object.entries(binding).filter(
    ([key]) => key !== 'x-match' && (match.endsWith('-with-x') || !key.startsWith('x-')),
  );
  const isMet = ([key, value]: [string, FieldValue]): boolean => {
    const has = headers[key];
    return has !== undefined && (value.tag === 'V' || sameValue(value, has));
  };
  return match.startsWith('any') ? wanted.some(isMet) : wanted.every(isMet);
}

const all = (values: Values): Values => ({ 'x-match': longstr('all'), ...values });
const any = (values: Values): Values => ({ 'x-match': longstr('any'), ...values });

describe('headers', () => {
  test('without x-match, and with all, every argument must match [RTE-10]', () => {
    const wanted = { a: long(1), b: longstr('x') };
    for (const binding of [wanted, all(wanted)]) {
      expect(matches(binding, { a: long(1), b: longstr('x'), c: long(3) })).toBe(true);
      expect(matches(binding, { a: long(1) })).toBe(false);
      expect(matches(binding, { a: long(1), b: longstr('y') })).toBe(false);
    }
  });

  test('all without arguments matches everything, messages without headers too [RTE-10]', () => {
    expect(matches({}, {})).toBe(true);
    expect(matches(all({}), { a: long(1) })).toBe(true);
    expect(matches(all({ 'x-other': long(1) }), {})).toBe(true);
  });

  test('any needs one argument that matches; without any nothing ever matches [RTE-11]', () => {
    const binding = any({ a: long(1), b: long(2) });
    expect(matches(binding, { b: long(2) })).toBe(true);
    expect(matches(binding, { a: long(2) })).toBe(false);
    expect(matches(any({}), { a: long(1) })).toBe(false);
    expect(matches(any({ 'x-a': long(1) }), { 'x-a': long(1) })).toBe(false);
  });

  test('the -with-x forms count arguments that begin with x- [RTE-12]', () => {
    const withX = (match: string): Values => ({ 'x-match': longstr(match), 'x-a': long(1), b: long(2) });
    expect(matches(withX('all'), { b: long(2) })).toBe(true);
    expect(matches(withX('all-with-x'), { b: long(2) })).toBe(false);
    expect(matches(withX('all-with-x'), { 'x-a': long(1), b: long(2) })).toBe(true);
    expect(matches(withX('any'), { 'x-a': long(1) })).toBe(false);
    expect(matches(withX('any-with-x'), { 'x-a': long(1) })).toBe(true);
    expect(matches({ 'x-match': longstr('any-with-x') }, { 'x-match': longstr('any-with-x') })).toBe(false);
  });

  test('a void argument asks only that the header is there [RTE-13]', () => {
    expect(matches({ a: nothing }, { a: longstr('whatever') })).toBe(true);
    expect(matches({ a: nothing }, { a: nothing })).toBe(true);
    expect(matches({ a: nothing }, { b: long(1) })).toBe(false);
    expect(matches({ a: long(1) }, { a: nothing })).toBe(false);
  });

  test('integers of any width compare by value [RTE-14]', () => {
    expect(matches({ a: byte(5) }, { a: long(5) })).toBe(true);
    expect(matches({ a: long(5) }, { a: int(5) })).toBe(true);
    expect(matches({ a: int(5) }, { a: int(6) })).toBe(false);
  });

  test('a string is not a number, a boolean only a boolean, a float not an integer [RTE-14, GEN-30]', () => {
    expect(matches({ a: long(1) }, { a: longstr('1') })).toBe(false);
    expect(matches({ a: bool(true) }, { a: bool(true) })).toBe(true);
    expect(matches({ a: bool(true) }, { a: longstr('true') })).toBe(false);
    expect(matches({ a: bool(true) }, { a: long(1) })).toBe(false);
    expect(matches({ a: long(1) }, { a: { tag: 'd', value: 1 } })).toBe(false);
    expect(matches({ a: { tag: 'f', value: 1 } }, { a: { tag: 'd', value: 1 } })).toBe(true);
  });

  test('tables and arrays must be identical [RTE-14]', () => {
    const list = array([long(1), longstr('a","b')]);
    expect(matches({ a: list }, { a: array([int(1), longstr('a","b')]) })).toBe(true);
    expect(matches({ a: list }, { a: array([long(1), longstr('a'), longstr('b')]) })).toBe(false);
    expect(matches({ a: table({ k: long(1) }) }, { a: table({ k: long(1) }) })).toBe(true);
    expect(matches({ a: table({ k: long(1) }) }, { a: table({ k: long(2) }) })).toBe(false);
  });

  test('a wrong x-match is refused when it is bound [BND-09]', () => {
    const bound = (value: FieldValue): string | undefined =>
      refusal(() => checkHeadersBinding(fieldTable({ 'x-match': value })));
    expect(bound(longstr('foo'))).toBe(
      '406 PRECONDITION_FAILED - Invalid x-match field value <<"foo">>; expected all, any, all-with-x, or any-with-x',
    );
    expect(bound(byte(5))).toBe(
      '406 PRECONDITION_FAILED - Invalid x-match field type byte (value 5); expected longstr',
    );
    for (const match of ['all', 'any', 'all-with-x', 'any-with-x']) {
      expect(bound(longstr(match))).toBeUndefined();
    }
    expect(refusal(() => checkHeadersBinding(fieldTable({})))).toBeUndefined();
  });
  const value = fc.constantFrom<FieldValue>(byte(1), long(1), long(2), longstr('1'), bool(true), nothing, {
    tag: 'd',
    value: 1,
  });
  const values = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'x-a'), value, {
    maxKeys: 3,
    noNullPrototype: true,
  });
  const bindingArguments = fc
    .tuple(values, fc.constantFrom('all', 'any', 'all-with-x', 'any-with-x'))
    .map(([wanted, match]): Values => ({ ...wanted, 'x-match': longstr(match) }));

  test('of many bindings those are found that match one by one, whatever came and went [RTE-10 to RTE-14]', () => {
    const bindings = fc.array(fc.record({ wanted: bindingArguments, isGone: fc.boolean() }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(bindings, values, (list, headers) => {
        const index = new HeadersIndex<number>();
        for (const [at, { wanted }] of list.entries()) index.add(fieldTable(wanted), at);
        for (const [at, { isGone }] of list.entries()) if (isGone) index.remove(at);
        const found = new Set<number>();
        index.match(fieldTable(headers), found);
        const expected = [...list.keys()].filter(
          (at) => list[at]?.isGone === false && naive(list[at].wanted, headers),
        );
        expect([...found].sort((a, b) => a - b)).toEqual(expected);
      }),
    );
  });

  test('a message is compared with no more bindings than may match, however many there are [RTE-15]', () => {
    const lookups = (count: number): number => {
      const index = new HeadersIndex<number>();
      for (let at = 0; at < count; at++) {
        index.add(fieldTable(all({ region: longstr('eu'), customer: long(at) })), at);
        index.add(fieldTable(any({ order: long(at), invoice: long(at) })), count + at);
      }
      const headers = new CountingTable(
        fieldTable({ region: longstr('eu'), customer: long(7), order: long(3), other: bool(true) }),
      );
      const found = new Set<number>();
      index.match(headers, found);
      expect(found).toEqual(new Set([7, count + 3]));
      return headers.lookups;
    };
    expect(lookups(1_000)).toBe(lookups(10));
  });
});

/** Headers that count how often one of them is looked at for a binding. */
class CountingTable extends Map<string, FieldValue> {
  lookups = 0;

  override get(key: string): FieldValue | undefined {
    this.lookups++;
    return super.get(key);
  }
}
