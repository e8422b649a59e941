import assert from 'node:assert/strict';
import { policyChanges } from './parts/policies-changes.ts';
import { policyPrecedence } from './parts/policies-precedence.ts';
import { policyValidation } from './parts/policies-validation.ts';
import { limited, QUORUM, sendAll, takeDeaths } from './support/length-limits-deaths.ts';
import type { CaseOptions, Define } from './support/suite.ts';
import {
  govern,
  limits,
  MANAGEMENT,
  MANAGEMENT_AND_QUORUM,
  MANAGEMENT_AND_RETRY,
  overrule,
  propose,
  shown,
} from './support/policies-subjects.ts';
import { topic } from './support/suite.ts';

export const policies = topic('policies', 'Policies', (test) => {
  keys(test);
  choice(test);
  policyPrecedence(test);
  policyChanges(test);
  policyValidation(test);
});

/** What a policy can say. */
function keys(test: Define): void {
  for (const [key, { small, takesEffect }] of Object.entries(limits)) {
    test(
      `a policy gives ${key} to a queue that has none`,
      { rules: ['POL-01', 'POL-05'], ...MANAGEMENT },
      async (t) => {
        await govern(t, { [key]: small });
        await takesEffect(t, await limited(t, {}));
      },
    );
  }

  test(
    'a policy gives a queue overflow and a limit together',
    { rules: ['POL-01'], ...MANAGEMENT },
    async (t) => {
      await govern(t, { 'max-length': 1, overflow: 'reject-publish' });
      const queue = await t.queue();
      assert.deepEqual(await sendAll(t, queue, 'a', 'b'), ['ack', 'nack']);
    },
  );

  test(
    'a policy gives a queue a DLX and a dead-letter routing key',
    { rules: ['POL-01', 'POL-07'], ...MANAGEMENT },
    async (t) => {
      const dead = await t.queue({}, { queue: t.name('dead') });
      await govern(t, { 'dead-letter-exchange': '', 'dead-letter-routing-key': dead });
      const queue = await t.queue({ 'x-max-length': 0 });
      await t.send(queue, 'a');
      assert.deepEqual(await takeDeaths(t, dead, 1), ['a maxlen']);
    },
  );

  test(
    'a policy gives a quorum queue a delivery limit',
    { rules: ['POL-01'], ...MANAGEMENT_AND_QUORUM },
    async (t) => {
      await govern(t, { 'delivery-limit': 0 });
      const { dead, queue } = await limited(t, QUORUM);
      await t.send(queue, 'a');
      const consumer = await t.consume(queue);
      consumer.reject(await consumer.next(), true);
      assert.deepEqual(await takeDeaths(t, dead, 1), ['a delivery_limit']);
    },
  );

  test(
    'since version 4.3 a policy gives a quorum queue a time in which consumers must ack',
    { rules: ['POL-01'], ...MANAGEMENT_AND_QUORUM, since: '4.3' },
    async (t) => {
      await govern(t, { 'consumer-timeout': 300 });
      const queue = await t.queue(QUORUM);
      await t.send(queue, 'a');
      const consumer = await t.consume(queue);
      await consumer.next();
      await consumer.channel.expect('basic.cancel');
    },
  );

  const accepted: readonly (readonly [string, Record<string, unknown>, Omit<CaseOptions, 'rules'>])[] = [
    ['queue-mode', { 'queue-mode': 'lazy' }, MANAGEMENT],
    ['dead-letter-strategy', { 'dead-letter-strategy': 'at-least-once' }, MANAGEMENT],
    [
      'consumer-disconnected-timeout',
      { 'consumer-disconnected-timeout': 1000 },
      { ...MANAGEMENT, since: '4.3' },
    ],
    [
      'delayed-retry-type with a minimum and a maximum',
      { 'delayed-retry-type': 'all', 'delayed-retry-min': 50, 'delayed-retry-max': 100 },
      MANAGEMENT_AND_RETRY,
    ],
  ];
  for (const [key, definition, options] of accepted) {
    test(`a policy may have the key ${key}`, { ...options, rules: ['POL-01'] }, async (t) => {
      assert.equal((await propose(t, definition)).status, 201);
    });
  }
}

/** Which policy applies. */
function choice(test: Define): void {
  test(
    'of several policies only the one with the highest priority applies, and nothing is taken from the others',
    { rules: ['POL-02', 'API-50'], ...MANAGEMENT },
    async (t) => {
      await govern(t, { 'max-length': 1, overflow: 'reject-publish' }, { priority: 1 });
      await govern(t, { 'max-length': 2 }, { priority: 5 });
      await govern(t, { 'max-length': 1, overflow: 'reject-publish' }, { priority: 3 });
      const queue = await t.queue();
      assert.deepEqual(await sendAll(t, queue, 'a', 'b', 'c'), ['ack', 'ack', 'ack']);
      assert.deepEqual(await t.drain(queue), ['b', 'c']);
    },
  );

  test(
    'of several operator policies only the one with the highest priority applies',
    { rules: ['POL-02'], ...MANAGEMENT },
    async (t) => {
      await overrule(t, { 'max-length': 1 }, 1);
      await overrule(t, { 'max-length': 3 }, 2);
      const queue = await t.queue();
      await sendAll(t, queue, 'a', 'b', 'c', 'd');
      assert.deepEqual(await t.drain(queue), ['b', 'c', 'd']);
    },
  );

  test(
    'a policy with a higher priority whose pattern does not match is passed over',
    { rules: ['POL-02', 'API-50'], ...MANAGEMENT },
    async (t) => {
      await govern(t, { 'max-length': 1 }, { priority: 9, pattern: `^${t.prefix}\\.other` });
      await govern(t, { 'max-length': 2 }, { priority: 1 });
      const queue = await t.queue();
      await sendAll(t, queue, 'a', 'b', 'c');
      assert.deepEqual(await t.drain(queue), ['b', 'c']);
    },
  );

  test(
    'a policy for exchanges does not apply to a queue',
    { rules: ['POL-02', 'API-50'], ...MANAGEMENT },
    async (t) => {
      await govern(t, { 'max-length': 1 }, { priority: 9, applyTo: 'exchanges' });
      await govern(t, { 'max-length': 2 }, { priority: 1 });
      const queue = await t.queue();
      await sendAll(t, queue, 'a', 'b', 'c');
      assert.deepEqual(await t.drain(queue), ['b', 'c']);
    },
  );

  test(
    'a policy for classic queues does not apply to a quorum queue',
    { rules: ['POL-02', 'API-50'], ...MANAGEMENT_AND_QUORUM, since: '3.12' },
    async (t) => {
      await govern(t, { 'max-length': 1 }, { applyTo: 'classic_queues' });
      for (const [args, left] of [
        [{}, ['b']],
        [QUORUM, ['a', 'b']],
      ] as const) {
        const queue = await t.queue(args);
        await sendAll(t, queue, 'a', 'b');
        assert.deepEqual(await t.drain(queue), left);
      }
    },
  );

  test(
    'a policy applies to a queue when its pattern matches anywhere in the name',
    { rules: ['API-50'], ...MANAGEMENT },
    async (t) => {
      await govern(t, { 'max-length': 1 }, { pattern: `${t.prefix.slice(3)}\\.m` });
      const queue = await t.queue({}, { queue: t.name('middle') });
      await sendAll(t, queue, 'a', 'b');
      assert.deepEqual(await t.drain(queue), ['b']);
    },
  );

  test(
    'a queue shows which policies apply to it, and what they come to',
    { rules: ['API-50', 'POL-04'], ...MANAGEMENT },
    async (t) => {
      const policy = await govern(t, { 'max-length': 5, 'message-ttl': 1000 });
      const operatorPolicy = await overrule(t, { 'max-length': 3, expires: 60_000 });
      const queue = await t.queue();
      await t.eventually(async () => 'effective_policy_definition' in (await shown(t, queue)), 'it is shown');
      const { policy: one, operator_policy: other, effective_policy_definition } = await shown(t, queue);
      assert.deepEqual([one, other], [policy, operatorPolicy]);
      const merged = { 'max-length': 3, 'message-ttl': 1000, expires: 60_000 };
      assert.deepEqual(effective_policy_definition, merged);
    },
  );

  const unsupported = [
    ['delivery-limit', 'classic', {}, { 'delivery-limit': 5 }, MANAGEMENT],
    ['queue-mode', 'quorum', QUORUM, { 'queue-mode': 'lazy' }, MANAGEMENT_AND_QUORUM],
  ] as const;
  for (const [key, kind, args, more, needs] of unsupported) {
    test(
      `a policy with ${key} is passed over as a whole for a ${kind} queue, and the next one applies`,
      { rules: ['POL-03'], ...needs },
      async (t) => {
        await govern(t, { 'max-length': 1, ...more }, { priority: 9 });
        await govern(t, { 'max-length': 2 }, { priority: 1 });
        const queue = await t.queue(args);
        await sendAll(t, queue, 'a', 'b', 'c');
        assert.deepEqual(await t.drain(queue), ['b', 'c']);
      },
    );
  }

  test(
    'an operator policy with delivery-limit is passed over as a whole for a classic queue, and the next one applies',
    { rules: ['POL-03'], ...MANAGEMENT },
    async (t) => {
      await overrule(t, { 'max-length': 1, 'delivery-limit': 5 }, 9);
      await overrule(t, { 'max-length': 2 }, 1);
      const queue = await t.queue();
      await sendAll(t, queue, 'a', 'b', 'c');
      assert.deepEqual(await t.drain(queue), ['b', 'c']);
    },
  );
}
