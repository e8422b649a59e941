import assert from 'node:assert/strict';
import { noQueue, queueLabel } from '../support/declaring-texts.ts';
import type { Context } from '../support/context.ts';
import type { Args } from '../support/protocol.ts';
import type { Define } from '../support/suite.ts';

const QUORUM = { 'x-queue-type': 'quorum' };
const STREAM = { 'x-queue-type': 'stream' };

/** How queues are emptied, deleted, and go by themselves. */
export function deletingQueues(test: Define): void {
  purging(test);
  deleting(test);
  conditions(test);
  autoDeleting(test);
}

function purging(test: Define): void {
  test('a purge drops the ready messages and counts them', { rules: ['QUE-22'] }, async (t) => {
    const queue = await filled(t, 'a', 'b', 'c');
    assert.equal(await t.purge(queue), 3);
    assert.deepEqual(await t.drain(queue), []);
    assert.equal(await t.purge(queue), 0);
  });

  test(
    'a purge leaves unacked messages with their consumers, and they may come back',
    { rules: ['QUE-22'] },
    async (t) => {
      const queue = await filled(t, 'a', 'b', 'c');
      const consumer = await t.consume(queue, { prefetch: 1 });
      const held = await consumer.next();
      await consumer.channel.call('basic.cancel', { consumerTag: consumer.tag });
      assert.equal(await t.purge(queue), 2);
      consumer.reject(held, true);
      assert.deepEqual(await t.takeBodies(queue, 1), ['a']);
      assert.deepEqual(await t.drain(queue), []);
    },
  );

  test('a queue that is not there cannot be purged', { rules: ['QUE-22'] }, async (t) => {
    const queue = t.name('q');
    await t.refuses('queue.purge', { queue }, 404, noQueue(queue));
  });
}

function deleting(test: Define): void {
  test(
    'deleting a queue that is not there succeeds, and counts nothing',
    { rules: ['QUE-23'] },
    async (t) => {
      assert.equal(await t.deleteQueue(t.name('q')), 0);
    },
  );

  test(
    'deleting a queue counts the ready messages that go with it, and not the unacked ones',
    { rules: ['QUE-24'] },
    async (t) => {
      const queue = await filled(t, 'a', 'b', 'c');
      await (await t.channel()).get(queue, false);
      await t.untilCount(queue, 2);
      assert.equal(await t.deleteQueue(queue), 2);
    },
  );

  test(
    'a queue that is deleted and declared again has neither its bindings nor its messages',
    { rules: ['QUE-27'] },
    async (t) => {
      const exchange = await t.exchange('fanout');
      const queue = await filled(t, 'a');
      await t.bind(queue, exchange);
      await t.deleteQueue(queue);
      await t.queue({}, { queue });
      await t.publish(exchange, '', 'lost');
      assert.deepEqual(await t.drain(queue), []);
    },
  );

  test('deleting a queue cancels its consumers', { rules: ['QUE-27'] }, async (t) => {
    const queue = await t.queue();
    const consumer = await t.consume(queue);
    await t.deleteQueue(queue);
    const { consumerTag, noWait } = await consumer.channel.expect('basic.cancel');
    assert.deepEqual({ consumerTag, noWait }, { consumerTag: consumer.tag, noWait: true });
  });

  test('messages of a queue that is deleted are not dead-lettered', { rules: ['QUE-27'] }, async (t) => {
    const dead = await t.queue();
    const queue = await t.deadLetteringTo(dead);
    for (const body of ['a', 'b']) await t.send(queue, body);
    await (await t.channel()).get(queue, false);
    await t.deleteQueue(queue);
    await t.staysEmpty(dead);
  });

  test(
    'deliveries of a queue that was deleted since are settled without complaint and without effect',
    { rules: ['QUE-27'] },
    async (t) => {
      const dead = await t.queue();
      const queue = await t.deadLetteringTo(dead);
      for (const body of ['a', 'b', 'c', 'd']) await t.send(queue, body);
      const channel = await t.channel();
      const tags: number[] = [];
      while (tags.length < 4) tags.push((await channel.get(queue, false))?.deliveryTag as number);
      await t.deleteQueue(queue);
      const [one, two, three, four] = tags as [number, number, number, number];
      channel.ack(one);
      channel.reject(two, false);
      channel.reject(three, true);
      channel.nack(four, false);
      await channel.client.expectSilence(channel.number);
      await t.staysEmpty(dead);
    },
  );
}

function conditions(test: Define): void {
  test('deleting a queue if unused is refused while it has a consumer', { rules: ['QUE-25'] }, async (t) => {
    const queue = await t.queue();
    await t.consume(queue);
    await t.refuses('queue.delete', { queue, ifUnused: true }, 406, `${failed(queue)} in use`);
    assert.equal(await t.hasQueue(queue), true);
  });

  test('deleting a queue if unused does not look at its messages', { rules: ['QUE-25'] }, async (t) => {
    const queue = await filled(t, 'a');
    const { messageCount } = await (await t.control()).call('queue.delete', { queue, ifUnused: true });
    assert.equal(messageCount, 1);
  });

  test(
    'deleting a queue if empty is refused while it has a ready message',
    { rules: ['QUE-25'] },
    async (t) => {
      const queue = await filled(t, 'a');
      await t.refuses('queue.delete', { queue, ifEmpty: true }, 406, `${failed(queue)} not empty`);
      assert.deepEqual(await t.drain(queue), ['a']);
    },
  );

  test(
    'deleting a queue if empty does not look at unacked messages nor at consumers',
    { rules: ['QUE-25'] },
    async (t) => {
      const queue = await filled(t, 'a');
      const consumer = await t.consume(queue);
      await consumer.next();
      await (await t.control()).call('queue.delete', { queue, ifEmpty: true });
      assert.equal(await t.hasQueue(queue), false);
    },
  );

  test(
    'a queue that is neither empty nor unused is said to be not empty',
    { rules: ['QUE-25'] },
    async (t) => {
      const queue = await filled(t, 'a', 'b');
      const consumer = await t.consume(queue, { prefetch: 1 });
      await consumer.next();
      const condition = { queue, ifEmpty: true, ifUnused: true };
      await t.refuses('queue.delete', condition, 406, `${failed(queue)} not empty`);
    },
  );

  const unsupported: readonly [flag: string, condition: Args<'queue.delete'>][] = [
    ['if-unused', { ifUnused: true }],
    ['if-empty', { ifEmpty: true }],
  ];
  for (const [flag, condition] of unsupported) {
    test(
      `a quorum queue cannot be deleted with ${flag}: the connection ends`,
      { rules: ['QUE-26'], needs: ['quorum-queues'] },
      async (t) => {
        const queue = await t.queue(QUORUM);
        const text =
          `NOT_IMPLEMENTED - cannot delete ${queueLabel(queue)}. ` +
          `queue.delete operations with ${flag} flag set are not supported by quorum queues`;
        await t.refusesConnection('queue.delete', { queue, ...condition }, 540, text);
        assert.equal(await t.hasQueue(queue), true);
      },
    );

    test(
      `a stream is deleted whatever ${flag} asks for`,
      { rules: ['QUE-26'], needs: ['streams'] },
      async (t) => {
        const queue = await t.queue(STREAM);
        await t.send(queue, 'a');
        await t.consume(queue, { prefetch: 1 });
        await (await t.control()).call('queue.delete', { queue, ...condition });
        assert.equal(await t.hasQueue(queue), false);
      },
    );
  }
}

function autoDeleting(test: Define): void {
  test(
    'an auto-delete queue stays while one of its consumers is left, and goes when the last one is cancelled',
    { rules: ['QUE-28'] },
    async (t) => {
      const queue = await t.queue({}, { autoDelete: true });
      const [first, second] = [await t.consume(queue), await t.consume(queue)];
      await first.cancel();
      assert.equal(await t.hasQueue(queue), true);
      await second.cancel();
      assert.equal(await t.hasQueue(queue), false);
    },
  );

  test(
    'an auto-delete queue goes with its messages when the channel of its last consumer is closed',
    { rules: ['QUE-28'] },
    async (t) => {
      const queue = await t.queue({}, { autoDelete: true });
      const consumer = await t.consume(queue, { prefetch: 1 });
      for (const body of ['a', 'b']) await t.send(queue, body);
      await consumer.next();
      await consumer.channel.close();
      await t.eventually(async () => !(await t.hasQueue(queue)), 'the queue is gone');
    },
  );

  test(
    'an auto-delete queue goes when the connection of its last consumer is closed',
    { rules: ['QUE-28'] },
    async (t) => {
      const queue = await t.queue({}, { autoDelete: true });
      const client = await t.connect();
      await t.consume(queue, {}, client);
      await client.close();
      await t.eventually(async () => !(await t.hasQueue(queue)), 'the queue is gone');
    },
  );

  test(
    'an auto-delete queue goes when the connection of its last consumer is lost',
    { rules: ['QUE-28'] },
    async (t) => {
      const queue = await t.queue({}, { autoDelete: true });
      const client = await t.connect();
      await t.consume(queue, {}, client);
      client.stream.destroy();
      await t.eventually(async () => !(await t.hasQueue(queue)), 'the queue is gone');
    },
  );

  test(
    'an auto-delete queue that never had a consumer stays when the connection that declared it is closed',
    { rules: ['QUE-28'] },
    async (t) => {
      const client = await t.connect();
      const queue = await t.queue({}, { autoDelete: true }, await t.channel(client));
      await client.close();
      await t.elapse(150);
      assert.equal(await t.hasQueue(queue), true);
    },
  );

  test('fetching from an auto-delete queue is not consuming: it stays', { rules: ['QUE-28'] }, async (t) => {
    const queue = await t.queue({}, { autoDelete: true });
    const channel = await t.channel();
    await t.send(queue, 'a');
    assert.equal((await channel.get(queue))?.body, 'a');
    await channel.close();
    await t.elapse(150);
    assert.equal(await t.hasQueue(queue), true);
  });

  test(
    'a consumer that is refused does not take an auto-delete queue with it',
    { rules: ['QUE-28'] },
    async (t) => {
      const queue = await t.queue({}, { autoDelete: true });
      const args = { queue, arguments: { 'x-priority': 'high' } };
      await t.refuses('basic.consume', args, 406, /^PRECONDITION_FAILED - invalid arg 'x-priority'/);
      assert.equal(await t.hasQueue(queue), true);
    },
  );
}

async function filled(t: Context, ...bodies: string[]): Promise<string> {
  const queue = await t.queue();
  for (const body of bodies) await t.send(queue, body);
  return queue;
}

function failed(queue: string): string {
  return `PRECONDITION_FAILED - ${queueLabel(queue)}`;
}
