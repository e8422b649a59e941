import { describe, expect, test } from 'vitest';
import { readFault } from '../../src/app/fault-options.ts';
import type { FaultOptions } from '../../src/server/fault-kinds.ts';
import { Faults } from '../../src/server/faults.ts';

const likely: FaultOptions = { kind: 'nack-confirm', times: 'always', probability: 0.3 };

/** Which of so many publishes are hit, as a row of x and -. */
function hits(faults: Faults, count = 60, connection = {}): string {
  const hit = (): boolean => faults.find(['nack-confirm'], () => ({}), connection) !== undefined;
  return Array.from({ length: count }, () => (hit() ? 'x' : '-')).join('');
}

describe('chance', () => {
  test('is the same for the same seed, and another for another', () => {
    const rows = [7, 7, 8].map((seed) => {
      const faults = new Faults();
      faults.seed(seed);
      faults.add(readFault(likely));
      return hits(faults);
    });
    expect(rows[0]).toBe(rows[1]);
    expect(rows[0]).not.toBe(rows[2]);
  });

  test('is about as likely as was asked for', () => {
    const faults = new Faults();
    const fault = faults.add(readFault(likely));
    hits(faults, 10_000);
    expect(fault.count).toBeGreaterThan(2_700);
    expect(fault.count).toBeLessThan(3_300);
  });

  test('begins anew with the seed, and when all is cleared', () => {
    const faults = new Faults();
    faults.add(readFault(likely));
    const first = hits(faults);
    faults.seed(1);
    expect(hits(faults)).toBe(first);
    faults.clear();
    faults.add(readFault(likely));
    expect(hits(faults)).toBe(first);
  });

  test('of one fault does not depend on what happens to another', () => {
    const [alone, beside] = [new Faults(), new Faults()];
    for (const faults of [alone, beside]) faults.add(readFault(likely));
    beside.add(readFault({ kind: 'lose-ack', times: 'always', probability: 0.5 }));
    beside.find(['lose-ack'], () => ({}), undefined);
    expect(hits(beside)).toBe(hits(alone));
  });
});

describe('how often', () => {
  test('after so many, so many times, and then no more', () => {
    const faults = new Faults();
    const fault = faults.add(readFault({ kind: 'nack-confirm', after: 2, times: 3 }));
    expect(hits(faults, 8)).toBe('--xxx---');
    expect([fault.count, fault.isOver, faults.isArmed]).toEqual([3, true, false]);
    expect(faults.all).toEqual([fault]);
  });

  test('after counts for each connection if it is to', () => {
    const faults = new Faults();
    faults.add(readFault({ kind: 'nack-confirm', after: 2, times: 'always', per: 'connection' }));
    expect([hits(faults, 4, {}), hits(faults, 3, {})]).toEqual(['--xx', '--x']);
  });

  test('what happened so many times is told to those who wait', async () => {
    const faults = new Faults();
    const fault = faults.add(readFault({ kind: 'nack-confirm', times: 3 }));
    const seen: number[] = [];
    const waiting = [1, 3].map((times) => fault.happened(times).then(() => seen.push(times)));
    hits(faults, 2);
    await fault.happened(2);
    expect(seen).toEqual([1]);
    hits(faults, 1);
    await Promise.all(waiting);
    expect(seen).toEqual([1, 3]);
  });

  test('of several the first that was added happens', () => {
    const faults = new Faults();
    const [one, two] = [1, 2].map(() => faults.add(readFault({ kind: 'nack-confirm' })));
    hits(faults, 1);
    expect([one?.count, two?.count]).toEqual([1, 0]);
    hits(faults, 1);
    expect([one?.count, two?.count]).toEqual([1, 1]);
  });
});

describe('names', () => {
  test.each([
    ['orders', 'orders', true],
    ['orders', 'orders.eu', false],
    ['orders.*', 'orders.eu', true],
    ['orders.*', 'ordersXeu', false],
    ['*', '', true],
    ['a+(b)*', 'a+(b)c\nd', true],
  ])('%s is meant with %s: %s', (queue, name, isMeant) => {
    const faults = new Faults();
    faults.add(readFault({ kind: 'nack-confirm', queue }));
    expect(faults.find(['nack-confirm'], () => ({ queue: ['x', name] }), undefined) !== undefined).toBe(
      isMeant,
    );
  });
});
