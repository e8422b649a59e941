import { expect, test } from 'vitest';
import { Admin } from '../../spec/support/admin.ts';
import { spawnBroker } from '../support/process.ts';
import { temporaryDirectory } from '../support/store.ts';

const KILLS = 4;
const LOGIN = { user: 'guest', password: 'guest' };

test('what was changed over HTTP and answered is there after a kill', async () => {
  const data = await temporaryDirectory();
  const args = ['--data', data, '--port', '0'];
  for (let i = 0; i < KILLS; i++) {
    const broker = await spawnBroker(...args);
    const admin = new Admin(broker.http, LOGIN);
    await admin.must('PUT', `/vhosts/v${i}`, { description: `of ${i}` });
    await admin.must('PUT', `/users/u${i}`, { password: 'p', tags: ['own'] });
    await admin.must('PUT', `/permissions/v${i}/u${i}`, { configure: '^a', write: '', read: '' });
    await admin.must('PUT', `/vhost-limits/v${i}/max-queues`, { value: i });
    for (const name of ['p', 'gone']) {
      await admin.must('PUT', `/policies/v${i}/${name}`, { pattern: '', definition: { 'max-length': i } });
    }
    await admin.must('DELETE', `/policies/v${i}/gone`);
    await admin.must('DELETE', `/permissions/v${i}/guest`);
    await admin.must('PUT', '/global-parameters/last', { value: i });
    await broker.kill('SIGKILL');
  }
  const broker = await spawnBroker(...args);
  const admin = new Admin(broker.http, LOGIN);
  for (let i = 0; i < KILLS; i++) {
    expect((await admin.get(`/vhosts/v${i}`)).json).toMatchObject({ description: `of ${i}` });
    expect((await admin.get(`/vhost-limits/v${i}`)).json).toEqual([
      { vhost: `v${i}`, value: { 'max-queues': i } },
    ]);
    expect((await admin.get(`/vhosts/v${i}/permissions`)).json).toEqual([
      { user: `u${i}`, vhost: `v${i}`, configure: '^a', write: '', read: '' },
    ]);
    expect((await admin.get(`/policies/v${i}`)).json).toMatchObject([
      { vhost: `v${i}`, name: 'p', definition: { 'max-length': i } },
    ]);
    expect((await admin.get(`/users/u${i}`)).json).toMatchObject({ tags: ['own'] });
  }
  expect((await admin.get('/global-parameters/last')).json).toEqual({ name: 'last', value: KILLS - 1 });
  await broker.kill('SIGTERM');
});
