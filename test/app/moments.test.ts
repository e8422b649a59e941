import { describe, expect, test } from 'vitest';
import { ClockError, millisecondsOf, momentOf } from '../../src/app/moments.ts';
import type { Duration, Moment } from '../../src/app/moments.ts';

describe('durations', () => {
  test.each<[Duration, number]>([
    [0, 0],
    [1500, 1500],
    ['30m', 1_800_000],
    ['1h30m', 5_400_000],
    [{ minutes: 30 }, 1_800_000],
    [{ weeks: 1, days: 1, hours: 1, seconds: 1.5, milliseconds: 1 }, 694_801_501],
  ])('%j is %d ms', (duration, milliseconds) => {
    expect(millisecondsOf(duration)).toBe(milliseconds);
  });

  test.each<[unknown, string]>([
    ['half an hour', `'half an hour' is not a duration: write whole numbers with a unit`],
    [-1, '-1 is not a duration'],
    [0.5, '0.5 is not a duration'],
    [Infinity, 'null is not a duration'],
    [{ minute: 30 }, '{"minute":30} is not a duration'],
    [null, 'null is not a duration'],
    [true, 'true is not a duration'],
    [{ minutes: '30' }, '{"minutes":"30"} is not a duration'],
  ])('%j is none', (duration, text) => {
    expect(() => millisecondsOf(duration as Duration)).toThrow(ClockError);
    expect(() => millisecondsOf(duration as Duration)).toThrow(text);
  });
});

describe('moments', () => {
  test.each<[Moment]>([[new Date(1_777_629_600_000)], [1_777_629_600_000], ['2026-05-01T10:00:00Z']])(
    '%j is one',
    (moment) => {
      expect(momentOf(moment)).toBe(1_777_629_600_000);
    },
  );

  test.each<[unknown]>([
    ['tomorrow'],
    [new Date(NaN)],
    [9e15],
    [-1],
    ['1969-12-31T23:59:59Z'],
    [0.5],
    [undefined],
    [true],
  ])('%j is none', (moment) => {
    expect(() => momentOf(moment as Moment)).toThrow(
      /is not a moment: write a date such as 2026-05-01T10:00:00Z, or milliseconds since 1970/,
    );
  });
});
