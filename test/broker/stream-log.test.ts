import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChunkInfo } from '../../src/broker/chunk.ts';
import { STREAM } from '../../src/broker/queue-type.ts';
import { parseAge } from '../../src/broker/stream-arguments.ts';
import { StreamLog } from '../../src/broker/stream-log.ts';

const chunk = fc.record({
  count: fc.integer({ min: 1, max: 5 }),
  size: fc.integer({ min: 1, max: 600 }),
  pause: fc.integer({ min: -20, max: 100 }),
});

const limits = fc.record({
  type: fc.constant(STREAM),
  maxLengthBytes: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 5000 })),
  maxAge: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 2000 })),
  segmentBytes: fc.integer({ min: 0, max: 2000 }),
});

test('a log finds its chunks, and is the same when what it kept is read back', () => {
  fc.assert(
    fc.property(limits, fc.array(chunk, { maxLength: 200 }), (asked, chunks) => {
      const log = new StreamLog(asked);
      const all: ChunkInfo[] = [];
      let now = 10_000;
      for (const { count, size, pause } of chunks) {
        now += pause;
        all.push({ firstOffset: log.nextOffset, count, timestamp: now, size });
        if (log.begin(now)) log.trim(now);
        log.grow(count, size);
      }
      const kept = all.filter(({ firstOffset }) => firstOffset >= log.firstOffset);
      const again = new StreamLog(asked);
      again.restore(kept);
      for (const one of [log, again]) {
        expect(one.firstOffset).toBe(kept[0]?.firstOffset ?? 0);
        expect(one.lastChunk).toBe(kept.at(-1)?.firstOffset ?? 0);
        expect(one.nextOffset).toBe(all.reduce((sum, { count }) => sum + count, 0));
        for (const { firstOffset, count, timestamp } of kept) {
          expect(one.chunkOf(firstOffset)).toBe(firstOffset);
          expect(one.chunkOf(firstOffset + count - 1)).toBe(firstOffset);
          const notOlder = kept.find((other) => other.timestamp >= timestamp);
          expect(one.notOlder(timestamp)).toBe(notOlder?.firstOffset);
        }
        expect(one.notOlder(now + 1000)).toBe(one.nextOffset);
      }
      expect(again.trimAt).toBe(log.trimAt);
      expect(again.trim(now)).toBe(log.trim(now));
      expect(again.firstOffset).toBe(log.firstOffset);
    }),
  );
});

test('an age is a whole number above 0 and a unit [STR-02]', () => {
  expect(['1Y', '1M', '7D', '2h', '10m', '05s'].map(parseAge)).toEqual([
    365 * 86_400_000,
    30 * 86_400_000,
    7 * 86_400_000,
    7_200_000,
    600_000,
    5000,
  ]);
  for (const text of ['', '7', 'D', '0s', '7d', '1.5D', '7DD', '-1D', ' 7D']) {
    expect(parseAge(text)).toBeUndefined();
  }
});
