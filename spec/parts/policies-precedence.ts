import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import type { Table } from '../support/fields.ts';
import { limited, QUORUM, sendAll, takeDeaths } from '../support/length-limits-deaths.ts';
import type { Define } from '../support/suite.ts';
import {
  govern,
  limits,
  MANAGEMENT,
  MANAGEMENT_AND_QUORUM,
  MANAGEMENT_AND_RETRY,
  overrule,
  shown,
} from '../support/policies-subjects.ts';

/** More than a quorum queue accepts above its limit before it refuses. */
const OVERSHOOT = 20;

/** Which of an argument, a policy and an operator policy counts. */
export function policyPrecedence(test: Define): void {
  for (const [key, { small, large, takesEffect }] of Object.entries(limits)) {
    for (const [what, policy, operator] of [
      ['policy', small, large],
      ['operator policy', large, small],
    ] as const) {
      test(
        `of ${key} in a policy and an operator policy the smaller counts: that of the ${what}`,
        { rules: ['POL-04', 'API-50'], ...MANAGEMENT },
        async (t) => {
          await govern(t, { [key]: policy });
          await overrule(t, { [key]: operator });
          await takesEffect(t, await limited(t, {}));
        },
      );
    }

    for (const [what, argument, policy] of [
      ['argument', small, large],
      ['policy', large, small],
    ] as const) {
      test(
        `of ${key} in an argument and a policy the smaller counts: that of the ${what}`,
        { rules: ['POL-05', 'API-50'], ...MANAGEMENT },
        async (t) => {
          await govern(t, { [key]: policy });
          await takesEffect(t, await limited(t, { [`x-${key}`]: argument }));
        },
      );
    }
  }

  test(
    'the smallest of an argument, a policy and an operator policy counts',
    { rules: ['POL-04', 'POL-05'], ...MANAGEMENT },
    async (t) => {
      await govern(t, { 'max-length': 3 });
      await overrule(t, { 'max-length': 2 });
      const queue = await t.queue({ 'x-max-length': 4 });
      await sendAll(t, queue, 'a', 'b', 'c', 'd', 'e');
      assert.deepEqual(await t.drain(queue), ['d', 'e']);
    },
  );

  test(
    'what only one of a policy and an operator policy says is taken from it',
    { rules: ['POL-04'], ...MANAGEMENT },
    async (t) => {
      await govern(t, { 'max-length': 2 });
      await overrule(t, { 'max-length-bytes': 10 });
      const { dead, queue } = await limited(t, {});
      await sendAll(t, queue, 'a', 'b', 'c');
      assert.deepEqual(await takeDeaths(t, dead, 1), ['a maxlen']);
      await sendAll(t, queue, 'd'.repeat(10));
      assert.deepEqual(await takeDeaths(t, dead, 2), ['b maxlen', 'c maxlen']);
    },
  );

  test(
    'overflow of the operator policy wins over that of the policy',
    { rules: ['POL-04'], ...MANAGEMENT, since: '3.12.7' },
    async (t) => {
      await govern(t, { 'max-length': 1, overflow: 'drop-head' });
      await overrule(t, { overflow: 'reject-publish' });
      const queue = await t.queue();
      assert.deepEqual(await sendAll(t, queue, 'a', 'b'), ['ack', 'nack']);
    },
  );

  for (const [policy, operator] of [
    [1, 3],
    [3, 1],
  ] as const) {
    test(
      `of the delivery limits ${policy} of a policy and ${operator} of an operator policy the smaller counts`,
      { rules: ['POL-04'], ...MANAGEMENT_AND_QUORUM },
      async (t) => {
        await govern(t, { 'delivery-limit': policy });
        await overrule(t, { 'delivery-limit': operator });
        await diesAfter(t, {}, 2);
      },
    );
  }

  for (const [policy, operator] of [
    [-1, 1],
    [1, -1],
  ] as const) {
    test(
      `of the delivery limits ${policy} of a policy and ${operator} of an operator policy the positive one counts`,
      { rules: ['POL-04'], ...MANAGEMENT_AND_QUORUM, since: '4.0' },
      async (t) => {
        await govern(t, { 'delivery-limit': policy });
        await overrule(t, { 'delivery-limit': operator });
        await diesAfter(t, {}, 2);
      },
    );
  }

  test(
    'of delayed-retry-min in a policy and an operator policy the larger counts, of delayed-retry-max the smaller',
    { rules: ['POL-04'], ...MANAGEMENT_AND_RETRY },
    async (t) => {
      const retry = (type: string, min: number, max: number) => ({
        'delayed-retry-type': type,
        'delayed-retry-min': min,
        'delayed-retry-max': max,
      });
      await govern(t, retry('all', 10, 500));
      await overrule(t, retry('failed', 20, 400));
      const queue = await t.queue(QUORUM);
      await t.eventually(async () => 'effective_policy_definition' in (await shown(t, queue)), 'it is shown');
      const { effective_policy_definition } = await shown(t, queue);
      assert.deepEqual(effective_policy_definition, retry('failed', 20, 400));
    },
  );

  test(
    'the DLX and the dead-letter routing key of the arguments win over those of a policy',
    { rules: ['POL-05'], ...MANAGEMENT },
    async (t) => {
      const other = await t.queue({}, { queue: t.name('other') });
      await govern(t, { 'dead-letter-exchange': 'amq.fanout', 'dead-letter-routing-key': other });
      const { dead, queue } = await limited(t, { 'x-max-length': 0 });
      await t.send(queue, 'a');
      assert.deepEqual(await takeDeaths(t, dead, 1), ['a maxlen']);
      await t.staysEmpty(other);
    },
  );

  for (const [argument, policy, confirms] of [
    ['drop-head', 'reject-publish', ['ack', 'ack']],
    ['reject-publish', 'drop-head', ['ack', 'nack']],
  ] as const) {
    test(
      `in a classic queue the argument ${argument} wins over ${policy} of a policy`,
      { rules: ['POL-06', 'API-50'], ...MANAGEMENT },
      async (t) => {
        await govern(t, { 'max-length': 1, overflow: policy });
        const queue = await t.queue({ 'x-overflow': argument });
        assert.deepEqual(await sendAll(t, queue, 'a', 'b'), confirms);
      },
    );

    test(
      `in a quorum queue ${policy} of a policy wins over the argument ${argument}`,
      { rules: ['POL-06'], ...MANAGEMENT_AND_QUORUM },
      async (t) => {
        await govern(t, { 'max-length': 1, overflow: policy });
        const queue = await t.queue({ ...QUORUM, 'x-overflow': argument });
        let refused = 0;
        for (let n = 0; n < OVERSHOOT && refused === 0; n++) {
          if ((await t.send(queue, 'a')) === 'nack') refused++;
        }
        assert.equal(refused, policy === 'reject-publish' ? 1 : 0);
      },
    );
  }

  for (const [argument, policy] of [
    [1, 3],
    [3, 1],
  ] as const) {
    test(
      `of the delivery limits ${argument} of the argument and ${policy} of a policy the smaller counts`,
      { rules: ['POL-06'], ...MANAGEMENT_AND_QUORUM },
      async (t) => {
        await govern(t, { 'delivery-limit': policy });
        await diesAfter(t, { 'x-delivery-limit': argument }, 2);
      },
    );
  }

  for (const [argument, policy] of [
    [-1, 1],
    [1, -1],
  ] as const) {
    test(
      `of the delivery limits ${argument} of the argument and ${policy} of a policy the positive one counts`,
      { rules: ['POL-06'], ...MANAGEMENT_AND_QUORUM, since: '4.0' },
      async (t) => {
        await govern(t, { 'delivery-limit': policy });
        await diesAfter(t, { 'x-delivery-limit': argument }, 2);
      },
    );
  }

  test(
    'a DLX of the arguments goes together with a dead-letter routing key of a policy',
    { rules: ['POL-07'], ...MANAGEMENT },
    async (t) => {
      const dead = await t.queue({}, { queue: t.name('dead') });
      await govern(t, { 'dead-letter-routing-key': dead });
      const queue = await t.queue({ 'x-dead-letter-exchange': '', 'x-max-length': 0 });
      await t.send(queue, 'a');
      assert.deepEqual(await takeDeaths(t, dead, 1), ['a maxlen']);
    },
  );

  test(
    'a dead-letter routing key of a policy does nothing without a DLX',
    { rules: ['POL-07'], ...MANAGEMENT },
    async (t) => {
      const dead = await t.queue({}, { queue: t.name('dead') });
      await govern(t, { 'dead-letter-routing-key': dead });
      const queue = await t.queue({ 'x-max-length': 0 });
      assert.equal(await t.send(queue, 'a'), 'ack');
      await t.staysEmpty(dead);
      assert.equal(await t.get(queue), undefined);
    },
  );
}

/** A message in a new quorum queue is dead-lettered after so many deliveries. */
async function diesAfter(t: Context, args: Table, deliveries: number): Promise<void> {
  const { dead, queue } = await limited(t, { ...QUORUM, ...args });
  await t.send(queue, 'a');
  const consumer = await t.consume(queue);
  for (let n = 0; n < deliveries; n++) consumer.reject(await consumer.next(), true);
  assert.deepEqual(await takeDeaths(t, dead, 1), ['a delivery_limit']);
}
