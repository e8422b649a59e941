import assert from 'node:assert/strict';
import {
  answered,
  at,
  badRequest,
  each,
  hasFields,
  list,
  object,
  objects,
  read,
} from '../support/management-http.ts';
import type { Json } from '../support/management-http.ts';
import type { Define } from '../support/suite.ts';
import type { Context } from '../support/context.ts';

/** Export and import of definitions. */
export function definitions(test: Define): void {
  test(
    'the definitions of a broker name all it needs to be set up again',
    { rules: ['API-54'] },
    async (t) => {
      const shown = await read(t, '/definitions');
      hasFields(shown, ['rabbit_version', 'rabbitmq_version', 'product_name', 'product_version']);
      for (const section of [
        ...common,
        'users',
        'vhosts',
        'permissions',
        'topic_permissions',
        'global_parameters',
      ]) {
        assert.ok(Array.isArray(shown[section]), section);
      }
      assert.equal(shown['rabbitmq_version'], t.broker.version);
    },
  );

  test(
    'later definitions say what format they have and where they are from',
    { rules: ['API-54'], since: '4.0' },
    async (t) => {
      hasFields(await read(t, '/definitions'), [
        'rabbitmq_definition_format',
        'original_cluster_name',
        'explanation',
      ]);
    },
  );

  test(
    'definitions have the durable queues and exchanges with their bindings, and no exclusive queues',
    { rules: ['API-54'] },
    async (t) => {
      const vhost = await t.vhost();
      const declare = (kind: string, name: string, body: Json): Promise<unknown> =>
        t.admin.must('PUT', at(kind, vhost, name), body);
      await declare('queues', 'durable', { durable: true, arguments: { 'x-max-length': 5 } });
      await declare('exchanges', 'durable', { durable: true, type: 'fanout' });
      await t.admin.must('POST', at('bindings', vhost, 'e', 'durable', 'q', 'durable'), { routing_key: 'k' });
      const channel = await t.channel(await t.connect({ vhost }));
      await channel.call('queue.declare', { queue: 'exclusive', exclusive: true });

      const shown = await read(t, '/definitions');
      const ofVhost = (section: string): readonly Json[] =>
        objects(shown[section]).filter((one) => one['vhost'] === vhost);
      const type = t.broker.since('4.0') ? { 'x-queue-type': 'classic' } : {};
      assert.deepEqual(ofVhost('queues'), [
        {
          name: 'durable',
          vhost,
          durable: true,
          auto_delete: false,
          arguments: { 'x-max-length': 5, ...type },
          ...(t.broker.since('4.0') ? { type: 'classic' } : {}),
        },
      ]);
      const [exchange, ...others] = ofVhost('exchanges');
      assert.deepEqual(others, []);
      assert.deepEqual(
        { ...exchange, internal: false },
        {
          name: 'durable',
          vhost,
          type: 'fanout',
          durable: true,
          auto_delete: false,
          internal: false,
          arguments: {},
        },
      );
      assert.deepEqual(ofVhost('bindings'), [
        {
          vhost,
          source: 'durable',
          destination: 'durable',
          destination_type: 'queue',
          routing_key: 'k',
          arguments: {},
        },
      ]);
    },
  );

  test('operator policies and limits are exported as parameters', { rules: ['API-54'] }, async (t) => {
    const vhost = await t.vhost();
    const policy = { pattern: '^q', definition: { 'max-length': 5 }, 'apply-to': 'queues' };
    await t.admin.must('PUT', at('operator-policies', vhost, 'op'), policy);
    await t.admin.must('PUT', `${at('vhost-limits', vhost)}/max-queues`, { value: 5 });
    const parameters = objects((await read(t, '/definitions'))['parameters']);
    const components = parameters.filter((one) => one['vhost'] === vhost).map((one) => one['component']);
    assert.deepEqual(components.map(String).sort(), ['operator_policy', 'vhost-limits']);
  });

  test('the definitions of one vhost name neither users nor the vhost', { rules: ['API-55'] }, async (t) => {
    const vhost = await t.vhost();
    await t.admin.must('PUT', at('queues', vhost, 'q'), { durable: true });
    const shown = await read(t, at('definitions', vhost));
    for (const section of common) assert.ok(Array.isArray(shown[section]), section);
    assert.deepEqual([shown['users'], shown['permissions']], [undefined, undefined]);
    const [queue = {}] = objects(shown['queues']);
    assert.deepEqual([queue['name'], queue['vhost']], ['q', undefined]);
  });

  test('a vhost that does not exist has no definitions', { rules: ['API-55'] }, async (t) => {
    const path = at('definitions', t.name('none'));
    answered(await t.admin.get(path), 400, badRequest('vhost_not_found'));
  });

  test(
    'importing definitions makes vhosts, users, permissions and what is in a vhost',
    { rules: ['API-56'] },
    async (t) => {
      const [vhost, user] = [t.name('vhost'), t.name('user')];
      t.undo(() => t.admin.delete(at('vhosts', vhost)));
      t.undo(() => t.admin.delete(at('users', user)));
      const permissions = { user, vhost, configure: '^a', write: '^b', read: '^c' };
      const policy = {
        vhost,
        name: 'p',
        pattern: '^q',
        definition: { 'max-length': 5 },
        priority: 1,
        'apply-to': 'queues',
      };
      await imported(t, '/definitions', {
        users: [
          {
            name: user,
            password_hash: '',
            hashing_algorithm: 'rabbit_password_hashing_sha256',
            tags: ['own'],
          },
        ],
        vhosts: [{ name: vhost }],
        permissions: [permissions],
        topic_permissions: [{ user, vhost, exchange: 'amq.topic', write: '^a', read: '^b' }],
        policies: [policy],
        ...topology({ vhost }),
      });
      assert.deepEqual(await read(t, at('permissions', vhost, user)), permissions);
      assert.equal((await list(t, at('topic-permissions', vhost, user))).length, 1);
      assert.deepEqual(await read(t, at('policies', vhost, 'p')), policy);
      assert.deepEqual((await read(t, at('users', user)))['tags'], ['own']);
      assert.equal((await list(t, at('bindings', vhost, 'e', 'x', 'q', 'q')))[0]?.['routing_key'], 'k');
    },
  );

  test(
    'importing definitions deletes nothing and leaves alone what is there',
    { rules: ['API-56'] },
    async (t) => {
      const vhost = await t.vhost();
      await t.admin.must('PUT', at('queues', vhost, 'q'), { durable: true, auto_delete: true });
      await t.admin.must('PUT', at('queues', vhost, 'other'), { durable: true });
      await imported(t, at('definitions', vhost), topology({}));
      assert.deepEqual(each(await list(t, `${at('queues', vhost)}?sort=name`), 'name'), ['other', 'q']);
      assert.equal((await read(t, at('queues', vhost, 'q')))['auto_delete'], true);
      assert.equal((await list(t, at('bindings', vhost, 'e', 'x', 'q', 'q'))).length, 1);
    },
  );

  test(
    'the definitions of a vhost make another vhost the same',
    { rules: ['API-55', 'API-56', 'API-70'] },
    async (t) => {
      const [from, to] = [await t.vhost(), await t.vhost()];
      await imported(t, at('definitions', from), topology({}));
      await imported(t, at('definitions', to), await read(t, at('definitions', from)));
      const sections = async (vhost: string): Promise<Json> => {
        const shown = await read(t, at('definitions', vhost));
        return Object.fromEntries(['queues', 'exchanges', 'bindings'].map((name) => [name, shown[name]]));
      };
      const made = await sections(to);
      assert.deepEqual(made, await sections(from));
      assert.equal(objects(made['bindings']).length, 1);
    },
  );

  test('definitions may be uploaded as a file', { rules: ['API-56'] }, async (t) => {
    const vhost = await t.vhost();
    const boundary = 'boundary-of-the-spec';
    const parts = [
      `--${boundary}`,
      'Content-Disposition: form-data; name="file"; filename="definitions.json"',
      'Content-Type: application/json',
      '',
      JSON.stringify(topology({ vhost })),
      `--${boundary}--`,
      '',
    ].join('\r\n');
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    answered(await t.admin.post('/definitions', parts, { headers }), 204);
    assert.equal((await read(t, at('queues', vhost, 'q')))['name'], 'q');
  });

  test('no section of the definitions is required', { rules: ['API-56'] }, async (t) => {
    await imported(t, '/definitions', {});
    await imported(t, at('definitions', await t.vhost()), {});
  });

  test('definitions that are no JSON are refused', { rules: ['API-08', 'API-56'] }, async (t) => {
    answered(await t.admin.post('/definitions', '{no json'), 400, badRequest('failed_to_parse_json'));
  });

  test('definitions of what belongs to no vhost are refused', { rules: ['API-56'] }, async (t) => {
    const { status, json } = await t.admin.post('/definitions', topology({ vhost: t.name('none') }));
    assert.deepEqual([status, object(json)['error']], [400, 'bad_request']);
  });
}

/** What the definitions of a broker and of a vhost have. */
const common = ['parameters', 'policies', 'queues', 'exchanges', 'bindings'];

/** A queue bound to an exchange. */
function topology(of: Json): Json {
  const entity = { ...of, durable: true, auto_delete: false, arguments: {} };
  return {
    queues: [{ ...entity, name: 'q' }],
    exchanges: [{ ...entity, name: 'x', type: 'fanout', internal: false }],
    bindings: [
      { ...of, source: 'x', destination: 'q', destination_type: 'queue', routing_key: 'k', arguments: {} },
    ],
  };
}

async function imported(t: Context, path: string, body: Json): Promise<void> {
  answered(await t.admin.post(path, body), 204);
}
