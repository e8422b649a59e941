import { describe, expect, test } from 'vitest';
import { assert, integer, property } from 'fast-check';
import { formatDuration } from '../../src/app/durations.ts';
import { parseDuration, parseSize } from '../../src/cli/units.ts';

describe('durations', () => {
  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1w', 604_800_000],
    ['1h30m', 5_400_000],
    ['1w1d1h1m1s1ms', 694_861_001],
    ['0', 0],
    ['4294967295', 4_294_967_295],
  ])('%s is %d milliseconds', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each(['', ' ', 's', '10x', '10 s', '-1s', '1.5h', '30m1h', '1h1h', '1e3', '10S', '99999999999999w'])(
    "'%s' is refused, with an example of what is right",
    (text) => {
      expect(() => parseDuration(text)).toThrow(`'${text}' is not a duration`);
      expect(() => parseDuration(text)).toThrow('1h30m');
    },
  );

  test('a formatted duration is read back as the same duration', () => {
    assert(
      property(integer({ min: 0, max: 2 ** 45 }), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
      }),
    );
  });

  test('the largest units are used', () => {
    expect(formatDuration(90_000)).toBe('1m30s');
    expect(formatDuration(0)).toBe('0ms');
  });
});

describe('sizes', () => {
  test.each([
    ['512', 512],
    ['512B', 512],
    ['10KB', 10_000],
    ['10kB', 10_000],
    ['1MB', 1_000_000],
    ['5MiB', 5_242_880],
    ['2GB', 2_000_000_000],
    ['4GiB', 4_294_967_296],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', '10 MB', '1.5GB', '-1', '10Mb', '10XB', 'KB', '9999999999999999GB'])(
    "'%s' is refused, with an example of what is right",
    (text) => {
      expect(() => parseSize(text)).toThrow(`'${text}' is not a size`);
      expect(() => parseSize(text)).toThrow('5MiB');
    },
  );
});
