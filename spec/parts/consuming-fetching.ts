import assert from 'node:assert/strict';
import type { Define } from '../support/suite.ts';

/** Single messages by basic.get; a part of the topic `consuming`. */
export function fetching(test: Define): void {
  test('basic.get says how many messages are still ready', { rules: ['CNS-14'] }, async (t) => {
    const queue = await t.queue();
    for (const body of ['a', 'b', 'c']) await t.send(queue, body);
    const channel = await t.channel();
    const left: (number | undefined)[] = [];
    for (let n = 0; n < 3; n++) left.push((await channel.get(queue, false))?.messageCount);
    assert.deepEqual(left, [2, 1, 0]);
  });

  test('basic.get on an empty queue is answered get-empty', { rules: ['CNS-14'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.channel();
    channel.send('basic.get', { queue });
    assert.equal((await channel.expect('basic.get-empty')).clusterId, '');
  });

  test('basic.get has the message with the exchange and key it came by', { rules: ['CNS-14'] }, async (t) => {
    const [queue, exchange] = [await t.queue(), await t.exchange('topic')];
    await t.bind(queue, exchange, 'a.#');
    await t.publish(exchange, 'a.b', 'body', { messageId: 'm' });
    const message = await t.take(queue);
    assert.deepEqual([message.exchange, message.routingKey, message.redelivered], [exchange, 'a.b', false]);
    assert.deepEqual([message.body, message.properties.messageId], ['body', 'm']);
  });

  test('basic.get takes no notice of prefetch', { rules: ['CNS-14'] }, async (t) => {
    for (const global of [false, true]) {
      const queue = await t.queue();
      for (const body of ['a', 'b', 'c']) await t.send(queue, body);
      const channel = await t.channel();
      await channel.call('basic.qos', { prefetchCount: 1, global });
      for (const body of ['a', 'b', 'c']) assert.equal((await channel.get(queue, false))?.body, body);
    }
  });

  test('basic.get with no-ack leaves nothing to ack', { rules: ['CNS-14'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'a');
    const channel = await t.channel();
    assert.equal((await channel.get(queue, true))?.deliveryTag, 1);
    channel.ack(1);
    await channel.refused(406, 'PRECONDITION_FAILED - unknown delivery tag 1', 'basic.ack');
    await t.staysEmpty(queue);
  });

  test('basic.get without no-ack leaves the message unacked', { rules: ['CNS-14'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'a');
    const channel = await t.channel();
    const message = await channel.get(queue, false);
    assert.equal(await t.get(queue), undefined);
    channel.nack(message?.deliveryTag ?? 0, true);
    assert.equal((await t.take(queue)).body, 'a');
  });

  test('basic.get on a missing queue is refused', { rules: ['CNS-15'] }, async (t) => {
    const queue = t.name('none');
    await t.refuses('basic.get', { queue }, 404, `NOT_FOUND - no queue '${queue}' in vhost '/'`);
  });
}
