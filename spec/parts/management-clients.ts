import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import {
  answered,
  at,
  each,
  found,
  hasFields,
  list,
  notFound,
  object,
  pick,
  read,
  sampled,
} from '../support/management-http.ts';
import type { Json } from '../support/management-http.ts';
import type { Define } from '../support/suite.ts';

/** Connections, channels and consumers. */
export function clients(test: Define): void {
  test(
    'a connection is shown with what was agreed on and what the client says of itself',
    { rules: ['API-26'], slow: true },
    async (t) => {
      const { user } = await t.user({});
      const clientProperties = { product: 'spec', connection_name: t.name('connection') };
      const login = { user, password: user };
      await t.connect({
        ...login,
        clientProperties,
        channelMax: 7,
        frameMax: 65536,
        heartbeat: 600,
      });
      const shown = await shownConnection(t, user);
      const expected = {
        user,
        vhost: '/',
        protocol: 'AMQP 0-9-1',
        state: 'running',
        type: 'network',
        channels: 0,
        channel_max: 7,
        frame_max: 65536,
        timeout: 600,
        auth_mechanism: 'PLAIN',
        ssl: false,
        user_provided_name: clientProperties.connection_name,
        user_who_performed_action: user,
      };
      assert.deepEqual(pick(shown, Object.keys(expected)), expected);
      assert.equal(object(shown['client_properties'])['product'], 'spec');
      assert.ok(Math.abs(Number(shown['connected_at']) - Date.now()) < 3_600_000);
      hasFields(shown, [
        'node',
        'host',
        'port',
        'peer_host',
        'recv_oct',
        'send_oct',
        'recv_cnt',
        'send_cnt',
        'send_pend',
      ]);
      const alone = await read(t, at('connections', String(shown['name'])));
      assert.deepEqual(pick(alone, Object.keys(expected)), expected);
    },
  );

  test(
    'the connections of a vhost are listed by themselves',
    { rules: ['API-26'], slow: true },
    async (t) => {
      const vhost = await t.vhost();
      await t.connect({ vhost });
      const shown = await found(t, `${at('vhosts', vhost)}/connections`, () => true);
      assert.equal(shown['vhost'], vhost);
      assert.equal((await list(t, `${at('vhosts', vhost)}/connections`)).length, 1);
    },
  );

  test(
    'the connections of a user are listed with little more than their names',
    { rules: ['API-26'] },
    async (t) => {
      const login = await t.user({});
      await t.connect(login);
      const path = at('connections', 'username', login.user);
      const { name, node, ...rest } = await found(t, path, () => true);
      assert.deepEqual(rest, { vhost: '/', user: login.user });
      assert.deepEqual([typeof name, typeof node], ['string', 'string']);
    },
  );

  test(
    'deleting a connection closes it with the reason of the request',
    { rules: ['API-27', 'API-70'], slow: true },
    async (t) => {
      const login = await t.user({});
      const client = await t.connect(login);
      const { name } = await shownConnection(t, login.user);
      const path = at('connections', String(name));
      const headers = { 'x-reason': 'out of order' };
      answered(await t.admin.request('DELETE', path, undefined, { headers }), 204);
      await client.expectConnectionError(320, 'CONNECTION_FORCED - out of order');
      await t.eventually(async () => (await t.admin.delete(path)).status === 404, 'the connection is gone');
    },
  );

  test(
    'deleting a connection without a reason says that the management did it',
    { rules: ['API-27'], slow: true },
    async (t) => {
      const login = await t.user({});
      const client = await t.connect(login);
      const { name } = await shownConnection(t, login.user);
      answered(await t.admin.delete(at('connections', String(name))), 204);
      await client.expectConnectionError(320, 'CONNECTION_FORCED - Closed via management plugin');
    },
  );

  test('all connections of a user can be closed at once', { rules: ['API-27'] }, async (t) => {
    const login = await t.user({});
    const both = [await t.connect(login), await t.connect(login)];
    const path = at('connections', 'username', login.user);
    await t.eventually(async () => (await list(t, path)).length === 2, 'both connections are listed');
    answered(await t.admin.delete(path), 204);
    for (const client of both) await client.expectConnectionError(320, /^CONNECTION_FORCED - /);
  });

  test('deleting a connection that does not exist is answered 404', { rules: ['API-27'] }, async (t) => {
    answered(await t.admin.delete(at('connections', t.name('none'))), 404, notFound);
  });

  test(
    'a channel is shown with its modes, its prefetch and its consumers',
    { rules: ['API-28'], slow: true },
    async (t) => {
      const login = await t.user({ configure: '.*', write: '.*', read: '.*' });
      const client = await t.connect(login);
      const channel = await t.confirmChannel(client);
      await channel.call('basic.qos', { prefetchCount: 7 });
      await channel.call('basic.consume', { queue: await t.queue(), consumerTag: 'tag' });
      const { name: connection } = await shownConnection(t, login.user);
      const path = at('channels', `${String(connection)} (1)`);
      const shown = await sampled(t, path, (json) => json['consumer_count'] === 1);
      const expected = {
        name: `${String(connection)} (1)`,
        number: 1,
        vhost: '/',
        user: login.user,
        state: 'running',
        confirm: true,
        transactional: false,
        prefetch_count: 7,
        consumer_count: 1,
        messages_unacknowledged: 0,
        messages_unconfirmed: 0,
        messages_uncommitted: 0,
        acks_uncommitted: 0,
      };
      assert.deepEqual(pick(shown, Object.keys(expected)), expected);
      assert.equal(object(shown['connection_details'])['name'], connection);
      assert.deepEqual(each(shown['consumer_details'] as Json[], 'consumer_tag'), ['tag']);
      hasFields(shown, ['publishes', 'deliveries', 'node']);
    },
  );

  test('a transactional channel shows that it is one', { rules: ['API-28'], slow: true }, async (t) => {
    const login = await t.user({});
    const client = await t.connect(login);
    await (await t.channel(client)).call('tx.select');
    const { name } = await shownConnection(t, login.user);
    const path = at('channels', `${String(name)} (1)`);
    const shown = await sampled(t, path, (json) => json['transactional'] === true);
    assert.equal(shown['confirm'], false);
  });

  test('channels are listed by connection and by vhost', { rules: ['API-28'], slow: true }, async (t) => {
    const vhost = await t.vhost();
    const client = await t.connect({ vhost });
    await t.channel(client);
    await t.channel(client);
    const { name } = await found(t, `${at('vhosts', vhost)}/connections`, () => true);
    const lists = [`${at('connections', String(name))}/channels`, `${at('vhosts', vhost)}/channels`];
    for (const path of lists) {
      await t.eventually(async () => (await list(t, path)).length === 2, `${path} has both channels`);
      assert.deepEqual(each(await list(t, `${path}?sort=number`), 'number'), [1, 2]);
    }
  });

  test(
    'a consumer is shown with what it asked for and where it is',
    { rules: ['API-29'], slow: true },
    async (t) => {
      const queue = await t.queue();
      const consumer = await t.consume(queue, {
        prefetch: 3,
        exclusive: true,
        arguments: { 'x-priority': 5 },
      });
      const isIt = (json: Json): boolean =>
        json['consumer_tag'] === consumer.tag && (json['channel_details'] as Json)['name'] !== undefined;
      const shown = await found(t, at('consumers', '/'), isIt);
      const expected = {
        queue: { name: queue, vhost: '/' },
        ack_required: true,
        exclusive: true,
        prefetch_count: 3,
        active: true,
        activity_status: 'up',
        arguments: { 'x-priority': 5 },
      };
      assert.deepEqual(pick(shown, Object.keys(expected)), expected);
      const { number, connection_name, name, user, ...others } = object(shown['channel_details']);
      assert.deepEqual([number, user], [consumer.channel.number, t.broker.login.user]);
      hasFields(others, ['node', 'peer_host', 'peer_port']);
      assert.equal(name, `${String(connection_name)} (${consumer.channel.number})`);
      assert.equal(typeof shown['consumer_timeout'], t.broker.since('4.0') ? 'number' : 'undefined');
    },
  );

  test(
    'of the consumers of a queue with a single active one the others are shown waiting',
    { rules: ['API-29'], slow: true },
    async (t) => {
      const queue = await t.queue({ 'x-single-active-consumer': true });
      const tags = [(await t.consume(queue)).tag, (await t.consume(queue)).tag];
      const status = async (tag: string | undefined): Promise<unknown[]> => {
        const shown = await found(t, at('consumers', '/'), (json) => json['consumer_tag'] === tag);
        return [shown['active'], shown['activity_status']];
      };
      assert.deepEqual(await status(tags[0]), [true, 'single_active']);
      assert.deepEqual(await status(tags[1]), [false, 'waiting']);
    },
  );
}

/** The only connection of this user, with the statistics of its first sample. */
async function shownConnection(t: Context, user: string): Promise<Json> {
  const isSampled = (json: Json): boolean => json['state'] !== undefined && json['recv_oct'] !== undefined;
  return found(t, '/connections', (json) => json['user'] === user && isSampled(json));
}
