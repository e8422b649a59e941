import { describe, expect, test } from 'vitest';
import { useManagement } from '../support/management.ts';

const managed = useManagement({ clock: 'manual' });

const waiting = {
  durable: true,
  arguments: { 'x-message-ttl': 5_000, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'late' },
};

describe('why', () => {
  test('tells why messages wait, and where one of them is', async () => {
    const { admin, broker } = managed;
    await admin.must('PUT', '/queues/%2F/wait', waiting);
    const properties = { message_id: 'mine' };
    const message = { properties, routing_key: 'wait', payload: 'a', payload_encoding: 'string' };
    await admin.must('POST', '/exchanges/%2F/amq.default/publish', message);
    const { status, json } = await admin.get('/queues/%2F/wait/why?message=mine');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      queue: 'wait',
      ready: 1,
      reasons: [{ id: 'no consumer' }, { id: 'head expires later', until: broker.clock.now() + 5_000 }],
      message: { state: 'ready', ahead: 0 },
    });
  });

  test('is not found without the queue', async () => {
    const { admin } = managed;
    expect((await admin.get('/queues/%2F/nobody/why')).status).toBe(404);
  });
});

describe('explain', () => {
  test('tells the future of a message in this broker', async () => {
    const { admin, broker } = managed;
    await admin.must('PUT', '/queues/%2F/late', { durable: true });
    await admin.must('PUT', '/queues/%2F/empty', waiting);
    const answer = await admin.post('/vhosts/%2F/explain', { exchange: '', routingKey: 'empty' });
    const time = broker.clock.now() + 5_000;
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ vhost: '/', ends: [{ time, queue: 'late', end: 'waiting' }] });
  });

  test.each([
    [{ exchange: '' }, 400, '[{key_missing,routingKey}]'],
    [
      { exchange: 'amq.topc', routingKey: '' },
      400,
      "there is no exchange 'amq.topc'; did you mean 'amq.topic'?",
    ],
    [
      { exchange: '', routingKey: '', priority: 'x' },
      400,
      'priority is "x", and should be a whole number from 0 to 255',
    ],
    [{ exchange: 'amq.rabbitmq.trace', routingKey: '' }, 401, 'Access refused.'],
  ])('%j is answered %i', async (question, status, reason) => {
    const { admin } = managed;
    const answer = await admin.post('/vhosts/%2F/explain', question);
    expect([answer.status, answer.json]).toMatchObject([status, { reason }]);
  });
});
