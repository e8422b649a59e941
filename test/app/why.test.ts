import type { Duplex } from 'node:stream';
import { connect } from 'amqplib';
import type { Channel, ChannelModel } from 'amqplib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { QuestionError } from '../../src/index.ts';
import type { RunningBroker } from '../../src/index.ts';
import { startTestBroker } from '../support/broker.ts';

interface Peer {
  readonly broker: RunningBroker;
  readonly connection: ChannelModel;
  readonly channel: Channel;
}

/** A broker whose clock is moved by hand, and a client of it. */
async function start(): Promise<Peer> {
  const broker = await startTestBroker({ clock: 'manual' });
  onTestFinished(() => broker.stop());
  const connection = await connect(broker.url);
  onTestFinished(() => connection.close());
  return { broker, connection, channel: await connection.createChannel() };
}

/** What was sent before this has arrived. */
const settled = (channel: Channel, queue: string): Promise<unknown> => channel.checkQueue(queue);

const ignore = (): void => {};

test('an empty queue', async () => {
  const { broker, channel } = await start();
  await channel.assertQueue('q');
  expect(broker.why('q')).toEqual({
    vhost: '/',
    queue: 'q',
    time: broker.clock.now(),
    reasons: [{ id: 'empty', text: 'There is no message in the queue.' }],
    ready: 0,
    unacked: 0,
    consumers: [],
    holders: [],
    message: undefined,
  });
});

test('no consumer, and who alone could be one', async () => {
  const { broker, channel } = await start();
  await channel.assertQueue('q', { exclusive: true });
  channel.sendToQueue('q', Buffer.from('a'));
  await settled(channel, 'q');
  const [reason] = broker.why('q').reasons;
  expect(reason?.id).toBe('no consumer');
  expect(reason?.text).toMatch(
    /^The queue has no consumer\. The queue is exclusive: only 127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+ may consume it\.$/,
  );
});

describe('consumers that cannot take it', () => {
  test('have all that their prefetch allows', async () => {
    const { broker, channel } = await start();
    await channel.assertQueue('q');
    await channel.prefetch(1);
    await channel.consume('q', ignore, { consumerTag: 'slow' });
    for (const id of ['one', 'two']) channel.sendToQueue('q', Buffer.from(id), { messageId: id });
    await settled(channel, 'q');
    const { reasons, consumers, holders, ready, unacked } = broker.why('q');
    expect([ready, unacked]).toEqual([1, 1]);
    expect(reasons.map(({ id }) => id)).toEqual(['consumers cannot take it', 'handed out']);
    expect(reasons[0]?.text).toBe(
      "No consumer can take a message now: 'slow' has 1 unacked, which is all its prefetch allows.",
    );
    expect(consumers).toMatchObject([{ tag: 'slow', channel: 1, user: 'guest', unacked: 1, prefetch: 1 }]);
    expect(holders).toMatchObject([{ tag: 'slow', channel: 1, unacked: 1 }]);
    expect(broker.why('q', { messageId: 'one' }).message?.text).toMatch(
      /^Consumer 'slow' has it on channel 1 of /,
    );
    expect(broker.why('q', { messageId: 'two' }).message).toMatchObject({ state: 'ready', ahead: 0 });
  });

  test('share the prefetch of their channel', async () => {
    const { broker, channel } = await start();
    await channel.assertQueue('q');
    await channel.prefetch(1, true);
    await channel.consume('q', ignore, { consumerTag: 'shared' });
    for (const body of ['a', 'b']) channel.sendToQueue('q', Buffer.from(body));
    await settled(channel, 'q');
    expect(broker.why('q').consumers[0]?.obstacle).toBe(
      'is on a channel with 1 unacked, which is all the prefetch of the channel allows',
    );
  });

  test('wait for the single active one', async () => {
    const { broker, channel } = await start();
    await channel.assertQueue('q', { arguments: { 'x-single-active-consumer': true } });
    await channel.prefetch(1);
    await channel.consume('q', ignore, { consumerTag: 'first' });
    await channel.consume('q', ignore, { consumerTag: 'second' });
    for (const body of ['a', 'b']) channel.sendToQueue('q', Buffer.from(body));
    await settled(channel, 'q');
    expect(broker.why('q').consumers.map(({ tag, obstacle }) => [tag, obstacle])).toEqual([
      ['first', 'has 1 unacked, which is all its prefetch allows'],
      ['second', 'waits until the single active consumer is gone'],
    ]);
  });

  test('do not read', async () => {
    const { broker, connection, channel } = await start();
    await channel.assertQueue('q');
    const reader = await connect(broker.url);
    const { stream } = reader.connection as unknown as { stream: Duplex };
    onTestFinished(() => {
      stream.destroy();
    });
    reader.on('error', ignore);
    await (await reader.createChannel()).consume('q', ignore, { noAck: true, consumerTag: 'deaf' });
    stream.removeAllListeners('readable'); // nothing takes what comes
    const confirming = await connection.createConfirmChannel();
    const body = Buffer.alloc(4 * 1024 * 1024);
    for (let n = 0; n < 10; n++) confirming.sendToQueue('q', body);
    await confirming.waitForConfirms();
    expect(broker.why('q').consumers[0]?.obstacle).toMatch(
      /^does not read: \d+ bytes wait to be sent to it$/,
    );
  });
});

test('a head that is not due keeps others, which have expired (EXP-01)', async () => {
  const { broker, channel } = await start();
  await channel.assertQueue('q', { deadLetterExchange: '', deadLetterRoutingKey: 'late' });
  channel.sendToQueue('q', Buffer.from('head'), { expiration: 60_000 });
  channel.sendToQueue('q', Buffer.from('short'), { expiration: 1_000, messageId: 'short' });
  await settled(channel, 'q');
  const due = broker.clock.now() + 60_000;
  await broker.clock.advance('10s');
  const { reasons, message } = broker.why('q', { messageId: 'short' });
  expect(reasons.map(({ id, until }) => [id, until])).toEqual([
    ['no consumer', undefined],
    ['head expires later', due],
    ['behind the head', due],
  ]);
  expect(reasons[1]?.text).toContain('goes to the default exchange');
  expect(message).toMatchObject({
    ahead: 1,
    expires: due - 59_000,
    text: 'One message stands before it. It has expired, and leaves when the first one does.',
  });
});

test('an exchange holds it back', async () => {
  const { broker, channel } = await start();
  await channel.assertQueue('q');
  await channel.assertExchange('later', 'x-delayed-message', { arguments: { 'x-delayed-type': 'fanout' } });
  await channel.bindQueue('q', 'later', '');
  channel.publish('later', '', Buffer.from('a'), { headers: { 'x-delay': 5_000 } });
  await settled(channel, 'q');
  expect(broker.why('q').reasons).toMatchObject([
    { id: 'held back by an exchange', text: expect.stringContaining("exchange 'later'") },
  ]);
});

test('it died, and nobody has taken it (DLX-14)', async () => {
  const { broker, channel } = await start();
  await channel.assertQueue('q', {
    deadLetterExchange: 'nowhere',
    messageTtl: 1_000,
    arguments: {
      'x-queue-type': 'quorum',
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    },
  });
  channel.sendToQueue('q', Buffer.from('a'), { messageId: 'a' });
  await settled(channel, 'q');
  await broker.clock.advance('2s');
  const { reasons, message } = broker.why('q', { messageId: 'a' });
  expect(reasons.map(({ id }) => id)).toEqual(['dead and kept']);
  expect(message).toMatchObject({ state: 'dead and kept', text: expect.stringContaining('(expired)') });
});

test('it came back and is tried again later (DLV-09)', async () => {
  const { broker, channel } = await start();
  await channel.assertQueue('q', {
    arguments: { 'x-queue-type': 'quorum', 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 5_000 },
  });
  channel.sendToQueue('q', Buffer.from('a'), { messageId: 'a' });
  const got = await channel.get('q');
  if (got !== false) channel.nack(got);
  await settled(channel, 'q');
  const until = broker.clock.now() + 5_000;
  const { reasons, message } = broker.why('q', { messageId: 'a' });
  expect(reasons).toMatchObject([{ id: 'retried later', until }]);
  expect(message).toMatchObject({ state: 'retried later', until });
});

test('what was fetched is with whoever fetched it', async () => {
  const { broker, channel } = await start();
  await channel.assertQueue('q');
  channel.sendToQueue('q', Buffer.from('a'), { messageId: 'a' });
  await channel.get('q');
  const { reasons, message } = broker.why('q', { messageId: 'a' });
  expect(reasons[0]?.text).toMatch(
    /^A message is handed out and not settled: 1 with who fetched them of 127/,
  );
  expect(message?.text).toMatch(/^It was fetched on channel 1 of /);
});

test('a message that is not there, a queue and a vhost that are not there', async () => {
  const { broker, channel } = await start();
  await channel.assertQueue('work');
  expect(broker.why('work', { messageId: 'x' }).message).toMatchObject({ state: 'not here' });
  expect(() => broker.why('wrk')).toThrow(new QuestionError('queue', 'wrk', ['work']));
  expect(() => broker.why('work', { vhost: 'v' })).toThrow("there is no vhost 'v'; there are: /");
});
