import { connect } from 'amqplib';
import { expect, test } from 'vitest';
import { said, useManagement } from '../support/management.ts';

const managed = useManagement();
const ATTEMPTS = '/auth/attempts/leveret@localhost';

function counts(protocol: string, failed: number, succeeded: number): unknown {
  const sum = failed + succeeded;
  return {
    protocol,
    auth_attempts: sum,
    auth_attempts_failed: failed,
    auth_attempts_succeeded: succeeded,
  };
}

test('attempts to log in are counted by protocol, and can be counted anew (API-65)', async () => {
  const { admin, broker } = managed;
  await admin.must('DELETE', ATTEMPTS);
  await (await connect(broker.url)).close();
  await expect(connect(broker.url.replace('guest:guest', 'guest:wrong'))).rejects.toThrow('ACCESS-REFUSED');
  await admin.get('/whoami', { login: { user: 'guest', password: 'wrong' } });
  expect((await admin.get(ATTEMPTS)).json).toEqual([counts('amqp091', 1, 1), counts('http', 1, 1)]);
  expect((await admin.get('/auth/attempts/other')).status).toBe(404);
});

test('who is to log in gets what it must send from then on (API-65)', async () => {
  const form = 'username=guest&password=guest';
  const answer = await managed.admin.post('/login', form, { login: 'none' });
  expect(said(answer)).toEqual([
    200,
    {
      user: { name: 'guest', tags: ['administrator'], is_internal_user: true },
      token: { type: 'basic', value: 'Z3Vlc3Q6Z3Vlc3Q=' },
    },
  ]);
});

test('what is deprecated is listed as used when it is (API-64)', async () => {
  const { admin, broker } = managed;
  const used = async (): Promise<unknown> => (await admin.get('/deprecated-features/used')).json;
  expect(await used()).toEqual([]);
  const client = await connect(broker.url);
  const channel = await client.createChannel();
  await channel.assertQueue('transient', { durable: false });
  expect(await used()).toMatchObject([{ name: 'transient_nonexcl_queues' }]);
  await client.close();
});
