import { expect, test } from 'vitest';
import type { Admin } from '../../spec/support/admin.ts';
import { startTestBroker } from '../support/broker.ts';
import { adminOf, said, useManagement } from '../support/management.ts';

const managed = useManagement();

interface Exported {
  readonly queues: readonly { readonly name: string }[];
  readonly exchanges: readonly { readonly name: string }[];
  readonly bindings: readonly unknown[];
}

async function exported(admin: Admin, path = '/definitions'): Promise<Exported> {
  return (await admin.must('GET', path)).json as Exported;
}

/** One of everything that can be exported, and of what cannot. */
async function fill(admin: Admin): Promise<void> {
  const everything = { configure: '.*', write: '', read: '^x' };
  const settings = { description: 'all of it', tags: ['a', 'b'], default_queue_type: 'quorum' };
  await admin.must('PUT', '/vhosts/v', settings);
  await admin.must('POST', '/vhosts/v/deletion/protection');
  await admin.must('PUT', '/users/u', { password: 'p', tags: 'monitoring,own' });
  await admin.must('PUT', '/users/nobody', { tags: '' });
  await admin.must('PUT', '/permissions/v/u', everything);
  await admin.must('PUT', '/topic-permissions/v/u', { exchange: 'amq.topic', write: '^w', read: '' });
  await admin.must('PUT', '/user-limits/u/max-channels', { value: 7 });
  await admin.must('PUT', '/vhost-limits/v/max-queues', { value: 70 });
  await admin.must('PUT', '/global-parameters/any', { value: { json: [null, 1.5, 'x'] } });
  await admin.must('PUT', '/cluster-name', { name: 'ours' });
  const policy = { pattern: '^q', definition: { 'max-length': 5, overflow: 'reject-publish' } };
  await admin.must('PUT', '/policies/v/p', { ...policy, priority: 3, 'apply-to': 'queues' });
  await admin.must('PUT', '/operator-policies/v/o', { pattern: 'q$', definition: { expires: 6e6 } });
  const args = { 'x-message-ttl': 5000, 'x-dead-letter-exchange': 'dlx', 'x-own': { list: [1, 'a', true] } };
  await admin.must('PUT', '/queues/v/q', { durable: true, arguments: args });
  await admin.must('PUT', '/queues/v/auto', { durable: true, auto_delete: true });
  await admin.must('PUT', '/queues/v/log', { durable: true, arguments: { 'x-queue-type': 'stream' } });
  await admin.must('PUT', '/queues/v/transient', { durable: false });
  await admin.must('PUT', '/exchanges/v/x', { type: 'headers', durable: true, arguments: { own: 1 } });
  await admin.must('PUT', '/exchanges/v/inner', { type: 'topic', durable: true, internal: true });
  await admin.must('PUT', '/exchanges/v/gone', { type: 'fanout', durable: false });
  const match = { 'x-match': 'any', n: 5 };
  await admin.must('POST', '/bindings/v/e/x/q/q', { routing_key: 'k', arguments: match });
  await admin.must('POST', '/bindings/v/e/x/q/q', { routing_key: 'k' });
  await admin.must('POST', '/bindings/v/e/x/e/inner', {});
  await admin.must('POST', '/bindings/v/e/amq.topic/q/log', { routing_key: '#' });
  await admin.must('POST', '/bindings/v/e/amq.topic/q/transient', { routing_key: '#' });
}

test('what is exported makes an empty broker the same (API-54, API-56)', async () => {
  const { admin } = managed;
  await fill(admin);
  const first = await exported(admin);
  expect(first.queues.map(({ name }) => name)).toEqual(['auto', 'log', 'q']);
  expect(first.exchanges.map(({ name }) => name)).toEqual(['inner', 'x']);
  expect(first.bindings).toHaveLength(4);
  const other = await startTestBroker({ management: true });
  const empty = adminOf(other);
  await empty.must('POST', '/definitions', first);
  expect(await exported(empty)).toEqual({ ...first });
  expect((await empty.get('/whoami', { login: { user: 'u', password: 'p' } })).status).toBe(200);
  await empty.must('POST', '/definitions', first);
  expect(await exported(empty)).toEqual(first);
  await other.stop();
});

/** As RabbitMQ 3.13 writes what a cluster with mirrored queues has. */
const from313 = {
  rabbit_version: '3.13.7',
  rabbitmq_version: '3.13.7',
  product_name: 'RabbitMQ',
  product_version: '3.13.7',
  users: [
    {
      name: 'shop',
      password_hash: 'AQIDBDB9kM21iEUzN1lZ+6VReCsdNqS0sERdAQTcY6Xs3PMz',
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: ['monitoring'],
      limits: { 'max-connections': 9 },
    },
  ],
  vhosts: [
    {
      limits: [],
      metadata: { description: 'all orders', tags: ['live'], default_queue_type: 'quorum' },
      name: 'shop',
    },
  ],
  permissions: [{ user: 'shop', vhost: 'shop', configure: '^own', write: '.*', read: '.*' }],
  topic_permissions: [{ user: 'shop', vhost: 'shop', exchange: 'orders', write: '^a', read: '' }],
  parameters: [
    {
      value: { 'apply-to': 'queues', definition: { 'max-length': 9 }, pattern: '.*', priority: 0 },
      vhost: 'shop',
      component: 'operator_policy',
      name: 'roof',
    },
    { value: { 'max-queues': 50 }, vhost: 'shop', component: 'vhost-limits', name: 'limits' },
  ],
  global_parameters: [
    { name: 'cluster_name', value: 'rabbit@shop' },
    { name: 'internal_cluster_id', value: 'rabbitmq-cluster-id-1' },
  ],
  policies: [
    {
      vhost: 'shop',
      name: 'mirrored',
      pattern: '^lazy',
      'apply-to': 'classic_queues',
      definition: {
        'ha-mode': 'all',
        'ha-sync-mode': 'automatic',
        'queue-mode': 'lazy',
        'message-ttl': 60_000,
      },
      priority: 1,
    },
  ],
  queues: [
    {
      name: 'lazy.orders',
      vhost: 'shop',
      durable: true,
      auto_delete: false,
      arguments: { 'x-queue-mode': 'lazy', 'x-queue-type': 'classic', 'x-queue-version': 2 },
    },
    {
      name: 'safe',
      vhost: 'shop',
      durable: true,
      auto_delete: false,
      arguments: { 'x-queue-type': 'quorum' },
    },
  ],
  exchanges: [
    {
      name: 'orders',
      vhost: 'shop',
      type: 'topic',
      durable: true,
      auto_delete: false,
      internal: false,
      arguments: { 'alternate-exchange': 'amq.fanout' },
    },
  ],
  bindings: [
    {
      source: 'orders',
      vhost: 'shop',
      destination: 'lazy.orders',
      destination_type: 'queue',
      routing_key: 'a.#',
      arguments: {},
    },
  ],
};

test('definitions that RabbitMQ 3.13 wrote are imported as they were meant (API-54, API-56)', async () => {
  const other = await startTestBroker({ management: true });
  const admin = adminOf(other);
  await admin.must('POST', '/definitions', from313);
  const all = (await exported(admin)) as unknown as Readonly<Record<string, unknown[]>>;
  const { users, permissions, topic_permissions, parameters, queues, exchanges, bindings } = from313;
  expect(all['users']).toEqual(expect.arrayContaining(users));
  expect(all['permissions']).toEqual(expect.arrayContaining(permissions));
  expect(all).toMatchObject({ topic_permissions, exchanges, bindings });
  expect(all['parameters']).toEqual(expect.arrayContaining(parameters));
  expect(all['queues']).toMatchObject(queues);
  expect(all['policies']).toMatchObject([
    { name: 'mirrored', definition: { 'queue-mode': 'lazy', 'message-ttl': 60_000 }, priority: 1 },
  ]);
  expect((await admin.get('/vhosts/shop')).json).toMatchObject(from313.vhosts[0]?.metadata ?? {});
  expect((await admin.get('/queues/shop/lazy.orders')).json).toMatchObject({
    policy: 'mirrored',
    effective_policy_definition: { 'message-ttl': 60_000, 'max-length': 9 },
  });
  expect((await admin.get('/cluster-name')).json).toEqual({ name: 'rabbit@shop' });
  expect((await admin.get('/whoami', { login: { user: 'shop', password: 'secret' } })).status).toBe(200);
  await other.stop();
});

test('definitions with a mistake change nothing, and the mistake is named with its place (API-56)', async () => {
  const { admin } = managed;
  const before = await exported(admin);
  const queue = { name: 'new', vhost: '/', durable: true, auto_delete: false, arguments: {} };
  const binding = { vhost: '/', source: 'amq.fanout', destination: 'none', destination_type: 'queue' };
  const importing = async (definitions: unknown): Promise<unknown> =>
    said(await admin.post('/definitions', definitions));
  expect(await importing({ users: [{ name: 'new' }], queues: [queue], bindings: [binding] })).toEqual([
    400,
    { error: 'bad_request', reason: "bindings[0]: NOT_FOUND - no queue 'none' in vhost '/'" },
  ]);
  expect(await importing({ queues: [queue, { ...queue, name: 5 }] })).toEqual([
    400,
    { error: 'bad_request', reason: 'queues[1].name is 5, and should be a text' },
  ]);
  expect(await importing([])).toEqual([400, { error: 'bad_request', reason: 'failed_to_parse_json' }]);
  expect(await exported(admin)).toEqual(before);
});

test('definitions for a vhost say nothing of users, and may be those of a whole broker (API-55, API-56)', async () => {
  const { admin } = managed;
  await admin.must('PUT', '/vhosts/w', {});
  const queue = { name: 'q', vhost: 'elsewhere', durable: true, auto_delete: false, arguments: {} };
  await admin.must('POST', '/definitions/w', { users: [{ name: 'nobody else' }], queues: [queue] });
  expect((await exported(admin, '/definitions/w')).queues).toMatchObject([{ name: 'q' }]);
  expect((await admin.get('/users/nobody%20else')).status).toBe(404);
  expect(said(await admin.post('/definitions/none', {}))).toEqual([
    404,
    { error: 'not_found', reason: 'vhost_not_found' },
  ]);
});

test('an upload without a file is refused (API-56)', async () => {
  for (const [type, body] of [
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n',
    ],
    ['multipart/form-data', '{}'],
  ] as const) {
    const answer = await managed.admin.post('/definitions', body, { headers: { 'content-type': type } });
    expect(said(answer)).toEqual([400, { error: 'bad_request', reason: 'failed_to_parse_json' }]);
  }
});

test('what is larger than a body may be is refused before it is read', async () => {
  const headers = { 'content-type': 'application/json' };
  const answer = await managed.admin
    .post('/definitions', ' '.repeat(33 * 1024 * 1024), { headers })
    .catch(() => undefined); // it may be told before it has sent all
  expect(answer?.status ?? 413).toBe(413);
});
