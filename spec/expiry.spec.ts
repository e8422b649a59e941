import assert from 'node:assert/strict';
import { deletedQueues } from './parts/expiry-deletion.ts';
import type { Context } from './support/context.ts';
import { topic } from './support/suite.ts';

export const expiry = topic('expiry', 'How expired messages leave a queue', (test) => {
  for (const type of ['classic', 'quorum'] as const) {
    const options = type === 'quorum' ? { needs: ['quorum-queues'] as const } : {};

    test(
      `in a ${type} queue an expired message waits behind a head that has not expired`,
      { rules: ['EXP-01', 'EXP-02', ...(type === 'quorum' ? (['EXP-09'] as const) : [])], ...options },
      async (t) => {
        const { queue, dead } = await line(t, { 'x-queue-type': type });
        await t.send(queue, 'head');
        await t.send(queue, 'short', { expiration: '100' });
        await t.staysEmpty(dead, 400);
        assert.equal((await t.get(queue))?.body, 'head');
        assert.equal((await t.take(dead)).body, 'short');
        assert.equal(await t.get(queue), undefined);
      },
    );

    test(
      `in a ${type} queue a short TTL behind a longer one falls due with it, the longer one first`,
      { rules: ['EXP-02', 'EXP-07'], ...options },
      async (t) => {
        const { queue, dead } = await line(t, { 'x-queue-type': type });
        const elapsed = t.stopwatch();
        await t.send(queue, '800 ms', { expiration: '800' });
        await t.send(queue, '100 ms', { expiration: '100' });
        const expired = await t.consume(dead, { noAck: true });
        assert.equal((await expired.next()).body, '800 ms');
        assert.ok(elapsed() >= 799, `the head expired after ${elapsed()} ms`);
        assert.equal((await expired.next()).body, '100 ms');
      },
    );

    test(
      `a sweep of a ${type} queue stops at the first message that has not expired`,
      { rules: ['EXP-01', 'EXP-07'], ...options },
      async (t) => {
        const { queue, dead } = await line(t, { 'x-queue-type': type });
        await t.send(queue, 'head', { expiration: '400' });
        for (const body of ['one', 'two', 'three']) await t.send(queue, body, { expiration: '50' });
        await t.send(queue, 'lasting', { expiration: '60000' });
        await t.send(queue, 'four', { expiration: '50' });
        assert.deepEqual(await t.takeBodies(dead, 4), ['head', 'one', 'two', 'three']);
        await t.staysEmpty(dead, 200);
        assert.equal((await t.get(queue))?.body, 'lasting');
        assert.equal((await t.take(dead)).body, 'four');
      },
    );
  }

  test(
    'delays of 3 minutes, 1 hour and 30 minutes in one queue come out after 3 minutes, 1 hour and 1 hour',
    { rules: ['EXP-02'] },
    async (t) => {
      const { queue, dead } = await line(t);
      const [minute, elapsed] = [20, t.stopwatch()];
      for (const minutes of [3, 60, 30]) {
        await t.send(queue, `${minutes} min`, { expiration: String(minutes * minute) });
      }
      const expired = await t.consume(dead, { noAck: true });
      assert.equal((await expired.next()).body, '3 min');
      assert.ok(elapsed() >= 3 * minute - 1, `3 min were ${elapsed()} ms`);
      assert.equal((await expired.next()).body, '60 min');
      assert.ok(elapsed() >= 60 * minute - 1, `60 min were ${elapsed()} ms`);
      assert.equal((await expired.next()).body, '30 min');
    },
  );

  test(
    'messages that expire together are dead-lettered in the order of the queue',
    { rules: ['EXP-07'] },
    async (t) => {
      const { queue, dead } = await line(t);
      await t.send(queue, 'head', { expiration: '500' });
      const bodies = Array.from({ length: 12 }, (_, index) => String(index));
      for (const body of bodies) {
        await t.send(queue, body, { expiration: String(150 - Number(body) * 10) });
      }
      assert.deepEqual(await t.takeBodies(dead, 13), ['head', ...bodies]);
    },
  );

  test(
    'a message that waits past its deadline is still counted as ready',
    { rules: ['EXP-03'] },
    async (t) => {
      const { queue, dead } = await line(t);
      await t.send(queue, 'head');
      for (const body of ['one', 'two']) await t.send(queue, body, { expiration: '50' });
      await t.elapse(300);
      await t.untilCount(queue, 3);
      assert.equal(await t.purge(queue), 3);
      await t.staysEmpty(dead);
    },
  );

  test(
    'a message that waits past its deadline counts toward the length limit',
    { rules: ['EXP-03'] },
    async (t) => {
      const { queue, dead } = await line(t, { 'x-max-length': 2, 'x-overflow': 'reject-publish' });
      await t.send(queue, 'head');
      await t.send(queue, 'short', { expiration: '50' });
      await t.elapse(300);
      assert.equal(await t.send(queue, 'surplus'), 'nack');
      assert.equal((await t.get(queue))?.body, 'head');
      assert.equal((await t.take(dead)).body, 'short');
      assert.equal(await t.send(queue, 'fits'), 'ack');
    },
  );

  test('a message expires though nobody ever consumed', { rules: ['EXP-04'] }, async (t) => {
    const { queue, dead } = await line(t, { 'x-message-ttl': 100 });
    for (const body of ['one', 'two']) {
      await t.send(queue, body); // the second into a queue that was emptied by expiry
      const { headers } = await t.take(dead);
      assert.deepEqual(headers['x-first-death-reason'], 'expired');
    }
    assert.equal(await t.get(queue), undefined);
  });

  test(
    'a message that is ready alone again expires by itself when its deadline comes',
    { rules: ['EXP-04', 'EXP-06'] },
    async (t) => {
      const { queue, dead } = await line(t);
      const consumer = await t.consume(queue);
      const elapsed = t.stopwatch();
      await t.send(queue, 'x', { expiration: '600' });
      const message = await consumer.next();
      await consumer.cancel();
      consumer.nack(message, true);
      assert.equal((await t.take(dead)).body, 'x');
      assert.ok(elapsed() >= 599, `expired after ${elapsed()} ms`);
    },
  );

  const leaving: readonly [
    name: string,
    leave: (t: Context, queue: string) => Promise<unknown>,
    dies: boolean,
  ][] = [
    ['is fetched', (t, queue) => t.get(queue), false],
    ['is fetched and held', async (t, queue) => (await t.channel()).get(queue, false), false],
    ['is delivered', async (t, queue) => (await t.consume(queue, { prefetch: 1 })).next(), false],
    ['is dropped by the length limit', (t, queue) => t.send(queue, 'more'), true],
  ];
  for (const [name, leave, dies] of leaving) {
    test(
      `when a head that held others back ${name}, the expired ones behind it go at once`,
      { rules: ['EXP-05', 'EXP-04'] },
      async (t) => {
        const { queue, dead } = await line(t, { 'x-max-length': 4 });
        await t.send(queue, 'head');
        for (const body of ['one', 'two']) await t.send(queue, body, { expiration: '50' });
        await t.send(queue, 'last');
        await t.staysEmpty(dead, 300);
        await leave(t, queue);
        const gone = dies ? ['head', 'one', 'two'] : ['one', 'two'];
        assert.deepEqual(await t.takeBodies(dead, gone.length), gone);
        assert.equal((await t.get(queue))?.body, 'last');
      },
    );
  }

  test('an unacked message holds nothing back', { rules: ['EXP-06'] }, async (t) => {
    const { queue, dead } = await line(t);
    const channel = await t.channel();
    await t.send(queue, 'held');
    assert.equal((await channel.get(queue, false))?.body, 'held');
    await t.send(queue, 'short', { expiration: '100' });
    assert.equal((await t.take(dead)).body, 'short');
  });

  test('a message that was requeued holds others back again', { rules: ['EXP-06'] }, async (t) => {
    const { queue, dead } = await line(t);
    const channel = await t.channel();
    await t.send(queue, 'head');
    const head = await channel.get(queue, false);
    assert.ok(head);
    channel.nack(head.deliveryTag, true);
    await channel.settled();
    await t.send(queue, 'short', { expiration: '100' });
    await t.staysEmpty(dead, 400);
    assert.equal((await t.get(queue))?.body, 'head');
    assert.equal((await t.take(dead)).body, 'short');
  });

  test(
    'in a queue with priorities an expired message waits behind one of a higher priority',
    { rules: ['EXP-08'] },
    async (t) => {
      const { queue, dead } = await line(t, { 'x-max-priority': 5 });
      await t.send(queue, 'high', { priority: 4 });
      await t.send(queue, 'low', { priority: 1, expiration: '100' });
      await t.staysEmpty(dead, 400);
      assert.equal((await t.get(queue))?.body, 'high');
      assert.equal((await t.take(dead)).body, 'low');
    },
  );

  test(
    'in a queue with priorities the head of the highest priority expires though a lower one stays',
    { rules: ['EXP-08'] },
    async (t) => {
      const { queue, dead } = await line(t, { 'x-max-priority': 5 });
      await t.send(queue, 'high', { priority: 4, expiration: '100' });
      await t.send(queue, 'low', { priority: 1 });
      assert.equal((await t.take(dead)).body, 'high');
      assert.equal((await t.get(queue))?.body, 'low');
    },
  );

  const noTimer = 'no timer is armed for a message that came in front of others by its priority';
  test(
    'a message that came in front of others by its priority expires in time',
    { rules: ['EXP-08'], rabbitmqDefect: noTimer },
    async (t) => {
      const { queue, dead } = await line(t, { 'x-max-priority': 5 });
      await t.send(queue, 'low', { priority: 1 });
      const elapsed = t.stopwatch();
      await t.send(queue, 'high', { priority: 4, expiration: '100' });
      assert.equal((await t.take(dead)).body, 'high');
      assert.ok(elapsed() >= 99, `expired after ${elapsed()} ms`);
      assert.equal((await t.get(queue))?.body, 'low');
    },
  );

  test(
    'a message that came in front of others by its priority is not fetched after its deadline',
    { rules: ['EXP-08'], rabbitmqDefect: noTimer },
    async (t) => {
      const { queue } = await line(t, { 'x-max-priority': 5 });
      await t.send(queue, 'low', { priority: 1 });
      await t.send(queue, 'high', { priority: 4, expiration: '50' });
      await t.elapse(300);
      assert.deepEqual(await t.drain(queue), ['low']);
    },
  );

  test(
    'in a quorum queue each priority is a line of its own, since 4.3',
    { rules: ['EXP-09'], needs: ['quorum-queues'] },
    async (t) => {
      const { queue, dead } = await line(t, { 'x-queue-type': 'quorum' });
      await t.send(queue, 'high', { priority: 9 });
      await t.send(queue, 'low', { priority: 0, expiration: '100' });
      if (!t.broker.since('4.3')) await t.staysEmpty(dead, 400);
      else assert.equal((await t.take(dead)).body, 'low');
      assert.equal((await t.get(queue))?.body, 'high');
      if (!t.broker.since('4.3')) assert.equal((await t.take(dead)).body, 'low');
    },
  );

  deletedQueues(test);
});

/** A queue and where its dead letters go. */
async function line(t: Context, args = {}): Promise<{ readonly queue: string; readonly dead: string }> {
  const dead = await t.queue();
  return { queue: await t.deadLetteringTo(dead, args), dead };
}
