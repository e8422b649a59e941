import amqp from 'amqplib';
import { expect, onTestFinished, test } from 'vitest';
import type { Json } from '../../src/management/call.ts';
import { said, useManagement } from '../support/management.ts';

const managed = useManagement();

test('a queue shows how many of its messages wait to be tried again, and until when [DLV-09] [API-34]', async () => {
  const connection = await amqp.connect(managed.broker.url);
  onTestFinished(() => connection.close());
  const channel = await connection.createConfirmChannel();
  const args = {
    'x-delayed-retry-type': 'all',
    'x-delayed-retry-min': 60_000,
    'x-delayed-retry-max': 90_000,
  };
  await channel.assertQueue('q', { arguments: { 'x-queue-type': 'quorum', ...args } });
  for (const body of ['waits', 'ready']) channel.sendToQueue('q', Buffer.from(body));
  await channel.waitForConfirms();
  const before = Date.now();
  const message = await channel.get('q');
  if (message !== false) channel.nack(message);
  await channel.checkQueue('q');
  const [, json] = said(await managed.admin.get('/queues/%2F/q'));
  expect(json).toMatchObject({
    messages: 2,
    messages_ready: 1,
    messages_unacknowledged: 0,
    messages_delayed: 1,
    message_bytes: 10,
    message_bytes_ready: 5,
    delayed_retry: 'all (min: 60000ms, max: 90000ms)',
  });
  expect((json as Json)['next_delayed_at']).toBeGreaterThanOrEqual(before + 60_000);
});
