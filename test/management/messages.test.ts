import { expect, test } from 'vitest';
import type { Json } from '../../src/management/call.ts';
import { said, useManagement } from '../support/management.ts';

/** Bytes of a message. */
const LARGEST = 1000;

const managed = useManagement({ maxMessageSize: LARGEST });

const message = (routing_key: string, payload: string, properties: Json = {}): Json => ({
  properties,
  routing_key,
  payload,
  payload_encoding: 'string',
});

async function get(queue: string, body: Json): Promise<readonly [number, unknown]> {
  const whole = { count: 10, ackmode: 'ack_requeue_false', encoding: 'auto', ...body };
  return said(await managed.admin.post(`/queues/%2F/${queue}/get`, whole));
}

test('what is published and fetched over HTTP counts as if a channel had done it [API-33] [API-38]', async () => {
  const { admin } = managed;
  await admin.must('PUT', '/queues/%2F/counted', { durable: true });
  for (const body of ['a', 'b']) {
    await admin.must('POST', '/exchanges/%2F/amq.default/publish', message('counted', body));
  }
  expect((await get('counted', { count: 1, ackmode: 'ack_requeue_true' }))[1]).toMatchObject([
    { payload: 'a' },
  ]);
  expect((await get('counted', {}))[1]).toMatchObject([{ redelivered: true }, { redelivered: false }]);
  expect((await get('counted', {}))[1]).toEqual([]);
  const [, queue] = said(await admin.get('/queues/%2F/counted')) as [number, Json];
  expect(queue['message_stats']).toMatchObject({ publish: 2, get: 3, redeliver: 1, ack: 2, deliver_get: 3 });
  expect(queue['message_stats']).toMatchObject({ get_empty: 2 });
  const [, vhost] = said(await admin.get('/vhosts/%2F')) as [number, Json];
  expect(vhost['message_stats']).toMatchObject({ publish: 2, confirm: 2 });
  const [, exchange] = said(await admin.get('/exchanges/%2F/amq.default')) as [number, Json];
  expect(exchange['message_stats']).toMatchObject({ publish_in: 2, publish_out: 2 });
});

test('a quorum queue says over HTTP, too, how often it handed a message out [DLV-05]', async () => {
  const { admin } = managed;
  const args = { 'x-queue-type': 'quorum' };
  await admin.must('PUT', '/queues/%2F/quorum', { durable: true, arguments: args });
  await admin.must(
    'POST',
    '/exchanges/%2F/amq.default/publish',
    message('quorum', 'a', { headers: { h: 1 } }),
  );
  await get('quorum', { ackmode: 'reject_requeue_true' });
  const [, [again]] = (await get('quorum', {})) as [number, Json[]];
  expect(again?.['properties']).toEqual({ headers: { h: 1, 'x-delivery-count': 1 } });
});

test('what the core refuses has its code in the reason [API-33] [API-38]', async () => {
  const { admin } = managed;
  const args = { 'x-queue-type': 'stream' };
  await admin.must('PUT', '/queues/%2F/stream', { durable: true, arguments: args });
  const [status, json] = await get('stream', {});
  expect([status, (json as Json)['reason']]).toEqual([
    400,
    "540 NOT_IMPLEMENTED - basic.get not supported by stream queues queue 'stream' in vhost '/'",
  ]);
  for (const [properties, reason] of [
    [{ message_id: 7 }, ['not_string', 'message_id']],
    [{ priority: 256 }, ['not_int', 'priority']],
    [{ headers: 'h' }, 'headers is "h", and should be an object'],
  ] as const) {
    const answer = await admin.post('/exchanges/%2F/amq.default/publish', message('x', 'a', properties));
    expect(said(answer)).toEqual([400, { error: 'bad_request', reason }]);
  }
});

test('a fetch that cannot be understood takes nothing [API-38]', async () => {
  const { admin } = managed;
  await admin.must('PUT', '/queues/%2F/back', {});
  await admin.must('POST', '/exchanges/%2F/amq.default/publish', message('back', 'a'));
  expect((await get('back', { truncate: 'x' }))[0]).toBe(400);
  expect((await get('back', { ackmode: 'none' }))[0]).toBe(400);
  expect((await get('back', {}))[1]).toMatchObject([{ payload: 'a', redelivered: false }]);
});

test('what a channel would not take is not published over HTTP either', async () => {
  const { admin } = managed;
  const publish = async (body: Json): Promise<readonly [number, unknown]> =>
    said(await admin.post('/exchanges/%2F/amq.default/publish', { ...message('q', ''), ...body }));
  expect(await publish({ payload: 'x'.repeat(LARGEST + 1) })).toEqual([
    400,
    {
      error: 'bad_request',
      reason: `406 PRECONDITION_FAILED - message size ${LARGEST + 1} is larger than configured max size ${LARGEST}`,
    },
  ]);
  expect(await publish({ payload: 'x'.repeat(LARGEST) })).toEqual([200, { routed: false }]);
  expect(await publish({ routing_key: 'k'.repeat(256) })).toEqual([
    400,
    { error: 'bad_request', reason: ['not_string', 'routing_key'] },
  ]);
});

test('base64 may have white space anywhere, and however much there is it is looked at once', async () => {
  const spaces = ' '.repeat(2_000_000);
  const publish = async (payload: string): Promise<number> => {
    const body = { ...message('q', payload), payload_encoding: 'base64' };
    return (await managed.admin.post('/exchanges/%2F/amq.default/publish', body)).status;
  };
  expect(await publish(`aGVs\nbG8 =\n`)).toBe(200);
  expect(await publish(`${spaces}aGVsbG8=${spaces}`)).toBe(200);
  expect(await publish(`${spaces}!`)).toBe(400);
  expect(await publish('aGVsbG8===')).toBe(400);
});
