import assert from 'node:assert/strict';
import { segment } from '../support/admin.ts';
import type { Context } from '../support/context.ts';
import type { Define } from '../support/suite.ts';

/** The policy key `message-ttl`. */
export function ttlOfPolicies(test: Define): void {
  for (const [name, queueTtl, policyTtl, operatorTtl] of [
    ['the queue argument', 100, 60_000, 60_000],
    ['the policy', 60_000, 100, 60_000],
    ['the operator policy', 60_000, 60_000, 100],
  ] as const) {
    test(
      `of queue argument, policy and operator policy the smallest TTL counts: that of ${name}`,
      { rules: ['TTL-01'], needs: ['management'] },
      async (t) => {
        const [dead, source] = [await t.queue(), t.name('source')];
        const pattern = `^${source}$`;
        await t.policy({ pattern, definition: { 'message-ttl': policyTtl }, applyTo: 'queues' });
        await t.policy({ pattern, definition: { 'message-ttl': operatorTtl }, operator: true });
        await t.deadLetteringTo(dead, { 'x-message-ttl': queueTtl }, { queue: source });
        const elapsed = t.stopwatch();
        await t.send(source, 'x', { expiration: '60000' });
        assert.equal((await t.take(dead)).body, 'x');
        assert.ok(elapsed() >= 99, `expired after ${elapsed()} ms`);
      },
    );
  }

  test(
    'a policy does not prolong the expiration of a message',
    { rules: ['TTL-01'], needs: ['management'] },
    async (t) => {
      const [dead, source] = [await t.queue(), t.name('source')];
      await t.policy({ pattern: `^${source}$`, definition: { 'message-ttl': 60_000 } });
      await t.deadLetteringTo(dead, {}, { queue: source });
      await t.send(source, 'x', { expiration: '100' });
      assert.equal((await t.take(dead)).body, 'x');
    },
  );

  test(
    'a policy may give a queue a TTL far beyond that of an argument',
    { rules: ['TTL-03'], needs: ['management'] },
    async (t) => {
      const policy = await t.policy({ definition: { 'message-ttl': 1e15 }, applyTo: 'queues' });
      const queue = await t.queue(); // nothing is published: queues of RabbitMQ do not survive that
      await untilApplied(t, queue, policy);
      assert.equal(await t.hasQueue(queue), true);
    },
  );

  test(
    'with a TTL of ten years and 1 ms by policy a message stays',
    { rules: ['TTL-03'], needs: ['management'] },
    async (t) => {
      await t.policy({ definition: { 'message-ttl': 315_360_000_001 }, applyTo: 'queues' });
      const queue = await t.queue();
      await t.send(queue, 'stays');
      await t.elapse(100);
      assert.deepEqual(await t.drain(queue), ['stays']);
    },
  );

  for (const ttl of [-1, 1.5, '5']) {
    test(
      `a policy is refused whose TTL is ${JSON.stringify(ttl)}`,
      { rules: ['TTL-03'], needs: ['management'] },
      async (t) => {
        const definition = { 'message-ttl': ttl };
        const policy = { pattern: `^${t.prefix}$`, definition, 'apply-to': 'queues' };
        const { status, text } = await t.admin.put(`/policies/%2F/${t.name('policy')}`, policy);
        assert.equal(status, 400);
        assert.match(text, /is not a valid message TTL/);
      },
    );
  }

  test('a policy may give a queue a TTL of 0', { rules: ['TTL-03'], needs: ['management'] }, async (t) => {
    const [dead, source] = [await t.queue(), t.name('source')];
    await t.policy({ pattern: `^${source}$`, definition: { 'message-ttl': 0 } });
    await t.deadLetteringTo(dead, {}, { queue: source });
    await t.send(source, 'x');
    assert.equal((await t.take(dead)).body, 'x');
  });

  for (const type of ['classic', 'quorum'] as const) {
    const management = ['management'] as const;
    const needs = type === 'quorum' ? ([...management, 'quorum-queues'] as const) : management;
    const options = { rules: ['TTL-11'], needs, slow: true } as const;

    test(
      `a new TTL policy does not reach what is in a ${type} queue, which then holds younger messages back`,
      options,
      async (t) => {
        const dead = await t.queue();
        const source = await t.deadLetteringTo(dead, { 'x-queue-type': type });
        await t.send(source, 'old');
        const policy = await t.policy({ pattern: `^${source}$`, definition: { 'message-ttl': 100 } });
        await untilApplied(t, source, policy);
        await t.send(source, 'new');
        await t.staysEmpty(dead, 500);
        assert.equal((await t.get(source))?.body, 'old');
        assert.equal((await t.take(dead)).body, 'new');
      },
    );

    test(
      `a message of a ${type} queue keeps the deadline a TTL policy gave it when that is deleted`,
      options,
      async (t) => {
        const [dead, source] = [await t.queue(), t.name('source')];
        const policy = await t.policy({ pattern: `^${source}$`, definition: { 'message-ttl': 1_000 } });
        await t.deadLetteringTo(dead, { 'x-queue-type': type }, { queue: source });
        await t.send(source, 'old');
        await t.admin.must('DELETE', `/policies/%2F/${segment(policy)}`);
        await untilApplied(t, source, undefined);
        await t.send(source, 'new');
        assert.equal((await t.take(dead)).body, 'old');
        await t.staysEmpty(dead, 1_200);
        assert.deepEqual(await t.drain(source), ['new']);
      },
    );

    test(`a longer TTL policy does not prolong what is in a ${type} queue`, options, async (t) => {
      const [dead, source] = [await t.queue(), t.name('source')];
      const pattern = `^${source}$`;
      await t.policy({ pattern, definition: { 'message-ttl': 1_000 } });
      await t.deadLetteringTo(dead, { 'x-queue-type': type }, { queue: source });
      await t.send(source, 'old');
      const longer = await t.policy({ pattern, definition: { 'message-ttl': 60_000 }, priority: 1 });
      await untilApplied(t, source, longer);
      assert.equal((await t.take(dead)).body, 'old');
    });
  }
}

/** The queue knows the policy it has, or that it has none. */
async function untilApplied(t: Context, queue: string, policy: string | undefined): Promise<void> {
  await t.eventually(async () => {
    const { json } = await t.admin.get(`/queues/%2F/${segment(queue)}`);
    return ((json as { policy?: string } | undefined)?.policy ?? undefined) === policy;
  }, `the policy ${policy} of ${queue}`);
  await t.pause(100); // the queue hears of it a moment after it is known
}
