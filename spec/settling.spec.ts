import assert from 'node:assert/strict';
import { requeueing } from './parts/settling-requeueing.ts';
import type { Channel } from './support/channel.ts';
import { filled, held, unknownTag } from './support/settling-held.ts';
import { topic } from './support/suite.ts';

export const settling = topic('settling', 'Acknowledging and requeueing', (test) => {
  for (const name of ['basic.ack', 'basic.nack', 'basic.reject'] as const) {
    test(`${name} of a delivery tag that was never issued closes the channel`, { rules: ['ACK-01'] }, (t) =>
      t.refuses(name, { deliveryTag: 5 }, 406, unknownTag(5)),
    );

    test(
      `${name} of delivery tag 0 without multiple closes the channel`,
      { rules: ['ACK-03'] },
      async (t) => {
        const { channel } = await held(t, ['a']);
        channel.send(name, { deliveryTag: 0 });
        await channel.refused(406, unknownTag(0), name);
      },
    );
  }

  test('a delivery can be settled only once', { rules: ['ACK-01'] }, async (t) => {
    const { channel, queue } = await held(t, ['a', 'b']);
    channel.ack(1);
    channel.nack(1, true);
    await channel.refused(406, unknownTag(1), 'basic.nack');
    await t.untilCount(queue, 1);
    assert.deepEqual(await t.drain(queue), ['b']);
  });

  test('a message fetched with no-ack leaves no tag to settle', { rules: ['ACK-01'] }, async (t) => {
    const queue = await filled(t, ['a']);
    const channel = await t.channel();
    assert.equal((await channel.get(queue, true))?.deliveryTag, 1);
    channel.ack(1);
    await channel.refused(406, unknownTag(1), 'basic.ack');
  });

  test('a message delivered with no-ack leaves no tag to settle', { rules: ['ACK-01'] }, async (t) => {
    const consumer = await t.consume(await filled(t, ['a']), { noAck: true });
    consumer.reject(await consumer.next(), true);
    await consumer.channel.refused(406, unknownTag(1), 'basic.reject');
  });

  test('a delivery tag means nothing on another channel', { rules: ['ACK-01'] }, async (t) => {
    const { channel } = await held(t, ['a']);
    await t.refuses('basic.ack', { deliveryTag: 1 }, 406, unknownTag(1));
    channel.ack(1);
    await channel.settled();
  });

  test('multiple settles every delivery up to the tag', { rules: ['ACK-02'] }, async (t) => {
    const { channel, queue } = await held(t, ['a', 'b', 'c', 'd']);
    channel.ack(2, true);
    channel.nack(4, true, true);
    await channel.settled();
    await t.untilCount(queue, 2);
    assert.deepEqual(await t.drain(queue), ['c', 'd']);
  });

  test('multiple leaves alone what was settled before', { rules: ['ACK-02'] }, async (t) => {
    const { channel, queue } = await held(t, ['a', 'b', 'c']);
    channel.ack(2);
    channel.nack(3, true, true);
    await channel.settled();
    await t.untilCount(queue, 2);
    assert.deepEqual(await t.drain(queue), ['a', 'c']);
  });

  test('multiple settles nothing when its own tag was never issued', { rules: ['ACK-02'] }, async (t) => {
    const { channel, queue } = await held(t, ['a', 'b']);
    channel.ack(3, true);
    await channel.refused(406, unknownTag(3), 'basic.ack');
    await t.untilCount(queue, 2);
    assert.deepEqual(await t.drain(queue), ['a', 'b']);
  });

  test('multiple settles nothing when its own tag is settled already', { rules: ['ACK-02'] }, async (t) => {
    const { channel, queue } = await held(t, ['a', 'b', 'c']);
    channel.ack(2);
    channel.ack(2, true);
    await channel.refused(406, unknownTag(2), 'basic.ack');
    await t.untilCount(queue, 2);
    assert.deepEqual(await t.drain(queue), ['a', 'c']);
  });

  test(
    'tag 0 with multiple acks all that the channel holds, consumed or fetched',
    { rules: ['ACK-03'] },
    async (t) => {
      const [consumed, fetched] = [await filled(t, ['a', 'b']), await filled(t, ['c'])];
      const { channel } = await t.consume(consumed);
      for (let n = 0; n < 2; n++) await channel.delivery();
      await channel.get(fetched, false);
      channel.ack(0, true);
      await channel.settled();
      await channel.close();
      assert.equal(await t.deleteQueue(consumed), 0);
      assert.equal(await t.deleteQueue(fetched), 0);
    },
  );

  test('tag 0 with multiple nacks all that the channel holds', { rules: ['ACK-03'] }, async (t) => {
    const { channel, queue } = await held(t, ['a', 'b', 'c']);
    channel.nack(0, true, true);
    await channel.settled();
    await t.untilCount(queue, 3);
    assert.deepEqual(await t.drain(queue), ['a', 'b', 'c']);
  });

  for (const name of ['basic.ack', 'basic.nack'] as const) {
    test(
      `${name} of tag 0 with multiple may find nothing outstanding`,
      { rules: ['ACK-03', 'ACK-09'] },
      async (t) => {
        const { channel } = await held(t, ['a']);
        for (let n = 0; n < 2; n++) channel.send(name, { deliveryTag: 0, multiple: true });
        await channel.client.expectSilence(channel.number);
      },
    );
  }

  for (const [name, reject] of [
    ['basic.reject', (channel: Channel, tag: number) => channel.reject(tag, false)],
    ['basic.nack', (channel: Channel, tag: number) => channel.nack(tag, false)],
  ] as const) {
    test(`${name} without requeue dead-letters a message`, { rules: ['ACK-04'] }, async (t) => {
      const dead = await t.queue();
      const toDead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
      const { channel, queue } = await held(t, ['a', 'b'], toDead);
      reject(channel, 1);
      assert.equal((await t.take(dead)).body, 'a');
      channel.ack(2);
      await channel.settled();
      await t.staysEmpty(queue);
    });

    test(
      `${name} without requeue drops a message that nobody wants dead`,
      { rules: ['ACK-04'] },
      async (t) => {
        const { channel, queue } = await held(t, ['a', 'b']);
        reject(channel, 1);
        await channel.close();
        await t.untilCount(queue, 1);
        assert.deepEqual(await t.drain(queue), ['b']);
      },
    );
  }

  test(
    'basic.nack with multiple dead-letters in the order of the queue',
    { rules: ['ACK-04'] },
    async (t) => {
      const dead = await t.queue();
      const toDead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
      const { channel } = await held(t, ['a', 'b', 'c'], toDead);
      channel.nack(3, false, true);
      assert.deepEqual(await t.takeBodies(dead, 3), ['a', 'b', 'c']);
    },
  );

  requeueing(test);

  test('acks are not answered, and may come in any order', { rules: ['ACK-09'] }, async (t) => {
    const { channel, queue } = await held(t, ['a', 'b', 'c']);
    for (const tag of [3, 1, 2]) channel.ack(tag);
    await channel.client.expectSilence(channel.number);
    await channel.close();
    await t.staysEmpty(queue);
  });
});
