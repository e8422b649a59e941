import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import { field } from '../support/fields.ts';
import type { Table, Value } from '../support/fields.ts';
import type { RuleId } from '../rules.ts';
import type { Define } from '../support/suite.ts';

/** What a headers binding does, its arguments, headers that match, and headers that do not; `undefined` is none at all. */
const bindings: readonly (readonly [
  rule: RuleId,
  says: string,
  args: Table,
  matches: readonly (Table | undefined)[],
  not: readonly (Table | undefined)[],
])[] = [
  [
    'RTE-10',
    'a headers binding without x-match needs every argument',
    { a: 1, b: 'x' },
    [
      { a: 1, b: 'x' },
      { b: 'x', c: 3, a: 1 },
    ],
    [{ a: 1 }, { b: 'x' }, { a: 1, b: 'y' }, {}, undefined],
  ],
  [
    'RTE-10',
    'a headers binding with x-match all needs every argument',
    { 'x-match': 'all', a: 1, b: 'x' },
    [{ a: 1, b: 'x', c: 3 }],
    [{ a: 1 }, { a: 2, b: 'x' }, undefined],
  ],
  ['RTE-10', 'a headers binding without arguments matches everything', {}, [{ a: 1 }, {}, undefined], []],
  [
    'RTE-10',
    'a headers binding with x-match all and nothing else matches everything',
    { 'x-match': 'all' },
    [{ a: 1 }, {}, undefined],
    [],
  ],
  [
    'RTE-10',
    'a headers binding with x-match all does not look at arguments that begin with x-',
    { 'x-match': 'all', 'x-other': 1, a: 1 },
    [{ a: 1 }, { a: 1, 'x-other': 2 }],
    [{ 'x-other': 1 }],
  ],
  [
    'RTE-11',
    'a headers binding with x-match any needs one argument',
    { 'x-match': 'any', a: 1, b: 2 },
    [{ a: 1 }, { b: 2 }, { a: 3, b: 2 }],
    [{ a: 2, b: 1 }, { c: 1 }, {}, undefined],
  ],
  [
    'RTE-11',
    'a headers binding with x-match any and nothing else matches nothing',
    { 'x-match': 'any' },
    [],
    [{ a: 1 }, {}, undefined],
  ],
  [
    'RTE-11',
    'a headers binding with x-match any does not look at arguments that begin with x-',
    { 'x-match': 'any', 'x-a': 1 },
    [],
    [{ 'x-a': 1 }, undefined],
  ],
  [
    'RTE-12',
    'a headers binding with x-match all-with-x needs the arguments that begin with x- as well',
    { 'x-match': 'all-with-x', 'x-a': 1, b: 2 },
    [{ 'x-a': 1, b: 2 }],
    [{ b: 2 }, { 'x-a': 1 }, { 'x-a': 2, b: 2 }],
  ],
  [
    'RTE-12',
    'a headers binding with x-match any-with-x is content with an argument that begins with x-',
    { 'x-match': 'any-with-x', 'x-a': 1, b: 2 },
    [{ 'x-a': 1 }, { b: 2 }],
    [{ 'x-a': 2 }, {}, undefined],
  ],
  [
    'RTE-12',
    'x-match itself is never compared',
    { 'x-match': 'any-with-x' },
    [],
    [{ 'x-match': 'any-with-x' }],
  ],
  [
    'RTE-13',
    'a void argument of a headers binding needs a header of that name, whatever its value',
    { a: null },
    [{ a: 'whatever' }, { a: 0 }, { a: null }, { a: { b: 1 } }],
    [{ b: 1 }, undefined],
  ],
  [
    'RTE-13',
    'a void header equals no value of a headers binding',
    { 'x-match': 'any', a: 1, b: '', c: false },
    [],
    [{ a: null }, { b: null }, { c: null }],
  ],
];

/** How two values are written, the value of a binding, the value of a header, and whether they are equal. */
const comparisons: readonly (readonly [says: string, bound: Value, header: Value, equal: boolean])[] = [
  ['an 8-bit 5 equals a 64-bit 5', field('b', 5), field('l', 5), true],
  ['a 16-bit -5 equals a 32-bit -5', field('s', -5), field('I', -5), true],
  ['5 does not equal 6', 5, 6, false],
  ["the integer 1 does not equal the string '1'", 1, '1', false],
  ["the string '1' does not equal the integer 1", '1', 1, false],
  ['strings are compared with their case', 'a', 'A', false],
  ['a string equals the same string', 'año', 'año', true],
  ['true equals true', true, true, true],
  ['true does not equal false', true, false, false],
  ["true does not equal the string 'true'", true, 'true', false],
  ['true does not equal 1', true, 1, false],
  ['a 32-bit float 1.5 equals a 64-bit float 1.5', field('f', 1.5), field('d', 1.5), true],
  ['an array equals the same array', [1, 'a'], [1, 'a'], true],
  ['an array does not equal one in another order', [1, 2], [2, 1], false],
  ['an array does not equal a longer one', ['a'], ['a', 'b'], false],
  ['a table equals the same table', { k: 1 }, { k: 1 }, true],
  ['a table does not equal one with another value', { k: 1 }, { k: 2 }, false],
];

export function headersExchange(test: Define): void {
  for (const [rule, says, args, matches, not] of bindings) {
    test(says, { rules: [rule] }, async (t) => {
      const found = await matching(t, args, [...matches, ...not]);
      assert.deepEqual(found, [...matches.map(() => true), ...not.map(() => false)]);
    });
  }

  for (const [says, bound, header, equal] of comparisons) {
    test(`to a headers exchange ${says}`, { rules: ['RTE-14'] }, async (t) =>
      assert.deepEqual(await matching(t, { a: bound }, [{ a: header }]), [equal]),
    );
  }

  test(
    'to a headers exchange the integer 1 equals the float 1.0 before 3.13, and not since',
    { rules: ['RTE-14'] },
    async (t) => {
      const equal = t.broker.pick({ '3.10': true, '3.13': false });
      const one = field('d', 1);
      assert.deepEqual(await matching(t, { a: 1 }, [{ a: one }]), [equal]);
      assert.deepEqual(await matching(t, { a: one }, [{ a: 1 }]), [equal]);
    },
  );

  test('a headers exchange does not look at keys', { rules: ['RTE-15'] }, async (t) => {
    const [exchange, queue] = [await t.exchange('headers'), await t.queue()];
    await t.bind(queue, exchange, 'bound', { a: 1 });
    await t.publish(exchange, 'other', 'by header', { headers: { a: 1 } });
    await t.publish(exchange, 'bound', 'by key');
    assert.deepEqual(await t.drain(queue), ['by header']);
  });
}

/** Which messages with these headers a headers binding lets through. */
async function matching(
  t: Context,
  args: Table,
  messages: readonly (Table | undefined)[],
): Promise<boolean[]> {
  const [exchange, queue] = [await t.exchange('headers'), await t.queue()];
  await t.bind(queue, exchange, '', args);
  for (const [index, headers] of messages.entries()) {
    await t.publish(exchange, '', `${index}`, headers === undefined ? {} : { headers });
  }
  const found = await t.drain(queue);
  return messages.map((_, index) => found.includes(`${index}`));
}
