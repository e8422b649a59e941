import assert from 'node:assert/strict';
import { renewal } from './parts/queue-expiry-renewal.ts';
import type { Channel } from './support/channel.ts';
import { integerWidths } from './support/fields.ts';
import type { Value } from './support/fields.ts';
import { declareConsumed, Watch } from './support/queue-expiry-watch.ts';
import { topic } from './support/suite.ts';

const TEN_YEARS = 315_360_000_000;

export const queueExpiry = topic('queue-expiry', 'Expiry of unused queues', (test) => {
  const widths: readonly (readonly [name: string, value: Value])[] = [
    ...integerWidths,
    ['as little as 1', 1],
  ];
  for (const [name, expires] of widths) {
    test(`x-expires may be ${name}`, { rules: ['QEX-01'] }, async (t) => {
      const queue = await t.queue({ 'x-expires': expires });
      const isGone = await t.until(async () => {
        await t.elapse(500); // to look renews it
        return !(await t.hasQueue(queue));
      });
      assert.ok(isGone, 'the queue is still there');
    });
  }

  for (const expires of [2 ** 32, TEN_YEARS]) {
    test(`with an x-expires of ${expires} ms a queue stays`, { rules: ['QEX-01'] }, async (t) => {
      const queue = await t.queue({ 'x-expires': expires });
      await t.elapse(300);
      assert.ok(await t.hasQueue(queue));
    });
  }

  const refused: readonly [expires: number, reason: string][] = [
    [0, '{value_zero,0}'],
    [-1, '{value_negative,-1}'],
    [TEN_YEARS + 1, `{value_too_large,${TEN_YEARS + 1}}`],
  ];
  for (const [expires, reason] of refused) {
    test(`a queue is refused whose x-expires is ${expires}`, { rules: ['QEX-01'] }, async (t) => {
      const queue = t.name('q');
      await t.refuses(
        'queue.declare',
        { queue, durable: true, arguments: { 'x-expires': expires } },
        406,
        `PRECONDITION_FAILED - invalid arg 'x-expires' for queue '${queue}' in vhost '/': ${reason}`,
      );
    });
  }

  test('a stream refuses x-expires', { rules: ['QEX-01'], needs: ['streams'] }, async (t) => {
    const queue = t.name('stream');
    await t.refuses(
      'queue.declare',
      { queue, durable: true, arguments: { 'x-queue-type': 'stream', 'x-expires': 1_000 } },
      406,
      `PRECONDITION_FAILED - invalid arg 'x-expires' for queue '${queue}' in vhost '/' of queue type rabbit_stream_queue`,
    );
  });

  for (const [name, argument, policy, operator] of [
    ['the queue argument', 500, 60_000, 60_000],
    ['the policy', 60_000, 500, 60_000],
    ['the operator policy', 60_000, 60_000, 500],
  ] as const) {
    test(
      `of queue argument, policy and operator policy the shortest expiry counts: that of ${name}`,
      { rules: ['QEX-01'], needs: ['management'] },
      async (t) => {
        const queue = t.name('q');
        const pattern = `^${queue}$`;
        await t.policy({ pattern, definition: { expires: policy }, applyTo: 'queues' });
        await t.policy({ pattern, definition: { expires: operator }, operator: true });
        await (await Watch.declare(t, { 'x-expires': argument }, { queue })).untilGone();
      },
    );
  }

  for (const expires of [0, -5]) {
    test(
      `a policy is refused whose expiry is ${expires}`,
      { rules: ['QEX-01'], needs: ['management'] },
      async (t) => {
        const policy = { pattern: `^${t.prefix}$`, definition: { expires }, 'apply-to': 'queues' };
        const { status, text } = await t.admin.put(`/policies/%2F/${t.name('policy')}`, policy);
        assert.equal(status, 400);
        assert.match(text, /is not a valid queue expiry/);
      },
    );
  }

  test('an unused queue is deleted after its time, and not before', { rules: ['QEX-02'] }, async (t) => {
    const watch = await Watch.declare(t, { 'x-expires': 1_000 });
    await watch.untilGone();
    assert.ok(watch.age() >= 999, `gone after ${watch.age()} ms`);
    assert.equal(await t.hasQueue(watch.queue), false);
  });

  test('an unused queue is deleted with the messages in it', { rules: ['QEX-02'] }, async (t) => {
    const dead = await t.queue();
    const args = { 'x-expires': 1_000, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
    const watch = await Watch.declare(t, args, {
      also(channel, queue) {
        channel.publish('', queue, 'persistent', { deliveryMode: 2 });
        channel.publish('', queue, 'expiring', { expiration: '60000' });
      },
    });
    await watch.untilGone();
    assert.equal(await t.hasQueue(watch.queue), false);
    await t.staysEmpty(dead, 300);
  });

  test(
    'an unused queue that is declared again after its end is new and empty',
    { rules: ['QEX-02'] },
    async (t) => {
      const also = (channel: Channel, queue: string): void => channel.publish('', queue, 'x');
      const watch = await Watch.declare(t, { 'x-expires': 1_000 }, { also });
      await watch.untilGone();
      await t.queue({}, { queue: watch.queue });
      assert.equal(await t.get(watch.queue), undefined);
    },
  );

  renewal(test);

  test(
    'a quorum queue is deleted after its time or some seconds later, and not before',
    { rules: ['QEX-07'], needs: ['quorum-queues'], slow: true },
    async (t) => {
      const watch = await Watch.declare(t, { 'x-expires': 1_000, 'x-queue-type': 'quorum' });
      assert.ok(await t.until(() => watch.isGone(), 20_000), 'the queue is still there');
      assert.ok(watch.age() >= 999, `gone after ${watch.age()} ms`);
    },
  );

  test(
    'a quorum queue does not expire while it has a consumer, and does when that is gone',
    { rules: ['QEX-07'], needs: ['quorum-queues'], slow: true },
    async (t) => {
      const channel = await t.channel();
      const args = { 'x-expires': 2_000, 'x-queue-type': 'quorum' };
      const watch = await declareConsumed(t, args, channel, ['only']);
      await t.elapse(9_000);
      assert.equal(await watch.isGone(), false);
      await channel.call('basic.cancel', { consumerTag: 'only' });
      assert.ok(await t.until(() => watch.isGone(), 20_000), 'the queue is still there');
    },
  );

  test(
    'basic.get renews an unused quorum queue',
    { rules: ['QEX-07'], needs: ['quorum-queues'], slow: true },
    async (t) => {
      const watch = await Watch.declare(t, { 'x-expires': 3_000, 'x-queue-type': 'quorum' });
      for (let round = 0; round < 20; round++) {
        assert.equal(await t.get(watch.queue), undefined);
        await t.elapse(500);
      }
      assert.equal(await watch.isGone(), false);
    },
  );

  test(
    'an expires policy for a queue that is there starts its time at that moment',
    { rules: ['QEX-08'], needs: ['management'] },
    async (t) => {
      const watch = await Watch.declare(t, {});
      await t.elapse(1_000);
      const elapsed = t.stopwatch();
      await t.policy({ pattern: `^${watch.queue}$`, definition: { expires: 800 }, applyTo: 'queues' });
      await watch.untilGone();
      assert.ok(elapsed() >= 799, `gone ${elapsed()} ms after the policy came`);
    },
  );

  test(
    'an auto-delete queue goes with its last consumer, long before it expires',
    { rules: ['QEX-08'] },
    async (t) => {
      const watch = await Watch.declare(t, { 'x-expires': 60_000 }, { autoDelete: true });
      await (await t.consume(watch.queue)).cancel();
      await watch.untilGone();
    },
  );

  test(
    'an auto-delete queue that never had a consumer goes when it expires',
    { rules: ['QEX-08'] },
    async (t) => {
      const watch = await Watch.declare(t, { 'x-expires': 1_000 }, { autoDelete: true });
      await watch.untilGone();
      assert.ok(watch.age() >= 999, `gone after ${watch.age()} ms`);
    },
  );

  test('an exclusive queue may expire while its owner stays', { rules: ['QEX-02'] }, async (t) => {
    const watch = await Watch.declare(t, { 'x-expires': 1_000 }, { durable: false, exclusive: true });
    await watch.untilGone();
    assert.ok(watch.age() >= 999, `gone after ${watch.age()} ms`);
  });
});
