import { connect } from 'amqplib';
import { expect, onTestFinished, test } from 'vitest';
import { OptionError, QuestionError } from '../../src/index.ts';
import type { BrokerEvent } from '../../src/index.ts';
import { startTestBroker } from '../support/broker.ts';

test('a running broker tells the future of a message, and that is what happens over the wire', async () => {
  const broker = await startTestBroker({ clock: 'manual' });
  onTestFinished(() => broker.stop());
  const connection = await connect(broker.url);
  onTestFinished(() => connection.close());
  const channel = await connection.createChannel();
  await channel.assertQueue('work', {
    deadLetterExchange: '',
    deadLetterRoutingKey: 'wait',
    exclusive: true,
  });
  await channel.assertQueue('wait', {
    messageTtl: 30_000,
    deadLetterExchange: '',
    deadLetterRoutingKey: 'work',
  });

  const { start, ends, publish } = broker.explain({ exchange: '', routingKey: 'work', expiration: 5_000 });
  expect(Math.floor(start)).toBe(broker.clock.now());
  expect(ends).toEqual([{ time: start + 35_000, queue: 'work', end: 'lost', why: 'cycle' }]);
  expect(publish.queues[0]?.deadLetter?.queues[0]).toMatchObject({ queue: 'wait', expires: start + 35_000 });

  const events: BrokerEvent[] = [];
  broker.on('expired', (event) => events.push(event));
  broker.on('dropped', (event) => events.push(event));
  channel.sendToQueue('work', Buffer.from('hello'), { expiration: 5_000 });
  await channel.checkQueue('work');
  await broker.clock.advance('1m');
  expect(events.map(({ type, time }) => [type, time - start])).toEqual([
    ['expired', 5_000],
    ['expired', 35_000],
    ['dropped', 35_000],
  ]);
});

test('mistakes in a question are told in a sentence', async () => {
  const broker = await startTestBroker({ port: false });
  onTestFinished(() => broker.stop());
  expect(() => broker.explain({ exchange: 'amq.topc', routingKey: 'k' })).toThrow(
    new QuestionError('exchange', 'amq.topc', ['amq.topic']),
  );
  expect(() => broker.explain({ exchange: '', routingKey: 'k', priority: -1 })).toThrow(OptionError);
  expect(() => broker.explain({ exchange: 'amq.rabbitmq.trace', routingKey: 'k' })).toThrow(
    "cannot publish to internal exchange 'amq.rabbitmq.trace'",
  );
});
