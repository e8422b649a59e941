import { connect } from 'amqplib';
import type { ConfirmChannel, ChannelModel } from 'amqplib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { testBroker } from '../../src/testing.ts';
import type { TestBroker, TestBrokerOptions } from '../../src/testing.ts';
import '../../src/testing/vitest.ts';
import { temporaryDirectory } from '../support/store.ts';

const BEGIN = Date.parse('2026-01-01T00:00:00Z');
const broker: TestBroker = await testBroker({ beforeEach, afterAll });

async function open(url = broker.url): Promise<{ connection: ChannelModel; channel: ConfirmChannel }> {
  const connection = await connect(url, { clientProperties: { connection_name: 'the test' } });
  return { connection, channel: await connection.createConfirmChannel() };
}

/** `work` rejects to `wait`, which gives back after 30 seconds. */
async function retry(channel: ConfirmChannel): Promise<void> {
  await channel.assertQueue('work', { deadLetterExchange: '', deadLetterRoutingKey: 'wait' });
  const back = { deadLetterExchange: '', deadLetterRoutingKey: 'work', messageTtl: 30_000 };
  await channel.assertQueue('wait', back);
}

async function send(channel: ConfirmChannel, queue: string, ...bodies: string[]): Promise<void> {
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body));
  await channel.waitForConfirms();
}

describe('before each test the broker is as it was at the beginning', () => {
  for (const time of ['first', 'second']) {
    test(`the ${time} time`, async () => {
      expect(broker.clock.isFrozen).toBe(true);
      expect(broker.clock.now()).toBe(BEGIN);
      expect(broker.view.queues()).toEqual([]);
      expect(broker.leftovers()).toEqual([]);
      const { channel } = await open();
      await retry(channel);
      await send(channel, 'wait', 'a');
      broker.faults.add({ kind: 'withhold-confirm' });
      await broker.clock.advance('10s');
      broker.clock.autoAdvance = true;
      if (time === 'first') broker.clock.resume();
    });
  }

  test('and what a test left behind is gone', () => {
    expect(broker.faults.list()).toEqual([]);
    expect(broker.clock.autoAdvance).toBe(false);
    expect(broker.timeline()).toBe('nothing happened to any message');
  });
});

test('a reset does not wait for a client that never comes to rest', async () => {
  const { channel } = await open();
  await channel.assertQueue('q');
  await channel.consume('q', (message) => message !== null && channel.nack(message));
  channel.sendToQueue('q', Buffer.from('again and again'));
  await channel.waitForConfirms();
  await broker.reset();
  expect(broker.leftovers()).toEqual([]);
});

test('a broker with a data directory is none for tests', async () => {
  const options = { data: await temporaryDirectory() } as TestBrokerOptions;
  await expect(testBroker(options)).rejects.toThrow('a broker with a data directory has no snapshots');
});

test('vhosts of their own keep tests apart that run side by side', async () => {
  const vhosts = [broker.vhost(), broker.vhost()] as const;
  await Promise.all(
    vhosts.map(async (vhost) => {
      const { channel } = await open(vhost.url);
      await retry(channel);
      await send(channel, 'wait', vhost.name);
    }),
  );
  expect(vhosts[0].queue('wait')).toHaveMessages([vhosts[0].name]);
  expect(vhosts[1].queue('wait')).toHaveMessages([vhosts[1].name]);
  expect(broker.queue('wait').view).toBeUndefined();
  expect(vhosts[0].leftovers().map(({ kind }) => kind)).toEqual(['connection', 'ready']);
  vhosts[0].delete();
  await broker.idle();
  vhosts[0].expectNothingLeft();
  expect(vhosts[0].timeline()).not.toContain(vhosts[1].name);
  expect(vhosts[1].timeline()).toContain(`"${vhosts[1].name}"`);
});

describe('waiting for a queue', () => {
  test('resolves when it is as wanted, whatever made it so', async () => {
    const queue = broker.queue('work');
    const misspelt: object = { redy: 1 };
    await expect(queue.until(misspelt)).rejects.toThrow(
      'until knows no "redy", only ready, unacked, consumers, exists',
    );
    const declared = queue.until({ exists: true, consumers: 0 });
    const { channel } = await open();
    await retry(channel);
    await declared;
    const full = queue.until({ ready: 2 });
    await send(channel, 'work', 'a', 'b');
    await full;
    const consumed = queue.until({ ready: 0, unacked: 2, consumers: 1 });
    await channel.consume('work', () => {});
    await consumed;
    channel.nackAll(false);
    await queue.untilEmpty();
    await broker.queue('wait').until({ ready: 2 });
  });

  test('fails with what it looks like and what happened meanwhile', async () => {
    const { channel } = await open();
    await retry(channel);
    await send(channel, 'wait', 'order 42');
    await expect(broker.queue('wait').until({ ready: 2 }, { timeout: 20 })).rejects.toThrow(
      [
        'queue wait did not have { ready: 2 } within 20 ms',
        '',
        'queue wait at 00:00.000: 1 ready, 0 unacked, 0 consumers, the head expires at 00:30.000',
        'The queue has no consumer.',
        'Unless somebody takes it before, the first message expires and goes to the default exchange.',
        '',
        'message 1 "order 42"',
        "  00:00.000  published to the default exchange with key 'wait' -> wait",
        '  00:00.000  waits in wait, until 00:30.000 at most',
      ].join('\n'),
    );
    await expect(broker.queue('wiat').untilEmpty({ timeout: 20 })).rejects.toThrow(
      'there is no queue wiat; there are work, wait',
    );
  });
});

describe('what is left over', () => {
  test('is named', async () => {
    const { channel } = await open();
    await retry(channel);
    await channel.assertQueue('mine', { exclusive: true });
    await channel.assertExchange('later', 'x-delayed-message', { arguments: { 'x-delayed-type': 'fanout' } });
    channel.publish('later', '', Buffer.from('x'), { headers: { 'x-delay': 60_000 } });
    await send(channel, 'wait', 'a', 'b', 'c', 'd');
    await send(channel, 'work', 'held');
    await channel.consume('work', () => {}, { consumerTag: 'tag' });
    await broker.idle();
    expect(broker.leftovers().map(({ text }) => text.replace(/127\S+ -> \S+/, 'NAME'))).toEqual([
      'connection NAME (the test) in vhost / with 1 channels',
      'consumer tag of queue work',
      'queue work has 1 unacked message: "held"',
      'queue wait has 4 ready messages: "a", "b", "c", ...',
      'queue mine is not durable',
      'exchange later holds back 1 message',
      'something is due at 00:30.000',
    ]);
    const allowed = ['connection', 'consumer', 'unacked', 'transient queue', 'delayed', 'deadline'] as const;
    expect(() => broker.expectNothingLeft({ except: allowed })).toThrow(
      'this is left over:\n  queue wait has 4 ready messages: "a", "b", "c", ...',
    );
    expect(() => broker.expectNothingLeft({ except: [...allowed, 'ready'] })).not.toThrow();
  });
});

test('a snapshot is a fixture that can be gone back to, with its time', async () => {
  const { channel } = await open();
  await retry(channel);
  await send(channel, 'wait', 'a');
  await broker.clock.advance('29s');
  const fixture = await broker.snapshot();
  for (let times = 0; times < 2; times++) {
    await broker.restore(fixture);
    expect(broker.clock.now()).toBe(BEGIN + 29_000);
    expect(broker.queue('wait')).toBeDelayedUntil('1s');
    await broker.clock.advance('1s');
    expect(broker.queue('work')).toHaveMessages(['a']);
  }
});
