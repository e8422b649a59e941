import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AlarmHeap } from '../../src/broker/alarm-heap.ts';
import type { Timer } from '../../src/broker/clock.ts';

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('add'), n: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('cancel'), n: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('run'), n: fc.constant(0) }) },
);

interface Alarm {
  readonly time: number;
  readonly order: number;
}

/** The heap beside an array that is sorted at each look. */
class Both {
  readonly heap = new AlarmHeap();
  readonly rung: Alarm[] = [];
  #model: Alarm[] = [];
  readonly #timers: { readonly alarm: Alarm; readonly timer: Timer }[] = [];

  get first(): Alarm | undefined {
    return this.#model.sort((a, b) => a.time - b.time || a.order - b.order)[0];
  }

  add(time: number): void {
    const alarm = { time, order: this.#timers.length };
    this.#model.push(alarm);
    this.#timers.push({ alarm, timer: this.heap.add(time, () => this.rung.push(alarm)) });
  }

  /** Any that ever was: cancelling what rang or was cancelled does nothing. */
  cancel(n: number): void {
    const one = this.#timers[n % Math.max(this.#timers.length, 1)];
    one?.timer.cancel();
    this.#model = this.#model.filter((alarm) => alarm !== one?.alarm);
  }

  run(): void {
    const { first } = this;
    const count = this.rung.length;
    this.heap.runOne();
    expect(this.rung.slice(count)).toEqual(first === undefined ? [] : [first]);
    this.#model.shift();
  }
}

describe('alarm heap', () => {
  test('alarms ring by time, equal times in the order they were set', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const both = new Both();
        for (const { op, n } of steps) {
          if (op === 'add') both.add(n);
          else if (op === 'cancel') both.cancel(n);
          else both.run();
          expect(both.heap.next()).toBe(both.first?.time ?? Infinity);
        }
        while (both.first !== undefined) both.run();
        expect(both.heap.next()).toBe(Infinity);
      }),
    );
  });
});
