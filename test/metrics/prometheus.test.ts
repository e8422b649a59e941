import { request } from 'node:http';
import amqp from 'amqplib';
import type { ConfirmChannel } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningBroker } from '../../src/index.ts';
import { startTestBroker } from '../support/broker.ts';
import { Scraped } from '../support/exposition.ts';
import { adminOf } from '../support/management.ts';
import { temporaryDirectory } from '../support/store.ts';
import { overviewMetrics } from './dashboards.ts';

let broker: RunningBroker;
let channel: ConfirmChannel;
let connection: amqp.ChannelModel;

beforeAll(async () => {
  broker = await startTestBroker({ management: true, metricsPort: 0 });
  broker.addVhost('other');
  connection = await amqp.connect(broker.url);
  channel = await connection.createConfirmChannel();
});

afterAll(async () => {
  await connection.close();
  await broker.stop();
});

async function answer(path: string, method = 'GET'): Promise<readonly [number, string | null, string]> {
  const response = await fetch(new URL(path, broker.metricsUrl), { method });
  return [response.status, response.headers.get('content-type'), await response.text()];
}

async function scrape(path = '/metrics'): Promise<Scraped> {
  const [status, type, text] = await answer(path);
  expect([status, type]).toEqual([200, 'text/plain; version=0.0.4']);
  return new Scraped(text);
}

describe('on a port of its own', () => {
  test('everything that RabbitMQ’s overview dashboard asks for is there, also when nothing happened', async () => {
    const scraped = await scrape();
    expect(overviewMetrics.filter((name) => scraped.labelsOf(name) === undefined)).toEqual([]);
    for (const name of overviewMetrics) expect(scraped.types.has(name), name).toBe(true);
  });

  test('the node says what it is by the labels that dashboards join on', async () => {
    const scraped = await scrape();
    expect(
      scraped.value('rabbitmq_identity_info', {
        rabbitmq_node: 'leveret@localhost',
        rabbitmq_cluster: 'leveret@localhost',
        rabbitmq_endpoint: 'aggregated',
      }),
    ).toBe(1);
    expect(scraped.labelsOf('rabbitmq_identity_info')).toContain('rabbitmq_cluster_permanent_id');
    expect(scraped.value('rabbitmq_build_info', { rabbitmq_version: '4.2.0' })).toBe(1);
    expect(scraped.value('process_start_time_seconds')).toBeGreaterThan(Date.now() / 1000 - 3600);
  });

  test('what was published, returned, confirmed, delivered and fetched is counted', async () => {
    await channel.assertQueue('counted');
    const before = await scrape();
    channel.sendToQueue('counted', Buffer.from('one'), { persistent: true });
    channel.sendToQueue('counted', Buffer.from('two'));
    channel.sendToQueue('nowhere', Buffer.from('dropped'));
    channel.sendToQueue('nowhere', Buffer.from('returned'), { mandatory: true });
    await channel.waitForConfirms();
    await channel.get('counted', { noAck: true });
    const after = await scrape();
    const grown = (name: string, labels = {}): number =>
      (after.value(name, labels) ?? NaN) - (before.value(name, labels) ?? NaN);
    expect(grown('rabbitmq_channel_messages_published_total')).toBe(4);
    expect(grown('rabbitmq_channel_messages_unroutable_returned_total')).toBe(1);
    expect(grown('rabbitmq_channel_get_total')).toBe(1);
    expect(grown('rabbitmq_queue_messages_published_total')).toBe(2);
    expect(grown('rabbitmq_queue_messages_ready')).toBe(1);
    expect(grown('rabbitmq_queue_messages_ready_bytes')).toBe(3);
    const protocol = { protocol: 'amqp091' };
    expect(grown('rabbitmq_global_messages_received_confirm_total', protocol)).toBe(4);
    expect(grown('rabbitmq_global_messages_confirmed_total', protocol)).toBe(4);
    expect(grown('rabbitmq_global_messages_routed_total', protocol)).toBe(2);
    const classic = { ...protocol, queue_type: 'rabbit_classic_queue' };
    expect(grown('rabbitmq_global_messages_delivered_get_auto_ack_total', classic)).toBe(1);
    expect(grown('rabbitmq_global_messages_delivered_total', classic)).toBe(1);
    expect(grown('rabbitmq_connection_incoming_bytes_total')).toBeGreaterThan(100);
  });

  test('what was counted does not fall when queues, channels and connections go', async () => {
    const own = await amqp.connect(broker.url);
    const gone = await own.createConfirmChannel();
    await gone.assertQueue('gone', { exclusive: true });
    gone.sendToQueue('gone', Buffer.from('dies'), { expiration: '0' });
    gone.sendToQueue('gone', Buffer.from('stays'));
    await gone.waitForConfirms();
    const before = await scrape();
    await own.close();
    const after = await scrape();
    expect(after.value('rabbitmq_queues')).toBe((before.value('rabbitmq_queues') ?? NaN) - 1);
    for (const { name, labels, value } of before.samples) {
      if (before.types.get(name) === 'counter') {
        expect(after.value(name, labels), name).toBeGreaterThanOrEqual(value);
      }
    }
    expect(before.value('rabbitmq_global_messages_received_confirm_total')).toBeGreaterThan(1);
  });

  test('deaths are told by reason, and what dead letters did not find', async () => {
    await channel.assertQueue('dying', { deadLetterExchange: 'amq.fanout', maxLength: 1 });
    channel.sendToQueue('dying', Buffer.from('pushed out'));
    channel.sendToQueue('dying', Buffer.from('refused'));
    await channel.waitForConfirms();
    const got = await channel.get('dying');
    if (got !== false) channel.nack(got, false, false);
    await channel.checkQueue('dying');
    const whole = await scrape();
    const dead = { queue_type: 'rabbit_classic_queue', dead_letter_strategy: 'at_most_once' };
    expect(whole.value('rabbitmq_global_messages_dead_lettered_maxlen_total', dead)).toBe(1);
    expect(whole.value('rabbitmq_global_messages_dead_lettered_rejected_total', dead)).toBe(1);
    expect(whole.value('leveret_queue_deaths_total', { reason: 'rejected' })).toBe(1);
    expect(whole.value('leveret_queue_dead_letters_lost_total', { reason: 'maxlen', why: 'cycle' })).toBe(0);
    const each = await scrape('/metrics/detailed?family=queue_dead_letter_metrics');
    const queue = { vhost: '/', queue: 'dying' };
    expect(each.value('leveret_detailed_queue_deaths_total', { ...queue, reason: 'maxlen' })).toBe(1);
    const lost = { ...queue, reason: 'rejected', why: 'no_route' };
    expect(each.value('leveret_detailed_queue_dead_letters_lost_total', lost)).toBe(1);
  });

  test('each queue, connection, channel and exchange has lines of its own where that is asked for', async () => {
    await channel.assertQueue('a "name"', { arguments: { 'x-queue-type': 'quorum' } });
    const each = await scrape('/metrics/per-object');
    const queue = { vhost: '/', queue: 'a "name"' };
    expect(each.value('rabbitmq_queue_messages_ready', queue)).toBe(0);
    expect(each.value('rabbitmq_queue_info', { ...queue, queue_type: 'rabbit_quorum_queue' })).toBe(1);
    expect(each.value('rabbitmq_queue_get_total', queue)).toBeUndefined(); // nothing was fetched
    expect(each.value('rabbitmq_connection_channels')).toBe(1);
    expect(each.labelsOf('rabbitmq_channel_messages_published_total')).toEqual(['channel']);
    expect(each.labelsOf('rabbitmq_exchange_messages_published_total')).toEqual(['vhost', 'exchange']);
    expect(each.value('rabbitmq_queues')).toBeGreaterThan(1);
  });

  test('neighbours with the same value, and with others, have the lines of their own', async () => {
    const names = Array.from({ length: 600 }, (_, n) => `neighbour ${n}`);
    const hasMessage = (n: number): boolean => n % 200 > 150 || n === 256;
    const streams = [names[255], names[400]];
    for (const [n, name] of names.entries()) {
      const isStream = streams.includes(name);
      const options = isStream ? { durable: true, arguments: { 'x-queue-type': 'stream' } } : {};
      await channel.assertQueue(name, options);
      if (hasMessage(n)) channel.sendToQueue(name, Buffer.from('one'));
    }
    await channel.waitForConfirms();
    const each = await scrape('/metrics/detailed?family=queue_coarse_metrics&family=queue_exchange_metrics');
    const samples = (name: string): [string, string][] =>
      each.samples
        .filter((one) => one.name === name && one.labels['queue']?.startsWith('neighbour') === true)
        .map(({ labels, value }) => [labels['queue'] ?? '', labels['queue_type'] ?? String(value)]);
    expect(samples('rabbitmq_detailed_queue_messages_ready')).toEqual(
      names.map((name, n) => [name, hasMessage(n) ? '1' : '0']),
    );
    expect(samples('rabbitmq_detailed_queue_info')).toEqual(
      names.map((name) => [name, streams.includes(name) ? 'rabbit_stream_queue' : 'rabbit_classic_queue']),
    );
    expect(samples('rabbitmq_detailed_queue_messages_published_total')).toEqual(
      names.filter((_, n) => hasMessage(n)).map((name) => [name, '1']),
    );
    for (const name of names) await channel.deleteQueue(name);
  });

  test('details are told of the families and vhosts that are asked for', async () => {
    await adminOf(broker).must('PUT', '/queues/other/there', {});
    const all = await scrape('/metrics/detailed?family=queue_consumer_count&family=queue_metrics');
    expect(all.value('rabbitmq_detailed_queue_consumers', { vhost: 'other' })).toBe(0);
    expect(all.samples.length).toBeGreaterThan(all.types.size);
    const one = await scrape(
      '/metrics/detailed?family=queue_coarse_metrics&family=vhost_status&family=exchange_bindings&vhost=other',
    );
    const vhosts = one.samples.map(({ labels }) => labels['vhost']).filter((vhost) => vhost !== undefined);
    expect(new Set(vhosts)).toEqual(new Set(['other']));
    expect(one.value('rabbitmq_cluster_vhost_status')).toBe(1);
    expect(one.value('rabbitmq_cluster_exchange_bindings', { exchange: 'amq.topic', type: 'topic' })).toBe(0);
    expect(one.value('rabbitmq_detailed_queue_messages', { queue: 'there' })).toBe(0);
    const churn = await scrape('/metrics/detailed?family=connection_churn_metrics');
    expect(churn.value('rabbitmq_detailed_queues_created_total')).toBeGreaterThan(1);
    const nothing = await scrape('/metrics/detailed?family=no-such');
    expect([...nothing.types.keys()]).toEqual(['rabbitmq_build_info', 'rabbitmq_identity_info']);
  });

  test('nothing else is served there', async () => {
    expect((await answer('/metrics/no-such'))[0]).toBe(404);
    expect((await answer('/api/overview'))[0]).toBe(404);
    expect((await answer('/metrics', 'POST'))[0]).toBe(405);
    expect((await answer('/metrics', 'OPTIONS'))[0]).toBe(200);
    expect(await answer('/metrics', 'HEAD')).toEqual([200, 'text/plain; version=0.0.4', '']);
  });

  test('somebody who goes away in the middle is no fault', async () => {
    await new Promise<void>((resolve) => {
      const asking = request(new URL('/metrics/per-object', broker.metricsUrl), (response) => {
        response.once('data', () => {
          response.destroy();
          resolve();
        });
      });
      asking.end();
    });
    expect((await scrape()).value('rabbitmq_build_info')).toBe(1);
  });
});

test('on the port of the management API who has the tag monitoring reads them', async () => {
  const metrics = async (login: string): Promise<readonly [number, string]> => {
    const headers = { authorization: `Basic ${btoa(login)}` };
    const response = await fetch(`${broker.managementUrl}/metrics`, { headers });
    return [response.status, await response.text()];
  };
  const [status, text] = await metrics('guest:guest');
  expect(status).toBe(200);
  expect(new Scraped(text).value('rabbitmq_build_info')).toBe(1);
  const admin = adminOf(broker);
  await admin.must('PUT', '/users/watcher', { password: 'p', tags: 'monitoring' });
  await admin.must('PUT', '/users/other', { password: 'p', tags: 'management' });
  expect((await metrics('watcher:p'))[0]).toBe(200);
  expect((await metrics('other:p'))[0]).toBe(401);
  expect((await fetch(`${broker.managementUrl}/metrics`)).status).toBe(401);
  expect((await fetch(`${broker.managementUrl}/api/metrics`)).status).toBe(404);
});

test('the port is among those that are listened on', async () => {
  const port = Number(new URL(broker.metricsUrl ?? '').port);
  const admin = adminOf(broker);
  const { listeners } = (await admin.get('/overview')).json as { readonly listeners: readonly unknown[] };
  expect(listeners).toContainEqual(
    expect.objectContaining({ protocol: 'http/prometheus', port, tls: false }),
  );
  expect((await admin.get(`/health/checks/port-listener/${port}`)).status).toBe(200);
  expect((await admin.get('/health/checks/protocol-listener/http%2Fprometheus')).status).toBe(200);
});

test('a broker with a data directory tells of its commits and pages, and later of its loop', async () => {
  const durable = await startTestBroker({ metricsPort: 0, data: await temporaryDirectory() });
  const read = async (): Promise<Scraped> =>
    new Scraped(await (await fetch(durable.metricsUrl ?? '')).text());
  const first = await read();
  expect(first.value('leveret_commit_latency_seconds_count')).toBeGreaterThan(0);
  expect(first.value('leveret_commit_latency_seconds_bucket', { le: '+Inf' })).toBe(
    first.value('leveret_commit_latency_seconds_count'),
  );
  expect(first.value('leveret_commit_bytes_sum')).toBe(0); // only definitions so far
  expect(first.value('leveret_store_disk_bytes')).toBe(0);
  expect(first.types.get('leveret_event_loop_delay_seconds')).toBe('summary'); // only they may have quantiles
  expect(first.value('leveret_event_loop_delay_seconds', { quantile: '1' })).toBeUndefined();
  await new Promise((resolve) => setTimeout(resolve, 50)); // the loop has to go round for something to be measured
  expect((await read()).value('leveret_event_loop_delay_seconds', { quantile: '1' })).toBeGreaterThanOrEqual(
    0,
  );
  await durable.stop();
});
