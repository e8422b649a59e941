import { expect, test } from 'vitest';
import { ClockError } from '../../src/index.ts';
import { formatElapsed, momentFrom } from '../../src/testing/moments.ts';

test.each([
  [0, '00:00.000'],
  [61_005, '01:01.005'],
  [-1_500, '-00:01.500'],
  [3_600_000, '01:00:00.000'],
  [93_784_005, '1d 02:03:04.005'],
])('%i ms since the beginning are told as %s', (milliseconds, text) => {
  expect(formatElapsed(milliseconds)).toBe(text);
});

test.each([
  ['1h30m', 5_401_000],
  ['250', 1_250],
  ['1970-01-01T00:01:00Z', 60_000],
  [new Date(7), 7],
  [7, 7],
])('%s, a second after the epoch, is %i', (when, time) => {
  expect(momentFrom(when, 1_000)).toBe(time);
});

test('what is neither a duration nor a moment is refused', () => {
  expect(() => momentFrom('30 minutes', 0)).toThrow(ClockError);
  expect(() => momentFrom('30q', 0)).toThrow("'30q' is not a duration");
});
