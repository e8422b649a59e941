import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { startTestBroker } from '../support/broker.ts';
import { adminOf, said, useManagement } from '../support/management.ts';

const managed = useManagement();

test('without credentials and with wrong ones there is nothing to see (API-02)', async () => {
  const none = await managed.admin.get('/whoami', { login: 'none' });
  expect(said(none)).toEqual([401, '']);
  expect(none.headers.get('www-authenticate')).toBe('Basic realm="RabbitMQ Management"');
  for (const authorization of ['Basic', 'Basic Z3Vlc3Q=', 'Bearer Z3Vlc3Q6Z3Vlc3Q=', 'Basic %%%']) {
    const { status } = await managed.admin.get('/whoami', { login: 'none', headers: { authorization } });
    expect(status).toBe(401);
  }
  const wrong = await managed.admin.get('/whoami', { login: { user: 'guest', password: 'x' } });
  expect(said(wrong)).toEqual([401, { error: 'not_authorized', reason: 'Not_Authorized' }]);
});

test('requests that come while the API is being loaded are answered as all others', async () => {
  const broker = await startTestBroker({ management: true });
  const admin = adminOf(broker);
  const first = await Promise.all([admin.get('/whoami'), admin.put('/vhosts/v', {}), admin.get('/none')]);
  expect(first.map(({ status }) => status)).toEqual([200, 201, 404]);
  await broker.stop();
});

test('a client that is gone when its request is looked at is no bug', async () => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const broker = await startTestBroker({ management: true, logLevel: 'error', logFormat: 'text' });
  const { port } = new URL(broker.managementUrl ?? '');
  const login = `authorization: Basic ${btoa('guest:guest')}`;
  for (let n = 0; n < 10; n++) {
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`GET /api/whoami HTTP/1.1\r\nhost: x\r\n${login}\r\n\r\n`, () => socket.resetAndDestroy());
    await once(socket, 'close');
  }
  expect((await adminOf(broker).get('/whoami')).status).toBe(200);
  expect(written.mock.calls).toEqual([]);
  written.mockRestore();
  await broker.stop();
});

test('a path answers the methods it has, and says which those are (API-06)', async () => {
  const { admin } = managed;
  expect((await admin.get('/whoami')).json).toMatchObject({ name: 'guest', tags: ['administrator'] });
  expect(said(await admin.request('HEAD', '/whoami'))).toEqual([200, '']);
  for (const [method, status] of [
    ['OPTIONS', 200],
    ['POST', 405],
    ['PATCH', 405],
  ] as const) {
    const answer = await admin.request(method, '/whoami', undefined, { login: 'none' });
    expect(said(answer)).toEqual([status, '']);
    expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
  }
});

test('a slash at the end of a path means nothing, and nothing is made without a name', async () => {
  const { admin } = managed;
  expect((await admin.get('/vhosts/')).json).toEqual((await admin.get('/vhosts')).json);
  expect((await admin.put('/vhosts/', {})).status).toBe(405);
  expect((await admin.put('/queues/%2F/', {})).status).toBe(405);
  expect((await admin.put('/permissions//guest', { configure: '', write: '', read: '' })).status).toBe(404);
});

test('paths that do not exist or cannot be decoded are refused in the form of all errors', async () => {
  expect(said(await managed.admin.get('/none'))).toEqual([
    404,
    { error: 'Object Not Found', reason: 'Not Found' },
  ]);
  const [status, json] = said(await managed.admin.get('/%zz'));
  expect([status, (json as { error: string }).error]).toEqual([400, 'bad_request']);
});

test.each([
  ['/api/definitions', 401],
  ['/api/whoami', 405],
  ['/api/nothing', 404],
  ['/elsewhere', 404],
])('the body of a POST to %s is not waited for when it is refused anyway, with %d', async (path, status) => {
  const { port } = new URL(managed.broker.managementUrl ?? '');
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  socket.destroy();
});

test('who has not logged in cannot make the broker take in much', async () => {
  const form = `username=guest&password=${'x'.repeat(20_000)}`;
  expect(said(await managed.admin.request('POST', '/login', form, { login: 'none' }))[0]).toBe(413);
});

test('a page of another site cannot make a browser change anything', async () => {
  const headers = { 'sec-fetch-site': 'cross-site' };
  expect((await managed.admin.put('/vhosts/stolen', {}, { headers })).status).toBe(403);
  expect((await managed.admin.get('/vhosts/stolen')).status).toBe(404);
  const same = await managed.admin.put('/vhosts/own', {}, { headers: { 'sec-fetch-site': 'same-origin' } });
  expect(same.status).toBe(201);
});

test('nor can it where browsers say only what its origin is, as they do to hosts in the network', async () => {
  const { host, origin } = new URL(managed.broker.managementUrl ?? '');
  for (const elsewhere of ['https://evil.example', `http://${host}0`, 'null']) {
    const answer = await managed.admin.put('/vhosts/taken', {}, { headers: { origin: elsewhere } });
    expect(said(answer)[0]).toBe(403);
  }
  expect((await managed.admin.get('/vhosts/taken')).status).toBe(404);
  expect((await managed.admin.put('/vhosts/mine', {}, { headers: { origin } })).status).toBe(201);
});

test('it is only there when it is asked for, and gone with the broker', async () => {
  const without = await startTestBroker();
  expect(without.managementUrl).toBeUndefined();
  await without.stop();
  const broker = await startTestBroker({ managementPort: 0, managementHost: 'localhost' });
  expect(broker.managementUrl).toMatch(/^http:\/\/localhost:\d+$/);
  expect((await adminOf(broker).get('/whoami')).status).toBe(200); // which keeps its connection open
  await broker.stop();
  await expect(adminOf(broker).get('/whoami')).rejects.toThrow('fetch failed');
});

test('when it cannot listen the broker does not start', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await expect(startTestBroker({ managementPort: port })).rejects.toThrow('EADDRINUSE');
  other.close();
});
