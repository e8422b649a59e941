import { expect, test } from 'vitest';
import { nearest } from '../../src/advice/nearest.ts';

test('the nearest name has few other letters, and as few as possible', () => {
  expect(nearest('Ordrs', ['odds', 'orders', 'others'])).toBe('orders');
  expect(nearest('orders', ['payments', 'a'])).toBeUndefined();
  expect(nearest('abc', ['d', 'de'])).toBeUndefined();
});

test('a name that is far too long is not compared letter by letter', () => {
  const known = Array.from({ length: 1000 }, (_, n) => `queue ${n}`);
  expect(nearest('q'.repeat(10_000_000), known)).toBeUndefined();
});
