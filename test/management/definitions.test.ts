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
