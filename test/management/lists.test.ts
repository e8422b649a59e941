import amqp from 'amqplib';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/management/call.ts';
import { said, useManagement } from '../support/management.ts';

const managed = useManagement();

/** More than are written in one piece. */
const MANY = Array.from({ length: 150 }, (_, n) => `many.${String(n).padStart(3, '0')}`);

beforeAll(async () => {
  for (const name of MANY) await managed.admin.must('PUT', `/queues/%2F/${name}`, { durable: true });
});

async function names(query: string): Promise<unknown[]> {
  const [status, json] = said(await managed.admin.get(`/queues?${query}`));
  expect(status).toBe(200);
  const rows = Array.isArray(json) ? (json as Json[]) : ((json as Json)['items'] as Json[]);
  return rows.map(({ name }) => name);
}

describe('a list', () => {
  test('is whole and in order however long it is [API-10]', async () => {
    expect(await names('')).toEqual(MANY);
    expect(await names('columns=name')).toEqual(MANY);
    expect(await names('sort=name&sort_reverse=true')).toEqual([...MANY].reverse());
  });

  test('is sorted by what is inside of other fields, and what has no such field comes first [API-10]', async () => {
    const args = { 'x-max-length': 7 };
    await managed.admin.must('PUT', '/queues/%2F/limited', { durable: true, arguments: args });
    const [status, json] = said(await managed.admin.get('/queues?sort=arguments.x-max-length&columns=name'));
    expect(status).toBe(200);
    expect((json as Json[]).at(-1)).toEqual({ name: 'limited' });
    await managed.admin.must('DELETE', '/queues/%2F/limited');
  });

  test('is filtered whatever the case of the name, and by an expression that is none to nothing [API-10]', async () => {
    expect(await names('page=1&name=MANY.14')).toEqual(MANY.slice(140));
    expect(await names('page=1&name=(&use_regex=true')).toEqual([]);
    expect(await names('page=1&name=^many.00[0-3]$&use_regex=true&page_size=3&columns=name')).toEqual(
      MANY.slice(0, 3),
    );
    expect(await names('page=1&name=many?')).toEqual([]);
  });

  test('does not keep the broker busy with an expression that never comes to an end', async () => {
    const name = `${'a'.repeat(200)}!`;
    await managed.admin.must('PUT', `/queues/%2F/${name}`, { durable: true });
    expect(said(await managed.admin.get('/queues?page=1&use_regex=true&name=(a%2B)%2B$'))).toEqual([
      400,
      { error: 'bad_request', reason: 'the regular expression takes too long' },
    ]);
    await managed.admin.must('DELETE', `/queues/%2F/${name}`);
  });

  test('is not sorted by what every object of JavaScript has', async () => {
    for (const field of ['__proto__', 'toString']) expect(await names(`sort=${field}`)).toEqual(MANY);
  });

  test('is cut into pages that say what they are a part of [API-11]', async () => {
    const [status, page] = said(await managed.admin.get('/queues?page=2&page_size=149&columns=name'));
    expect([status, page]).toEqual([
      200,
      {
        filtered_count: 150,
        item_count: 1,
        items: [{ name: 'many.149' }],
        page: 2,
        page_count: 2,
        page_size: 149,
        total_count: 150,
      },
    ]);
  });

  test.each([
    ['page=0', 'Invalid pagination parameters: page number 0, page size undefined'],
    ['page=1&page_size=501', 'Invalid pagination parameters: page number 1, page size 501'],
  ])('cannot be asked for by %s [API-11]', async (query, reason) => {
    const refused = { error: 'invalid_pagination_parameters', reason };
    expect(said(await managed.admin.get(`/queues?${query}`))).toEqual([400, refused]);
  });

  test('is answered to HEAD without a body [API-06]', async () => {
    expect(said(await managed.admin.request('HEAD', '/queues'))).toEqual([200, '']);
  });

  test('may be of any kind: what comes from another route is cut as well [API-10]', async () => {
    expect(said(await managed.admin.get('/users?columns=name'))).toEqual([200, [{ name: 'guest' }]]);
    expect(said(await managed.admin.get('/whoami?columns=name'))).toEqual([200, { name: 'guest' }]);
    const inside = await managed.admin.get('/vhosts/%2F?columns=metadata.tags,name');
    expect(said(inside)).toEqual([200, { metadata: { tags: [] }, name: '/' }]);
  });
});

describe('who is connected', () => {
  test('is shown with his channels and consumers, until he goes [API-26] [API-28] [API-29]', async () => {
    const connection = await amqp.connect(managed.broker.url, {
      clientProperties: { connection_name: 'me' },
    });
    const channel = await connection.createChannel();
    await channel.prefetch(1);
    await channel.assertQueue('mine', { exclusive: true });
    await channel.consume('mine', () => {});
    for (const body of ['one', 'two']) channel.sendToQueue('mine', Buffer.from(body));
    await channel.checkQueue('mine');
    const [, [shown]] = said(await managed.admin.get('/connections')) as [number, Json[]];
    expect(shown).toMatchObject({ user_provided_name: 'me', channels: 1, user: 'guest', state: 'running' });
    const name = String(shown?.['name']);
    const [, queue] = said(await managed.admin.get('/queues/%2F/mine')) as [number, Json];
    expect(queue).toMatchObject({
      messages_ready: 1,
      messages_unacknowledged: 1,
      message_bytes_unacknowledged: 3,
      messages_persistent: 0,
      consumer_capacity: 0,
      owner_pid_details: { name },
      message_stats: { publish: 2, deliver: 1, deliver_get: 1 },
    });
    const [, [consumer]] = said(await managed.admin.get('/consumers')) as [number, Json[]];
    expect(consumer).toMatchObject({
      activity_status: 'blocked',
      channel_details: { number: 1, name: `${name} (1)` },
    });
    const one = await managed.admin.get(`/channels/${encodeURIComponent(`${name} (1)`)}`);
    expect(said(one)[1]).toMatchObject({ consumer_count: 1, messages_unacknowledged: 1, prefetch_count: 1 });
    await connection.close();
    for (const path of ['/connections', '/channels', '/consumers']) {
      expect(said(await managed.admin.get(path))).toEqual([200, []]);
    }
  });
});
