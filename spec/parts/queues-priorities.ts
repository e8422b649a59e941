import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import type { Define } from '../support/suite.ts';

const QUORUM = { 'x-queue-type': 'quorum' };

/** Which message leaves a queue next when messages have priorities. */
export function queuePriorities(test: Define): void {
  test(
    'messages leave a queue with priorities from the highest to the lowest, and in order within one',
    { rules: ['QUE-35'] },
    async (t) => {
      const queue = await withPriorities(t, 5);
      await sendAll(t, queue, ['a', 1], ['b', 5], ['c', 1], ['d', 3], ['e', 5]);
      assert.deepEqual(await t.drain(queue), ['b', 'e', 'd', 'a', 'c']);
    },
  );

  test('consumers get messages by priority too', { rules: ['QUE-35'] }, async (t) => {
    const queue = await withPriorities(t, 5);
    await sendAll(t, queue, ['a', 1], ['b', 5], ['c', 1], ['d', 3], ['e', 5]);
    const consumer = await t.consume(queue);
    assert.deepEqual(await consumer.bodies(5), ['b', 'e', 'd', 'a', 'c']);
  });

  test('a message without a priority counts as one of priority 0', { rules: ['QUE-35'] }, async (t) => {
    const queue = await withPriorities(t, 5);
    await sendAll(t, queue, ['a'], ['b', 0], ['c'], ['d', 1]);
    assert.deepEqual(await t.drain(queue), ['d', 'a', 'b', 'c']);
  });

  test(
    'a priority above the highest of the queue counts as the highest, and is delivered as it was',
    { rules: ['QUE-35'] },
    async (t) => {
      const queue = await withPriorities(t, 5);
      await sendAll(t, queue, ['a', 5], ['b', 9], ['c', 255], ['d', 5], ['e', 4]);
      const taken: [string, number | undefined][] = [];
      while (taken.length < 5) {
        const { body, properties } = await t.take(queue);
        taken.push([body, properties.priority]);
      }
      assert.deepEqual(taken, [
        ['a', 5],
        ['b', 9],
        ['c', 255],
        ['d', 5],
        ['e', 4],
      ]);
    },
  );

  test('a queue without x-max-priority knows no priorities', { rules: ['QUE-35'] }, async (t) => {
    const queue = await t.queue();
    await sendAll(t, queue, ['a', 1], ['b', 9], ['c'], ['d', 255]);
    assert.deepEqual(await t.drain(queue), ['a', 'b', 'c', 'd']);
  });

  test(
    'a queue whose highest priority is 0 knows no priorities, or those of one whose highest is 1',
    { rules: ['QUE-35'] },
    async (t) => {
      const queue = await withPriorities(t, 0);
      await sendAll(t, queue, ['a', 1], ['b', 9], ['c'], ['d', 255]);
      const order = (await t.drain(queue)).join(' ');
      const isAsOne = t.broker.since('4.0') && order === 'a b d c';
      if (!isAsOne) assert.equal(order, 'a b c d');
    },
  );

  test(
    'a requeued message returns to its place among those of its priority',
    { rules: ['QUE-36'] },
    async (t) => {
      const queue = await withPriorities(t, 5);
      await sendAll(t, queue, ['low 1', 1], ['low 2', 1], ['high 1', 5], ['high 2', 5]);
      const channel = await t.channel();
      const tags: number[] = [];
      for (const body of ['high 1', 'high 2', 'low 1']) {
        const message = await channel.get(queue, false);
        assert.equal(message?.body, body);
        tags.push(message.deliveryTag);
      }
      for (const tag of tags.toReversed()) channel.reject(tag, true);
      await channel.settled();
      assert.deepEqual(await t.takeBodies(queue, 4), ['high 1', 'high 2', 'low 1', 'low 2']);
    },
  );

  test(
    'what a consumer already holds is not called back when a message of higher priority comes',
    { rules: ['QUE-36'] },
    async (t) => {
      const queue = await withPriorities(t, 5);
      await sendAll(t, queue, ['low 1', 1], ['low 2', 1], ['low 3', 1]);
      const consumer = await t.consume(queue, { prefetch: 2 });
      assert.deepEqual(await consumer.bodies(1), ['low 1']);
      const second = await consumer.next();
      assert.equal(second.body, 'low 2');
      await sendAll(t, queue, ['high', 5]);
      await consumer.nothing();
      consumer.ack(second);
      assert.deepEqual(await consumer.bodies(1), ['high']);
    },
  );

  test(
    'a quorum queue knows the priorities 0 to 31 since 4.3, and those above count as 31',
    { rules: ['QUE-37'], needs: ['quorum-queues'], since: '4.3' },
    async (t) => {
      const queue = await t.queue(QUORUM);
      await sendAll(t, queue, ['a', 0], ['b', 31], ['c', 255], ['d', 31], ['e', 30], ['f', 1]);
      assert.deepEqual(await t.takeBodies(queue, 6), ['b', 'c', 'd', 'e', 'f', 'a']);
    },
  );

  test(
    'a message without a priority counts as one of priority 4 in a quorum queue since 4.3',
    { rules: ['QUE-37'], needs: ['quorum-queues'], since: '4.3' },
    async (t) => {
      const queue = await t.queue(QUORUM);
      await sendAll(t, queue, ['a', 3], ['b'], ['c', 4], ['d'], ['e', 5]);
      assert.deepEqual(await t.takeBodies(queue, 5), ['e', 'b', 'c', 'd', 'a']);
    },
  );

  test(
    'a quorum queue knew no priorities before 4.0',
    { rules: ['QUE-37'], needs: ['quorum-queues'], until: '4.0' },
    async (t) => {
      const queue = await t.queue(QUORUM);
      await sendAll(t, queue, ['a', 1], ['b', 9], ['c'], ['d', 5]);
      assert.deepEqual(await t.takeBodies(queue, 4), ['a', 'b', 'c', 'd']);
    },
  );
}

function withPriorities(t: Context, highest: number): Promise<string> {
  return t.queue({ 'x-max-priority': highest });
}

async function sendAll(
  t: Context,
  queue: string,
  ...messages: readonly (readonly [body: string, priority?: number])[]
): Promise<void> {
  for (const [body, priority] of messages) {
    await t.send(queue, body, priority === undefined ? {} : { priority });
  }
}
