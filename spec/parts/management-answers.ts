import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import { answered, at, badRequest, list, notFound, pick, read } from '../support/management-http.ts';
import type { Json } from '../support/management-http.ts';
import type { Define } from '../support/suite.ts';

/** Statuses and bodies that hold for all paths. */
export function answers(test: Define): void {
  test('a vhost, a queue or a key is one encoded segment of a path', { rules: ['API-01'] }, async (t) => {
    const name = `${t.name('q')} /ü%?`;
    t.owns(name);
    answered(await t.admin.put(at('queues', '/', name), { durable: true }), 201);
    assert.equal((await read(t, at('queues', '/', name)))['name'], name);
    assert.equal(await t.count(name), 0);
    answered(await t.admin.delete(at('queues', '/', name)), 204);
  });

  test('the default exchange is amq.default in a path', { rules: ['API-01', 'API-30'] }, async (t) => {
    const exchange = await read(t, at('exchanges', '/', 'amq.default'));
    const expected = { name: '', type: 'direct', durable: true, internal: false };
    assert.deepEqual(pick(exchange, Object.keys(expected)), expected);
  });

  test('what does not exist is answered 404', { rules: ['API-05'] }, async (t) => {
    const none = t.name('none');
    const paths = [
      at('queues', '/', none),
      at('queues', none),
      at('queues', none, 'q'),
      at('exchanges', '/', none),
      at('bindings', none),
      at('bindings', '/', 'e', none, 'q', none, 'k'),
      at('vhosts', none),
      at('users', none),
      at('permissions', '/', none),
      at('policies', '/', none),
      at('parameters', 'shovel', '/', none),
      at('global-parameters', none),
      at('connections', none),
      at('channels', none),
      at('consumers', none),
      at(none),
    ];
    for (const path of paths) answered(await t.admin.get(path), 404, notFound);
  });

  test('nothing can be declared in a vhost that does not exist', { rules: ['API-05'] }, async (t) => {
    const none = t.name('none');
    const policy = { pattern: '^x', definition: { 'max-length': 1 } };
    const refused = { error: 'not_found', reason: 'vhost_not_found' };
    answered(await t.admin.put(at('queues', none, 'q'), {}), 404, refused);
    answered(await t.admin.put(at('exchanges', none, 'x'), {}), 404, refused);
    answered(await t.admin.put(at('policies', none, 'p'), policy), 404, refused);
    answered(await t.admin.post(at('bindings', none, 'e', 'x', 'q', 'q'), {}), 404, refused);
  });

  test(
    'a method a path does not have is answered 405 with those it has',
    { rules: ['API-06'] },
    async (t) => {
      for (const [method, path] of [
        ['POST', '/whoami'],
        ['DELETE', '/overview'],
      ] as const) {
        const answer = await t.admin.request(method, path);
        answered(answer, 405);
        assert.deepEqual(methods(answer.headers), ['GET', 'HEAD', 'OPTIONS']);
      }
    },
  );

  test('HEAD is answered as GET without a body', { rules: ['API-06'] }, async (t) => {
    answered(await t.admin.request('HEAD', '/overview'), 200);
    answered(await t.admin.request('HEAD', at('queues', '/', t.name('none'))), 404);
  });

  test('OPTIONS lists the methods of a path', { rules: ['API-06', 'API-65'] }, async (t) => {
    const expected: Readonly<Record<string, readonly string[]>> = {
      [at('queues', '/', 'q')]: ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PUT'],
      [`${at('exchanges', '/', 'x')}/publish`]: ['OPTIONS', 'POST'],
      '/reset': ['DELETE', 'OPTIONS'],
    };
    for (const [path, allowed] of Object.entries(expected)) {
      const answer = await t.admin.request('OPTIONS', path);
      assert.equal(answer.status, 200);
      assert.deepEqual(methods(answer.headers), allowed);
    }
  });

  for (const [what, { path, body, rules, put = [201, 204] }] of Object.entries(resources)) {
    test(`${what} is created, replaced and deleted with empty answers`, { rules }, async (t) => {
      const at = await path(t);
      t.undo(() => t.admin.delete(at));
      for (const status of put) answered(await t.admin.put(at, body), status);
      answered(await t.admin.delete(at), 204);
      answered(await t.admin.delete(at), 404, notFound);
    });
  }

  test('a body that is not JSON is a bad request', { rules: ['API-08'] }, async (t) => {
    for (const path of [at('queues', '/', t.name('q')), at('users', t.name('user'))]) {
      answered(await t.admin.put(path, '{not json'), 400, badRequest('not_json'));
    }
  });

  test('keys that are missing are named', { rules: ['API-08', 'API-45', 'API-49', 'API-52'] }, async (t) => {
    const missing = async (path: string, body: Json): Promise<string> => {
      const { status, json } = await t.admin.put(path, body);
      assert.equal(status, 400);
      return String((json as Json)['reason']);
    };
    const policy = at('policies', '/', t.name('policy'));
    assert.equal(await missing(policy, { definition: {} }), '[{key_missing,pattern}]');
    assert.equal(await missing(policy, { pattern: '^x' }), '[{key_missing,definition}]');
    assert.equal(await missing(at('global-parameters', t.name('g')), {}), '[{key_missing,value}]');
    const permissions = at('permissions', '/', (await t.user(undefined)).user);
    assert.equal(await missing(permissions, { configure: '', write: '' }), '[{key_missing,read}]');
  });

  test(
    'a flag may be a string, and what is no flag is refused',
    { rules: ['API-09', 'API-70'] },
    async (t) => {
      const queue = t.name('q');
      const path = at('queues', '/', queue);
      answered(await t.admin.put(path, { durable: 'maybe' }), 400, badRequest(['not_boolean', 'maybe']));
      answered(await t.admin.put(path, { durable: 'true', auto_delete: 'false' }), 201);
      const { durable, auto_delete } = await read(t, path);
      assert.deepEqual([durable, auto_delete], [true, false]);
    },
  );

  test(
    'a count may be a string, and what is no count is refused',
    { rules: ['API-09', 'API-38'] },
    async (t) => {
      const path = `${at('queues', '/', await t.queue())}/get`;
      const body = { ackmode: 'ack_requeue_true', encoding: 'auto' };
      answered(await t.admin.post(path, { ...body, count: '3' }), 200, []);
      answered(await t.admin.post(path, { ...body, count: 'x' }), 400, badRequest(['not_integer', 'x']));
    },
  );

  test('keys a body need not have are ignored', { rules: ['API-09', 'API-70'] }, async (t) => {
    const queue = t.name('q');
    const body = { vhost: t.name('other'), name: t.name('other'), durable: true, arguments: {}, bogus: 1 };
    answered(await t.admin.put(at('queues', '/', queue), body), 201);
    assert.deepEqual(pick(await read(t, at('queues', '/', queue)), ['name', 'vhost']), {
      name: queue,
      vhost: '/',
    });
  });

  test(
    'what an administration tool sends to declare, list and delete is understood',
    { rules: ['API-70'] },
    async (t) => {
      const vhost = await t.vhost();
      const exchange = {
        vhost,
        name: 'x',
        type: 'topic',
        auto_delete: 'false',
        durable: 'true',
        internal: 'false',
        arguments: {},
      };
      answered(await t.admin.put(at('exchanges', vhost, 'x'), exchange), 201);
      const queue = {
        vhost,
        name: 'q',
        auto_delete: 'false',
        durable: 'true',
        arguments: { 'x-max-length': 5 },
      };
      answered(await t.admin.put(at('queues', vhost, 'q'), queue), 201);
      const binding = {
        vhost,
        source: 'x',
        destination: 'q',
        destination_type: 'queue',
        routing_key: 'k',
        arguments: {},
      };
      answered(await t.admin.post(at('bindings', vhost, 'e', 'x', 'q', 'q'), binding), 201);
      const bindings = await list(
        t,
        `${at('bindings', vhost)}?columns=source,destination,routing_key&sort=source`,
      );
      assert.deepEqual(bindings, [
        { source: '', destination: 'q', routing_key: 'q' },
        { source: 'x', destination: 'q', routing_key: 'k' },
      ]);
      answered(await t.admin.delete(at('bindings', vhost, 'e', 'x', 'q', 'q', 'k')), 204);
      answered(await t.admin.delete(at('queues', vhost, 'q')), 204);
      answered(await t.admin.delete(at('exchanges', vhost, 'x')), 204);
      answered(await t.admin.delete(at('exchanges', vhost, 'x')), 404, notFound);
    },
  );

  test('a slash at the end of a path means nothing', { rules: ['API-01'] }, async (t) => {
    const { user } = await t.user({});
    assert.equal((await read(t, `${at('users', user)}/`))['name'], user);
  });

  test('the root of the API leads a browser to a page', { rules: ['API-15'] }, async (t) => {
    const { status, headers } = await t.admin.get('/', { login: 'none' });
    if (status === 404) t.skip('it serves no pages');
    assert.deepEqual([status, headers.get('location')], [301, '/api/index.html']);
  });
}

function methods(headers: Headers): string[] {
  return (headers.get('allow') ?? '').split(', ').sort();
}

interface Resource {
  readonly rules: Parameters<Define>[1]['rules'];
  readonly path: (t: Context) => string | Promise<string>;
  readonly body: Json;
  /** What the first and the second PUT are answered. */
  readonly put?: readonly number[];
}

/** What is created by PUT and deleted by DELETE at the same path. */
const resources: Readonly<Record<string, Resource>> = {
  'a queue': {
    rules: ['API-07', 'API-35', 'API-36'],
    path: (t) => at('queues', '/', t.name('q')),
    body: { durable: true },
  },
  'an exchange': {
    rules: ['API-07', 'API-31', 'API-32'],
    path: (t) => at('exchanges', '/', t.name('x')),
    body: { type: 'fanout', durable: true },
  },
  'a vhost': { rules: ['API-07', 'API-44'], path: (t) => at('vhosts', t.name('vhost')), body: {} },
  'a user': {
    rules: ['API-07', 'API-48'],
    path: (t) => at('users', t.name('user')),
    body: { password: 'p', tags: '' },
  },
  'a permission': {
    rules: ['API-07', 'API-45'],
    path: async (t) => at('permissions', '/', (await t.user(undefined)).user),
    body: { configure: '', write: '', read: '.*' },
  },
  'a policy': {
    rules: ['API-07', 'API-49'],
    path: (t) => at('policies', '/', t.name('policy')),
    body: { pattern: '^no such queue$', definition: { 'max-length': 5 } },
  },
  'an operator policy': {
    rules: ['API-07', 'API-51'],
    path: (t) => at('operator-policies', '/', t.name('policy')),
    body: { pattern: '^no such queue$', definition: { 'max-length': 5 }, 'apply-to': 'queues' },
  },
  'a global parameter': {
    rules: ['API-07', 'API-52'],
    path: (t) => at('global-parameters', t.name('parameter')),
    body: { value: [1, 2] },
  },
};
