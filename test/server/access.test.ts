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
