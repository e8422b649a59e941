import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from 'amqplib';
import { startBroker } from '../../src/index.ts';
import type { RunningBroker } from '../../src/index.ts';
import { run } from './support.ts';

let broker: RunningBroker;

beforeAll(async () => {
  const clock = { mode: 'manual', now: Date.UTC(2026, 4, 1, 10) } as const;
  broker = await startBroker({ management: true, logLevel: 'silent', clock });
  const connection = await connect(broker.url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('work', {
    messageTtl: 30_000,
    deadLetterExchange: '',
    deadLetterRoutingKey: 'late',
  });
  await channel.assertQueue('late');
  for (const messageId of ['one', 'two']) channel.sendToQueue('work', Buffer.from(messageId), { messageId });
  await channel.waitForConfirms();
  await connection.close();
});

afterAll(() => broker.stop());

const leveret = (...args: string[]): ReturnType<typeof run> =>
  run('', [...args, '--url', broker.managementUrl ?? '']);

test('why tells what keeps the messages of a queue, with moments', async () => {
  const { code, stdout, stderr } = await leveret('why', 'work', '--message', 'two');
  expect(stderr).toBe('');
  expect(stdout).toBe(`\
queue 'work' in vhost '/': 2 ready, 0 unacked, 0 consumers
  The queue has no consumer.
  Unless somebody takes it before, the first message expires and goes to the default exchange. That is at 2026-05-01T10:00:30.000Z, in 30s.
message 'two' (ready)
  One message stands before it. It expires at 2026-05-01T10:00:30.000Z, in 30s.
`);
  expect(code).toBe(0);
});

test('why as JSON is one object', async () => {
  const { stdout } = await leveret('why', 'late', '--format', 'json');
  expect(JSON.parse(stdout)).toMatchObject({ queue: 'late', reasons: [{ id: 'empty' }] });
});

test('a queue that is not there is exit code 5', async () => {
  const { code, stderr } = await leveret('why', 'nobody');
  expect(stderr).toMatch(
    /^leveret: there is no queue 'nobody' in vhost '\/', or http:\/\/127\.0\.0\.1:\d+ is no Leveret\n$/,
  );
  expect(code).toBe(5);
});

test('explain asks a running Leveret itself, which knows its clock and its messages', async () => {
  const { stdout } = await leveret('explain', 'publish', '--key', 'work');
  expect(stdout).toContain("Ends in queue 'late': waits for a consumer (+30s, 2026-05-01T10:00:30.000Z)");
  const mistaken = await leveret('explain', 'publish', '--key', 'work', '--exchange', 'amq.topc');
  expect(mistaken.stderr).toContain("there is no exchange 'amq.topc'; did you mean 'amq.topic'?");
  expect(mistaken.code).toBe(6);
});

test('lint looks at a running Leveret', async () => {
  const { code, stdout } = await leveret('lint', '--fail-on', 'error');
  expect(stdout).toMatch(/^queue '\w+' in vhost '\/'\n {2}info {5}unbound-queue/);
  expect(code).toBe(0);
});
