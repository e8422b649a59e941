import { connect } from 'amqplib';
import { expect, test } from 'vitest';
import { adminOf, said, useManagement } from '../support/management.ts';

const managed = useManagement();

function refused(reason: unknown): unknown {
  return [400, { error: 'bad_request', reason }];
}

test('bodies that make no sense are refused with what is wrong, and change nothing (API-08)', async () => {
  const { admin } = managed;
  const put = async (path: string, body: unknown): Promise<unknown> => said(await admin.put(path, body));
  expect(await put('/users/u', [])).toEqual(refused('not_json'));
  expect(await put('/users/u', null)).toEqual(refused('tags_not_present'));
  expect(await put('/users/u', { tags: 5 })).toEqual(refused('tags should be a list, or a text with commas'));
  expect(await put('/users/u', { tags: '', password: 5 })).toEqual(refused('password should be a text'));
  expect(await put('/users/u', { tags: '', password_hash: 5 })).toEqual(refused(['not_base64', 5]));
  expect(await put('/users/u', { tags: '', password_hash: 'AAAA' })).toEqual(
    refused('password_hash should be base64 of 4 bytes of salt and a sha256 digest'),
  );
  expect(await put('/users/u', { tags: '', permissions: { none: {} } })).toEqual(
    refused('vhost_or_user_not_found'),
  );
  expect(await put('/users/u', { tags: '', permissions: { '/': null } })).toEqual(
    refused('configure should be a text'),
  );
  expect((await admin.get('/users/u')).status).toBe(404);
  for (const component of ['bogus', '__proto__', 'toString']) {
    expect(await put(`/parameters/${component}/%2F/p`, { value: 1 })).toEqual(
      refused(`Validation failed\n\ncomponent ${component} not found\n`),
    );
  }
  expect(await put('/vhosts/v', { tracing: 'maybe' })).toEqual(refused(['not_boolean', 'maybe']));
  expect(await put('/vhosts/v', { default_queue_type: 'bogus' })).toEqual(
    refused('bogus is not a valid queue type'),
  );
  expect((await admin.get('/vhosts/v')).status).toBe(404);
  expect(await put('/vhost-limits/%2F/max-queues', { value: 1.5 })).toEqual(
    refused('Validation failed\n\nmax-queues should be a number, actually was 1.5\n'),
  );
  expect(said(await admin.get('/vhost-limits'))).toEqual([200, []]);
});

test('a new user may come with its permissions, and keeps its limits when its password changes (API-48)', async () => {
  const { admin } = managed;
  const everything = { configure: '.*', write: '.*', read: '.*' };
  await admin.must('PUT', '/users/rich', { tags: '', password: 'a', permissions: { '/': everything } });
  expect(said(await admin.get('/users/rich/permissions'))).toEqual([
    200,
    [{ user: 'rich', vhost: '/', ...everything }],
  ]);
  await admin.must('PUT', '/user-limits/rich/max-channels', { value: 3 });
  await admin.must('PUT', '/users/rich', { tags: 'x', password: 'b' });
  expect((await admin.get('/users/rich')).json).toMatchObject({ tags: ['x'], limits: { 'max-channels': 3 } });
});

test('a user without any tag of old clients, which know only administrators (API-48)', async () => {
  const { admin } = managed;
  await admin.must('PUT', '/users/old', { administrator: 'true', password: 'a' });
  expect((await admin.get('/users/old')).json).toMatchObject({ tags: ['administrator'] });
});

test('limits set over HTTP hold for the connections that come after them (API-53, CON-28)', async () => {
  const { admin, broker } = managed;
  const everything = { configure: '.*', write: '.*', read: '.*' };
  await admin.must('PUT', '/users/one', { tags: '', password: 'p', permissions: { '/': everything } });
  await admin.must('PUT', '/user-limits/one/max-connections', { value: 1 });
  const url = `amqp://one:p@127.0.0.1:${broker.port}`;
  const first = await connect(url);
  await expect(connect(url)).rejects.toThrow('ConnectionClose');
  await admin.must('DELETE', '/user-limits/one/max-connections');
  await (await connect(url)).close();
  await first.close();
});

test('a vhost that is put again keeps its limits, its protection and whether it is traced (API-44)', async () => {
  const { admin } = managed;
  await admin.must('PUT', '/vhosts/again', { description: 'one', tracing: true });
  await admin.must('PUT', '/vhost-limits/again/max-queues', { value: 3 });
  await admin.must('POST', '/vhosts/again/deletion/protection');
  await admin.must('PUT', '/vhosts/again', { tags: ['t'] });
  expect((await admin.get('/vhosts/again')).json).toMatchObject({
    description: '',
    tags: ['t'],
    tracing: true,
    protected_from_deletion: true,
  });
  expect((await admin.get('/vhost-limits/again')).json).toMatchObject([{ value: { 'max-queues': 3 } }]);
});

test('a user reads its own limits, and others only with the tag monitoring (API-03, API-53)', async () => {
  const { admin } = managed;
  await admin.must('PUT', '/users/own', { tags: 'management', password: 'own' });
  const login = { user: 'own', password: 'own' };
  expect((await admin.get('/user-limits/own', { login })).status).toBe(200);
  expect(said(await admin.get('/user-limits/guest', { login }))).toEqual([
    401,
    { error: 'not_authorised', reason: 'User not authorised to access object' },
  ]);
});

test('the name of the cluster is what connections are told from then on (API-21)', async () => {
  const { admin, broker } = managed;
  await admin.must('PUT', '/cluster-name', { name: 'ours' });
  const client = await connect(broker.url);
  expect(client.connection.serverProperties).toMatchObject({ cluster_name: 'ours' });
  await client.close();
  expect((await admin.get('/global-parameters/cluster_name')).json).toMatchObject({ value: 'ours' });
});

test('the limits of a vhost are one parameter of it (API-52)', async () => {
  const { admin } = managed;
  const path = '/parameters/vhost-limits/%2F/limits';
  expect((await admin.put(path, { value: { 'max-queues': 7 } })).status).toBe(201);
  expect((await admin.put(path, { value: { 'max-connections': 8 } })).status).toBe(204);
  expect((await admin.get('/vhost-limits/%2F')).json).toEqual([
    { vhost: '/', value: { 'max-connections': 8 } },
  ]);
  expect(said(await admin.put(path, { value: 5 }))).toEqual(
    refused('Validation failed\n\nlimits should be an object\n'),
  );
  expect((await admin.delete(path)).status).toBe(204);
  expect((await admin.get(path)).status).toBe(404);
});

test('lists stand in the order of names, of vhosts first', async () => {
  const { admin } = managed;
  for (const name of ['zoe', 'anna']) {
    await admin.must('PUT', `/vhosts/${name}`, {});
    await admin.must('PUT', `/users/${name}`, { tags: '' });
  }
  for (const name of ['zoe', 'anna']) {
    await admin.must('PUT', `/permissions/anna/${name}`, { configure: '', write: '', read: '' });
  }
  const names = async (path: string, key = 'name'): Promise<string[]> =>
    ((await admin.get(path)).json as Record<string, string>[]).map((one) => one[key] ?? '');
  for (const path of ['/users', '/vhosts']) expect(await names(path)).toEqual((await names(path)).toSorted());
  expect(await names('/permissions', 'vhost')).toEqual((await names('/permissions', 'vhost')).toSorted());
  expect(await names('/vhosts/anna/permissions', 'user')).toEqual(['anna', 'guest', 'zoe']);
});

test('a user may have a hash of another kind, and is exported with it (API-48)', async () => {
  const { admin, broker } = managed;
  const password_hash = 'AQIDBMXz4KiYxW384IUXfaRUfFg='; // of `geheim`
  const hashed = { password_hash, hashing_algorithm: 'rabbit_password_hashing_md5' };
  await admin.must('PUT', '/users/md5', { ...hashed, tags: 'management' });
  expect((await adminOf(broker, { user: 'md5', password: 'geheim' }).get('/whoami')).status).toBe(200);
  expect((await admin.get('/users/md5')).json).toMatchObject(hashed);
  const { users } = (await admin.get('/definitions')).json as { readonly users: unknown[] };
  expect(users).toContainEqual(expect.objectContaining({ name: 'md5', ...hashed }));
  const bogus = { ...hashed, hashing_algorithm: 'own', tags: '' };
  expect(said(await admin.put('/users/bogus', bogus))).toEqual(
    refused(
      'hashing_algorithm should be one of rabbit_password_hashing_sha256, rabbit_password_hashing_sha512, rabbit_password_hashing_md5',
    ),
  );
});

test('a hash of a password is made for a user to be made with', async () => {
  const { admin, broker } = managed;
  const { json } = await admin.get('/auth/hash_password/a%2Fb');
  const { ok: password_hash } = json as { readonly ok: string };
  await admin.must('PUT', '/users/hashed', { password_hash, tags: 'management' });
  const login = { user: 'hashed', password: 'a/b' };
  expect((await adminOf(broker, login).get('/whoami')).status).toBe(200);
  expect((await adminOf(broker, login).get('/auth/hash_password/x')).status).toBe(401);
});
