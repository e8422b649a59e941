import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TopicTrie } from '../../src/broker/topic.ts';

function matches(bindingKey: string, routingKey: string): boolean {
  const trie = new TopicTrie<string>();
  trie.add(bindingKey, 'found');
  const found = new Set<string>();
  trie.match(routingKey, found);
  return found.has('found');
}

/** What the words of RTE-05 say, with no thought for speed. */
function naive(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === '#') return naive(rest, words) || (words.length > 0 && naive(pattern, words.slice(1)));
  return words.length > 0 && (first === '*' || first === words[0]) && naive(rest, words.slice(1));
}

const split = (key: string): string[] => (key === '' ? [] : key.split('.'));
const keyOf = (...words: string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...words), { maxLength: 6 }).map((parts) => parts.join('.'));

const table: readonly [bindingKey: string, matched: string[], not: string[]][] = [
  ['#', ['', 'a', 'a.b', '.', '#'], []],
  ['*', ['a', '*', '#'], ['', 'a.b']],
  ['', [''], ['a']],
  ['*.*', ['a.b', '.', 'a.', '.a'], ['a', '']],
  ['a.#', ['a', 'a.', 'a.b', 'a..b', 'a.b.c'], ['', 'b', 'ab']],
  ['#.a', ['a', '.a', 'x.y.a'], ['a.']],
  ['a.#.b', ['a.b', 'a..b', 'a.x.b', 'a.x.y.b'], ['a', 'ab']],
  ['a.*.b', ['a..b', 'a.x.b'], ['a.b']],
  ['*.#', ['a', '.', 'a.b'], ['']],
  ['#.*', ['a', '.', 'a.b'], ['']],
  ['#.#', ['', 'a', 'a.b', '.'], []],
  ['a.#.#.b', ['a.b', 'a..b', 'a.x.y.b'], ['a', 'ab']],
  ['.', ['.'], ['..', '']],
  ['*.', ['.', 'a.'], ['a']],
  ['.#', ['.', '.a', '.a.b'], ['a', '']],
  ['#.', ['.', 'a.', 'a.b.'], ['a', '']],
  ['a*', ['a*'], ['ab', 'a']],
  ['#a', ['#a'], ['a', 'ba']],
  ['A', ['A'], ['a']],
];

describe('topic', () => {
  test.each(table)('%j matches what it should [RTE-05, RTE-06]', (bindingKey, matched, not) => {
    for (const key of matched) expect([key, matches(bindingKey, key)]).toEqual([key, true]);
    for (const key of not) expect([key, matches(bindingKey, key)]).toEqual([key, false]);
  });

  test('wildcards in routing keys are plain text [RTE-06]', () => {
    expect(matches('a', '*')).toBe(false);
    expect(matches('a.b', '#')).toBe(false);
    expect(matches('*', '#')).toBe(true);
  });

  test('a trie of many patterns finds what a naive matcher finds in each [RTE-05]', () => {
    const pattern = keyOf('a', 'b', '', '*', '#', '#');
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 12 }), keyOf('a', 'b', '', '#'), (patterns, routingKey) => {
        const trie = new TopicTrie<string>();
        for (const one of patterns) trie.add(one, one);
        const found = new Set<string>();
        trie.match(routingKey, found);
        expect(found).toEqual(new Set(patterns.filter((one) => naive(split(one), split(routingKey)))));
      }),
      { numRuns: 1000 },
    );
  });

  test('a pattern that was removed is not found, its neighbours are', () => {
    const pattern = keyOf('a', 'b', '*', '#');
    const steps = fc.array(fc.record({ pattern, add: fc.boolean() }), { maxLength: 20 });
    fc.assert(
      fc.property(steps, keyOf('a', 'b'), (taken, routingKey) => {
        const trie = new TopicTrie<string>();
        const model = new Set<string>();
        for (const { pattern: one, add } of taken) {
          trie[add ? 'add' : 'remove'](one, one);
          model[add ? 'add' : 'delete'](one);
        }
        const found = new Set<string>();
        trie.match(routingKey, found);
        expect(found).toEqual(new Set([...model].filter((one) => naive(split(one), split(routingKey)))));
      }),
    );
  });

  test('many # in one pattern are not tried in all combinations', () => {
    const pattern = Array.from({ length: 30 }, () => '#.a').join('.');
    expect(matches(pattern, Array.from({ length: 60 }, () => 'b').join('.'))).toBe(false);
    expect(matches(pattern, Array.from({ length: 60 }, () => 'a').join('.'))).toBe(true);
  });

  test('what a match costs grows with what matches, not with the number of patterns', () => {
    const lookups = (count: number): number => {
      const trie = new TopicTrie<string>();
      for (let at = 0; at < count; at++) {
        for (const pattern of [`*.a${at}.#`, `#.b${at}`, `#.a${at}.*`, `c.d${at}`])
          trie.add(pattern, pattern);
      }
      const found = new Set<string>();
      const calls = lookupsIn(() => trie.match('x.a7.y.b3', found));
      expect([...found].sort()).toEqual(['#.b3', '*.a7.#']);
      return calls;
    };
    expect(lookups(2_500)).toBe(lookups(10));
    expect(lookups(10)).toBeGreaterThan(0);
  });
});

/** How often something is looked up in a map meanwhile. */
function lookupsIn(task: () => void): number {
  const get = Reflect.get(Map.prototype, 'get') as (this: unknown, key: unknown) => unknown;
  let calls = 0;
  Reflect.set(Map.prototype, 'get', function (this: unknown, key: unknown) {
    calls++;
    return get.call(this, key);
  });
  try {
    task();
  } finally {
    Reflect.set(Map.prototype, 'get', get);
  }
  return calls;
}
