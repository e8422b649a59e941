import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/broker/clock.ts';

function aClock(): { clock: ManualClock; rung: string[] } {
  const rung: string[] = [];
  return { clock: new ManualClock(1000, () => rung.push(`settled`)), rung };
}

describe('manual clock', () => {
  test('what falls due runs in order, each at its own moment', () => {
    const clock = new ManualClock(1000);
    const rung: string[] = [];
    for (const time of [1030, 1010, 1020]) clock.at(time, () => rung.push(`${time} at ${clock.now()}`));
    clock.advance(20);
    expect(rung).toEqual(['1010 at 1010', '1020 at 1020']);
    expect(clock.now()).toBe(1020);
    clock.advance(10);
    expect(rung.at(-1)).toBe('1030 at 1030');
  });

  test('nothing runs a millisecond early', () => {
    const clock = new ManualClock(1000);
    const rung: number[] = [];
    clock.at(1500, () => rung.push(clock.now()));
    clock.advance(499);
    expect(rung).toEqual([]);
    clock.advance(1);
    expect(rung).toEqual([1500]);
  });

  test('a moment in the past comes at the next chance, never at once, and time does not run backwards', () => {
    const clock = new ManualClock(1000);
    const rung: number[] = [];
    clock.at(10, () => rung.push(clock.now()));
    expect(rung).toEqual([]);
    clock.advance(0);
    expect(rung).toEqual([1000]);
  });

  test('a task may set another, which runs in the same advance if it is due', () => {
    const clock = new ManualClock(0);
    const rung: number[] = [];
    const again = (): void => {
      rung.push(clock.now());
      clock.at(clock.now() + 10, again);
    };
    clock.at(10, again);
    clock.advance(35);
    expect(rung).toEqual([10, 20, 30]);
  });

  test('a cancelled task does not run', () => {
    const clock = new ManualClock(0);
    const rung: string[] = [];
    const timer = clock.at(10, () => rung.push('cancelled'));
    clock.at(10, () => rung.push('kept'));
    timer.cancel();
    timer.cancel();
    clock.advance(10);
    expect(rung).toEqual(['kept']);
  });

  test('the work an alarm caused is done before time moves on', () => {
    const { clock, rung } = aClock();
    clock.at(1010, () => rung.push('first'));
    clock.at(1020, () => rung.push('second'));
    clock.advance(50);
    expect(rung).toEqual(['settled', 'first', 'settled', 'second', 'settled']);
  });
});
