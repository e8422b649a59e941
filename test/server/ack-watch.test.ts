import { expect, test } from 'vitest';
import { MovableClock } from '../../src/app/movable-clock.ts';
import { ManualClock } from '../../src/broker/clock.ts';
import { AckWatch } from '../../src/server/ack-watch.ts';
import type { AckWatchPeer } from '../../src/server/ack-watch.ts';

test('an old delivery without a time of its own is no reason to move a clock on for ever [CNS-41]', () => {
  const clock = new MovableClock(new ManualClock(), (task) => task());
  clock.stand();
  const late: number[] = [];
  const peer = { lastTag: 2, late: (timeout: number) => late.push(timeout) };
  const channel: { -readonly [K in keyof AckWatchPeer]: AckWatchPeer[K] } = { ...peer, oldest: undefined };
  const watch = new AckWatch(clock, Infinity, channel);
  const deadline = watch.beginOwn(3_000);
  expect(clock.nextAlarm).toBe(3_000);
  channel.oldest = { tag: 1, deadline: undefined };
  clock.moveTo(10_000);
  clock.runDue();
  expect([clock.nextAlarm, late]).toEqual([Infinity, []]);
  channel.oldest = { tag: 2, deadline };
  clock.moveTo(clock.nextEvent);
  clock.runDue();
  expect([clock.now(), late]).toEqual([10_100, [3_000]]);
});
