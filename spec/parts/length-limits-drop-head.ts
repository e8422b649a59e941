import assert from 'node:assert/strict';
import type { Channel } from '../support/channel.ts';
import { kinds, limited, QUORUM, sendAll, takeDeaths } from '../support/length-limits-deaths.ts';
import type { Define } from '../support/suite.ts';

/** How a message that was handed out comes back. */
const returns: Readonly<Record<string, (channel: Channel, deliveryTag: number) => unknown>> = {
  'basic.nack': (channel, deliveryTag) => channel.nack(deliveryTag, true),
  'basic.reject': (channel, deliveryTag) => channel.reject(deliveryTag, true),
  'basic.recover': (channel) => channel.call('basic.recover', { requeue: true }),
  'the end of its channel': (channel) => channel.close(),
};

/** What makes room in a full queue. */
export function dropHead(test: Define): void {
  test('drop-head is what a queue does that says nothing of overflow', { rules: ['LEN-05'] }, async (t) => {
    for (const args of [{}, { 'x-overflow': 'drop-head' }]) {
      const { dead, queue } = await limited(t, { ...args, 'x-max-length': 1 });
      assert.deepEqual(await sendAll(t, queue, 'a', 'b', 'c'), ['ack', 'ack', 'ack']);
      assert.deepEqual(await takeDeaths(t, dead, 2), ['a maxlen', 'b maxlen']);
      assert.deepEqual(await t.drain(queue), ['c']);
    }
  });

  test('a full queue without a DLX drops its oldest message', { rules: ['LEN-05'] }, async (t) => {
    const queue = await t.queue({ 'x-max-length': 2 });
    await sendAll(t, queue, 'a', 'b', 'c', 'd');
    assert.deepEqual(await t.drain(queue), ['c', 'd']);
  });

  for (const { kind, args, needs } of kinds) {
    const since = kind === 'quorum' ? { since: '4.2.1' } : {}; // before, the last came first

    test(
      `what a ${kind} queue drops for one big message is dead-lettered oldest first`,
      { rules: ['LEN-05'], needs, ...since },
      async (t) => {
        const { dead, queue } = await limited(t, { ...args, 'x-max-length-bytes': 450 });
        const bodies = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100));
        await sendAll(t, queue, ...bodies);
        assert.equal(await t.send(queue, 'e'.repeat(300)), 'ack');
        const expected = bodies.slice(0, 3).map((body) => `${body} maxlen`);
        assert.deepEqual(await takeDeaths(t, dead, 3), expected);
        assert.deepEqual(await t.drain(queue), [bodies[3], 'e'.repeat(300)]);
      },
    );

    test(
      `a message bigger than all that a ${kind} queue may hold empties the queue and goes last itself`,
      { rules: ['LEN-06', 'LEN-05'], needs, ...since },
      async (t) => {
        const { dead, queue } = await limited(t, { ...args, 'x-max-length-bytes': 250 });
        const bodies = ['a', 'b'].map((letter) => letter.repeat(100));
        await sendAll(t, queue, ...bodies);
        const big = 'c'.repeat(300);
        assert.equal(await t.send(queue, big), 'ack');
        const expected = [...bodies, big].map((body) => `${body} maxlen`);
        assert.deepEqual(await takeDeaths(t, dead, 3), expected);
        assert.deepEqual(await t.drain(queue), []);
      },
    );

    test(
      `a ${kind} queue of length 0 without a consumer drops what comes, and confirms it`,
      { rules: ['LEN-07', 'LEN-05'], needs },
      async (t) => {
        const { dead, queue } = await limited(t, { ...args, 'x-max-length': 0 });
        assert.equal(await t.send(queue, 'a'), 'ack');
        assert.deepEqual(await takeDeaths(t, dead, 1), ['a maxlen']);
        assert.equal(await t.get(queue), undefined);
      },
    );

    test(
      `a ${kind} queue of length 0 gives what comes to a consumer that can take it`,
      { rules: ['LEN-07'], needs },
      async (t) => {
        const { dead, queue } = await limited(t, { ...args, 'x-max-length': 0 });
        const consumer = await t.consume(queue, { prefetch: 1 });
        assert.deepEqual(await sendAll(t, queue, 'taken', 'dropped'), ['ack', 'ack']);
        assert.equal((await consumer.next()).body, 'taken');
        assert.deepEqual(await takeDeaths(t, dead, 1), ['dropped maxlen']);
      },
    );
  }

  for (const [way, giveBack] of Object.entries(returns)) {
    test(
      `a message that comes back to a full queue by ${way} is the one that is dropped`,
      { rules: ['LEN-08'] },
      async (t) => {
        const { dead, queue } = await limited(t, { 'x-max-length': 2 });
        await t.send(queue, 'a');
        const channel = await t.channel();
        const held = await channel.get(queue, false);
        await sendAll(t, queue, 'b', 'c');
        await giveBack(channel, held?.deliveryTag ?? 0);
        assert.deepEqual(await takeDeaths(t, dead, 1), ['a maxlen']);
        assert.deepEqual(await t.drain(queue), ['b', 'c']);
      },
    );
  }

  test(
    'a message that comes back above the limit of bytes is the one that is dropped',
    { rules: ['LEN-08', 'LEN-01'] },
    async (t) => {
      const { dead, queue } = await limited(t, { 'x-max-length-bytes': 4 });
      await t.send(queue, 'aaa');
      const channel = await t.channel();
      const held = await channel.get(queue, false);
      await sendAll(t, queue, 'bb', 'cc');
      channel.nack(held?.deliveryTag ?? 0, true);
      assert.deepEqual(await takeDeaths(t, dead, 1), ['aaa maxlen']);
      assert.deepEqual(await t.drain(queue), ['bb', 'cc']);
    },
  );

  test(
    'several messages that come back to a full queue at once are dropped in their old order',
    { rules: ['LEN-08', 'LEN-05'] },
    async (t) => {
      const { dead, queue } = await limited(t, { 'x-max-length': 2 });
      await sendAll(t, queue, 'a', 'b');
      const channel = await t.channel();
      for (let n = 0; n < 2; n++) await channel.get(queue, false);
      await sendAll(t, queue, 'c', 'd');
      channel.nack(0, true, true);
      assert.deepEqual(await takeDeaths(t, dead, 2), ['a maxlen', 'b maxlen']);
      assert.deepEqual(await t.drain(queue), ['c', 'd']);
    },
  );

  test(
    'a message that comes back is dropped by the limit before a waiting consumer gets it',
    { rules: ['LEN-08', 'LEN-07'] },
    async (t) => {
      const { dead, queue } = await limited(t, { 'x-max-length': 0 });
      const consumer = await t.consume(queue);
      await t.send(queue, 'a');
      consumer.reject(await consumer.next(), true);
      assert.deepEqual(await takeDeaths(t, dead, 1), ['a maxlen']);
      await consumer.nothing();
    },
  );

  test(
    'a message that comes back late to a full queue dies of the limit and not of its TTL',
    { rules: ['LEN-08'] },
    async (t) => {
      const { dead, queue } = await limited(t, { 'x-max-length': 1 });
      const consumer = await t.consume(queue, { prefetch: 1 });
      await t.send(queue, 'a', { expiration: '100' });
      const held = await consumer.next();
      await t.send(queue, 'b');
      await t.elapse(200);
      consumer.nack(held, true);
      assert.deepEqual(await takeDeaths(t, dead, 1), ['a maxlen']);
    },
  );

  test(
    'a message that comes back to a full quorum queue is dropped, and before version 4.0 the oldest ready one instead',
    { rules: ['LEN-08'], needs: ['quorum-queues'] },
    async (t) => {
      const { dead, queue } = await limited(t, { ...QUORUM, 'x-max-length': 2 });
      await t.send(queue, 'a');
      const channel = await t.channel();
      const held = await channel.get(queue, false);
      await sendAll(t, queue, 'b', 'c');
      channel.reject(held?.deliveryTag ?? 0, true);
      const [died, left] = t.broker.pick({ '3.10': ['b', ['c', 'a']], '4.0': ['a', ['b', 'c']] } as const);
      assert.deepEqual(await takeDeaths(t, dead, 1), [`${died} maxlen`]);
      assert.deepEqual(await t.drain(queue), left);
    },
  );

  test('a full priority queue drops the highest priority first', { rules: ['LEN-09'] }, async (t) => {
    const { dead, queue } = await limited(t, { 'x-max-length': 2, 'x-max-priority': 5 });
    for (const priority of [0, 5, 3]) await t.send(queue, String(priority), { priority });
    assert.deepEqual(await takeDeaths(t, dead, 1), ['5 maxlen']);
    await t.send(queue, '4', { priority: 4 });
    assert.deepEqual(await takeDeaths(t, dead, 1), ['4 maxlen']);
    assert.deepEqual(await t.drain(queue), ['3', '0']);
  });
}
