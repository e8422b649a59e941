import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeclaredQueue } from '../../src/broker/declared-queue.ts';
import type { Entry } from '../../src/broker/message.ts';
import type { AckWatch } from '../../src/server/ack-watch.ts';
import { Delivery, Unacked } from '../../src/server/unacked.ts';

const queue = { consumerTimeout: undefined } as DeclaredQueue;

/** Deliveries, and how often their watch was told that something is unacked now. */
function unackedDeliveries(): { unacked: Unacked; begun: () => number } {
  let begun = 0;
  const watch: Pick<AckWatch, 'begin'> = { begin: () => begun++ };
  return { unacked: new Unacked(watch as AckWatch), begun: () => begun };
}

function delivery(tag: number): Delivery {
  return new Delivery(tag, queue, {} as Entry, undefined);
}

const tagsOf = (deliveries: Iterable<Delivery> | undefined): number[] | undefined =>
  deliveries && Array.from(deliveries, ({ tag }) => tag);

type Step =
  | { readonly do: 'add'; readonly gap: number; readonly count: number }
  | { readonly do: 'take' | 'takeUpTo' | 'restore'; readonly pick: number }
  | { readonly do: 'takeAll' };

const pick = fc.double({ min: 0, max: 1, noNaN: true });
const aStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('add' as const),
    // tags of consumers that need not ack lie in between
    gap: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat({ max: 3000 })),
    count: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({ do: fc.constantFrom('take' as const, 'takeUpTo' as const, 'restore' as const), pick }),
  fc.record({ do: fc.constantFrom('take' as const), pick }),
  fc.record({ do: fc.constant('takeAll' as const) }),
);

test('deliveries are found by tag and come in order, whichever are settled [ACK-02, ACK-03]', () => {
  fc.assert(
    fc.property(fc.array(aStep, { maxLength: 120 }), (steps) => {
      const { unacked } = unackedDeliveries();
      let model: number[] = [];
      let last = 0;
      for (const step of steps) {
        if (step.do === 'add') {
          last += step.gap;
          for (let i = 0; i < step.count; i++) {
            unacked.add(delivery(++last));
            model.push(last);
          }
        } else if (step.do === 'takeAll') {
          expect(tagsOf(unacked.takeAll())).toEqual(model);
          model = [];
        } else {
          const tag = model[Math.floor(step.pick * model.length)] ?? last + 1;
          const isThere = model.includes(tag);
          if (step.do === 'take') {
            expect(unacked.take(tag)?.tag).toBe(isThere ? tag : undefined);
            model = model.filter((one) => one !== tag);
          } else if (step.do === 'takeUpTo') {
            const taken = isThere ? model.filter((one) => one <= tag) : undefined;
            expect(tagsOf(unacked.takeUpTo(tag))).toEqual(taken);
            model = model.filter((one) => taken?.includes(one) !== true);
          } else unacked.restore(unacked.takeUpTo(tag) ?? []);
        }
        expect(unacked.count).toBe(model.length);
        expect(tagsOf(unacked)).toEqual(model);
        expect([unacked.oldest?.tag, unacked.youngest?.tag]).toEqual([model[0], model.at(-1)]);
        expect(unacked.get(last)?.tag).toBe(model.at(-1) === last ? last : undefined);
        expect(unacked.get(last + 1)).toBeUndefined();
      }
    }),
    { numRuns: 300 },
  );
});

test('those that stay behind while thousands come and go are still found, one by one and up to a tag', () => {
  const { unacked, begun } = unackedDeliveries();
  const kept = [1, 2, 500, 5000];
  for (let tag = 1; tag <= 100_000; tag++) {
    unacked.add(delivery(tag));
    if (!kept.includes(tag)) unacked.take(tag);
  }
  expect(tagsOf(unacked)).toEqual(kept);
  expect(begun()).toBe(1);
  expect(unacked.take(2)?.tag).toBe(2);
  expect(unacked.take(3)).toBeUndefined();
  expect(tagsOf(unacked.takeUpTo(500))).toEqual([1, 500]);
  expect(tagsOf(unacked)).toEqual([5000]);
});
