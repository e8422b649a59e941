import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { startTestBroker } from '../support/broker.ts';
import { adminOf, said, useManagement } from '../support/management.ts';
import { temporaryDirectory } from '../support/store.ts';

const managed = useManagement({ faults: 'allow' });

afterEach(() => managed.broker.faults.clear());

describe('a fault', () => {
  test('is asked for, happens, is counted, and is removed', async () => {
    const { admin, broker } = managed;
    const asked = await admin.post('/faults', {
      kind: 'return-message',
      exchange: 'amq.*',
      times: 2,
      text: 'no',
    });
    expect(asked.status).toBe(201);
    expect(asked.json).toMatchObject({
      kind: 'return-message',
      times: 2,
      exchange: 'amq.*',
      code: 312,
      count: 0,
    });
    const { id } = asked.json as { id: number };
    const connection = await connect(broker.url);
    onTestFinished(() => connection.close());
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, 'amq.fanout', '');
    const returned = new Promise((resolve) => channel.once('return', resolve));
    channel.publish('amq.fanout', '', Buffer.from('a'), { mandatory: true });
    expect(await returned).toMatchObject({ fields: { replyText: 'no' } });
    expect((await admin.get(`/faults/${id}`)).json).toMatchObject({ id, count: 1, over: false });
    expect((await admin.get('/faults')).json).toMatchObject([{ id, count: 1 }]);
    expect(said(await admin.delete(`/faults/${id}`))).toEqual([204, '']);
    expect(said(await admin.get('/faults'))).toEqual([200, []]);
    expect((await admin.get(`/faults/${id}`)).status).toBe(404);
    expect((await admin.delete(`/faults/${id}`)).status).toBe(404);
  });

  test('that cannot be is refused with what is wrong and what is nearest', async () => {
    const { admin } = managed;
    expect(said(await admin.post('/faults', { kind: 'nack-confirms' }))).toEqual([
      400,
      { error: 'bad_request', reason: '"nack-confirms" is no kind of fault; did you mean "nack-confirm"?' },
    ]);
    expect(said(await admin.post('/faults', { kind: 'crash' }))).toEqual([
      400,
      {
        error: 'bad_request',
        reason: 'crash needs a data directory: nothing would be left of a broker in memory',
      },
    ]);
  });

  test('may be always', async () => {
    const { json } = await managed.admin.post('/faults', { kind: 'lose-ack', times: 'always' });
    expect(json).toMatchObject({ times: 'always' });
  });
});

test('all are removed at once', async () => {
  const { admin } = managed;
  for (const kind of ['lose-ack', 'nack-confirm']) await admin.post('/faults', { kind });
  expect((await admin.delete('/faults')).status).toBe(204);
  expect((await admin.get('/faults')).json).toEqual([]);
});

test('chance begins where it is told to', async () => {
  const { admin } = managed;
  expect((await admin.put('/faults/seed', { seed: 42 })).status).toBe(204);
  expect(said(await admin.put('/faults/seed', { seed: 'x' }))).toEqual([
    400,
    { error: 'bad_request', reason: 'a seed is a whole number, got x' },
  ]);
});

test('the kinds are told with all that can be said of them', async () => {
  const { json } = await managed.admin.get('/faults/kinds');
  const { kinds } = json as { kinds: { kind: string; options: { name: string; default?: unknown }[] }[] };
  const crash = kinds.find(({ kind }) => kind === 'crash');
  expect(crash?.options.find(({ name }) => name === 'on')).toMatchObject({ default: 'before-commit' });
});

test('only administrators may ask', async () => {
  const { admin } = managed;
  await admin.put('/users/watcher', { password: 'w', tags: 'monitoring' });
  const login = { user: 'watcher', password: 'w' };
  expect((await admin.get('/faults', { login })).status).toBe(401);
  expect((await admin.post('/faults', { kind: 'lose-ack' }, { login })).status).toBe(401);
});

describe('a broker', () => {
  test('that was not started for it takes none over HTTP', async () => {
    const broker = await startTestBroker({ management: true });
    onTestFinished(() => broker.stop());
    const reason = 'this broker takes no faults: start it with --faults allow';
    for (const path of ['/faults', '/faults/kinds', '/faults/1']) {
      expect(said(await adminOf(broker).get(path))).toEqual([404, { error: 'Object Not Found', reason }]);
    }
    expect(broker.faults.list()).toEqual([]);
  });

  test('may begin with some', async () => {
    const faults = [{ kind: 'refuse-login' }] as const;
    const broker = await startTestBroker({ management: true, faults });
    onTestFinished(() => broker.stop());
    await expect(connect(broker.url)).rejects.toThrow('ACCESS_REFUSED');
    await (await connect(broker.url)).close();
    expect((await adminOf(broker).get('/faults')).json).toMatchObject([
      { kind: 'refuse-login', count: 1, over: true },
    ]);
  });

  test.each([
    ['{', /faults\.json is not JSON/],
    ['{"fault":[]}', /faults\.json holds no faults: write \[/],
    [
      '[{"kind":"lose-ack"},{"kind":"lose-acks"}]',
      /faults\.json: fault 2: "lose-acks" is no kind of fault; did you/,
    ],
    ['{"seed":"a","faults":[]}', /faults\.json: a seed is a whole number, got a/],
  ])('does not start with %s', async (text, message) => {
    const file = join(await temporaryDirectory(), 'faults.json');
    await writeFile(file, text);
    await expect(startTestBroker({ faults: file })).rejects.toThrow(message);
  });
});
