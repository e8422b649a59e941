import assert from 'node:assert/strict';
import type { Channel } from '../support/channel.ts';
import type { Define } from '../support/suite.ts';

const single = { 'x-single-active-consumer': true };
const singleQuorum = { ...single, 'x-queue-type': 'quorum' };

/** Queues with one active consumer; a part of the topic `consuming`. */
export function singleActiveConsumer(test: Define): void {
  for (const [type, args, needs] of [
    ['classic', single, []],
    ['quorum', singleQuorum, ['quorum-queues']],
  ] as const) {
    const of = `of a ${type} queue`;

    test(`the first consumer ${of} is the single active one`, { rules: ['CNS-30'], needs }, async (t) => {
      const queue = await t.queue(args);
      const channel = await t.channel();
      for (const consumerTag of ['a', 'b', 'c']) await consume(channel, queue, consumerTag);
      for (let n = 0; n < 4; n++) await t.send(queue);
      assert.deepEqual(await tagsOf(channel, 4), ['a', 'a', 'a', 'a']);
    });

    test(
      `the consumer ${of} that has waited longest follows the active one that is cancelled`,
      { rules: ['CNS-31'], needs },
      async (t) => {
        const queue = await t.queue(args);
        const channel = await t.channel();
        for (const consumerTag of ['a', 'b', 'c']) await consume(channel, queue, consumerTag);
        const seen: string[] = [];
        for (const consumerTag of ['a', 'b', 'c']) {
          await t.send(queue);
          seen.push(...(await tagsOf(channel, 1)));
          await channel.call('basic.cancel', { consumerTag });
        }
        assert.deepEqual(seen, ['a', 'b', 'c']);
      },
    );

    test(
      `the next consumer ${of} follows an active one that is lost`,
      { rules: ['CNS-31'], needs },
      async (t) => {
        const queue = await t.queue(args);
        const active = await t.consume(queue, {}, await t.connect());
        const next = await t.consume(queue);
        await t.send(queue, 'a');
        await active.next();
        active.channel.client.stream.destroy();
        const { body, redelivered } = await next.next();
        assert.deepEqual([body, redelivered], ['a', true]);
      },
    );

    test(
      `what was delivered to a cancelled active consumer ${of} stays with its channel`,
      { rules: ['CNS-32'], needs },
      async (t) => {
        const queue = await t.queue(args);
        const active = await t.consume(queue);
        const next = await t.consume(queue);
        for (const body of ['a', 'b']) await t.send(queue, body);
        const a = await active.next();
        await active.next();
        await active.cancel();
        await t.send(queue, 'c');
        assert.equal((await next.next()).body, 'c');
        active.nack(a, true);
        await active.channel.settled();
        const again = await next.next();
        assert.deepEqual([again.body, again.redelivered], ['a', true]);
        await active.channel.close();
        const last = await next.next();
        assert.deepEqual([last.body, last.redelivered], ['b', true]);
      },
    );

    test(
      `what the prefetch of the active consumer ${of} leaves waits for it`,
      { rules: ['CNS-35'], needs },
      async (t) => {
        const queue = await t.queue(args);
        const active = await t.consume(queue, { prefetch: 1 });
        const waiting = await t.consume(queue, { prefetch: 1 });
        for (const body of ['a', 'b']) await t.send(queue, body);
        const a = await active.next();
        await active.nothing();
        await waiting.nothing();
        active.ack(a);
        assert.equal((await active.next()).body, 'b');
      },
    );
  }

  test(
    'the highest priority follows the active consumer of a classic queue',
    { rules: ['CNS-31'] },
    async (t) => {
      const queue = await t.queue(single);
      const channel = await t.channel();
      await consume(channel, queue, 'active');
      await consume(channel, queue, 'low', -1);
      await consume(channel, queue, 'high', 5);
      await consume(channel, queue, 'later', 5);
      await t.send(queue);
      assert.deepEqual(await tagsOf(channel, 1), ['active']);
      await channel.call('basic.cancel', { consumerTag: 'active' });
      await t.send(queue);
      assert.deepEqual(await tagsOf(channel, 1), ['high']);
    },
  );

  test(
    'a higher priority does not displace the active consumer of a classic queue',
    { rules: ['CNS-31'] },
    async (t) => {
      const queue = await t.queue(single);
      const channel = await t.channel();
      await consume(channel, queue, 'active');
      await consume(channel, queue, 'high', 5);
      for (let n = 0; n < 3; n++) {
        await t.send(queue);
        const { consumerTag, deliveryTag } = await channel.delivery();
        assert.equal(consumerTag, 'active');
        channel.ack(deliveryTag);
      }
    },
  );

  test(
    'a higher priority displaces the active consumer of a quorum queue that has nothing unacked',
    { rules: ['CNS-31'], needs: ['quorum-queues'], since: '4.0' },
    async (t) => {
      const queue = await t.queue(singleQuorum);
      const channel = await t.channel();
      await consume(channel, queue, 'active');
      await t.send(queue, 'a');
      const { consumerTag, deliveryTag } = await channel.delivery();
      assert.equal(consumerTag, 'active');
      await consume(channel, queue, 'high', 5);
      await t.send(queue, 'b');
      await channel.client.expectNothing(channel.number); // it is to be displaced, and gets no more
      channel.ack(deliveryTag);
      assert.deepEqual(await tagsOf(channel, 1), ['high']);
    },
  );

  test(
    'the single active consumer of a classic queue may not be exclusive',
    { rules: ['CNS-33'] },
    async (t) => {
      const queue = await t.queue(single);
      const text = `ACCESS_REFUSED - queue '${queue}' in vhost '/' in exclusive use`;
      await t.refuses('basic.consume', { queue, exclusive: true }, 403, text);
      await t.consume(queue);
    },
  );

  test(
    'a quorum queue with a single active consumer takes no notice of exclusive',
    { rules: ['CNS-33'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue(singleQuorum);
      for (let n = 0; n < 2; n++) await t.consume(queue, { exclusive: true });
    },
  );

  test(
    'a single active consumer of a classic queue does not hinder basic.get',
    { rules: ['CNS-34'] },
    async (t) => {
      const queue = await t.queue(single);
      const consumer = await t.consume(queue, { prefetch: 1 });
      await t.send(queue, 'a');
      await consumer.next();
      await t.send(queue, 'b');
      assert.equal((await t.get(queue))?.body, 'b');
    },
  );

  test(
    'basic.get is refused on a quorum queue with a single active consumer',
    { rules: ['CNS-34'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue(singleQuorum);
      const text = `^RESOURCE_LOCKED - cannot obtain access to locked queue '${queue}' in vhost '/'. basic.get operations are not supported by (quorum|<<"quorum">>) queues with single active consumer$`;
      await t.refuses('basic.get', { queue }, 405, new RegExp(text));
    },
  );
}

async function consume(channel: Channel, queue: string, consumerTag: string, priority = 0): Promise<void> {
  await channel.call('basic.consume', { queue, consumerTag, arguments: { 'x-priority': priority } });
}

/** The consumer tags of the next so many deliveries. */
async function tagsOf(channel: Channel, count: number): Promise<string[]> {
  const tags: string[] = [];
  while (tags.length < count) tags.push((await channel.delivery()).consumerTag);
  return tags;
}
