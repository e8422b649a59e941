import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningBroker } from '../../src/index.ts';
import { startTestBroker } from '../support/broker.ts';
import { temporaryDirectory } from '../support/store.ts';
import { objects, run } from './support.ts';
import type { Outcome } from './support.ts';

let broker: RunningBroker;
let other: RunningBroker;

const queue = { name: 'work', vhost: '/', durable: true, auto_delete: false };
const definitions = {
  vhosts: [{ name: '/' }, { name: 'v' }],
  policies: [{ vhost: '/', name: 'p', pattern: '.*', definition: { 'max-length': 5 } }],
  queues: [{ ...queue, arguments: { 'x-max-length': 3 } }],
};

beforeAll(async () => {
  [broker, other] = [
    await startTestBroker({ management: true, definitions }),
    await startTestBroker({ management: true }),
  ];
});

afterAll(() => Promise.all([broker.stop(), other.stop()]));

const leveret = (args: readonly string[], input = '', at = broker): Promise<Outcome> =>
  run('amqp://nowhere.invalid', ['definitions', ...args, '--url', at.managementUrl ?? ''], input);

const file = async (name: string, content: unknown): Promise<string> => {
  const path = join(await temporaryDirectory(), name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content, null, 1));
  return path;
};

test('what is exported to a file makes another broker the same, and only its owner may read it (API-54, API-56)', async () => {
  const path = join(await temporaryDirectory(), 'export.json');
  const exported = await leveret(['export', path]);
  expect(exported.stdout).toBe(`exported the definitions of ${broker.managementUrl} to ${path}\n`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ queues: [{ name: 'work' }] });
  const different = await leveret(['diff', path], '', other);
  expect(different.stdout.split('\n').slice(0, 2)).toEqual(["- vhost 'v'", "~ user 'guest'"]);
  expect(different.stdout).toContain('password_hash: *** -> ***');
  expect([different.code, different.stderr]).toEqual([
    1,
    `leveret: ${path} and ${other.managementUrl} have 4 differences\n`,
  ]);
  const imported = await leveret(['import', path], '', other);
  expect(imported.stdout).toContain(`imported ${path} into ${other.managementUrl}: users 1, vhosts 2,`);
  expect(imported).toMatchObject({ code: 0, stderr: '' });
  expect(await leveret(['diff', broker.managementUrl ?? '', other.managementUrl ?? ''])).toMatchObject({
    code: 0,
    stdout: '',
    stderr: `${broker.managementUrl} and ${other.managementUrl} are the same\n`,
  });
});

test('a file that others could read is closed to them', async () => {
  const path = await file('open.json', '{}');
  await chmod(path, 0o644);
  await leveret(['export', path]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('neither as JSON is it told what the hash of a password is', async () => {
  const [one, other] = ['one', 'other'].map((password_hash) => ({ users: [{ name: 'u', password_hash }] }));
  const found = await leveret([
    'diff',
    await file('one.json', one),
    await file('other.json', other),
    '--json',
  ]);
  const fields = [{ field: 'password_hash', from: '***', to: '***' }];
  expect(objects(found.stdout)).toMatchObject([{ kind: 'changed', fields }]);
});

test('a name that would move the cursor of a terminal is shown and not obeyed', async () => {
  const strange = await file('strange.json', { queues: [{ ...queue, name: 'a\u001b[2J\nb' }] });
  const found = await leveret(['diff', await file('empty.json', {}), strange]);
  expect(found.stdout).toBe("+ queue 'a\\u001b[2J\\nb' in vhost '/'\n");
});

test('one vhost goes to standard output, and from standard input into another (API-55)', async () => {
  const exported = await leveret(['export', '--vhost', '/']);
  expect(JSON.parse(exported.stdout)).toMatchObject({ original_vhost_name: '/' });
  expect((await leveret(['import', '-', '--vhost', 'v'], exported.stdout)).code).toBe(0);
  const again = await leveret(['export', '--vhost', 'v']);
  expect(JSON.parse(again.stdout)).toMatchObject({ queues: [{ name: 'work' }], policies: [{ name: 'p' }] });
});

test('as JSON a difference is an object with its fields', async () => {
  const one = await file('one.json', definitions);
  const two = await file('two.json', { ...definitions, queues: [queue] });
  const { code, stdout } = await leveret(['diff', one, two, '--json']);
  expect(objects(stdout)).toEqual([
    {
      kind: 'changed',
      section: 'queues',
      subject: "queue 'work' in vhost '/'",
      fields: [{ field: 'arguments.x-max-length', from: 3 }],
    },
  ]);
  expect(code).toBe(1);
});

test('what an import leaves as it was is told', async () => {
  const path = await file('other.json', { queues: [{ ...queue, arguments: { 'x-max-length': 4 } }] });
  const { code, stderr } = await leveret(['import', path]);
  expect(stderr).toBe(
    "queue 'work' in vhost '/' stays as it was: arguments.x-max-length 4 is asked for, and 3 is there\n",
  );
  expect(code).toBe(0);
});

describe('a mistake changes nothing and ends with one line', () => {
  test.each([
    [
      { queues: [queue, { ...queue, name: 'x', durable: 'yes' }] },
      6,
      'line 12 of FILE: queues[1].durable is "yes"',
    ],
    [{ queues: [{ ...queue, name: 'x', vhost: 'nosuch' }] }, 6, "queues[0]: there is no vhost 'nosuch'"],
    [[], 2, 'FILE should be an object'],
    ['{"queues": [', 2, 'FILE is not JSON'],
  ])('%j: %i', async (content, code, text) => {
    const path = await file('wrong.json', content);
    const outcome = await leveret(['import', path]);
    expect(outcome.stderr.replace(path, 'FILE')).toContain(text);
    expect([outcome.code, outcome.stderr.trimEnd().split('\n').length]).toEqual([code, 1]);
    const { stdout } = await leveret(['export', '--vhost', '/']);
    expect((JSON.parse(stdout) as { queues: object[] }).queues.length).toBe(1);
  });

  test.each([
    ['null', 'FILE should be an object'],
    ['5', 'FILE should be an object'],
    [{ vhosts: [{ name: '/' }], queues: [queue, null] }, 'queues[1] of FILE should be an object'],
  ])('what is compared must be definitions: %j', async (content, text) => {
    const path = await file('wrong.json', content);
    const { code, stdout, stderr } = await leveret(['diff', path]);
    expect(stderr.replace(path, 'FILE')).toContain(text);
    expect([code, stdout]).toEqual([2, '']);
  });

  test('a file that is not there, and standard input twice', async () => {
    expect(await leveret(['diff', '/nowhere/d.json'])).toMatchObject({ code: 2 });
    expect((await leveret(['diff', '-', '-'])).stderr).toContain('standard input can be read only once');
    expect((await leveret(['export', '/nowhere/d.json'])).stderr).toContain(
      'cannot write the definitions: ENOENT',
    );
  });
});
