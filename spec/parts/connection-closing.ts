import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { segment } from '../support/admin.ts';
import { shownConnection } from './connection-client.ts';
import type { Client } from '../support/client.ts';
import { endsSilently, lonely } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import { contentHeader } from '../support/content.ts';
import type { Context } from '../support/context.ts';
import { frames } from '../support/protocol.ts';

/** How connections end. */
export function closingCases(test: Define): void {
  closed(test);
  failed(test);
  forced(test);
  lost(test);
}

function closed(test: Define): void {
  test('close-ok comes after the exclusive queues are gone', { rules: ['CON-52'] }, async (t) => {
    const client = await t.connect();
    const queue = await t.queue({}, { exclusive: true }, await t.channel(client));
    await client.close();
    assert.equal(await t.hasQueue(queue), false);
  });

  test('close-ok comes after what was not acked is back in its queue', { rules: ['CON-52'] }, async (t) => {
    const queue = await t.queue();
    for (const body of ['a', 'b', 'c']) await t.send(queue, body);
    const client = await t.connect();
    const channel = await t.channel(client);
    for (const body of ['a', 'b']) assert.equal((await channel.get(queue, false))?.body, body);
    await client.close();
    for (const [body, redelivered] of [
      ['a', true],
      ['b', true],
      ['c', false],
    ] as const) {
      const message = await t.get(queue);
      assert.deepEqual([message?.body, message?.redelivered], [body, redelivered]);
    }
  });

  test(
    'close-ok comes after everything published before is in its queues',
    { rules: ['CON-52'] },
    async (t) => {
      const queue = await t.queue();
      const client = await t.connect();
      const channel = await t.channel(client);
      for (let n = 0; n < 50; n++) channel.publish('', queue, `${n}`, { deliveryMode: 2 });
      await client.close();
      assert.deepEqual(
        await t.drain(queue),
        Array.from({ length: 50 }, (_, n) => `${n}`),
      );
    },
  );

  test(
    'after close-ok it is up to the client to hang up',
    { rules: ['CON-53'], realTime: true },
    async (t) => {
      const elapsed = t.stopwatch();
      const client = await t.connect({ heartbeat: 4 });
      await client.call(0, 'connection.close');
      await client.ended(20_000);
      assert.ok(elapsed() >= 3_999, `the server hung up after ${elapsed()} ms`);
    },
  );

  test(
    'without heartbeats the broker hangs up 30 seconds after its close-ok',
    { rules: ['CON-53'], realTime: true },
    async (t) => {
      const elapsed = t.stopwatch();
      const client = await t.connect({ heartbeat: 0 });
      await client.call(0, 'connection.close');
      await client.ended(45_000);
      assert.ok(elapsed() >= 29_999, `the server hung up after ${elapsed()} ms`);
    },
  );

  test('nothing is answered after close-ok', { rules: ['CON-53', 'CON-54'] }, async (t) => {
    const client = await t.connect();
    await client.call(1, 'channel.open');
    await client.call(0, 'connection.close');
    client.send(1, 'channel.flow', { active: true });
    client.send(2, 'channel.open');
    await t.pause(200);
    assert.deepEqual([client.frames, client.isEnded], [[], false]);
  });

  test('a new secret is accepted unseen', { rules: ['CON-60'] }, async (t) => {
    const client = await t.connect();
    await client.call(0, 'connection.update-secret', { newSecret: 'other', reason: 'it is time' });
    await client.call(1, 'channel.open');
  });
}

/** What no broker allows: a method on a channel that is not open. */
function blunder(client: Client): void {
  client.send(9, 'basic.qos');
}

function failed(test: Define): void {
  test(
    'a connection that was closed by an error hears nothing but closing',
    { rules: ['CON-54'] },
    async (t) => {
      const { client, number } = await lonely(t);
      blunder(client);
      await client.expect(0, 'connection.close');
      client.send(number, 'channel.flow', { active: true });
      client.sendFrame(frames.header, number, contentHeader(0));
      client.sendFrame(frames.header, 3, contentHeader(0));
      client.send(0, 'connection.open');
      client.send(5, 'channel.open');
      await client.call(0, 'connection.close');
      assert.deepEqual([client.frames, client.isEnded], [[], false]);
      client.send(0, 'connection.close-ok');
      await endsSilently(client);
    },
  );

  test('of several errors of a connection the first is told, once', { rules: ['CON-54'] }, async (t) => {
    const client = await t.connect();
    for (const channel of [7, 8, 9]) client.send(channel, 'basic.qos');
    await client.expectConnectionError(504, "CHANNEL_ERROR - expected 'channel.open'", 'basic.qos');
    assert.deepEqual(client.frames, []);
  });

  test(
    'a client that does not answer connection.close is dropped after its heartbeat',
    { rules: ['CON-54'], realTime: true },
    async (t) => {
      const elapsed = t.stopwatch();
      const client = await t.connect({ heartbeat: 4 });
      blunder(client);
      await client.expect(0, 'connection.close');
      await client.ended(25_000);
      assert.ok(elapsed() >= 3_999, `the server hung up after ${elapsed()} ms`);
    },
  );

  test(
    'a client without heartbeats that does not answer connection.close is dropped after 30 seconds',
    { rules: ['CON-54'], realTime: true },
    async (t) => {
      const elapsed = t.stopwatch();
      const client = await t.connect({ heartbeat: 0 });
      blunder(client);
      await client.expect(0, 'connection.close');
      await client.ended(45_000);
      assert.ok(elapsed() >= 29_999, `the server hung up after ${elapsed()} ms`);
    },
  );

  test(
    'a connection error gives back everything the connection had',
    { rules: ['CON-54', 'CON-61'] },
    async (t) => {
      const queue = await t.queue();
      await t.send(queue, 'a');
      const channel = await lonely(t);
      const exclusive = await t.queue({}, { exclusive: true }, channel);
      assert.equal((await channel.get(queue, false))?.body, 'a');
      blunder(channel.client);
      await channel.client.expectConnectionError(504, /^CHANNEL_ERROR - /, 'basic.qos');
      const { body, redelivered } = await t.take(queue);
      assert.deepEqual([body, redelivered], ['a', true]);
      await untilGone(t, exclusive);
    },
  );
}

function forced(test: Define): void {
  for (const [what, headers, reason] of [
    ['with a reason', { 'X-Reason': 'out of patience' }, 'out of patience'],
    ['without a reason', {}, 'Closed via management plugin'],
  ] as const) {
    test(
      `an administrator closes a connection ${what}`,
      { rules: ['CON-57', 'GEN-03'], needs: ['management'] },
      async (t) => {
        const connection_name = t.name('connection');
        const client = await t.connect({ clientProperties: { connection_name } });
        const { name } = await shownConnection(t, connection_name);
        await t.admin.delete(`/connections/${segment(String(name))}`, { headers });
        await client.expectConnectionError(320, `CONNECTION_FORCED - ${reason}`);
      },
    );
  }

  test(
    'the connections of a user that is deleted are closed',
    { rules: ['CON-57'], needs: ['management'] },
    async (t) => {
      const { user, password } = await t.user({});
      const connection_name = t.name('connection');
      const client = await t.connect({ user, password, clientProperties: { connection_name } });
      await shownConnection(t, connection_name);
      await t.admin.must('DELETE', `/users/${segment(user)}`);
      await client.expectConnectionError(320, `CONNECTION_FORCED - user '${user}' is deleted`);
    },
  );

  test(
    'the connections to a vhost that is deleted are closed',
    { rules: ['CON-57'], needs: ['management'] },
    async (t) => {
      const vhost = await t.vhost();
      const connection_name = t.name('connection');
      const client = await t.connect({ vhost, clientProperties: { connection_name } });
      await shownConnection(t, connection_name);
      await t.admin.must('DELETE', `/vhosts/${segment(vhost)}`);
      const text = new RegExp(`^CONNECTION_FORCED - vhost '${vhost}' is (deleted|down)$`);
      await client.expectConnectionError(320, text);
    },
  );
}

/** How a connection may be lost. */
const losses: readonly (readonly [string, (socket: Socket) => void])[] = [
  ['is ended by its client', (socket) => socket.end()],
  ['is reset', (socket) => socket.resetAndDestroy()],
];

function lost(test: Define): void {
  for (const [how, lose] of losses) {
    test(
      `a connection that ${how} gives back its messages in their order, redelivered`,
      { rules: ['CON-61'] },
      async (t) => {
        const queue = await t.queue();
        for (const body of ['a', 'b', 'c', 'd']) await t.send(queue, body);
        const client = await t.connect();
        const consumer = await t.consume(queue, { prefetch: 3 }, client);
        assert.deepEqual(await consumer.bodies(3), ['a', 'b', 'c']);
        lose(client.stream as Socket);
        await t.untilCount(queue, 4);
        for (const expected of [
          ['a', true],
          ['b', true],
          ['c', true],
          ['d', false],
        ]) {
          const message = await t.get(queue);
          assert.deepEqual([message?.body, message?.redelivered], expected);
        }
      },
    );
  }

  test('a connection that is lost drops its transactions', { rules: ['CON-61'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'before');
    const channel = await lonely(t);
    await channel.call('tx.select');
    const message = await channel.get(queue, false);
    channel.publish('', queue, 'never committed');
    channel.ack(message?.deliveryTag ?? 0);
    await channel.settled();
    await loses(channel.client);
    await t.untilCount(queue, 1);
    assert.deepEqual(await t.drain(queue), ['before']);
  });

  test(
    'a connection that is lost in the middle of a message publishes nothing',
    { rules: ['CON-61'] },
    async (t) => {
      const queue = await t.queue();
      const channel = await lonely(t);
      const exclusive = await t.queue({}, { exclusive: true }, channel);
      channel.send('basic.publish', { routingKey: queue });
      channel.client.sendFrame(frames.header, channel.number, contentHeader(5));
      channel.client.sendFrame(frames.body, channel.number, Buffer.from('he'));
      await loses(channel.client);
      await untilGone(t, exclusive);
      assert.equal(await t.count(queue), 0);
    },
  );

  test('a connection that is lost takes its exclusive queues along', { rules: ['CON-61'] }, async (t) => {
    const channel = await lonely(t);
    const queue = await t.queue({}, { exclusive: true }, channel);
    await loses(channel.client);
    await untilGone(t, queue);
  });
}

async function loses(client: Client): Promise<void> {
  client.stream.end();
  await client.ended();
}

/** An exclusive queue of somebody else is locked as long as it is there. */
async function untilGone(t: Context, queue: string): Promise<void> {
  await t.eventually(async () => {
    const channel = await t.channel();
    channel.send('queue.declare', { queue, passive: true });
    const { replyCode } = await channel.expect('channel.close');
    channel.send('channel.close-ok');
    assert.ok([404, 405].includes(replyCode), `${replyCode}`);
    return replyCode === 404;
  }, 'the exclusive queue is gone');
}
