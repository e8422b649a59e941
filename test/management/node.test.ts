import { readFileSync } from 'node:fs';
import amqp from 'amqplib';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../src/management/call.ts';
import { startTestBroker } from '../support/broker.ts';
import { Authority } from '../support/certificates.ts';
import { adminOf, said, useManagement } from '../support/management.ts';

const managed = useManagement();

async function read(path: string): Promise<Json> {
  const [status, json] = said(await managed.admin.get(path));
  expect(status).toBe(200);
  return json as Json;
}

describe('the overview', () => {
  test('adds up what all channels did, also those that are gone [API-20] [API-43]', async () => {
    const connection = await amqp.connect(managed.broker.url);
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue('q');
    channel.sendToQueue('q', Buffer.from('one'));
    channel.sendToQueue('q', Buffer.from('two'));
    await channel.waitForConfirms();
    const did = { publish: 2, confirm: 2 };
    expect(await read('/overview')).toMatchObject({
      message_stats: did,
      queue_totals: { messages: 2, messages_ready: 2, messages_unacknowledged: 0 },
      object_totals: { connections: 1, channels: 1, queues: 1, consumers: 0 },
      churn_rates: { connection_created: 1, queue_declared: 1 },
    });
    await connection.close();
    const later = await read('/overview');
    expect(later).toMatchObject({ message_stats: did, object_totals: { connections: 0, channels: 0 } });
    expect(later['churn_rates']).toMatchObject({ connection_closed: 1, channel_closed: 1 });
    const vhost = await read('/vhosts/%2F');
    expect(vhost).toMatchObject({ messages: 2, messages_ready: 2, message_stats: did });
    expect(Number(vhost['recv_oct'])).toBeGreaterThan(100);
  });

  test('tells a user with the tag management only of its vhosts, and keeps what deleted ones did [API-20]', async () => {
    const { admin } = managed;
    await admin.must('PUT', '/vhosts/mine', {});
    await admin.must('PUT', '/users/u', { password: 'p', tags: 'management' });
    await admin.must('PUT', '/permissions/mine/u', { configure: '', write: '', read: '' });
    await admin.must('PUT', '/queues/mine/q', {});
    const message = { properties: {}, routing_key: 'q', payload: 'x', payload_encoding: 'string' };
    const before = (await read('/overview'))['message_stats'] as Json;
    await admin.must('POST', '/exchanges/mine/amq.default/publish', message);
    const [, seen] = said(await adminOf(managed.broker, { user: 'u', password: 'p' }).get('/overview'));
    expect(seen).toMatchObject({
      message_stats: { publish: 1, publish_details: { rate: 0 } },
      queue_totals: { messages: 1 },
      object_totals: { queues: 1, exchanges: 7 },
    });
    await admin.must('DELETE', '/vhosts/mine');
    const after = (await read('/overview'))['message_stats'] as Json;
    expect(Number(after['publish']) - Number(before['publish'])).toBe(1);
  });
});

test('the node says what it uses of what it has [API-22]', async () => {
  const node = await read('/nodes/leveret%40localhost');
  expect(node).toMatchObject({ running: true, mem_alarm: false, os_pid: String(process.pid) });
  for (const [used, total] of [
    ['mem_used', 'mem_limit'],
    ['fd_used', 'fd_total'],
    ['proc_used', 'proc_total'],
  ] as const) {
    expect(Number(node[used])).toBeGreaterThan(0);
    expect(Number(node[total])).toBeGreaterThan(Number(node[used]));
  }
  expect(said(await managed.admin.get('/nodes/other'))[0]).toBe(404);
  expect(said(await managed.admin.request('DELETE', '/reset'))).toEqual([204, '']);
});

describe('health checks', () => {
  test('fail, and publishing over HTTP too, while memory is low [API-59] [CON-58]', async () => {
    const broker = await startTestBroker({ management: true, memoryHigh: 1 });
    const admin = adminOf(broker);
    const [status, json] = said(await admin.get('/health/checks/alarms'));
    expect([status, json]).toEqual([
      503,
      {
        status: 'failed',
        reason: 'There are alarms in effect in the cluster',
        alarms: [{ node: 'leveret@localhost', resource: 'memory' }],
      },
    ]);
    expect((await admin.get('/health/checks/local-alarms')).status).toBe(503);
    const message = { properties: {}, routing_key: 'q', payload: 'x', payload_encoding: 'string' };
    const refused = await admin.post('/exchanges/%2F/amq.default/publish', message);
    expect(said(refused)).toEqual([
      503,
      { error: 'service_unavailable', reason: 'publishers are blocked: low on memory' },
    ]);
    await broker.stop();
  });

  test('say that every quorum queue has a leader, in all vhosts or in one', async () => {
    const { admin } = managed;
    await admin.must('PUT', '/users/outsider', { password: 'p', tags: 'management' });
    const login = { user: 'outsider', password: 'p' };
    const checks = '/health/checks/quorum-queues-without-elected-leaders';
    for (const queues of ['all-vhosts', 'all-vhosts/pattern/%5Eq', 'vhost/%2F', 'vhost/%2F/pattern/.%2A']) {
      expect(said(await admin.get(`${checks}/${queues}`))).toEqual([200, { status: 'ok' }]);
    }
    expect((await admin.get(`${checks}/all-vhosts`, { login })).status).toBe(200);
    expect((await admin.get(`${checks}/vhost/%2F`, { login })).status).toBe(401);
    expect((await admin.get('/health/checks/metadata-store/initialized/with-data')).status).toBe(200);
  });

  test('say when nobody more may connect [API-63]', async () => {
    const broker = await startTestBroker({ management: true, maxConnections: 1 });
    const check = () => adminOf(broker).get('/health/checks/below-node-connection-limit', { login: 'none' });
    expect((await check()).status).toBe(200);
    const connection = await amqp.connect(broker.url);
    expect((await check()).status).toBe(503);
    await connection.close();
    await broker.stop();
  });
});

test('what is spoken over TLS is shown, and certificates that will not last [API-26] [API-59]', async () => {
  const authority = await Authority.create();
  const [server, client] = [await authority.sign('server'), await authority.sign('alice')]; // for a month
  const tls = { tlsPort: 0, tlsCert: server.cert, tlsKey: server.key, tlsCa: authority.cert };
  const broker = await startTestBroker({ management: true, ...tls });
  const admin = adminOf(broker);
  const own = { cert: readFileSync(client.cert), key: readFileSync(client.key) };
  const connection = await amqp.connect(broker.tlsUrl ?? '', { ca: [readFileSync(authority.cert)], ...own });
  const [, [shown]] = said(await admin.get('/connections')) as [number, Json[]];
  expect(shown).toMatchObject({
    ssl: true,
    ssl_protocol: 'tlsv1.3',
    ssl_key_exchange: 'any',
    ssl_hash: 'aead',
    peer_cert_subject: 'O=tests,CN=alice',
    peer_cert_issuer: 'CN=test authority',
  });
  await connection.close();
  const expiry = '/health/checks/certificate-expiration';
  expect((await admin.get(`${expiry}/1/weeks`)).status).toBe(200);
  const [status, json] = said(await admin.get(`${expiry}/2/months`));
  expect([status, (json as Json)['reason']]).toEqual([503, 'Certificates expiring']);
  expect((await admin.get(`/health/checks/port-listener/${broker.tlsPort}`)).status).toBe(200);
  expect((await admin.get('/health/checks/protocol-listener/amqp,amqp%2Fssl')).status).toBe(200);
  await broker.stop();
});
