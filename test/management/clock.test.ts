import { connect } from 'amqplib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Admin } from '../../spec/support/admin.ts';
import { startBroker } from '../../src/index.ts';
import type { RunningBroker } from '../../src/index.ts';
import { adminOf, said } from '../support/management.ts';

let broker: RunningBroker;
let admin: Admin;

const STANDING = { mode: 'manual', frozen: true, auto_advance: false, next_deadline: null };

beforeAll(async () => {
  const clock = { mode: 'manual', now: '2026-05-01T12:00:00Z' } as const;
  broker = await startBroker({ clock, management: true, logLevel: 'silent' });
  admin = adminOf(broker);
});

afterAll(() => broker.stop());

test('time can be asked for and moved, and what falls due has happened when it is answered', async () => {
  expect(said(await admin.get('/clock'))).toEqual([200, { ...STANDING, now: '2026-05-01T12:00:00.000Z' }]);
  const connection = await connect(broker.url);
  const channel = await connection.createConfirmChannel();
  const way = { deadLetterExchange: '', deadLetterRoutingKey: 'done', messageTtl: 1_800_000 };
  await channel.assertQueue('done');
  await channel.assertQueue('wait', way);
  channel.sendToQueue('wait', Buffer.from('x'));
  await channel.waitForConfirms();
  expect((await admin.get('/clock')).json).toMatchObject({ next_deadline: '2026-05-01T12:30:00.000Z' });
  const moved = await admin.post('/clock/advance', { by: '29m' });
  expect(moved.json).toMatchObject({ now: '2026-05-01T12:29:00.000Z' });
  expect(await channel.checkQueue('done')).toMatchObject({ messageCount: 0 });
  const answer = await admin.post('/clock/advance', { to: '2026-05-01T12:30:00Z' });
  expect(said(answer)).toEqual([200, { ...STANDING, now: '2026-05-01T12:30:00.000Z' }]);
  expect(await channel.checkQueue('done')).toMatchObject({ messageCount: 1 });
  channel.sendToQueue('wait', Buffer.from('y'));
  await channel.waitForConfirms();
  const run = await admin.post('/clock/run', {});
  expect(run.json).toMatchObject({ now: '2026-05-01T13:00:00.000Z', next_deadline: null });
  await connection.close();
});

test('time can be let go, stopped, and made to skip', async () => {
  expect((await admin.post('/clock/resume', {})).json).toMatchObject({ frozen: false });
  expect((await admin.post('/clock/freeze', {})).json).toMatchObject({ frozen: true });
  expect((await admin.post('/clock/auto', { on: true })).json).toMatchObject({ auto_advance: true });
  expect((await admin.post('/clock/auto', { on: false })).json).toMatchObject({ auto_advance: false });
  expect((await admin.post('/clock/settle', { patience: 0 })).status).toBe(200);
});

test.each<[string, object, string]>([
  ['advance', {}, 'say how far: { "by": "30m" }, or until when: { "to": "2026-05-01T10:00:00Z" }'],
  ['advance', { by: '1m', to: '2026-05-01T10:00:00Z' }, 'say how far'],
  ['advance', { by: 'soon' }, `'soon' is not a duration`],
  ['advance', { by: null }, 'null is not a duration'],
  ['advance', { to: 'soon' }, `'soon' is not a moment`],
  ['advance', { to: '2000-01-01T00:00:00Z' }, 'time does not go back'],
  ['advance', { by: 1, patience: -1 }, '"patience" is a whole number of 0 or more, got -1'],
  ['run', { most: 'many' }, '"most" is a whole number of 1 or more, got "many"'],
  ['auto', {}, '"on" is true or false'],
])('a mistake is answered with what is wrong: %s %j', async (how, body, reason) => {
  const { status, json } = await admin.post(`/clock/${how}`, body);
  expect([status, json]).toEqual([
    400,
    { error: 'bad_request', reason: expect.stringContaining(reason) as string },
  ]);
});

test('only administrators may see and move it', async () => {
  await admin.put('/users/clerk', { password: 'clerk', tags: 'monitoring' });
  const login = { user: 'clerk', password: 'clerk' };
  expect((await admin.get('/clock', { login })).status).toBe(401);
  expect((await admin.post('/clock/advance', { by: '1m' }, { login })).status).toBe(401);
});

test('a real clock is shown and not moved: what expired by mistake would not come back', async () => {
  const real = await startBroker({ management: true, logLevel: 'silent' });
  const other = adminOf(real);
  expect((await other.get('/clock')).json).toMatchObject({ mode: 'real', frozen: false });
  const reason = 'the clock of this broker is real: one that is started with --clock manual can be moved';
  expect(said(await other.post('/clock/advance', { by: '1m' }))).toEqual([
    400,
    { error: 'bad_request', reason },
  ]);
  await real.stop();
});
