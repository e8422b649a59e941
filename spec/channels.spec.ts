import assert from 'node:assert/strict';
import { closing } from './parts/channels-closing.ts';
import { contentHeader } from './support/content.ts';
import { frames } from './support/protocol.ts';
import type { MethodName } from './support/protocol.ts';
import { topic } from './support/suite.ts';

const notOpen = "CHANNEL_ERROR - expected 'channel.open'";
const second = "CHANNEL_ERROR - second 'channel.open' seen";

/** Every method a client may send on a channel, channel.open left out. */
const clientMethods: readonly MethodName[] = [
  'channel.close',
  'channel.close-ok',
  'channel.flow',
  'access.request',
  'exchange.declare',
  'exchange.delete',
  'exchange.bind',
  'exchange.unbind',
  'queue.declare',
  'queue.bind',
  'queue.unbind',
  'queue.purge',
  'queue.delete',
  'basic.qos',
  'basic.consume',
  'basic.cancel',
  'basic.publish',
  'basic.get',
  'basic.ack',
  'basic.nack',
  'basic.reject',
  'basic.recover',
  'basic.recover-async',
  'confirm.select',
  'tx.select',
  'tx.commit',
  'tx.rollback',
];

export const channels = topic('channels', 'Channels', (test) => {
  for (const number of [1, 2, 3000, 65_535])
    test(`a channel may have the number ${number}`, { rules: ['CHN-01'] }, async (t) => {
      const client = await t.connect({ channelMax: 2047 });
      assert.equal((await client.call(number, 'channel.open')).channelId.length, 0);
      await client.expectSilence(number);
    });

  test('one channel more than agreed on closes the connection', { rules: ['CHN-02'] }, async (t) => {
    const client = await t.connect({ channelMax: 3 });
    for (const number of [10, 20, 30]) await client.call(number, 'channel.open');
    client.send(40, 'channel.open');
    const text = 'NOT_ALLOWED - number of channels opened (3) has reached the negotiated channel_max (3)';
    await client.expectConnectionError(530, text);
  });

  test('a channel that was closed makes room for another', { rules: ['CHN-01', 'CHN-02'] }, async (t) => {
    const client = await t.connect({ channelMax: 2 });
    for (const number of [1, 2]) await client.call(number, 'channel.open');
    await client.call(1, 'channel.close');
    await client.call(3, 'channel.open');
    client.send(4, 'channel.open');
    const text = 'NOT_ALLOWED - number of channels opened (2) has reached the negotiated channel_max (2)';
    await client.expectConnectionError(530, text);
  });

  test(
    'a user may have a limit of channels over all his connections',
    { rules: ['CHN-03'], needs: ['management'] },
    async (t) => {
      const user = await t.user({ configure: '.*', write: '.*', read: '.*' });
      await t.admin.must('PUT', `/user-limits/${user.user}/max-channels`, { value: 1 });
      await t.channel(await t.connect(user));
      const client = await t.connect(user);
      client.send(1, 'channel.open');
      const one = t.broker.pick({ '3.10': '(1)', '4.0': '1' });
      const text = `NOT_ALLOWED - number of channels opened for user '${user.user}' has reached the maximum allowed user limit of ${one}`;
      await client.expectConnectionError(530, text);
    },
  );

  test('opening a channel that is open closes the connection', { rules: ['CHN-04'] }, async (t) => {
    const { client, number } = await t.channel(await t.connect());
    client.send(number, 'channel.open');
    await client.expectConnectionError(504, second, 'channel.open');
  });

  test(
    'opening a channel before its close was answered closes the connection',
    { rules: ['CHN-04'] },
    async (t) => {
      const { client, number } = await t.channel(await t.connect());
      client.send(number, 'basic.get', { queue: t.name('none') });
      await client.expect(number, 'channel.close');
      client.send(number, 'channel.open');
      await client.expectConnectionError(504, second, 'channel.open');
    },
  );

  for (const name of clientMethods)
    test(`${name} on a channel that is not open closes the connection`, { rules: ['CHN-05'] }, async (t) => {
      const client = await t.connect();
      const args = { queue: t.name('none') }; // an empty name would mean the queue declared last (GEN-09)
      if (name === 'basic.publish') client.publish(2, {}, 'x');
      else client.send(2, name, args);
      await client.expectConnectionError(504, notOpen, name);
    });

  test('content on a channel that is not open closes the connection', { rules: ['CHN-05'] }, async (t) => {
    const client = await t.connect();
    client.sendFrame(frames.header, 9, contentHeader(0));
    const { replyCode } = await client.expect(0, 'connection.close');
    assert.ok([504, 505].includes(replyCode), `code ${replyCode}`);
  });

  test('a channel that was closed is as one never opened', { rules: ['CHN-05', 'CHN-06'] }, async (t) => {
    const channel = await t.channel(await t.connect());
    await channel.close();
    channel.send('basic.qos');
    await channel.client.expectConnectionError(504, notOpen, 'basic.qos');
  });

  test('channel.flow with active is answered', { rules: ['CHN-11'] }, async (t) => {
    const channel = await t.channel();
    assert.equal((await channel.call('channel.flow', { active: true })).active, true);
  });

  test('channel.flow without active is not implemented', { rules: ['CHN-11'] }, async (t) => {
    await t.refusesConnection('channel.flow', { active: false }, 540, 'NOT_IMPLEMENTED - active=false');
  });

  test(
    'delivery tags count deliveries and fetched messages together, also those without ack',
    { rules: ['CHN-12'] },
    async (t) => {
      const queue = await t.queue();
      for (const body of ['a', 'b', 'c', 'd', 'e']) await t.send(queue, body);
      const channel = await t.channel();
      const tags = [await channel.get(queue, true), await channel.get(queue, false)].map(tagOf);
      await channel.call('basic.consume', { queue, noAck: true });
      for (let n = 0; n < 3; n++) tags.push(tagOf(await channel.delivery()));
      assert.deepEqual(tags, [1, 2, 3, 4, 5]);
    },
  );

  test('each channel counts its deliveries for itself', { rules: ['CHN-12'] }, async (t) => {
    const queue = await t.queue();
    for (const body of ['a', 'b', 'c', 'd']) await t.send(queue, body);
    const [one, other] = [await t.channel(), await t.channel()];
    const tags: (number | undefined)[] = [];
    for (const channel of [one, other, one, other]) tags.push(tagOf(await channel.get(queue)));
    assert.deepEqual(tags, [1, 1, 2, 2]);
  });

  test('publishes count from confirm.select on', { rules: ['CHN-12'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.channel();
    channel.publish('', queue, 'not counted');
    await channel.call('confirm.select');
    for (const deliveryTag of [1, 2]) {
      channel.publish('', queue, `${deliveryTag}`);
      const confirm = await channel.expect('basic.ack');
      assert.equal(confirm.deliveryTag, deliveryTag);
    }
  });

  closing(test);
});

function tagOf(message: { readonly deliveryTag: number } | undefined): number | undefined {
  return message?.deliveryTag;
}
