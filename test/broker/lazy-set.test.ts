import { expect, test } from 'vitest';
import { LazySet } from '../../src/broker/lazy-set.ts';

test('a lazy set behaves as a set, empty or not', () => {
  const set = new LazySet<number>();
  expect([set.size, set.has(1), [...set]]).toEqual([0, false, []]);
  set.delete(1);
  for (const value of [1, 2, 1]) set.add(value);
  expect([set.size, set.has(1), set.has(3), [...set]]).toEqual([2, true, false, [1, 2]]);
  for (const value of set) set.delete(value);
  expect([set.size, set.has(1), [...set]]).toEqual([0, false, []]);
});
