import { metrics } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import type { MetricData } from '@opentelemetry/sdk-metrics';
import amqp from 'amqplib';
import { expect, test } from 'vitest';
import { startTestBroker } from '../support/broker.ts';

/** Collects when it is told to. */
class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

interface Telemetry {
  readonly provider: MeterProvider;
  /** The value of a metric with these attributes. */
  readonly value: (
    name: string,
    attributes?: Readonly<Record<string, string>>,
  ) => Promise<number | undefined>;
  readonly data: (name: string) => Promise<MetricData | undefined>;
}

function telemetry(): Telemetry {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  const data = async (name: string): Promise<MetricData | undefined> => {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return all.find(({ descriptor }) => descriptor.name === name);
  };
  const value: Telemetry['value'] = async (name, attributes = {}) => {
    const points = (await data(name))?.dataPoints ?? [];
    const point = points.find((one) =>
      Object.entries(attributes).every(([key, wanted]) => one.attributes[key] === wanted),
    );
    return point?.value as number | undefined;
  };
  return { provider, value, data };
}

test('a provider collects the figures of a broker, and no more when it is stopped', async () => {
  const { provider, value, data } = telemetry();
  const broker = await startTestBroker({ telemetry: provider });
  const connection = await amqp.connect(broker.url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('q', { deadLetterExchange: 'none' });
  channel.sendToQueue('q', Buffer.from('a'));
  channel.sendToQueue('q', Buffer.from('b'), { expiration: '0' });
  await channel.waitForConfirms();
  expect(await value('rabbitmq_queue_messages_ready')).toBe(2);
  expect(await value('rabbitmq_connections')).toBe(1);
  expect(await value('rabbitmq_global_messages_received_total', { protocol: 'amqp091' })).toBe(2);
  await channel.get('q', { noAck: true });
  await channel.checkQueue('q');
  const lost = { reason: 'expired', why: 'exchange_missing' };
  expect(await value('leveret_queue_dead_letters_lost_total', lost)).toBe(1);
  expect(await value('leveret_expiry_lateness_seconds_count')).toBe(1);
  expect((await data('rabbitmq_queues'))?.descriptor.description).toBe('Queues available');
  await connection.close();
  await broker.stop();
  expect(await value('rabbitmq_connections')).toBe(1); // as it was: the broker is not asked any more
});

test('without a provider of its own it is the one that the process has', async () => {
  const { provider, value } = telemetry();
  metrics.setGlobalMeterProvider(provider);
  const broker = await startTestBroker({ telemetry: true });
  expect(await value('rabbitmq_queues')).toBe(0);
  await broker.stop();
  metrics.disable();
});

test('nothing is told to anybody unless it is asked for', async () => {
  const { provider, value } = telemetry();
  metrics.setGlobalMeterProvider(provider);
  const broker = await startTestBroker();
  expect(await value('rabbitmq_queues')).toBeUndefined();
  await broker.stop();
  metrics.disable();
});
