import { describe, expect, test } from 'vitest';
import type { MethodName } from '../../spec/support/protocol.ts';
import { PairedServer } from '../support/paired-server.ts';
import type { Args } from '../../spec/support/protocol.ts';
import type { Client } from '../../spec/support/client.ts';

/** A server where `alice` may do what is said, and a client of hers. */
async function alice(
  permission: Partial<Record<'configure' | 'write' | 'read', string>> = {},
): Promise<[Client, Client, PairedServer]> {
  const server = new PairedServer();
  server.broker.addUser('alice', 'secret');
  server.broker.grant('alice', '/', { configure: '', write: '', read: '', ...permission });
  const admin = await server.open();
  return [await server.open({ user: 'alice', password: 'secret' }), admin, server];
}

const refused = (access: string, what: string): string =>
  `ACCESS_REFUSED - ${access} access to ${what} in vhost '/' refused for user 'alice'`;

/** One request and the permission it must ask for first. */
type Row = {
  [N in MethodName]: readonly [N, Args<N>, access: 'configure' | 'write' | 'read', what: string];
}[MethodName];

const rows: Row[] = [
  ['exchange.declare', { exchange: 'x', type: 'direct' }, 'configure', "exchange 'x'"],
  ['exchange.delete', { exchange: 'x' }, 'configure', "exchange 'x'"],
  ['queue.declare', { queue: 'q' }, 'configure', "queue 'q'"],
  ['queue.delete', { queue: 'q' }, 'configure', "queue 'q'"],
  ['queue.purge', { queue: 'q' }, 'read', "queue 'q'"],
  ['queue.bind', { queue: 'q', exchange: 'x' }, 'write', "queue 'q'"],
  ['queue.unbind', { queue: 'q', exchange: 'x' }, 'write', "queue 'q'"],
  ['exchange.bind', { source: 'x', destination: 'y' }, 'write', "exchange 'y'"],
  ['exchange.unbind', { source: 'x', destination: 'y' }, 'write', "exchange 'y'"],
  ['exchange.bind', { source: 'x', destination: '' }, 'write', "exchange 'amq.default'"],
  ['basic.get', { queue: 'q' }, 'read', "queue 'q'"],
  ['basic.consume', { queue: 'q' }, 'read', "queue 'q'"],
];

describe('without permission, whether it exists or not', () => {
  test.each(rows)('%s is refused %o [AUT-02] [AUT-04] [AUT-09]', async (name, args, access, what) => {
    const [client, admin] = await alice();
    const ask = async (): Promise<void> => {
      client.send(1, name, args);
      await client.expectChannelError(1, 403, refused(access, what), name);
      await client.call(1, 'channel.open');
    };
    await ask();
    await admin.call(1, 'queue.declare', { queue: 'q' });
    for (const exchange of ['x', 'y']) await admin.call(1, 'exchange.declare', { exchange, type: 'direct' });
    await ask();
  });

  test.each([
    ['x', "exchange 'x'"],
    ['', "exchange 'amq.default'"],
  ])('publishing to "%s" is refused [AUT-03] [AUT-04]', async (exchange, what) => {
    const [client] = await alice();
    client.publish(1, { exchange });
    await client.expectChannelError(1, 403, refused('write', what), 'basic.publish');
  });

  test('a queue without a name is refused by the name it would have [AUT-09]', async () => {
    const [client] = await alice();
    client.send(1, 'queue.declare');
    const { replyText } = await client.expect(1, 'channel.close');
    expect(replyText).toMatch(/^ACCESS_REFUSED - configure access to queue 'amq\.gen-/);
  });
});

describe('a second permission', () => {
  test('to read the source of a binding [AUT-09] [AUT-10]', async () => {
    const [client] = await alice({ write: 'q' });
    client.send(1, 'queue.bind', { queue: 'q', exchange: 'x' });
    await client.expectChannelError(1, 403, refused('read', "exchange 'x'"), 'queue.bind');
  });

  test('comes after the refusal of the default exchange [AUT-10]', async () => {
    const [client] = await alice({ write: 'q' });
    client.send(1, 'queue.bind', { queue: 'q', exchange: '' });
    const text = 'ACCESS_REFUSED - operation not permitted on the default exchange';
    await client.expectChannelError(1, 403, text, 'queue.bind');
  });

  test.each([
    ['configure' as const, { configure: '.*' }, 'read', "queue 'q'"],
    ['read' as const, { configure: '.*', read: '.*' }, 'write', "exchange 'dead'"],
  ])('to dead-letter, beyond %s [AUT-09]', async (_had, permission, access, what) => {
    const [client] = await alice(permission);
    const args = { 'x-dead-letter-exchange': 'dead' };
    client.send(1, 'queue.declare', { queue: 'q', arguments: args });
    await client.expectChannelError(1, 403, refused(access, what), 'queue.declare');
  });

  test('to name an alternate exchange, only when it is created [AUT-09]', async () => {
    const [client, admin] = await alice({ configure: '.*', read: '.*' });
    const args = {
      exchange: 'x',
      type: 'direct',
      arguments: { 'alternate-exchange': 'alt' },
    };
    client.send(1, 'exchange.declare', args);
    await client.expectChannelError(1, 403, refused('write', "exchange 'alt'"), 'exchange.declare');
    await client.call(1, 'channel.open');
    await admin.call(1, 'exchange.declare', args);
    await client.call(1, 'exchange.declare', args);
  });
});

describe('an expression', () => {
  const mayDeclare = async (configure: string, queue: string): Promise<boolean> => {
    const [client] = await alice({ configure });
    client.send(1, 'queue.declare', { queue });
    return (await client.frame(1)).payload.readUInt16BE(0) === 50;
  };

  test.each([
    ['h2', 'zzh2zz', true],
    ['^h2', 'zzh2zz', false],
    ['^(a|b)\\.', 'b.c', true],
    ['', 'a', false],
    ['[', 'a', false],
  ])('"%s" on "%s": %s [AUT-01]', async (configure, queue, isAllowed) => {
    expect(await mayDeclare(configure, queue)).toBe(isAllowed);
  });
});

test('a change of permissions applies to open connections [AUT-05]', async () => {
  const [client, admin, server] = await alice({ write: '.*' });
  await admin.call(1, 'queue.declare', { queue: 'q' });
  client.publish(1, { routingKey: 'q' });
  await client.expectSilence(1);
  server.broker.grant('alice', '/', { configure: '', write: '^x$', read: '' });
  client.publish(1, { routingKey: 'q' });
  await client.expectChannelError(1, 403, refused('write', "exchange 'amq.default'"), 'basic.publish');
});

test('a tag grants nothing here [AUT-06]', async () => {
  const server = new PairedServer();
  server.broker.addUser('alice', 'secret', ['administrator']);
  server.broker.grant('alice', '/', { configure: '', write: '', read: '' });
  const client = await server.open({ user: 'alice', password: 'secret' });
  client.send(1, 'queue.declare', { queue: 'q' });
  await client.expectChannelError(1, 403, refused('configure', "queue 'q'"), 'queue.declare');
});

test('looking passively needs no permission [AUT-09]', async () => {
  const [client, admin] = await alice();
  await admin.call(1, 'queue.declare', { queue: 'q' });
  await client.call(1, 'queue.declare', { queue: 'q', passive: true });
  await client.call(1, 'exchange.declare', { exchange: 'amq.direct', passive: true });
});

describe('topics', () => {
  const topic = (key: string): string => `topic '${key}' in exchange 'x'`;

  /** `alice` may do everything but is limited to these topics of the exchange `x`. */
  async function limited(
    topics: { readonly write?: string; readonly read?: string },
    type = 'topic',
  ): Promise<[Client, PairedServer]> {
    const [client, admin, server] = await alice({ configure: '.*', write: '.*', read: '.*' });
    await admin.call(1, 'exchange.declare', { exchange: 'x', type });
    await admin.call(1, 'exchange.declare', { exchange: 'y', type: 'topic' });
    await admin.call(1, 'queue.declare', { queue: 'q' });
    server.broker.users.topics.grant('alice', '/', 'x', { write: '', read: '', ...topics });
    return [client, server];
  }

  test('a routing key that does not match is refused, also after one that does [AUT-07] [AUT-08]', async () => {
    const [client] = await limited({ write: '^mine\\.' });
    for (const exchange of ['x', 'y']) client.publish(1, { exchange, routingKey: 'mine.a' });
    client.publish(1, { exchange: 'y', routingKey: 'yours.a' });
    await client.expectSilence(1);
    client.publish(1, { exchange: 'x', routingKey: 'yours.a' });
    await client.expectChannelError(1, 403, refused('write', topic('yours.a')), 'basic.publish');
  });

  test.each(['CC', 'BCC'])('so is one in %s [AUT-08]', async (header) => {
    const [client] = await limited({ write: '^mine\\.' });
    const headers = { [header]: ['mine.b', 'yours.b'] };
    client.publish(1, { exchange: 'x', routingKey: 'mine.a' }, '', { headers });
    await client.expectChannelError(1, 403, refused('write', topic('yours.b')), 'basic.publish');
  });

  test.each(['queue.bind', 'queue.unbind'] as const)(
    '%s asks to read the binding key [AUT-07]',
    async (name) => {
      const [client] = await limited({ read: '^mine\\.' });
      await client.call(1, name, { queue: 'q', exchange: 'x', routingKey: 'mine.#' });
      client.send(1, name, { queue: 'none', exchange: 'x', routingKey: 'yours.#' });
      await client.expectChannelError(1, 403, refused('read', topic('yours.#')), name);
    },
  );

  test.each(['exchange.bind', 'exchange.unbind'] as const)(
    'so does %s, of the source [AUT-07]',
    async (name) => {
      const [client] = await limited({ read: '^mine\\.' });
      await client.call(1, name, { destination: 'y', source: 'x', routingKey: 'mine.#' });
      await client.call(1, name, { destination: 'x', source: 'y', routingKey: 'yours.#' });
      client.send(1, name, { destination: 'y', source: 'x', routingKey: 'yours.#' });
      await client.expectChannelError(1, 403, refused('read', topic('yours.#')), name);
    },
  );

  test.each(['direct', 'fanout', 'headers'])('are no matter of a %s exchange [AUT-07]', async (type) => {
    const [client] = await limited({}, type);
    await client.call(1, 'queue.bind', { queue: 'q', exchange: 'x', routingKey: 'k' });
    client.publish(1, { exchange: 'x', routingKey: 'k' });
    await client.expectSilence(1);
  });

  test('a change counts for open connections and routes that are remembered [AUT-05] [AUT-07]', async () => {
    const [client, server] = await limited({ write: '.*' });
    const publish = (): void => client.publish(1, { exchange: 'x', routingKey: 'k' });
    publish();
    await client.expectSilence(1);
    server.broker.users.topics.revoke('alice', '/', 'x');
    publish();
    await client.expectSilence(1);
    server.broker.users.topics.grant('alice', '/', 'x', { write: '', read: '' });
    publish();
    await client.expectChannelError(1, 403, refused('write', topic('k')), 'basic.publish');
  });

  test('come after the expiration and before the user-id [PUB-01]', async () => {
    const publish = async (properties: object): Promise<string> => {
      const [client] = await limited({});
      client.publish(1, { exchange: 'x', routingKey: 'k' }, '', properties);
      return (await client.expect(1, 'channel.close')).replyText;
    };
    expect(await publish({ expiration: 'soon', userId: 'bob' })).toMatch(/expiration/);
    expect(await publish({ userId: 'bob' })).toBe(refused('write', topic('k')));
  });
});

test('an impersonator may set any user-id, an administrator may not [PUB-12]', async () => {
  const server = new PairedServer();
  const publish = async (user: string, ...tags: string[]): Promise<Client> => {
    server.broker.addUser(user, 'secret', tags);
    server.broker.grant(user, '/', { configure: '', write: '.*', read: '' });
    const client = await server.open({ user, password: 'secret' });
    client.publish(1, { routingKey: 'q' }, '', { userId: 'bob' });
    return client;
  };
  await (await publish('carol', 'impersonator')).expectSilence(1);
  const text = "PRECONDITION_FAILED - user_id property set to 'bob' but authenticated user was 'dave'";
  await (await publish('dave', 'administrator')).expectChannelError(1, 406, text, 'basic.publish');
});
