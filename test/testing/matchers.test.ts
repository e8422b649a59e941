import { AssertionError } from 'node:assert';
import { connect } from 'amqplib';
import type { ConfirmChannel } from 'amqplib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { assertThat, testBroker } from '../../src/testing.ts';
import '../../src/testing/vitest.ts';

const broker = await testBroker({ beforeEach, afterAll });
const work = broker.queue('work');
const wait = broker.queue('wait');

async function retryOnce(): Promise<ConfirmChannel> {
  const channel = await (await connect(broker.url)).createConfirmChannel();
  await channel.assertExchange('retry', 'fanout');
  await channel.assertQueue('work', { deadLetterExchange: 'retry' });
  await channel.assertQueue('wait', {
    deadLetterExchange: '',
    deadLetterRoutingKey: 'work',
    messageTtl: 30_000,
  });
  await channel.bindQueue('wait', 'retry', '');
  channel.sendToQueue('work', Buffer.from('{"order":42}'), { contentType: 'application/json' });
  await channel.waitForConfirms();
  const message = await channel.get('work');
  if (message !== false) channel.reject(message, false);
  await broker.idle();
  return channel;
}

/** What a failed expectation says. */
function failure(expectation: () => void): string {
  try {
    expectation();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it did not fail');
}

const TIMELINE = [
  'message 1 "{\\"order\\":42}"',
  "  00:00.000  published to the default exchange with key 'work' -> work",
  '  00:00.000  waits in work',
  '  00:00.000  fetched from work',
  '  00:00.000  rejected in work',
  "  00:00.000  dead-lettered (rejected) from work to exchange 'retry' with key 'work' -> wait",
  '  00:00.000  waits in wait, until 00:30.000 at most',
].join('\n');

describe('matchers', () => {
  test('pass where it is so, and their opposites where it is not', async () => {
    await retryOnce();
    expect(work).toBeEmpty();
    expect(wait).not.toBeEmpty();
    expect(wait).toHaveMessages(1);
    expect(wait).toHaveMessages([{ order: 42 }]);
    expect(wait).toHaveMessages([expect.objectContaining({ order: expect.any(Number) })]);
    expect(wait).not.toHaveMessages([{ order: 43 }]);
    expect(work).toHaveDeadLettered();
    expect(work).toHaveDeadLettered({ to: 'wait', reason: 'rejected', count: 1 });
    expect(work).not.toHaveDeadLettered({ reason: 'expired' });
    expect(work).toHaveDeadLettered({ to: 'other', count: 0 });
    expect(broker).toHaveDeadLettered({ queue: 'work', reason: 'rejected', count: 1 });
    expect(broker).not.toHaveDeadLettered({ queue: 'wait' });
    expect(broker.vhost()).not.toHaveDeadLettered();
    expect(wait.messages()[0]).toHaveDeadLettered({ queue: 'work', reason: 'rejected', count: 1 });
    expect(wait.messages()[0]).not.toHaveDeadLettered({ queue: 'work', count: 2 });
    expect(wait).toBeDelayedUntil('30s');
    expect(wait).toBeDelayedUntil('2026-01-01T00:00:30Z');
    expect(wait.messages()[0]).toBeDelayedUntil(new Date('2026-01-01T00:00:30Z'));
    expect(work).not.toBeDelayedUntil('30s');
  });

  test.each([
    [
      'toBeEmpty',
      () => expect(wait).toBeEmpty(),
      'expected queue wait to be empty',
      'queue wait at 00:00.000: 1 ready, 0 unacked, 0 consumers, the head expires at 00:30.000',
    ],
    [
      'not.toHaveMessages',
      () => expect(wait).not.toHaveMessages(1),
      'expected queue wait not to have 1 ready messages',
      'queue wait at 00:00.000: 1 ready, 0 unacked, 0 consumers, the head expires at 00:30.000',
    ],
    [
      'toHaveMessages',
      () => expect(work).toHaveMessages(['a']),
      'expected queue work to have ["a"] ready: it has []',
      'queue work at 00:00.000: 0 ready, 0 unacked, 0 consumers',
    ],
    [
      'toHaveDeadLettered',
      () => expect(work).toHaveDeadLettered({ to: 'wait', reason: 'expired', count: 2 }),
      'expected queue work to have dead-lettered 2 messages as expired to wait: it dead-lettered 0 like that',
      'queue work at 00:00.000: 0 ready, 0 unacked, 0 consumers',
    ],
    [
      'toBeDelayedUntil',
      () => expect(wait).toBeDelayedUntil('10s'),
      'expected queue wait to have a head that expires at 00:10.000: it is at 00:30.000',
      'queue wait at 00:00.000: 1 ready, 0 unacked, 0 consumers, the head expires at 00:30.000',
    ],
  ])('%s fails with what happened to the message', async (_name, expectation, ...lines) => {
    await retryOnce();
    expect(failure(expectation)).toBe([...lines, TIMELINE].join('\n\n'));
  });

  test('refuse an expectation they do not know, which would be passed over', () => {
    const misspelt: object = { reson: 'expired' };
    expect(() => expect(work).not.toHaveDeadLettered(misspelt)).toThrow(
      'toHaveDeadLettered knows no "reson", only queue, reason, to, count',
    );
  });

  test('of a message look at the history that came with it, whoever received it', async () => {
    const channel = await retryOnce();
    await broker.clock.advance('30s');
    const message = await channel.get('work');
    expect(message).toHaveDeadLettered({ queue: 'wait', reason: 'expired', count: 1 });
    expect(message).not.toHaveDeadLettered({ queue: 'work', reason: 'expired' });
    if (message !== false) assertThat(message).toHaveDeadLettered({ count: 2 });
    const headers = { 'x-death': [{ queue: 'jobs', reason: 'rejected', count: 3 }] };
    expect({ headers }).toHaveDeadLettered({ queue: 'jobs', count: 3 });
    expect({ properties: {} }).not.toHaveDeadLettered();
    expect(
      failure(() => expect({ headers }).toHaveDeadLettered({ reason: 'expired', queue: 'jobs', count: 1 })),
    ).toBe(
      'expected a message to have died 1 times as expired in jobs; it did 0 times\n  jobs: rejected, 3 times',
    );
    expect(() => expect({ headers }).toHaveDeadLettered({ to: 'work' })).toThrow('does not know who got it');
  });

  test('of a broker tell what happened in it', async () => {
    await retryOnce();
    expect(failure(() => expect(broker).toHaveDeadLettered({ queue: 'wait' }))).toBe(
      `expected the broker to have dead-lettered any messages in wait: it dead-lettered 0 like that\n\n${TIMELINE}`,
    );
  });

  test('a queue that does not exist is not empty, and those that do are named', async () => {
    await retryOnce();
    const text = failure(() => expect(broker.queue('wrok')).toBeEmpty());
    expect(text).toContain('there is no queue wrok; there are work, wait');
  });

  test('say what they are for when they are asked of something else', async () => {
    expect(() => expect('work').toBeEmpty()).toThrow("expect(broker.queue('name')).toBeEmpty(...)");
    expect(() => expect(7).toBeDelayedUntil('1s')).toThrow(
      'for a queue of a test broker, or one of its messages()',
    );
    expect(() => expect(7).toHaveDeadLettered()).toThrow('for a queue, a vhost, a test broker, or a message');
    await retryOnce();
    expect(() => expect(wait.messages()[0]).toBeDelayedUntil('1s')).toThrow('use its queue');
    expect(() => expect(wait).toBeDelayedUntil('soon')).toThrow("'soon' is not a moment");
  });

  test('without a runner throw what node:assert throws', async () => {
    await retryOnce();
    assertThat(work).toBeEmpty();
    assertThat(wait).not.toBeEmpty();
    assertThat(wait).toHaveMessages([{ order: 42 }]);
    assertThat(work).toHaveDeadLettered({ count: 1 });
    assertThat(wait.messages()[0]).toBeDelayedUntil('2026-01-01T00:00:30Z');
    expect(() => assertThat(work).not.toBeEmpty()).toThrow(AssertionError);
    expect(() => assertThat(wait).toHaveMessages(2)).toThrow('expected queue wait to have 2 ready messages');
    expect(() => assertThat(work).not.toHaveDeadLettered()).toThrow(AssertionError);
    expect(() => assertThat(wait).toBeDelayedUntil('1s')).toThrow(AssertionError);
  });
});

test('a timeline tells the way of a message through delays, deaths and losses', async () => {
  const channel = await retryOnce();
  await channel.assertExchange('later', 'x-delayed-message', { arguments: { 'x-delayed-type': 'direct' } });
  await channel.bindQueue('work', 'later', 'k');
  channel.publish('later', 'k', Buffer.from([0xff, 0]), { headers: { 'x-delay': 3_600_000 }, expiration: 5 });
  channel.publish('later', 'other', Buffer.from('lost'));
  await channel.waitForConfirms();
  await channel.consume('work', (message) => message !== null && channel.ack(message), {
    consumerTag: 'tag',
  });
  await broker.clock.advance('1h');
  expect(work.timeline()).toBe(
    [
      TIMELINE,
      '  00:30.000  expired in wait',
      "  00:30.000  dead-lettered (expired) from wait to the default exchange with key 'work' -> work",
      '  00:30.000  waits in work',
      '  00:30.000  delivered from work to tag',
      '  00:30.000  acked, and gone from work',
      'message 3 (2 bytes)',
      "  00:00.000  published to exchange 'later' with key 'k'",
      "  00:00.000  held back by exchange 'later' until 01:00:00.000",
      '  01:00:00.000  let go by its exchange -> work',
      '  01:00:00.000  waits in work, until 01:00:00.005 at most',
      '  01:00:00.000  delivered from work to tag',
      '  01:00:00.000  acked, and gone from work',
    ].join('\n'),
  );
  expect(broker.timeline()).toContain("published to exchange 'later' with key 'other', and no queue gets it");
});
