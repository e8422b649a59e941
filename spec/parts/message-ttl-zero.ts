import assert from 'node:assert/strict';
import { lastDeathOf } from '../support/deaths.ts';
import type { Define } from '../support/suite.ts';

/** A TTL of 0: now or never. */
export function ttlZero(test: Define): void {
  const sources = [
    ['the queue', { 'x-message-ttl': 0 }, {}],
    ['the message', {}, { expiration: '0' }],
  ] as const;
  for (const [name, args, properties] of sources) {
    test(`with a TTL of 0 of ${name} a ready consumer gets it`, { rules: ['TTL-15'] }, async (t) => {
      const dead = await t.queue();
      const queue = await t.deadLetteringTo(dead, args);
      const consumer = await t.consume(queue);
      await t.send(queue, 'x', properties);
      consumer.ack(await consumer.next());
      await t.staysEmpty(dead);
    });

    test(
      `with a TTL of 0 of ${name} and no consumer it is dead-lettered at once`,
      { rules: ['TTL-15'] },
      async (t) => {
        const dead = await t.queue();
        const queue = await t.deadLetteringTo(dead, args);
        assert.equal(await t.send(queue, 'x', properties), 'ack');
        const death = lastDeathOf(await t.take(dead));
        assert.deepEqual([death?.reason, death?.queue, death?.count], ['expired', queue, 1]);
        assert.equal(await t.get(queue), undefined);
      },
    );

    test(
      `with a TTL of 0 of ${name} a consumer whose prefetch is full does not get it, also not later`,
      { rules: ['TTL-15'] },
      async (t) => {
        const dead = await t.queue();
        const queue = await t.deadLetteringTo(dead, args);
        const consumer = await t.consume(queue, { prefetch: 1 });
        await t.send(queue, 'held', properties);
        const held = await consumer.next();
        await t.send(queue, 'surplus', properties);
        assert.equal((await t.take(dead)).body, 'surplus');
        consumer.ack(held);
        await consumer.nothing();
      },
    );

    test(
      `with a TTL of 0 of ${name}, no consumer and no dead-letter exchange it is gone, confirmed and not returned`,
      { rules: ['TTL-15'] },
      async (t) => {
        const queue = await t.queue(args);
        const channel = await t.confirmChannel();
        channel.client.publish(channel.number, { routingKey: queue, mandatory: true }, 'x', properties);
        assert.equal(await channel.confirm(), 'ack'); // a return would come before it
        assert.equal(await t.get(queue), undefined);
        await (await t.consume(queue)).nothing(50);
      },
    );
  }

  test('a message with TTL 0 does not overtake what is ready before it', { rules: ['TTL-15'] }, async (t) => {
    const dead = await t.queue();
    const queue = await t.deadLetteringTo(dead);
    await t.send(queue, 'first');
    await t.send(queue, 'never', { expiration: '0' });
    const consumer = await t.consume(queue, { noAck: true });
    assert.equal((await consumer.next()).body, 'first');
    assert.equal((await t.take(dead)).body, 'never');
    await consumer.nothing(50);
  });

  test('of many messages with TTL 0 each goes to one place only', { rules: ['TTL-15'] }, async (t) => {
    const dead = await t.queue();
    const queue = await t.deadLetteringTo(dead, { 'x-message-ttl': 0 });
    const [taking, expired] = [await t.consume(queue, { prefetch: 4 }), await t.consume(dead)];
    const bodies = Array.from({ length: 10 }, (_, index) => String(index));
    for (const body of bodies) await t.send(queue, body);
    assert.deepEqual(await taking.bodies(4), bodies.slice(0, 4));
    assert.deepEqual(await expired.bodies(6), bodies.slice(4));
    await taking.nothing(50);
  });

  test(
    'a TTL of 0 in a quorum queue with a ready consumer means delivered or expired, and not both',
    { rules: ['TTL-16'], needs: ['quorum-queues'] },
    async (t) => {
      const all = await t.queue();
      const queue = await t.deadLetteringTo(all, { 'x-queue-type': 'quorum', 'x-message-ttl': 0 });
      const [delivered, expired] = [await t.consume(queue), await t.consume(all)];
      const bodies = Array.from({ length: 10 }, (_, index) => String(index));
      for (const body of bodies) await t.send(queue, body);
      const seen = new Set<string>();
      for (const consumer of [delivered, expired]) {
        const { client, number } = consumer.channel;
        while (await client.until(() => client.frames.some(({ channel }) => channel === number), 500)) {
          const message = await consumer.next();
          assert.ok(!seen.has(message.body), `${message.body} went to both`);
          seen.add(message.body);
          consumer.ack(message);
        }
      }
      assert.deepEqual([...seen].sort(), bodies);
    },
  );

  test(
    'a TTL of 0 in a quorum queue without a consumer expires at once',
    { rules: ['TTL-16'], needs: ['quorum-queues'] },
    async (t) => {
      const dead = await t.queue();
      const queue = await t.deadLetteringTo(dead, { 'x-queue-type': 'quorum' });
      assert.equal(await t.send(queue, 'x', { expiration: '0' }), 'ack');
      const death = lastDeathOf(await t.take(dead));
      assert.equal(death?.reason, 'expired');
    },
  );
}
