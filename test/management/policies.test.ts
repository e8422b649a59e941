import { expect, test } from 'vitest';
import { said, useManagement } from '../support/management.ts';

const managed = useManagement();

test('an administrator may set policies also where it has no permissions, a policymaker may not (API-03)', async () => {
  const { admin } = managed;
  await admin.must('PUT', '/vhosts/v', {});
  await admin.must('DELETE', '/permissions/v/guest');
  await admin.must('PUT', '/users/maker', { tags: 'policymaker', password: 'p' });
  const policy = { pattern: '^q', definition: { 'max-length': 5 } };
  expect((await admin.put('/operator-policies/v/p', policy)).status).toBe(201);
  expect((await admin.get('/operator-policies/v/p')).json).toMatchObject({ name: 'p', 'apply-to': 'all' });
  expect((await admin.put('/policies/v/p', policy)).status).toBe(201);
  const login = { user: 'maker', password: 'p' };
  expect(said(await admin.put('/policies/v/p', policy, { login }))).toEqual([
    401,
    { error: 'not_authorised', reason: 'User not authorised to access virtual host' },
  ]);
});

test('an operator policy can be set, read and deleted as a parameter, which needs all its parts (API-52)', async () => {
  const { admin } = managed;
  const path = '/parameters/operator_policy/%2F/p';
  const value = { pattern: '^q', definition: { expires: 6e6 }, priority: 1, 'apply-to': 'queues' };
  expect(said(await admin.put(path, { value: { ...value, priority: undefined } }))).toEqual([
    400,
    { error: 'bad_request', reason: 'Validation failed\n\nKey "priority" not found in p\n' },
  ]);
  expect((await admin.put(path, { value })).status).toBe(201);
  expect((await admin.get('/operator-policies/%2F/p')).json).toEqual({ vhost: '/', name: 'p', ...value });
  expect((await admin.get(path)).json).toEqual({
    component: 'operator_policy',
    vhost: '/',
    name: 'p',
    value,
  });
  expect((await admin.delete(path)).status).toBe(204);
  expect((await admin.get('/operator-policies/%2F/p')).status).toBe(404);
});
