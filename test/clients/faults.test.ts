import { once } from 'node:events';
import { connect as connectManaged } from 'amqp-connection-manager';
import { connect } from 'amqplib';
import type { ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import { Connection } from 'rabbitmq-client';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { RunningBroker } from '../../src/index.ts';
import { startTestBroker } from '../support/broker.ts';

let broker: RunningBroker;

beforeEach(async () => {
  broker = await startTestBroker();
  return () => broker.stop();
});

/** A connection of amqplib, a confirm channel, and the queue `q`; what ends them is no error of the test. */
async function open(): Promise<[ConfirmChannel, ChannelModel]> {
  const connection = await connect(broker.url);
  connection.on('error', () => {});
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => {});
  await channel.assertQueue('q');
  return [channel, connection];
}

function send(channel: ConfirmChannel, body: string): void {
  channel.sendToQueue('q', Buffer.from(body));
}

/** The next deliveries of a consumer; null when it is cancelled. */
async function consume(channel: ConfirmChannel): Promise<() => Promise<ConsumeMessage | null>> {
  const arrived: (ConsumeMessage | null)[] = [];
  let wake = (): void => {};
  await channel.consume('q', (message) => {
    arrived.push(message);
    wake();
  });
  return async () => {
    while (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return arrived.shift() ?? null;
  };
}

async function depth(): Promise<number> {
  const [channel, connection] = await open();
  const { messageCount } = await channel.checkQueue('q');
  await connection.close();
  return messageCount;
}

describe('amqplib', () => {
  test('sees its connection reset in the middle of a publish', async () => {
    const [channel, connection] = await open();
    const fault = broker.faults.add({ kind: 'drop-connection', on: 'basic.publish', reset: true });
    const closed = new Promise((resolve) => connection.once('close', resolve));
    send(channel, 'a');
    await closed;
    expect([fault.count, await depth()]).toEqual([1, 0]);
  });

  test('waits in vain for a handshake that stalls', async () => {
    const fault = broker.faults.add({ kind: 'stall-connection', on: 'connection.start-ok' });
    await expect(connect(broker.url, { timeout: 300 })).rejects.toThrow('ETIMEDOUT');
    expect(fault.count).toBe(1);
    await (await connect(broker.url)).close();
  });

  test('is told why its connection is closed', async () => {
    const [, connection] = await open();
    const failed = once(connection, 'error') as Promise<[Error]>;
    broker.faults.add({ kind: 'close-connection', code: 541, text: 'maintenance' });
    expect((await failed)[0].message).toContain('INTERNAL_ERROR - maintenance');
  });

  test('is refused a login with the right password', async () => {
    broker.faults.add({ kind: 'refuse-login', user: 'guest' });
    await expect(connect(broker.url)).rejects.toThrow('ACCESS_REFUSED');
    await (await connect(broker.url)).close();
  });

  test('is told why its channel is closed', async () => {
    const [channel] = await open();
    const failed = once(channel, 'error') as Promise<[Error]>;
    broker.faults.add({
      kind: 'close-channel',
      on: 'basic.consume',
      queue: 'q',
      code: 403,
      text: 'not today',
    });
    await expect(channel.consume('q', () => {})).rejects.toThrow('ACCESS_REFUSED - not today');
    expect((await failed)[0].message).toContain('ACCESS_REFUSED - not today');
  });

  test('hears that a message was not taken', async () => {
    const [channel] = await open();
    broker.faults.add({ kind: 'nack-confirm', queue: 'q' });
    send(channel, 'a');
    await expect(channel.waitForConfirms()).rejects.toThrow('nacked');
    expect(await depth()).toBe(0);
  });

  test('waits for a confirm that is withheld, on the clock of the broker', async () => {
    await broker.stop();
    broker = await startTestBroker({ clock: 'manual' });
    const [channel] = await open();
    broker.faults.add({ kind: 'withhold-confirm', delay: 3_600_000 });
    let isConfirmed = false;
    channel.sendToQueue('q', Buffer.from('a'), {}, () => (isConfirmed = true));
    await broker.clock.advance('59m');
    expect([isConfirmed, await depth()]).toEqual([false, 1]);
    await broker.clock.advance('1m');
    expect(isConfirmed).toBe(true);
  });

  test('gets back what could have been routed', async () => {
    const [channel] = await open();
    broker.faults.add({ kind: 'return-message', queue: 'q' });
    const returned = once(channel, 'return') as Promise<[ConsumeMessage]>;
    channel.sendToQueue('q', Buffer.from('a'), { mandatory: true });
    expect((await returned)[0].content.toString()).toBe('a');
    expect(await depth()).toBe(0);
  });

  test('puts together what comes in pieces', async () => {
    const [channel] = await open();
    const body = 'x'.repeat(500);
    send(channel, body);
    await channel.waitForConfirms();
    const fault = broker.faults.add({ kind: 'fragment-output', size: 7, times: 'always' });
    const got = await channel.get('q');
    expect(got === false ? '' : got.content.toString()).toBe(body);
    expect(fault.count).toBeGreaterThan(0);
  });

  test('is told that it is blocked, and that it is no more', async () => {
    const [channel, connection] = await open();
    const blocked = once(connection, 'blocked') as Promise<[string]>;
    const fault = broker.faults.add({ kind: 'block-connection', reason: 'low on disk' });
    expect((await blocked)[0]).toBe('low on disk');
    const unblocked = once(connection, 'unblocked');
    send(channel, 'a');
    fault.remove();
    await unblocked;
    await channel.waitForConfirms();
    expect(await depth()).toBe(1);
  });

  test('is told that its consumer is cancelled', async () => {
    const [channel] = await open();
    const next = await consume(channel);
    broker.faults.add({ kind: 'cancel-consumer', queue: 'q' });
    expect(await next()).toBeNull();
  });

  test('gets a message twice, the second time as redelivered', async () => {
    const [channel] = await open();
    const next = await consume(channel);
    broker.faults.add({ kind: 'duplicate-delivery', queue: 'q' });
    send(channel, 'a');
    const both = [await next(), await next()] as ConsumeMessage[];
    expect(both.map(({ content, fields }) => [content.toString(), fields.redelivered])).toEqual([
      ['a', false],
      ['a', true],
    ]);
    for (const message of both) channel.ack(message);
    await channel.close();
    expect(await depth()).toBe(0);
  });

  test('gets again what it acked, when the ack was lost', async () => {
    const [channel] = await open();
    const next = await consume(channel);
    const fault = broker.faults.add({ kind: 'lose-ack' });
    send(channel, 'a');
    channel.ack((await next()) as ConsumeMessage);
    await fault.happened();
    await channel.close();
    expect(await depth()).toBe(1);
  });
});

describe('amqp-connection-manager', () => {
  test('comes back after a drop, and its consumer gets the message again', async () => {
    const manager = connectManaged(broker.url, { reconnectTimeInSeconds: 0.05 });
    onTestFinished(() => manager.close());
    const channel = manager.createChannel({ setup: (inner: ConfirmChannel) => inner.assertQueue('q') });
    const arrived = new Promise<ConsumeMessage>((resolve, reject) => {
      const take = (message: ConsumeMessage): void => {
        channel.ack(message);
        resolve(message);
      };
      channel.consume('q', take).catch(reject);
    });
    await channel.waitForConnect();
    const fault = broker.faults.add({ kind: 'drop-connection', on: 'deliver', queue: 'q', reset: true });
    await channel.sendToQueue('q', 'a').catch(() => {}); // its confirm may be lost with the connection
    const { content, fields } = await arrived;
    expect([fault.count, content.toString(), fields.redelivered]).toEqual([1, 'a', true]);
  });

  test('says what was not confirmed, and who sends it again has it twice', async () => {
    const manager = connectManaged(broker.url, { reconnectTimeInSeconds: 0.05 });
    onTestFinished(() => manager.close());
    const channel = manager.createChannel({ setup: (inner: ConfirmChannel) => inner.assertQueue('q') });
    await channel.waitForConnect();
    broker.faults.add({ kind: 'drop-connection', on: 'confirm', queue: 'q' });
    await expect(channel.sendToQueue('q', 'twice')).rejects.toThrow('channel closed');
    await channel.sendToQueue('q', 'twice');
    expect(await depth()).toBe(2);
  });

  test('tries until a login is no longer refused', async () => {
    const fault = broker.faults.add({ kind: 'refuse-login', times: 2 });
    const manager = connectManaged(broker.url, { reconnectTimeInSeconds: 0.05 });
    onTestFinished(() => manager.close());
    await once(manager, 'connect');
    expect([fault.count, fault.isOver]).toEqual([2, true]);
  });
});

describe('rabbitmq-client', () => {
  test('comes back after a reset, and its consumer with it', async () => {
    const client = new Connection({ url: broker.url, retryLow: 20, retryHigh: 50 });
    client.on('error', () => {});
    onTestFinished(() => client.close());
    const seen: string[] = [];
    const consumer = client.createConsumer({ queue: 'q', queueOptions: { durable: true } }, (message) => {
      seen.push(String(message.body));
      consumer.emit('seen');
    });
    consumer.on('error', () => {});
    onTestFinished(() => consumer.close());
    await once(consumer, 'ready');
    const again = once(consumer, 'ready');
    broker.faults.add({ kind: 'drop-connection', reset: true });
    await again;
    const arrived = once(consumer, 'seen');
    const publisher = client.createPublisher({ confirm: true });
    await publisher.send('q', 'a');
    await arrived;
    expect(seen).toEqual(['a']);
    await publisher.close();
  });

  test('says what was nacked, and what is sent again is taken', async () => {
    const client = new Connection(broker.url);
    client.on('error', () => {});
    onTestFinished(() => client.close());
    await client.queueDeclare({ queue: 'q', durable: true });
    const fault = broker.faults.add({ kind: 'nack-confirm', routingKey: 'q', times: 2 });
    const publisher = client.createPublisher({ confirm: true });
    for (let n = 0; n < 2; n++)
      await expect(publisher.send('q', 'a')).rejects.toThrow('message rejected by server');
    await publisher.send('q', 'a');
    await publisher.close();
    expect([fault.count, await depth()]).toEqual([2, 1]);
  });
});

test('the same seed and the same actions give the same faults', async () => {
  const rows: string[] = [];
  for (const seed of [42, 42, 43]) {
    broker.faults.clear();
    broker.faults.seed(seed);
    broker.faults.add({ kind: 'nack-confirm', times: 'always', probability: 0.3 });
    const [channel, connection] = await open();
    let row = '';
    for (let n = 0; n < 60; n++) {
      await new Promise<void>((resolve) => {
        channel.sendToQueue('q', Buffer.from(String(n)), {}, (error) => {
          row += error === null ? '-' : 'x';
          resolve();
        });
      });
    }
    rows.push(row);
    await connection.close();
  }
  expect(rows[0]).toBe(rows[1]);
  expect(rows[0]).not.toBe(rows[2]);
  expect(rows[0]).toMatch(/x/);
});
