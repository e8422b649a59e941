import assert from 'node:assert/strict';
import {
  answered,
  at,
  badRequest,
  hasFields,
  list,
  notFound,
  object,
  objects,
  read,
  sampled,
} from '../support/management-http.ts';
import type { Json } from '../support/management-http.ts';
import type { Define } from '../support/suite.ts';
import type { Context } from '../support/context.ts';

/** The broker as a whole, and its node. */
export function overview(test: Define): void {
  test('the overview says who the broker is', { rules: ['API-20', 'API-70'] }, async (t) => {
    const shown = await read(t, '/overview');
    const versions = ['management_version', 'rabbitmq_version', 'product_version', 'erlang_version'];
    hasFields(shown, [...versions, 'cluster_name', 'node', 'product_name', 'rates_mode', 'exchange_types']);
    hasFields(shown, ['erlang_full_version', 'statistics_db_event_queue', 'contexts', 'message_stats']);
    assert.equal(shown['rabbitmq_version'], t.broker.version);
    assert.equal(shown['product_name'], t.broker.product);
    if (t.broker.since('4.0')) hasFields(shown, ['cluster_tags', 'node_tags', 'default_queue_type']);
  });

  test(
    'the overview counts messages, objects, and what came and went',
    { rules: ['API-20', 'API-13'] },
    async (t) => {
      await t.queue();
      const shown = await read(t, '/overview');
      hasFields(object(shown['queue_totals']), ['messages', 'messages_ready', 'messages_unacknowledged']);
      const kinds = ['channels', 'connections', 'consumers', 'exchanges', 'queues'];
      hasFields(object(shown['object_totals']), kinds);
      assert.ok(Number(object(shown['object_totals'])['exchanges']) >= 7);
      const events = ['created', 'closed'].flatMap((event) => [`connection_${event}`, `channel_${event}`]);
      const churn = [...events, 'queue_declared', 'queue_created', 'queue_deleted'];
      hasFields(
        object(shown['churn_rates']),
        churn.flatMap((name) => [name, `${name}_details`]),
      );
    },
  );

  test('the overview lists the exchange types and the listeners', { rules: ['API-20'] }, async (t) => {
    const shown = await read(t, '/overview');
    const types = objects(shown['exchange_types']).map((type) => String(type['name']));
    for (const type of ['direct', 'fanout', 'headers', 'topic']) assert.ok(types.includes(type), type);
    for (const listener of objects(shown['listeners'])) {
      hasFields(listener, ['node', 'protocol', 'ip_address', 'port']);
    }
    assert.ok(objects(shown['listeners']).some((listener) => listener['protocol'] === 'amqp'));
  });

  test(
    'the overview keeps the node and the listeners from a user with the tag management',
    { rules: ['API-03', 'API-20'] },
    async (t) => {
      const login = await t.user({}, 'management');
      const { json } = await t.admin.get('/overview', { login });
      const { cluster_name, node, listeners } = object(json);
      assert.deepEqual([typeof cluster_name, node, listeners], ['string', undefined, undefined]);
    },
  );

  test('the name of the cluster can be read and set', { rules: ['API-21'], alone: true }, async (t) => {
    const before = await read(t, '/cluster-name');
    t.undo(() => t.admin.put('/cluster-name', before));
    answered(await t.admin.put('/cluster-name', { name: t.prefix }), 204);
    assert.deepEqual(await read(t, '/cluster-name'), { name: t.prefix });
  });

  test('a node shows what it has and what it uses', { rules: ['API-22', 'API-70'] }, async (t) => {
    const [shown = {}] = await list(t, '/nodes');
    const totals = ['fd_total', 'proc_total', 'mem_limit', 'mem_used', 'disk_free_limit', 'disk_free'];
    hasFields(shown, [
      ...totals,
      'run_queue',
      'processors',
      'rates_mode',
      'exchange_types',
      'auth_mechanisms',
    ]);
    hasFields(shown, [
      'mem_alarm',
      'disk_free_alarm',
      'enabled_plugins',
      'applications',
      'log_files',
      'db_dir',
    ]);
    assert.deepEqual([shown['type'], shown['running'], typeof shown['os_pid']], ['disc', true, 'string']);
    assert.ok(Number(shown['uptime']) > 0);
    if (t.broker.since('4.0')) assert.equal(shown['being_drained'], false);
    const alone = await read(t, at('nodes', String(shown['name'])));
    assert.equal(alone['os_pid'], shown['os_pid']);
  });

  test('a node shows what its memory is used for', { rules: ['API-22', 'API-70'] }, async (t) => {
    const path = at('nodes', await nodeName(t));
    // It is "not_available" until it was measured.
    const { memory } = await sampled(t, `${path}/memory`, (json) => typeof json['memory'] === 'object');
    assert.ok(Object.keys(object(memory)).length > 0);
    assert.ok((await read(t, `${path}?memory=true`))['memory'] !== undefined);
  });

  test('the extensions are a list', { rules: ['API-23'] }, async (t) => {
    await list(t, '/extensions');
  });

  test('the version is a text', { rules: ['API-25'] }, async (t) => {
    const answer = await t.admin.get('/version');
    if (t.broker.since('4.0')) answered(answer, 200, t.broker.version);
    else answered(answer, 404, notFound);
  });

  test('attempts to log in are counted by protocol', { rules: ['API-65', 'API-70'] }, async (t) => {
    const path = at('auth', 'attempts', await nodeName(t));
    const http = (await list(t, path)).find((one) => one['protocol'] === 'http');
    assert.ok(http !== undefined);
    hasFields(http, ['auth_attempts', 'auth_attempts_failed', 'auth_attempts_succeeded']);
    assert.ok(Number(http['auth_attempts_succeeded']) > 0);
    await list(t, `${path}/source`);
  });

  test('a user may log in with a form', { rules: ['API-65'] }, async (t) => {
    const { user, password } = await t.user({}, 'management');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const status = async (secret: string): Promise<number> => {
      const form = new URLSearchParams({ username: user, password: secret }).toString();
      return (await t.admin.post('/login', form, { login: 'none', headers })).status;
    };
    assert.deepEqual([await status(password), await status('wrong')], [200, 401]);
  });

  test('anybody may ask how to log in', { rules: ['API-65'] }, async (t) => {
    const { status, json } = await t.admin.get('/auth', { login: 'none' });
    if (status === 404) t.skip('it has only one way to log in');
    assert.equal(status, 200);
    object(json);
  });

  test('queues are rebalanced on request', { rules: ['API-65', 'API-70'] }, async (t) => {
    answered(await t.admin.post('/rebalance/queues', undefined), 204);
  });

  test(
    'feature flags are listed, and one that is on can be enabled again',
    { rules: ['API-64', 'API-70'] },
    async (t) => {
      const flags = await list(t, '/feature-flags');
      for (const flag of flags)
        hasFields(flag, ['name', 'desc', 'doc_url', 'state', 'stability', 'provided_by']);
      const on = flags.find((flag) => flag['state'] === 'enabled');
      assert.ok(on !== undefined);
      const enable = (name: string) => t.admin.put(`${at('feature-flags', name)}/enable`, {});
      answered(await enable(String(on['name'])), 204);
      answered(await enable('nosuch_flag'), 400, badRequest('unsupported'));
    },
  );

  test('deprecated features are listed', { rules: ['API-64', 'API-70'], since: '3.13' }, async (t) => {
    for (const feature of await list(t, '/deprecated-features')) {
      hasFields(feature, ['name', 'desc', 'deprecation_phase', 'doc_url', 'provided_by']);
    }
    await list(t, '/deprecated-features/used');
  });
}

const LEADERLESS = '/health/checks/quorum-queues-without-elected-leaders';

/** Health checks. */
export function health(test: Define): void {
  for (const [path, options] of [
    ['/healthchecks/node', { rules: ['API-58'] }],
    ['/health/checks/alarms', { rules: ['API-59', 'API-70'] }],
    ['/health/checks/local-alarms', { rules: ['API-59', 'API-70'] }],
    ['/health/checks/certificate-expiration/1/months', { rules: ['API-59'] }],
    ['/health/checks/is-in-service', { rules: ['API-63'], since: '4.1' }],
    ['/health/checks/ready-to-serve-clients', { rules: ['API-63'], since: '4.1' }],
    ['/health/checks/below-node-connection-limit', { rules: ['API-63'], since: '4.1' }],
    ['/health/checks/metadata-store/initialized', { rules: ['API-63'], since: '4.1' }],
    ['/health/checks/metadata-store/initialized/with-data', { rules: ['API-63'], since: '4.2' }],
    ['/health/checks/reached-target-cluster-size', { rules: ['API-63'], since: '4.2' }],
    [`${LEADERLESS}/all-vhosts/`, { rules: ['API-63'], since: '4.2' }],
    [`${LEADERLESS}/all-vhosts/pattern/x`, { rules: ['API-63'], since: '4.2' }],
    [`${LEADERLESS}/vhost/%2F/`, { rules: ['API-63'], since: '4.2' }],
    [`${LEADERLESS}/vhost/%2F/pattern/x`, { rules: ['API-63'], since: '4.2' }],
  ] as const) {
    test(`a healthy broker is well by ${path}`, options, async (t) => {
      answered(await t.admin.get(path), 200, { status: 'ok' });
    });
  }

  // Vhosts that other cases are just making or deleting are not up.
  test('a broker is well when all its vhosts are up', { rules: ['API-59'], alone: true }, async (t) => {
    const isUp = async (): Promise<boolean> =>
      (await t.admin.get('/health/checks/virtual-hosts')).status === 200;
    await t.eventually(isUp, 'all vhosts are up');
    answered(await t.admin.get('/health/checks/virtual-hosts'), 200, { status: 'ok' });
  });

  test(
    'a probe without a login is told whether the broker is well',
    { rules: ['API-63'], since: '4.2' },
    async (t) => {
      const checks = ['is-in-service', 'ready-to-serve-clients', 'reached-target-cluster-size'];
      for (const check of checks) {
        answered(await t.admin.get(`/health/checks/${check}`, { login: 'none' }), 200, { status: 'ok' });
      }
    },
  );

  test('a node can be checked by its name', { rules: ['API-58'] }, async (t) => {
    answered(await t.admin.get(at('healthchecks', 'node', await nodeName(t))), 200, { status: 'ok' });
  });

  test('the expiry of certificates is checked in whole units', { rules: ['API-59'] }, async (t) => {
    const path = '/health/checks/certificate-expiration';
    const text = 'Time unit not recognised. Supported units: days, weeks, months, years.';
    answered(await t.admin.get(`${path}/1/decade`), 400, badRequest(text));
    answered(await t.admin.get(`${path}/x/days`), 400, badRequest('Invalid expiration value.'));
  });

  test('a vhost is alive, and an unknown one is not found', { rules: ['API-57'] }, async (t) => {
    const vhost = await t.vhost();
    answered(await t.admin.get(at('aliveness-test', vhost)), 200, { status: 'ok' });
    answered(await t.admin.get(at('aliveness-test', t.name('none'))), 404, notFound);
  });

  test(
    'a port somebody listens on is well, and another one fails with 503',
    { rules: ['API-60', 'API-70'] },
    async (t) => {
      const path = '/health/checks/port-listener';
      const { port } = await amqpListener(t);
      answered(await t.admin.get(`${path}/${String(port)}`), 200, { status: 'ok', port });
      const { status, json } = await t.admin.get(`${path}/1`);
      const { ports, ...failure } = object(json);
      assert.equal(status, 503);
      assert.deepEqual(failure, { status: 'failed', reason: 'No active listener', missing: 1 });
      assert.ok((ports as unknown[]).includes(port));
      answered(await t.admin.get(`${path}/abc`), 400, badRequest('Invalid port'));
    },
  );

  for (const protocol of ['amqp', 'amqp091', 'amqp0-9-1']) {
    test(
      `the listener of AMQP is found by the name ${protocol}`,
      { rules: ['API-61', 'API-70'] },
      async (t) => {
        const { status, json } = await t.admin.get(`/health/checks/protocol-listener/${protocol}`);
        const found = object(json);
        assert.deepEqual([status, found['status']], [200, 'ok']);
        if (t.broker.since('4.1')) assert.ok((found['protocols'] as unknown[]).includes('amqp'));
        else assert.equal(found['protocol'], 'amqp');
      },
    );
  }

  test('a protocol nobody listens for fails with 503', { rules: ['API-61'] }, async (t) => {
    const { status, json } = await t.admin.get('/health/checks/protocol-listener/nosuch');
    const { protocols, ...failure } = object(json);
    const missing = t.broker.since('4.1') ? ['nosuch'] : 'nosuch';
    assert.equal(status, 503);
    assert.deepEqual(failure, { status: 'failed', reason: 'No active listener', missing });
    assert.ok((protocols as unknown[]).includes('amqp'));
  });

  test('several protocols can be checked at once', { rules: ['API-61'], since: '4.1' }, async (t) => {
    const path = '/health/checks/protocol-listener';
    assert.equal((await t.admin.get(`${path}/amqp,http`)).status, 200);
    assert.deepEqual(object((await t.admin.get(`${path}/amqp,nosuch`)).json)['missing'], ['nosuch']);
  });

  test('a broker of one node is not critical for a quorum', { rules: ['API-62', 'API-70'] }, async (t) => {
    if ((await list(t, '/nodes')).length > 1) t.skip('it has more than one node');
    const well = { status: 'ok', reason: 'single node cluster' };
    answered(await t.admin.get('/health/checks/node-is-quorum-critical'), 200, well);
    const mirrors = await t.admin.get('/health/checks/node-is-mirror-sync-critical');
    if (t.broker.since('4.0')) answered(mirrors, 404, notFound);
    else answered(mirrors, 200, well);
  });
}

async function nodeName(t: Context): Promise<string> {
  return String((await read(t, '/overview?columns=node'))['node']);
}

async function amqpListener(t: Context): Promise<Json> {
  const listeners = objects((await read(t, '/overview'))['listeners']);
  const amqp = listeners.find((listener) => listener['protocol'] === 'amqp');
  assert.ok(amqp !== undefined);
  return amqp;
}
