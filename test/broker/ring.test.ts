import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ring } from '../../src/broker/ring.ts';

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('push'), value: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('unshift'), value: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('shift'), value: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('clear'), value: fc.constant(0) }) },
);

function apply(target: Ring<number>, model: number[], op: string, value: number): void {
  if (op === 'push') {
    target.push(value);
    model.push(value);
  } else if (op === 'unshift') {
    target.unshift(value);
    model.unshift(value);
  } else if (op === 'shift') {
    expect(target.shift()).toBe(model.shift());
  } else {
    target.clear();
    model.length = 0;
  }
}

describe('ring', () => {
  test('it is an array with two cheap ends', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const ring = new Ring<number>();
        const model: number[] = [];
        for (const { op, value } of steps) {
          apply(ring, model, op, value);
          expect(ring.length).toBe(model.length);
          expect(ring.peek()).toBe(model[0]);
          expect(ring.peekLast()).toBe(model.at(-1));
          expect([...ring]).toEqual(model);
          expect(ring.at(ring.length)).toBeUndefined();
          model.forEach((wanted, index) => expect(ring.at(index)).toBe(wanted));
        }
      }),
    );
  });

  test('order survives a backlog that comes and goes', () => {
    const ring = new Ring<number>();
    for (let n = 0; n < 5000; n++) ring.push(n);
    for (let n = 0; n < 4990; n++) expect(ring.shift()).toBe(n);
    for (let n = 5000; n < 5010; n++) ring.push(n);
    expect([...ring]).toEqual(Array.from({ length: 20 }, (_, n) => 4990 + n));
  });
});
