import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Channel } from './support/channel.ts';
import { encodeFrame } from './support/client.ts';
import type { Context } from './support/context.ts';
import { encodeMethod, frames } from './support/protocol.ts';
import { held, unknownTag } from './support/settling-held.ts';
import { topic } from './support/suite.ts';

export const transactions = topic('transactions', 'Transactions', (test) => {
  test('tx.select may be repeated, and keeps what was published', { rules: ['TXN-01'] }, async (t) => {
    const [channel, queue] = [await transactional(t), await t.queue()];
    channel.publish('', queue, 'm');
    await channel.call('tx.select');
    await channel.call('tx.commit');
    await t.untilCount(queue, 1);
  });

  test('a channel in confirm mode cannot be made transactional', { rules: ['TXN-01'] }, async (t) => {
    const channel = await t.confirmChannel();
    channel.send('tx.select');
    const text = 'PRECONDITION_FAILED - cannot switch from confirm to tx mode';
    await channel.refused(406, text, 'tx.select');
  });

  for (const name of ['tx.commit', 'tx.rollback'] as const) {
    test(`${name} needs a transactional channel`, { rules: ['TXN-02'] }, (t) =>
      t.refuses(name, {}, 406, 'PRECONDITION_FAILED - channel is not transactional'),
    );

    test(`${name} may find nothing to do`, { rules: ['TXN-03'] }, async (t) => {
      const channel = await transactional(t);
      for (let n = 0; n < 2; n++) await channel.call(name);
    });
  }

  test('publishes are in the queue after the commit, in their order', { rules: ['TXN-03'] }, async (t) => {
    const [channel, queue] = [await transactional(t), await t.queue()];
    for (const body of ['a', 'b', 'c']) channel.publish('', queue, body, { deliveryMode: 2 });
    await channel.settled();
    await t.staysEmpty(queue);
    await channel.call('tx.commit');
    assert.deepEqual(await t.drain(queue), ['a', 'b', 'c']);
  });

  test(
    'a publish comes before a settlement of the same transaction, whatever their order on the wire',
    { rules: ['TXN-03'] },
    async (t) => {
      const dead = await t.queue();
      const { channel } = await held(t, ['rejected'], deadLetteringTo(dead));
      await channel.call('tx.select');
      channel.reject(1, false);
      channel.publish('', dead, 'published');
      await channel.call('tx.commit');
      assert.deepEqual(await t.takeBodies(dead, 2), ['published', 'rejected']);
    },
  );

  test('messages are delivered and fetched outside of a transaction', { rules: ['TXN-03'] }, async (t) => {
    const queue = await t.queue();
    for (const body of ['a', 'b', 'c']) await t.send(queue, body);
    const channel = await transactional(t);
    assert.equal((await channel.get(queue, false))?.body, 'a');
    assert.equal((await channel.get(queue, true))?.body, 'b');
    await channel.call('basic.consume', { queue });
    assert.equal((await channel.delivery()).body, 'c');
    await channel.call('tx.rollback');
    await channel.client.expectSilence(channel.number);
    assert.equal(await t.count(queue), 0);
  });

  test('a publish to a missing exchange is refused before the commit', { rules: ['TXN-03'] }, async (t) => {
    const [channel, exchange] = [await transactional(t), t.name('x')];
    channel.publish(exchange, '');
    await channel.refused(404, `NOT_FOUND - no exchange '${exchange}' in vhost '/'`, 'basic.publish');
  });

  test('a publish is routed when it is published, not at the commit', { rules: ['TXN-03'] }, async (t) => {
    const [channel, exchange] = [await transactional(t), await t.exchange('fanout')];
    const [early, late] = [await t.queue(), await t.queue()];
    await t.bind(early, exchange);
    channel.publish(exchange, '', 'm');
    await channel.settled();
    await t.unbind(early, exchange);
    await t.bind(late, exchange);
    await channel.call('tx.commit');
    await t.untilCount(early, 1);
    await t.staysEmpty(late);
  });

  test('a new transaction begins after the commit', { rules: ['TXN-04'] }, async (t) => {
    const [channel, queue] = [await transactional(t), await t.queue()];
    for (const body of ['a', 'b']) {
      channel.publish('', queue, body);
      await channel.call('tx.commit');
    }
    channel.publish('', queue, 'c');
    await channel.call('tx.rollback');
    assert.deepEqual(await t.takeBodies(queue, 2), ['a', 'b']);
    await t.staysEmpty(queue);
  });

  test(
    'a commit whose publish is refused by a full queue closes the channel',
    { rules: ['TXN-04'] },
    async (t) => {
      const channel = await transactional(t);
      const full = await t.queue({ 'x-max-length': 1, 'x-overflow': 'reject-publish' });
      await t.send(full, 'it is full now');
      channel.publish('', full, 'm');
      await channel.settled();
      channel.send('tx.commit');
      await channel.refused(406, 'PRECONDITION_FAILED - partial tx completion', 'tx.commit');
      assert.deepEqual(await t.drain(full), ['it is full now']);
    },
  );

  test('a publish whose queue is deleted before the commit is dropped', { rules: ['TXN-04'] }, async (t) => {
    const [queue, client] = [await t.queue(), await t.connect()];
    const channel = await transactional(t, client);
    channel.publish('', queue, 'm', { deliveryMode: 2 });
    await channel.settled();
    await t.deleteQueue(queue);
    channel.send('tx.commit');
    await client.until(() => client.frames.length > 0);
    if (t.broker.isRabbitMQ && t.broker.since('4.0') && client.frames[0]?.channel === 0) {
      const text = /^RESOURCE_ERROR - failed to deliver message: \{not_found,/;
      await client.expectConnectionError(506, text, 'tx.commit');
    } else {
      await channel.expect('tx.commit-ok');
    }
  });

  test('a rollback forgets what was published', { rules: ['TXN-05'] }, async (t) => {
    const [channel, queue] = [await transactional(t), await t.queue()];
    channel.publish('', queue, 'forgotten', { deliveryMode: 2 });
    await channel.call('tx.rollback');
    channel.publish('', queue, 'kept', { deliveryMode: 2 });
    await channel.call('tx.commit');
    assert.deepEqual(await t.takeBodies(queue, 1), ['kept']);
    await t.staysEmpty(queue);
  });

  test(
    'a rollback makes settled deliveries outstanding again, and delivers nothing anew',
    { rules: ['TXN-05', 'TXC-05'] },
    async (t) => {
      const { channel, queue } = await held(t, ['a', 'b', 'c']);
      await channel.call('tx.select');
      channel.ack(2);
      channel.nack(1, true);
      await channel.call('tx.rollback');
      await channel.client.expectSilence(channel.number);
      await t.staysEmpty(queue);
      channel.ack(2, true);
      channel.nack(3, true);
      await channel.call('tx.commit');
      assert.deepEqual(await t.takeBodies(queue, 1), ['c']);
    },
  );

  test(
    'a delivery tag that was never issued is refused before the commit',
    { rules: ['TXN-06'] },
    async (t) => {
      const { channel } = await held(t, ['a']);
      await channel.call('tx.select');
      channel.ack(2);
      await channel.refused(406, unknownTag(2), 'basic.ack');
    },
  );

  test('a delivery cannot be settled twice in one transaction', { rules: ['TXN-06'] }, async (t) => {
    const { channel, queue } = await held(t, ['a', 'b']);
    await channel.call('tx.select');
    channel.ack(2);
    channel.nack(2, true);
    await channel.refused(406, unknownTag(2), 'basic.nack');
    await t.untilCount(queue, 2);
  });

  test('closing the channel rolls back', { rules: ['TXN-07'] }, async (t) => {
    const { channel, queue } = await held(t, ['a', 'b', 'c']);
    await channel.call('tx.select');
    channel.ack(2);
    channel.publish('', queue, 'forgotten');
    await channel.close();
    await t.untilCount(queue, 3);
    assert.deepEqual(await t.drain(queue), ['a', 'b', 'c']);
  });

  test('an error on the channel rolls back', { rules: ['TXN-07'] }, async (t) => {
    const [{ channel, queue }, nowhere] = [await held(t, ['a', 'b']), t.name('x')];
    await channel.call('tx.select');
    channel.ack(1);
    channel.publish('', queue, 'forgotten');
    channel.publish(nowhere, '');
    await channel.refused(404, `NOT_FOUND - no exchange '${nowhere}' in vhost '/'`, 'basic.publish');
    await t.untilCount(queue, 2);
    assert.deepEqual(await t.drain(queue), ['a', 'b']);
  });

  test('losing the connection rolls back', { rules: ['TXN-07'] }, async (t) => {
    const [queue, client] = [await t.queue(), await t.connect()];
    await t.send(queue, 'a');
    const channel = await t.channel(client);
    await channel.call('tx.select');
    await channel.get(queue, false);
    channel.ack(1);
    channel.publish('', queue, 'forgotten');
    await channel.settled();
    client.stream.destroy();
    await t.untilCount(queue, 1);
    assert.deepEqual(await t.drain(queue), ['a']);
  });

  test(
    'a request right behind a commit is answered after it, or refused with the connection',
    { rules: ['TXN-08'] },
    async (t) => {
      const [queue, client] = [await t.queue(), await t.connect()];
      const channel = await transactional(t, client);
      channel.publish('', queue, 'm', { deliveryMode: 2 });
      const requests = [encodeMethod('tx.commit', {}), encodeMethod('channel.flow', { active: true })];
      client.sendBytes(
        Buffer.concat(requests.map((payload) => encodeFrame(frames.method, channel.number, payload))),
      );
      await client.until(() => client.frames.length > 0);
      if (client.frames[0]?.channel === 0) {
        const text = "CHANNEL_ERROR - unexpected command while processing 'tx.commit'";
        await client.expectConnectionError(504, text, 'channel.flow');
      } else {
        await channel.expect('tx.commit-ok');
        await channel.expect('channel.flow-ok');
        await t.untilCount(queue, 1);
      }
    },
  );

  test('a bad expiration is refused before the commit', { rules: ['TXC-03'] }, async (t) => {
    const channel = await transactional(t);
    channel.publish('', await t.queue(), 'm', { expiration: 'soon' });
    const text = "PRECONDITION_FAILED - invalid expiration 'soon': no_integer";
    await channel.refused(406, text, 'basic.publish');
  });

  test('the TTL of a message begins with the commit', { rules: ['TXC-04'] }, async (t) => {
    const dead = await t.queue();
    const queue = await t.deadLetteringTo(dead);
    const channel = await transactional(t);
    channel.publish('', queue, 'm', { expiration: '500' });
    await channel.settled();
    await t.elapse(600);
    assert.equal(await t.count(dead), 0);
    const elapsed = t.stopwatch();
    await channel.call('tx.commit');
    await t.take(dead);
    assert.ok(elapsed() >= 499, `it was dead ${Math.round(elapsed())} ms after the commit`);
  });

  for (const [name, settle] of [
    ['basic.reject', (channel: Channel) => channel.reject(1, false)],
    ['basic.nack', (channel: Channel) => channel.nack(1, false)],
  ] as const) {
    test(`${name} dead-letters at the commit, and not after a rollback`, { rules: ['TXC-05'] }, async (t) => {
      const dead = await t.queue();
      const { channel } = await held(t, ['a'], deadLetteringTo(dead));
      await channel.call('tx.select');
      settle(channel);
      await channel.call('tx.rollback');
      settle(channel);
      await channel.settled();
      await t.staysEmpty(dead);
      await channel.call('tx.commit');
      assert.equal((await t.take(dead)).body, 'a');
      await t.staysEmpty(dead);
    });
  }

  test('an ack removes a message at the commit', { rules: ['TXC-05', 'TXN-03'] }, async (t) => {
    const { channel, queue } = await held(t, ['a']);
    await channel.call('tx.select');
    channel.ack(1);
    await channel.call('tx.commit');
    await channel.close();
    await t.staysEmpty(queue);
  });

  test('a message is requeued at the commit', { rules: ['TXC-05', 'TXN-03'] }, async (t) => {
    const { channel, queue } = await held(t, ['a']);
    await channel.call('tx.select');
    channel.nack(1, true);
    await channel.settled();
    await t.staysEmpty(queue);
    await channel.call('tx.commit');
    const { body, redelivered } = await t.take(queue);
    assert.deepEqual([body, redelivered], ['a', true]);
  });
});

async function transactional(t: Context, ...on: Parameters<Context['channel']>): Promise<Channel> {
  const channel = await t.channel(...on);
  await channel.call('tx.select');
  return channel;
}

function deadLetteringTo(queue: string): { readonly [key: string]: string } {
  return { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue };
}
