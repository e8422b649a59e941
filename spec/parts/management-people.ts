import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Context } from '../support/context.ts';
import {
  answered,
  at,
  badRequest,
  each,
  hasFields,
  list,
  notFound,
  object,
  pick,
  read,
} from '../support/management-http.ts';
import type { Define } from '../support/suite.ts';

/** Vhosts. */
export function vhosts(test: Define): void {
  test('who creates a vhost may do everything in it', { rules: ['API-44'] }, async (t) => {
    const vhost = await t.vhost();
    const everything = { configure: '.*', write: '.*', read: '.*' };
    assert.deepEqual(await list(t, `${at('vhosts', vhost)}/permissions`), [
      { user: t.broker.login.user, vhost, ...everything },
    ]);
    const channel = await t.channel(await t.connect({ vhost }));
    await channel.call('queue.declare', { queue: 'q', durable: true });
  });

  test(
    'a vhost shows its description, its tags and that it runs',
    { rules: ['API-43', 'API-44'] },
    async (t) => {
      const vhost = t.name('vhost');
      t.undo(() => t.admin.delete(at('vhosts', vhost)));
      await t.admin.must('PUT', at('vhosts', vhost), { description: 'what for', tags: 'one,two' });
      const shown = await read(t, at('vhosts', vhost));
      const expected = { name: vhost, description: 'what for', tags: ['one', 'two'], tracing: false };
      assert.deepEqual(pick(shown, Object.keys(expected)), expected);
      const metadata = object(shown['metadata']);
      assert.deepEqual([metadata['description'], metadata['tags']], ['what for', ['one', 'two']]);
      assert.deepEqual(Object.values(object(shown['cluster_state'])), ['running']);
      assert.equal(typeof shown['default_queue_type'], 'string');
    },
  );

  test('what a vhost is not given again is reset', { rules: ['API-44'] }, async (t) => {
    const vhost = await t.vhost();
    answered(await t.admin.put(at('vhosts', vhost), { description: 'one', tags: ['a', 'b'] }), 204);
    const fields = ['description', 'tags'];
    const before = pick(await read(t, at('vhosts', vhost)), fields);
    assert.deepEqual(before, { description: 'one', tags: ['a', 'b'] });
    answered(await t.admin.put(at('vhosts', vhost), {}), 204);
    assert.deepEqual(pick(await read(t, at('vhosts', vhost)), fields), { description: '', tags: [] });
  });

  test(
    'the default queue type of a vhost is that of its queues',
    { rules: ['API-43', 'API-44'], since: '4.0', needs: ['quorum-queues'] },
    async (t) => {
      const vhost = await t.vhost();
      await t.admin.must('PUT', at('vhosts', vhost), { default_queue_type: 'quorum' });
      assert.equal((await read(t, at('vhosts', vhost)))['default_queue_type'], 'quorum');
      await t.admin.must('PUT', at('queues', vhost, 'q'), { durable: true });
      assert.equal((await read(t, at('queues', vhost, 'q')))['type'], 'quorum');
    },
  );

  test('deleting a vhost closes its connections', { rules: ['API-44'] }, async (t) => {
    const vhost = await t.vhost();
    const client = await t.connect({ vhost });
    answered(await t.admin.delete(at('vhosts', vhost)), 204);
    await client.expectConnectionError(320, /^CONNECTION_FORCED - vhost '.*' is (deleted|down)$/);
  });

  test(
    'a vhost that is protected from deletion is not deleted',
    { rules: ['API-44', 'API-70'], since: '4.0' },
    async (t) => {
      const vhost = await t.vhost();
      const protection = `${at('vhosts', vhost)}/deletion/protection`;
      answered(await t.admin.post(protection, undefined), 204);
      t.undo(() => t.admin.delete(protection));
      const text = `Refusing to delete virtual host '${vhost}' because it is protected from deletion`;
      const refused = { error: 'precondition_failed', reason: text };
      answered(await t.admin.delete(at('vhosts', vhost)), 412, refused);
      answered(await t.admin.delete(protection), 204);
      answered(await t.admin.delete(at('vhosts', vhost)), 204);
    },
  );
}

/** Users and their permissions. */
export function users(test: Define): void {
  test(
    'the hash of a password is four bytes of salt and the SHA-256 of salt and password',
    { rules: ['API-47'] },
    async (t) => {
      const { user, password } = await t.user({});
      const shown = await read(t, at('users', user));
      const bytes = Buffer.from(String(shown['password_hash']), 'base64');
      assert.deepEqual(bytes, hashOf(bytes.subarray(0, 4), password));
      assert.equal(shown['hashing_algorithm'], 'rabbit_password_hashing_sha256');
      assert.deepEqual([shown['tags'], shown['limits']], [[], {}]);
    },
  );

  test('a user can be made from the hash of its password', { rules: ['API-47', 'API-48'] }, async (t) => {
    const user = newUser(t);
    const password_hash = hashOf(Buffer.from([1, 2, 3, 4]), 'secret').toString('base64');
    answered(await t.admin.put(at('users', user), { tags: 'management', password_hash }), 201);
    const { status } = await t.admin.get('/whoami', { login: { user, password: 'secret' } });
    assert.equal(status, 200);
    assert.equal((await read(t, at('users', user)))['password_hash'], password_hash);
  });

  test(
    'a hash of a password is made for a user to be made with, by administrators',
    { rules: ['API-66', 'API-48'], since: '4.0' },
    async (t) => {
      const user = newUser(t);
      const path = at('auth', 'hash_password', 'a secret');
      const [one, other] = [await read(t, path), await read(t, path)];
      assert.notEqual(one['ok'], other['ok']);
      const password_hash = one['ok'];
      answered(await t.admin.put(at('users', user), { tags: 'management', password_hash }), 201);
      const login = { user, password: 'a secret' };
      assert.equal((await t.admin.get('/whoami', { login })).status, 200);
      assert.equal((await t.admin.get(path, { login })).status, 401);
    },
  );

  test(
    'the tags of a user are a list or a text with commas, and always shown as a list',
    { rules: ['API-47', 'API-48'] },
    async (t) => {
      const user = newUser(t);
      const tags = async (given: unknown): Promise<unknown> => {
        await t.admin.must('PUT', at('users', user), { password: 'p', tags: given });
        return (await read(t, at('users', user)))['tags'];
      };
      assert.deepEqual(await tags('management,monitoring'), ['management', 'monitoring']);
      assert.deepEqual(await tags(['policymaker', 'own']), ['policymaker', 'own']);
      assert.deepEqual(await tags(''), []);
    },
  );

  for (const [what, body, reason] of [
    ['without tags', { password: 'p' }, 'tags_not_present'],
    [
      'with a password and a hash',
      { tags: '', password: 'p', password_hash: 'AAAA' },
      'both_password_and_password_hash_are_provided',
    ],
    ['with a hash that is no base64', { tags: '', password_hash: '%%%' }, ['not_base64', '%%%']],
  ] as const) {
    test(`a user ${what} is refused`, { rules: ['API-08', 'API-48'] }, async (t) => {
      const user = newUser(t);
      answered(await t.admin.put(at('users', user), body), 400, badRequest(reason));
      answered(await t.admin.get(at('users', user)), 404, notFound);
    });
  }

  for (const [what, secret] of [
    ['without a password', {}],
    ['with an empty hash', { password_hash: '' }],
  ] as const) {
    test(`a user ${what} cannot log in`, { rules: ['API-48'] }, async (t) => {
      const user = newUser(t);
      answered(await t.admin.put(at('users', user), { tags: 'management', ...secret }), 201);
      const { status } = await t.admin.get('/whoami', { login: { user, password: '' } });
      assert.equal(status, 401);
    });
  }

  test('several users can be deleted at once', { rules: ['API-48', 'API-70'] }, async (t) => {
    const names = [(await t.user({})).user, (await t.user({})).user];
    answered(await t.admin.post('/users/bulk-delete', { users: names }), 204);
    for (const user of names) answered(await t.admin.get(at('users', user)), 404, notFound);
  });

  test(
    'users without permissions are listed by themselves',
    { rules: ['API-47'], alone: true },
    async (t) => {
      const [poor, rich] = [await t.user(undefined), await t.user({})];
      const names = each(await list(t, '/users/without-permissions'), 'name');
      assert.deepEqual([names.includes(poor.user), names.includes(rich.user)], [true, false]);
      const all = each(await list(t, '/users'), 'name');
      assert.ok(all.includes(poor.user) && all.includes(rich.user));
    },
  );

  test('permissions are shown by user, by vhost and by both', { rules: ['API-45'] }, async (t) => {
    const vhost = await t.vhost();
    const { user } = await t.user(undefined);
    const set = { configure: '^a', write: '^b', read: '^c' };
    answered(await t.admin.put(at('permissions', vhost, user), set), 201);
    const permissions = { user, vhost, ...set };
    assert.deepEqual(await read(t, at('permissions', vhost, user)), permissions);
    assert.deepEqual(await list(t, `${at('users', user)}/permissions`), [permissions]);
    const inVhost = await list(t, `${at('vhosts', vhost)}/permissions`);
    assert.deepEqual(
      inVhost.find((one) => one['user'] === user),
      permissions,
    );
  });

  test(
    'permissions for a user or a vhost that does not exist are refused',
    { rules: ['API-45'] },
    async (t) => {
      const { user } = await t.user(undefined);
      const body = { configure: '', write: '', read: '' };
      const refused = badRequest('vhost_or_user_not_found');
      answered(await t.admin.put(at('permissions', '/', t.name('none')), body), 400, refused);
      answered(await t.admin.put(at('permissions', t.name('none'), user), body), 400, refused);
    },
  );

  test(
    'permissions that are no regular expressions are refused',
    { rules: ['API-08', 'API-45'] },
    async (t) => {
      const { user } = await t.user(undefined);
      const body = { configure: '', write: '', read: '(' };
      const { status, json } = await t.admin.put(at('permissions', '/', user), body);
      assert.deepEqual([status, (object(json)['reason'] as unknown[])[0]], [400, 'invalid_regexp']);
    },
  );

  test('permissions that were taken away end what a connection may do', { rules: ['API-45'] }, async (t) => {
    const login = await t.user({ configure: '.*' });
    const client = await t.connect(login);
    const queue = await t.queue({}, {}, await t.channel(client));
    answered(await t.admin.delete(at('permissions', '/', login.user)), 204);
    await t.eventually(async () => {
      const channel = await t.channel(client);
      channel.send('queue.declare', { queue, durable: true });
      if ((await client.peek(channel.number)) === 'queue.declare-ok') return false;
      await channel.refused(403, /^ACCESS_REFUSED/, 'queue.declare');
      return true;
    }, 'a declare is refused');
  });

  test('topic permissions are shown by user, by vhost and by exchange', { rules: ['API-46'] }, async (t) => {
    const vhost = await t.vhost();
    const { user } = await t.user(undefined);
    const set = { exchange: 'amq.topic', write: '^a', read: '^b' };
    const path = at('topic-permissions', vhost, user);
    answered(await t.admin.put(path, { ...set, read: '^other' }), 201);
    answered(await t.admin.put(path, set), 204);
    const permissions = [{ user, vhost, ...set }];
    const lists = [
      path,
      `${path}/amq.topic`,
      `${at('users', user)}/topic-permissions`,
      `${at('vhosts', vhost)}/topic-permissions`,
    ];
    for (const one of lists) assert.deepEqual(await list(t, one), permissions);
    assert.ok((await list(t, '/topic-permissions')).some((one) => one['user'] === user));
    answered(await t.admin.delete(path), 204);
    answered(await t.admin.get(path), 404, notFound);
  });

  test('topic permissions need an exchange and two regular expressions', { rules: ['API-46'] }, async (t) => {
    const { user } = await t.user({});
    const path = at('topic-permissions', '/', user);
    const missing = await t.admin.put(path, { exchange: 'amq.topic', write: '^a' });
    answered(missing, 400, badRequest('[{key_missing,read}]'));
    const { status, json } = await t.admin.put(path, { exchange: 'amq.topic', write: '^a', read: '(' });
    assert.deepEqual([status, (object(json)['reason'] as unknown[])[0]], [400, 'invalid_regexp']);
  });
}

/** Limits of vhosts and of users. */
export function limits(test: Define): void {
  test(
    'the limits of a vhost are set one by one and shown together',
    { rules: ['API-53', 'API-52'] },
    async (t) => {
      const vhost = await t.vhost();
      const path = at('vhost-limits', vhost);
      assert.deepEqual(await list(t, path), []);
      answered(await t.admin.put(`${path}/max-queues`, { value: 5 }), 204);
      answered(await t.admin.put(`${path}/max-connections`, { value: -1 }), 204);
      const value = { 'max-queues': 5, 'max-connections': -1 };
      assert.deepEqual(await list(t, path), [{ vhost, value }]);
      assert.ok((await list(t, '/vhost-limits')).some((one) => one['vhost'] === vhost));
      assert.deepEqual(await list(t, at('parameters', 'vhost-limits', vhost)), [
        { component: 'vhost-limits', name: 'limits', vhost, value },
      ]);
      answered(await t.admin.delete(`${path}/max-queues`), 204);
      answered(await t.admin.delete(`${path}/max-connections`), 204);
      assert.deepEqual(await list(t, path), []);
    },
  );

  test(
    'a vhost takes no more queues than its limit, and any number with -1',
    { rules: ['API-53'] },
    async (t) => {
      const vhost = await t.vhost();
      const limit = `${at('vhost-limits', vhost)}/max-queues`;
      const declare = async (queue: string): Promise<number> =>
        (await t.admin.put(at('queues', vhost, queue), { durable: true })).status;
      await t.admin.must('PUT', limit, { value: 1 });
      assert.equal(await declare('one'), 201);
      assert.equal(await declare('two'), 400);
      await t.admin.must('PUT', limit, { value: -1 });
      assert.equal(await declare('two'), 201);
    },
  );

  test('a limit a vhost does not have is refused', { rules: ['API-53'] }, async (t) => {
    const path = at('vhost-limits', await t.vhost());
    const unknown = 'Validation failed\n\nUnrecognised terms [{<<"nosuch">>,5}] in limits\n';
    answered(await t.admin.put(`${path}/nosuch`, { value: 5 }), 400, badRequest(unknown));
    const noNumber = 'Validation failed\n\nmax-queues should be a number, actually was <<"x">>\n';
    answered(await t.admin.put(`${path}/max-queues`, { value: 'x' }), 400, badRequest(noNumber));
  });

  test(
    'the limits of a user are set, shown with the user, and taken away',
    { rules: ['API-53', 'API-47'] },
    async (t) => {
      const { user } = await t.user({});
      const path = at('user-limits', user);
      answered(await t.admin.put(`${path}/max-channels`, { value: 3 }), 204);
      assert.deepEqual(await list(t, path), [{ user, value: { 'max-channels': 3 } }]);
      assert.deepEqual((await read(t, at('users', user)))['limits'], { 'max-channels': 3 });
      assert.ok((await list(t, '/user-limits')).some((one) => one['user'] === user));
      answered(await t.admin.delete(`${path}/max-channels`), 204);
      assert.deepEqual(await list(t, path), []);
    },
  );

  test(
    'a user sees its own limits, and those of others from the tag monitoring on',
    { rules: ['API-03', 'API-53'], since: '4.0' },
    async (t) => {
      const login = await t.user({}, 'management');
      const monitor = await t.user({}, 'monitoring');
      const path = at('user-limits', login.user);
      await t.admin.must('PUT', `${path}/max-channels`, { value: 3 });
      for (const by of [login, monitor]) {
        const { json } = await t.admin.get(path, { login: by });
        assert.deepEqual(json, [{ user: login.user, value: { 'max-channels': 3 } }]);
      }
      const refused = { error: 'not_authorised', reason: 'User not authorised to access object' };
      answered(await t.admin.get(at('user-limits', monitor.user), { login }), 401, refused);
    },
  );

  test('a limit a user does not have is refused', { rules: ['API-53'] }, async (t) => {
    const { user } = await t.user({});
    const path = at('user-limits', user);
    const refused = badRequest('Unrecognised terms [{<<"nosuch">>,3}] in user-limits');
    answered(await t.admin.put(`${path}/nosuch`, { value: 3 }), 400, refused);
    hasFields(await read(t, at('users', user)), ['limits']);
  });
}

function hashOf(salt: Buffer, password: string): Buffer {
  return Buffer.concat([salt, createHash('sha256').update(salt).update(password).digest()]);
}

/** A name for a user that is deleted after the case. */
function newUser(t: Context): string {
  const user = t.name('user');
  t.undo(() => t.admin.delete(at('users', user)));
  return user;
}
