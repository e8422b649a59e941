import { expect, test } from 'vitest';
import type { Broker } from '../../src/broker/broker.ts';
import { ALL_ACCESS } from '../../src/broker/users.ts';
import { Level } from 'level';
import { join } from 'node:path';
import { definitionKey, FORMAT_KEY } from '../../src/store/keys.ts';
import { Core } from '../support/core.ts';
import { openTestStore, temporaryDirectory } from '../support/store.ts';

/** Does something with the broker of a directory, and stops it in order. */
async function live<T>(directory: string, use: (broker: Broker) => T): Promise<T> {
  const store = await openTestStore(directory);
  const result = use(new Core(store.journal, store.recovered).broker);
  await store.close();
  return result;
}

test('users, vhosts, rights and limits come back', async () => {
  const directory = await temporaryDirectory();
  const clusterId = await live(directory, (broker) => {
    const settings = { description: 'for orders', tags: ['a'], defaultQueueType: 'classic', tracing: true };
    broker.addVhost('orders', { ...settings, limits: { maxQueues: 3, maxConnections: 4 } });
    const bob = broker.addUser('bob', 'secret', ['impersonator']);
    broker.users.put({ ...bob, limits: { maxChannels: 5 } });
    broker.grant('bob', 'orders', { configure: 'a', write: 'b', read: 'c' });
    broker.users.topics.grant('bob', 'orders', 'amq.topic', { write: '^w', read: '^r' });
    broker.globalParameters.set('any', { json: [null, 1] });
    broker.globalParameters.set('gone', 1);
    broker.globalParameters.delete('gone');
    broker.clusterName = 'ours';
    return broker.globalParameters.get('internal_cluster_id');
  });
  await live(directory, ({ users, vhosts, globalParameters, clusterName }) => {
    expect(vhosts.get('orders')?.settings).toEqual({
      description: 'for orders',
      tags: ['a'],
      defaultQueueType: 'classic',
      tracing: true,
      limits: { maxQueues: 3, maxConnections: 4 },
    });
    expect(vhosts.get('orders')?.isTraced).toBe(true);
    expect(users.authenticate('bob', 'secret')).toBe(true);
    expect(users.get('bob')).toMatchObject({ tags: ['impersonator'], limits: { maxChannels: 5 } });
    expect(users.mayOpen('bob', 'orders')).toBe(true);
    expect(() => users.check('bob', 'orders', 'read', 'queue', 'b')).toThrow('ACCESS_REFUSED');
    expect(users.topics.find('bob', 'orders', 'amq.topic')).toMatchObject({ write: '^w', read: '^r' });
    expect(globalParameters.get('any')).toEqual({ json: [null, 1] });
    expect([globalParameters.has('gone'), clusterName]).toEqual([false, 'ours']);
    expect(globalParameters.get('internal_cluster_id')).toBe(clusterId);
  });
});

test('what was changed comes back as it was last', async () => {
  const directory = await temporaryDirectory();
  await live(directory, (broker) => {
    broker.addUser('bob', 'before');
    broker.addUser('bob', 'after', ['management']);
    broker.addVhost('/', { limits: { maxQueues: 1 } });
    broker.grant('bob', '/', ALL_ACCESS);
    broker.grant('bob', '/', { configure: '', write: '', read: 'x' });
    for (const write of ['a', 'b']) broker.users.topics.grant('bob', '/', 'x', { write, read: '' });
  });
  await live(directory, ({ users, vhosts }) => {
    expect([users.authenticate('bob', 'before'), users.authenticate('bob', 'after')]).toEqual([false, true]);
    expect(vhosts.get('/')?.settings.limits).toEqual({ maxQueues: 1 });
    expect(() => users.check('bob', '/', 'configure', 'queue', 'q')).toThrow('ACCESS_REFUSED');
    expect(users.topics.find('bob', '/', 'x')?.write).toBe('b');
  });
});

test('what was deleted stays deleted, guest and / too', async () => {
  const directory = await temporaryDirectory();
  await live(directory, (broker) => {
    broker.addUser('bob', 'secret');
    broker.addVhost('other');
    for (const vhost of ['/', 'other']) {
      broker.grant('bob', vhost, ALL_ACCESS);
      broker.users.topics.grant('bob', vhost, 'amq.topic', { write: '', read: '' });
    }
    broker.addUser('eve', 'secret');
    broker.grant('eve', 'other', ALL_ACCESS);
    broker.users.revoke('bob', 'other');
    broker.deleteUser('guest');
    broker.deleteVhost('/');
  });
  const isThere = ({ users, vhosts }: Broker): unknown => [
    [...vhosts.keys()],
    ['guest', 'bob', 'eve'].map((user) => users.get(user) !== undefined),
    ['bob', 'eve'].map((user) => ['/', 'other'].map((vhost) => users.mayOpen(user, vhost))),
    ['/', 'other'].map((vhost) => users.topics.find('bob', vhost, 'amq.topic') !== undefined),
  ];
  const left = [
    ['other'],
    [false, true, true],
    [
      [false, false],
      [false, true],
    ],
    [false, true],
  ];
  expect(await live(directory, isThere)).toEqual(left);
  await live(directory, (broker) => broker.deleteUser('bob'));
  await live(directory, (broker) => {
    broker.addUser('bob', 'again');
    expect(broker.users.topics.find('bob', 'other', 'amq.topic')).toBeUndefined();
  });
});

test('a vhost goes with its queues, exchanges, bindings and messages', async () => {
  const directory = await temporaryDirectory();
  const declare = (core: Core): void => {
    core.exchange('x');
    core.queue('q');
    core.bind('x', 'q', 'k');
    core.publish('x', 'k', 'a', { deliveryMode: 2 });
  };
  const store = await openTestStore(directory);
  const core = new Core(store.journal, store.recovered);
  declare(core);
  core.broker.deleteVhost('/');
  core.broker.addVhost('/');
  await store.close();
  await live(directory, ({ vhosts }) => {
    expect([vhosts.get('/')?.queues.size, vhosts.get('/')?.exchanges.has('x')]).toEqual([0, false]);
  });
});

test('what is put again as it is writes nothing', async () => {
  const directory = await temporaryDirectory();
  const store = await openTestStore(directory);
  const { broker } = new Core(store.journal, store.recovered);
  const put = (): void => {
    const guest = broker.users.get('guest');
    if (guest !== undefined) broker.users.put(guest);
    broker.addVhost('/');
    broker.grant('guest', '/', ALL_ACCESS);
    broker.users.topics.grant('guest', '/', 'x', { write: '', read: '' });
  };
  put();
  await store.journal.flush();
  const { defined } = store.journal;
  put();
  expect(store.journal.defined).toBe(defined);
  await store.close();
});

test('a store of the first version is read, whose users and vhosts had no limits', async () => {
  const directory = await temporaryDirectory();
  const db = new Level<Buffer, Buffer>(join(directory, 'level'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  const permission = { user: 'bob', vhost: 'old', configure: '', write: '', read: '' };
  const stored = [
    { kind: 'vhost', name: 'old' },
    { kind: 'user', name: 'bob', passwordHash: '', tags: ['a'] },
    { kind: 'permission', ...permission },
  ];
  await db.batch([
    { type: 'put', key: FORMAT_KEY, value: Buffer.from('1') },
    ...stored.map((definition, kind) => ({
      type: 'put' as const,
      key: definitionKey(kind, kind + 1),
      value: Buffer.from(JSON.stringify(definition)),
    })),
  ]);
  await db.close();
  await live(directory, ({ users, vhosts }) => {
    expect([...vhosts.keys()]).toEqual(['old']);
    expect(users.get('bob')).toEqual({ name: 'bob', passwordHash: '', tags: ['a'], limits: {} });
    expect(users.mayOpen('bob', 'old')).toBe(true);
  });
});

test('a user whose password was hashed in another way can still log in', async () => {
  const directory = await temporaryDirectory();
  const passwordHash = 'AQIDBMXz4KiYxW384IUXfaRUfFg='; // of `geheim`
  await live(directory, ({ users }) => users.put({ name: 'bob', passwordHash, hashing: 'md5', tags: [] }));
  expect(await live(directory, ({ users }) => users.authenticate('bob', 'geheim'))).toBe(true);
});
