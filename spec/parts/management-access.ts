import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import { answered, at, badRequest, each, found, message, refusal } from '../support/management-http.ts';
import type { Json } from '../support/management-http.ts';
import type { Define } from '../support/suite.ts';

/** Who may do what. */
export function access(test: Define): void {
  test(
    'an HTTP request without credentials is answered 401 and the realm to log in to',
    { rules: ['API-02'] },
    async (t) => {
      const answer = await t.admin.get('/whoami', { login: 'none' });
      answered(answer, 401);
      assert.equal(answer.headers.get('www-authenticate'), 'Basic realm="RabbitMQ Management"');
    },
  );

  test('a wrong password is refused over HTTP', { rules: ['API-02'] }, async (t) => {
    const { user } = await t.user({}, 'management');
    const { status, json } = await t.admin.get('/whoami', { login: { user, password: 'wrong' } });
    const { error, reason } = json as Json;
    assert.deepEqual([status, error], [401, 'not_authorized']);
    assert.match(String(reason), /^(Login failed|Not_Authorized)$/);
  });

  test('a user without a tag may not use the management API', { rules: ['API-02'] }, async (t) => {
    const login = await t.user({ read: '.*' });
    answered(await t.admin.get('/whoami', { login }), 401, refusal('Not management user'));
  });

  test('a user is told its own name and tags', { rules: ['API-24'] }, async (t) => {
    const login = await t.user({}, 'policymaker,monitoring');
    const { json } = await t.admin.get('/whoami', { login });
    const { name, tags } = json as Json;
    assert.deepEqual([name, tags], [login.user, ['policymaker', 'monitoring']]);
  });

  test(
    'a user with the tag management sees only the vhosts it may use',
    { rules: ['API-03', 'API-43'] },
    async (t) => {
      const [mine] = [await t.vhost(), await t.vhost()];
      const login = await t.user(undefined, 'management');
      await t.permit(login.user, {}, mine);
      assert.deepEqual(each((await t.admin.get('/vhosts', { login })).json as Json[], 'name'), [mine]);
    },
  );

  test('a user with the tag monitoring sees every vhost', { rules: ['API-03'] }, async (t) => {
    const vhost = await t.vhost();
    const login = await t.user(undefined, 'monitoring');
    const names = each((await t.admin.get('/vhosts', { login })).json as Json[], 'name');
    assert.ok(names.includes(vhost) && names.includes('/'));
  });

  test('the objects of a vhost a user may not use are kept from it', { rules: ['API-03'] }, async (t) => {
    const vhost = await t.vhost();
    const login = await t.user({ configure: '.*' }, 'management');
    const kept = t.broker.since('4.3')
      ? { status: 404, json: { error: 'not_found', reason: 'Not Found' } }
      : { status: 401, json: refusal('User not authorised to access virtual host') };
    answered(await t.admin.get(at('queues', vhost), { login }), kept.status, kept.json);
    answered(await t.admin.put(at('queues', vhost, 'q'), {}, { login }), kept.status, kept.json);
  });

  test(
    'a user may set policies in its vhosts with the tag policymaker, and not with management',
    { rules: ['API-03'] },
    async (t) => {
      const policy = { pattern: `^${t.prefix}`, definition: { 'max-length': 10 } };
      const maker = await t.user({}, 'policymaker');
      const other = await t.user({}, 'management');
      const path = at('policies', '/', t.name('policy'));
      t.undo(() => t.admin.delete(path));
      const refused = refusal('User not authorised to access object');
      answered(await t.admin.put(path, policy, { login: other }), 401, refused);
      answered(await t.admin.put(path, policy, { login: maker }), 201);
    },
  );

  test('the nodes are shown from the tag monitoring on', { rules: ['API-03', 'API-22'] }, async (t) => {
    const refused = await t.admin.get('/nodes', { login: await t.user({}, 'policymaker') });
    answered(refused, 401, refusal('Not monitor user'));
    const shown = await t.admin.get('/nodes', { login: await t.user(undefined, 'monitoring') });
    assert.equal(shown.status, 200);
  });

  test(
    'an administrator sees and sets what is in a vhost it has no permissions on, but may not declare there',
    { rules: ['API-03', 'API-04'] },
    async (t) => {
      const vhost = await t.vhost();
      await t.admin.must('DELETE', at('permissions', vhost, t.broker.login.user));
      const policy = { pattern: `^${t.prefix}`, definition: { 'max-length': 10 } };
      answered(await t.admin.put(at('policies', vhost, 'p'), policy), 201);
      answered(await t.admin.get(at('queues', vhost)), 200, []);
      answered(await t.admin.put(at('queues', vhost, 'q'), {}), 401, refusal('Access refused.'));
    },
  );

  for (const tag of ['management', 'policymaker', 'monitoring']) {
    test(
      `a user with the tag ${tag} may not do what is left to administrators`,
      { rules: ['API-03', 'API-51', 'API-54'] },
      async (t) => {
        const login = await t.user({ configure: '.*', write: '.*', read: '.*' }, tag);
        const refused = refusal('Not administrator user');
        const policy = { pattern: `^${t.prefix}`, definition: { 'max-length': 10 } };
        for (const path of ['/users', at('users', login.user), '/permissions', '/definitions']) {
          answered(await t.admin.get(path, { login }), 401, refused);
        }
        answered(await t.admin.put(at('vhosts', t.name('vhost')), {}, { login }), 401, refused);
        const operatorPolicy = at('operator-policies', '/', t.name('policy'));
        answered(await t.admin.put(operatorPolicy, policy, { login }), 401, refused);
      },
    );
  }

  test(
    'a user with the tag management sees its own connections, with monitoring those of all',
    { rules: ['API-03', 'API-26'], slow: true },
    async (t) => {
      const login = await t.user({}, 'management');
      const monitor = await t.user({}, 'monitoring');
      await t.connect(login);
      await t.connect(monitor);
      for (const { user } of [login, monitor])
        await found(t, '/connections', (json) => json['user'] === user);
      const seen = async (by: typeof login): Promise<unknown[]> =>
        each((await t.admin.get('/connections?columns=name,user', { login: by })).json as Json[], 'user');
      assert.deepEqual(await seen(login), [login.user]);
      const all = await seen(monitor);
      assert.ok(all.includes(login.user) && all.includes(monitor.user));
    },
  );

  for (const [what, request] of Object.entries(forbidden)) {
    test(
      `the AMQP permissions of a user hold when it ${what} through HTTP`,
      { rules: ['API-04'] },
      async (t) => {
        const login = await t.user({}, 'management');
        const queue = await t.queue();
        const exchange = await t.exchange();
        const [method, path, body] = request({ t, queue, exchange });
        const answer = await t.admin.request(method, path, body, { login });
        answered(answer, 401, refusal('Access refused.'));
      },
    );
  }

  test(
    'a publish through HTTP that the user may not do is a bad request with the text of the channel error',
    { rules: ['API-04', 'API-33'] },
    async (t) => {
      const login = await t.user({}, 'management');
      const exchange = await t.exchange();
      const answer = await t.admin.post(`${at('exchanges', '/', exchange)}/publish`, message('k', 'x'), {
        login,
      });
      const right = t.broker.pick({ '3.10': 'access', '3.12': 'write access' });
      const refused = `${right} to exchange '${exchange}' in vhost '/' refused for user '${login.user}'`;
      answered(answer, 400, badRequest(`403 ACCESS_REFUSED - ${refused}`));
    },
  );

  test(
    'a fetch through HTTP that the user may not do is refused with the text of the channel error',
    { rules: ['API-04', 'API-38'] },
    async (t) => {
      const login = await t.user({}, 'management');
      const queue = await t.queue();
      const body = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' };
      const answer = await t.admin.post(`${at('queues', '/', queue)}/get`, body, { login });
      const right = t.broker.pick({ '3.10': 'access', '3.12': 'read access' });
      const refused = `${right} to queue '${queue}' in vhost '/' refused for user '${login.user}'`;
      answered(answer, 401, refusal(`ACCESS_REFUSED - ${refused}`));
    },
  );

  test(
    'nobody may declare or delete an exchange or a queue of a reserved name through HTTP',
    { rules: ['API-04', 'API-31', 'API-32', 'API-35'] },
    async (t) => {
      const refused = refusal('Access refused.');
      answered(await t.admin.put(at('queues', '/', `amq.${t.prefix}`), {}), 401, refused);
      answered(await t.admin.put(at('exchanges', '/', `amq.${t.prefix}`), {}), 401, refused);
      answered(await t.admin.delete(at('exchanges', '/', 'amq.direct')), 401, refused);
    },
  );
}

/** Requests a user without permissions is refused. */
const forbidden: Readonly<
  Record<string, (of: Forbidden) => readonly [method: string, path: string, body?: unknown]>
> = {
  'declares a queue': ({ t }) => ['PUT', at('queues', '/', t.name('q')), {}],
  'declares an exchange': ({ t }) => ['PUT', at('exchanges', '/', t.name('x')), {}],
  'deletes a queue': ({ queue }) => ['DELETE', at('queues', '/', queue)],
  'deletes an exchange': ({ exchange }) => ['DELETE', at('exchanges', '/', exchange)],
  'purges a queue': ({ queue }) => ['DELETE', `${at('queues', '/', queue)}/contents`],
  'binds a queue': ({ queue, exchange }) => ['POST', at('bindings', '/', 'e', exchange, 'q', queue), {}],
};

interface Forbidden {
  readonly t: Context;
  readonly queue: string;
  readonly exchange: string;
}
