import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningBroker } from '../../src/index.ts';
import { startTestBroker } from '../support/broker.ts';
import { objects, run } from './support.ts';
import type { Outcome } from './support.ts';

let broker: RunningBroker;

beforeAll(async () => {
  broker = await startTestBroker({ management: true });
});

afterAll(() => broker.stop());

const leveret = (args: readonly string[], input = ''): Promise<Outcome> =>
  run('amqp://nowhere.invalid', [...args, '--url', broker.managementUrl ?? ''], input);

const printed = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await leveret(args);
  expect({ code, error: /^leveret: .*/m.exec(stderr)?.[0] }).toEqual({ code: 0 });
  return stdout;
};

/** What the API answers to somebody with this login. */
const statusFor = async (login: string): Promise<number> => {
  const headers = { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
  return (await fetch(`${broker.managementUrl}/api/whoami`, { headers })).status;
};

test('a user is added, gets other tags and keeps the password, gets another password and keeps the tags', async () => {
  const added = await leveret(['user', 'add', 'anna', '--tags', 'monitoring,management'], 'one\n');
  expect(added).toEqual({ code: 0, stdout: 'added user anna\n', stderr: '' });
  expect(await statusFor('anna:one')).toBe(200);
  await printed('user', 'tags', 'anna', 'management');
  expect(await statusFor('anna:one')).toBe(200);
  expect((await leveret(['user', 'password', 'anna', '--password-file', '-'], 'two')).code).toBe(0);
  expect([await statusFor('anna:one'), await statusFor('anna:two')]).toEqual([401, 200]);
  expect(
    objects(await printed('list', 'users', '--match', 'ann', '--columns', 'name,tags', '--json')),
  ).toEqual([{ name: 'anna', tags: ['management'] }]);
  await printed('user', 'delete', 'anna');
  expect(await printed('list', 'users', '--columns', 'name')).toBe('name\nguest\n');
});

test('a vhost, permissions and limits are set, listed and taken away', async () => {
  await printed('vhost', 'add', 'orders', '--description', 'of all shops', '--tags', 'a,b');
  await printed('user', 'add', 'otto', '--no-password');
  expect(await printed('permission', 'set', 'otto', '--vhost', 'orders', '--write', '^o')).toBe(
    "user otto may in vhost orders: configure nothing, write '^o', read nothing\n",
  );
  await printed('permission', 'set-topic', 'otto', 'amq.topic', '--vhost', 'orders', '--write', '^a');
  await printed('limit', 'vhost', 'orders', 'max-queues', '5');
  await printed('limit', 'user', 'otto', 'max-channels', '6');
  const shown = async (kind: string): Promise<string[]> =>
    (await printed('list', kind)).trimEnd().split('\n');
  expect((await shown('vhosts'))[2]).toMatch(/^orders {2}of all shops {2}a, b +0 +0$/);
  expect((await shown('permissions')).slice(2)).toEqual([
    'orders  guest  .*         .*     .*',
    'orders  otto              ^o',
  ]);
  expect((await shown('topic-permissions'))[1]).toBe('orders  otto  amq.topic  ^a');
  expect((await shown('vhost-limits'))[1]).toBe('orders  {"max-queues":5}');
  expect((await shown('user-limits'))[1]).toBe('otto  {"max-channels":6}');
  await printed('permission', 'clear', 'otto', '--vhost', 'orders');
  await printed('permission', 'clear-topic', 'otto', '--vhost', 'orders');
  await printed('limit', 'vhost', 'orders', 'max-queues', 'off');
  expect(await printed('list', 'permissions', '--match', 'otto')).toBe('');
  expect(await printed('list', 'topic-permissions')).toBe('');
  expect(await printed('list', 'vhost-limits')).toBe('');
  await printed('vhost', 'delete', 'orders');
  await printed('user', 'delete', 'otto');
});

test('policies are set with values of the type that they look like, and cleared', async () => {
  await printed(
    'policy',
    'set',
    'late',
    '^w',
    'message-ttl=60000',
    'dead-letter-exchange=late',
    '--priority',
    '-1',
  );
  await printed('policy', 'set', 'roof', '.*', 'max-length=10', '--operator', '--apply-to', 'queues');
  const policy = { vhost: '/', name: 'late', pattern: '^w', 'apply-to': 'all', priority: -1 };
  const definition = { 'message-ttl': 60_000, 'dead-letter-exchange': 'late' };
  expect(objects(await printed('list', 'policies', '--json'))).toEqual([{ ...policy, definition }]);
  expect(objects(await printed('policy', 'list', '--json'))).toEqual([{ ...policy, definition }]);
  expect(await printed('policy', 'clear', 'late')).toBe('cleared policy late of vhost /\n');
  await printed('policy', 'delete', 'roof', '--operator');
  expect(await printed('list', 'operator-policies')).toBe('');
});

test('parameters of a vhost and of the broker are set to what JSON says, and cleared', async () => {
  const limits = ['vhost-limits', 'limits'];
  expect(await printed('parameter', 'set', ...limits, '{"max-queues":5}')).toBe(
    "set parameter 'limits' of vhost-limits in vhost '/'\n",
  );
  const parameter = { vhost: '/', component: 'vhost-limits', name: 'limits' };
  expect(objects(await printed('parameter', 'list', '--json'))).toEqual([
    { ...parameter, value: { 'max-queues': 5 } },
  ]);
  expect(objects(await printed('parameter', 'clear', ...limits, '--json'))).toEqual([
    { cleared: 'parameters', ...parameter },
  ]);
  expect(await printed('parameter', 'list')).toBe('');
  const owner = (): Promise<string> => printed('list', 'global-parameters', '--match', 'owner', '--json');
  await printed('parameter', 'set-global', 'owner', '"the shop"');
  expect(objects(await owner())).toEqual([{ name: 'owner', value: 'the shop' }]);
  await printed('parameter', 'set-global', 'owner', 'false');
  expect(objects(await owner())).toEqual([{ name: 'owner', value: false }]);
  await printed('parameter', 'clear-global', 'owner');
  expect(await owner()).toBe('');
});

describe('with queues', () => {
  beforeAll(async () => {
    const connection = await connect(broker.url, { clientProperties: { connection_name: 'worker' } });
    const channel = await connection.createConfirmChannel();
    for (let i = 1; i <= 12; i++) await channel.assertQueue(`q${i}`);
    await channel.assertQueue('two\tparts');
    for (let i = 0; i < 3; i++) channel.sendToQueue('q7', Buffer.from('x'));
    await channel.waitForConfirms();
    await connection.close();
  });

  test('a table has columns as wide as they must be, numbers at the right, and nothing that moves the cursor', async () => {
    const table = await printed(
      'list',
      'queues',
      '--columns',
      'name,messages',
      '--sort',
      'messages',
      '--reverse',
    );
    const lines = table.split('\n');
    expect(lines.slice(0, 2)).toEqual(['name        messages', 'q7                 3']);
    expect(lines).toContain('two\\tparts         0');
    expect(lines.length).toBe(15);
  });

  test('a page is cut by the broker, sorted and filtered before', async () => {
    const asked = [
      '--columns',
      'name',
      '--sort',
      'name',
      '--match',
      '^q1',
      '--page',
      '2',
      '--page-size',
      '3',
    ];
    expect(await printed('list', 'queues', ...asked)).toBe('name\nq12\n');
    expect(await printed('list', 'users', '--page', '1', '--page-size', '3', '--columns', 'name')).toBe(
      'name\nguest\n',
    );
  });

  test('as JSON a row is an object, with the fields that are asked for, or all', async () => {
    const asked = ['list', 'queues', '--vhost', '/', '--match', '^q7$', '--json'];
    expect(objects(await printed(...asked, '--columns', 'name,policy,messages'))).toEqual([
      { name: 'q7', policy: null, messages: 3 },
    ]);
    expect(objects(await printed(...asked))[0]).toMatchObject({
      name: 'q7',
      state: 'running',
      arguments: {},
    });
  });
});

test('status shows the broker, and health ends with 12 when something is wrong', async () => {
  const status = await printed('status');
  expect(status).toMatch(/^broker {4}RabbitMQ \d+\.\d+\.\d+, Leveret \d/);
  expect(status).toMatch(/^listens {3}amqp on 127\.0\.0\.1:\d+$/m);
  const { port } = new URL(broker.url);
  const well = ['health', '--port', port, '--protocol', 'amqp', '--certificates', '2weeks'];
  expect(await printed(...well)).toBe(
    `ok      alarms\nok      vhosts\nok      port ${port}\nok      protocol amqp\nok      certificates for 2 weeks\n`,
  );
  const bad = await leveret(['health', '--protocol', 'amqps', '--json']);
  expect(objects(bad.stdout).at(-1)).toMatchObject({ check: 'protocol amqps', ok: false });
  expect(bad.code).toBe(12);
  expect(bad.stderr).toContain('is not well: protocol amqps');
});

test('connections are closed by what the client calls itself, and by user', async () => {
  for (const how of [['worker'], ['--user', 'guest']]) {
    const connection = await connect(broker.url, { clientProperties: { connection_name: 'worker' } });
    const closed = new Promise<Error>((resolve) => connection.on('close', resolve));
    expect(await printed('close-connection', ...how, '--reason', 'go home')).toMatch(
      /^closed 127.* of user guest\n$/,
    );
    expect((await closed).message).toContain('go home');
  }
});

describe('a mistake ends with one line that names the nearest', () => {
  test.each<[string[], number, string]>([
    [['list', 'queus'], 2, "unknown command 'queus' (Did you mean queues?)"],
    [
      ['list', 'exchanges', '--columns', 'name,tpye'],
      2,
      "nothing here has a field 'tpye'; did you mean 'type'?",
    ],
    [['list', 'queues', '--vhost', 'ordres'], 5, "there is no vhost 'ordres'"],
    [['list', 'queues', '--match', '('], 2, "'(' is not a regular expression"],
    [['list', 'queues', '--page-size', '501'], 2, '--page-size is 500 at most, got 501'],
    [['user', 'tags', 'gest'], 5, "there is no user 'gest'; did you mean 'guest'?"],
    [['user', 'add', 'guest', '--password', 'x'], 6, "there is a user 'guest' already"],
    [['user', 'add', 'x'], 2, 'the password is empty'],
    [['user', 'add', 'x', '--password', 'x', '--password-file', '-'], 2, 'give one of --password'],
    [['vhost', 'add', '/'], 6, "there is a vhost '/' already"],
    [['permission', 'set', 'guest'], 2, 'say what the user may do'],
    [['permission', 'clear', 'guest', '--vhost', 'x'], 5, "there is no vhost 'x'"],
    [['policy', 'set', 'p', 'x', 'mesage-ttl=1'], 6, "did you mean 'message-ttl'?"],
    [
      ['policy', 'set', 'p', 'x', 'message-ttl=abc'],
      6,
      'Validation failed <<"abc">> is not a valid message TTL',
    ],
    [['policy', 'delete', 'p'], 5, "there is no policy 'p' in vhost '/'"],
    [['policy', 'clear', 'p'], 5, "there is no policy 'p' in vhost '/'"],
    [['parameter', 'set', 'shovel', 's', '{}'], 6, 'component shovel not found'],
    [['parameter', 'set', 'vhost-limits', 'limits', '{}', '--vhost', 'x'], 5, "there is no vhost 'x'"],
    [['parameter', 'set-global', 'p', 'text'], 2, "'text' is not JSON"],
    [['parameter', 'clear', 'shovel', 's'], 5, "there is no parameter 's' of shovel in vhost '/'"],
    [['parameter', 'clear-global', 'cluster_nam'], 5, "did you mean 'cluster_name'?"],
    [['limit', 'vhost', '/', 'max-queue', '1'], 2, "did you mean 'max-queues'?"],
    [['limit', 'vhost', '/', 'max-queues', '-'], 2, "'-' is not a whole number"],
    [['close-connection'], 2, 'give the name of a connection, or --user'],
    [['close-connection', 'nobody'], 5, "there is no connection named 'nobody'; nobody is connected"],
    [['health', '--certificates', 'soon'], 2, "not 'soon'"],
  ])('%j: %i', async (args, code, text) => {
    const outcome = await leveret(args);
    expect(outcome.stderr).toContain(text);
    expect([outcome.code, outcome.stderr.trimEnd().split('\n').length]).toEqual([code, 1]);
  });
});
