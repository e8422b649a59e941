import assert from 'node:assert/strict';
import type { Channel } from '../support/channel.ts';
import type { Context } from '../support/context.ts';
import { deathLines, hold, rejectOnly } from '../support/deaths.ts';
import type { Table } from '../support/fields.ts';
import type { CaseOptions, Define } from '../support/suite.ts';

/** What makes a dead letter, and in which order they come. */
export function dying(test: Define): void {
  interface Way {
    readonly name: string;
    readonly reason: string;
    readonly args?: Table;
    readonly options?: Partial<CaseOptions>;
    readonly kill: (t: Context, source: string) => Promise<unknown>;
  }
  const ways: readonly Way[] = [
    {
      name: 'a message that is rejected without requeue dies rejected',
      reason: 'rejected',
      kill: (t, source) => sendAndSettle(t, source, (channel, tag) => channel.reject(tag, false)),
    },
    {
      name: 'a message that is nacked without requeue dies rejected',
      reason: 'rejected',
      kill: (t, source) => sendAndSettle(t, source, (channel, tag) => channel.nack(tag, false)),
    },
    {
      name: 'a message that is nacked together with others dies rejected',
      reason: 'rejected',
      kill: (t, source) => sendAndSettle(t, source, (channel, tag) => channel.nack(tag, false, true)),
    },
    {
      name: 'a message that waits longer than the TTL of its queue dies expired',
      reason: 'expired',
      args: { 'x-message-ttl': 50 },
      kill: (t, source) => t.send(source, 'a'),
    },
    {
      name: 'a message that waits longer than its own expiration dies expired',
      reason: 'expired',
      kill: (t, source) => t.send(source, 'a', { expiration: '50' }),
    },
    {
      name: 'a message that a longer queue drops at its head dies of maxlen',
      reason: 'maxlen',
      args: { 'x-max-length': 1 },
      kill: async (t, source) => [await t.send(source, 'a'), await t.send(source, 'b')],
    },
    {
      name: 'a message that a bigger queue drops at its head dies of maxlen',
      reason: 'maxlen',
      args: { 'x-max-length-bytes': 5 },
      kill: async (t, source) => [await t.send(source, 'a'), await t.send(source, '12345')],
    },
    {
      name: 'a message that a full queue with reject-publish-dlx refuses dies of maxlen',
      reason: 'maxlen',
      args: { 'x-max-length': 0, 'x-overflow': 'reject-publish-dlx' },
      kill: async (t, source) => assert.equal(await t.send(source, 'a'), 'nack'),
    },
    {
      name: 'a message that is rejected in a quorum queue dies rejected',
      reason: 'rejected',
      args: { 'x-queue-type': 'quorum' },
      options: { needs: ['quorum-queues'] },
      kill: (t, source) => sendAndSettle(t, source, (channel, tag) => channel.reject(tag, false)),
    },
    {
      name: 'a message that waits too long in a quorum queue dies expired',
      reason: 'expired',
      args: { 'x-queue-type': 'quorum', 'x-message-ttl': 50 },
      options: { needs: ['quorum-queues'] },
      kill: (t, source) => t.send(source, 'a'),
    },
    {
      name: 'a message that a longer quorum queue drops at its head dies of maxlen',
      reason: 'maxlen',
      args: { 'x-queue-type': 'quorum', 'x-max-length': 1 },
      options: { needs: ['quorum-queues'] },
      kill: async (t, source) => [await t.send(source, 'a'), await t.send(source, 'b')],
    },
    {
      name: 'a message that was given back too often dies of the delivery limit',
      reason: 'delivery_limit',
      args: { 'x-queue-type': 'quorum', 'x-delivery-limit': 0 },
      options: { needs: ['quorum-queues'] },
      kill: (t, source) => sendAndSettle(t, source, (channel, tag) => channel.reject(tag, true)),
    },
  ];
  for (const { name, reason, args = {}, options = {}, kill } of ways) {
    test(name, { ...options, rules: ['DLX-02'] }, async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead, args);
      await kill(t, source);
      const message = await t.take(dead);
      assert.equal(message.body, 'a');
      assert.deepEqual(deathLines(message), [`${source} ${reason} 1`]);
    });
  }

  test('ack, requeue, purge and delete make no dead letters', { rules: ['DLX-02'] }, async (t) => {
    const dead = await t.queue();
    const source = await t.deadLetteringTo(dead);
    for (const body of ['acked', 'purged']) await t.send(source, body);
    const control = await t.control();
    control.nack((await hold(t, source)).deliveryTag, true);
    assert.equal((await t.take(source)).body, 'acked');
    assert.equal(await t.purge(source), 1);
    await t.send(source, 'deleted');
    assert.equal(await t.deleteQueue(source), 1);
    await t.staysEmpty(dead);
  });

  test('the empty name as dead-letter exchange is the default exchange', { rules: ['DLX-01'] }, async (t) => {
    const dead = await t.queue();
    const source = await t.deadLetteringTo(dead);
    await t.send(source, 'a');
    await rejectOnly(t, source);
    const { body, exchange, routingKey } = await t.take(dead);
    assert.deepEqual({ body, exchange, routingKey }, { body: 'a', exchange: '', routingKey: dead });
  });

  test('a dead letter goes to the exchange its queue names', { rules: ['DLX-01'] }, async (t) => {
    const exchange = await t.exchange('direct');
    const [dead, source] = [await t.queue(), await t.queue({ 'x-dead-letter-exchange': exchange })];
    await t.bind(dead, exchange, source);
    await t.send(source, 'a');
    await rejectOnly(t, source);
    const message = await t.take(dead);
    assert.deepEqual([message.body, message.exchange], ['a', exchange]);
  });

  test('rejects are dead-lettered in the order in which they were sent', { rules: ['DLX-08'] }, async (t) => {
    const { dead, control, tags } = await heldMessages(t, ['a', 'b', 'c', 'd']);
    for (const at of [2, 0, 3, 1]) control.reject(tags[at] ?? 0, false);
    assert.deepEqual(await t.takeBodies(dead, 4), ['c', 'a', 'd', 'b']);
  });

  test(
    'a nack of many dead-letters by delivery tag, the lowest first, and leaves later ones alone',
    { rules: ['DLX-08'] },
    async (t) => {
      const { dead, control, tags } = await heldMessages(t, ['a', 'b', 'c', 'd', 'e']);
      control.nack(tags[2] ?? 0, false, true);
      control.nack(tags[4] ?? 0, false);
      control.nack(tags[3] ?? 0, false);
      assert.deepEqual(await t.takeBodies(dead, 5), ['a', 'b', 'c', 'e', 'd']);
    },
  );

  test('a nack of all dead-letters by delivery tag, the lowest first', { rules: ['DLX-08'] }, async (t) => {
    const dead = await t.queue();
    const source = await t.deadLetteringTo(dead);
    const [consumer, consumerOfDead] = [await t.consume(source), await t.consume(dead, { noAck: true })];
    const bodies = await sendMany(t, source);
    await consumer.bodies(bodies.length);
    consumer.channel.nack(0, false, true);
    assert.deepEqual(await consumerOfDead.bodies(bodies.length), bodies);
  });

  test('messages that expire together are dead-lettered in their order', { rules: ['DLX-08'] }, async (t) => {
    const dead = await t.queue();
    const source = await t.deadLetteringTo(dead, { 'x-message-ttl': 200 });
    const consumerOfDead = await t.consume(dead, { noAck: true });
    const bodies = await sendMany(t, source);
    assert.deepEqual(await consumerOfDead.bodies(bodies.length), bodies);
  });

  test('dropped heads are dead-lettered from the oldest on', { rules: ['DLX-08'] }, async (t) => {
    const dead = await t.queue();
    const source = await t.deadLetteringTo(dead, { 'x-max-length': 2 });
    for (const body of ['a', 'b', 'c', 'd', 'e']) await t.send(source, body);
    assert.deepEqual(await t.takeBodies(dead, 3), ['a', 'b', 'c']);
    assert.deepEqual(await t.drain(source), ['d', 'e']);
  });

  test(
    'heads that one big message drops are dead-lettered from the oldest on',
    { rules: ['DLX-08'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead, { 'x-max-length-bytes': 10 });
      for (const body of ['aa', 'bb', 'cc', 'dd', '12345678']) await t.send(source, body);
      assert.deepEqual(await t.takeBodies(dead, 3), ['aa', 'bb', 'cc']);
      assert.deepEqual(await t.drain(source), ['dd', '12345678']);
    },
  );

  test(
    'heads that a new policy drops all at once are dead-lettered from the oldest on',
    { rules: ['DLX-08'], needs: ['management'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      for (const body of ['a', 'b', 'c', 'd', 'e']) await t.send(source, body);
      await t.policy({ definition: { 'max-length': 1 }, pattern: `^${source}$`, applyTo: 'queues' });
      assert.deepEqual(await t.takeBodies(dead, 4), ['a', 'b', 'c', 'd']);
      assert.deepEqual(await t.drain(source), ['e']);
    },
  );

  test('a reject in a transaction dead-letters at its commit', { rules: ['DLX-11'] }, async (t) => {
    const { dead, source, channel, tag } = await inTransaction(t);
    channel.reject(tag, false);
    await channel.settled();
    await t.staysEmpty(dead);
    await channel.call('tx.commit');
    const message = await t.take(dead);
    assert.deepEqual(deathLines(message), [`${source} rejected 1`]);
  });

  test('a reject that is rolled back makes no dead letter', { rules: ['DLX-11'] }, async (t) => {
    const { dead, source, channel, tag } = await inTransaction(t);
    channel.reject(tag, false);
    await channel.call('tx.rollback');
    channel.ack(tag);
    await channel.call('tx.commit');
    assert.equal(await t.get(source), undefined);
    await t.staysEmpty(dead);
  });
}

async function sendAndSettle(
  t: Context,
  queue: string,
  settle: (channel: Channel, tag: number) => void,
): Promise<void> {
  await t.send(queue, 'a');
  settle(await t.control(), (await hold(t, queue)).deliveryTag);
}

/** Publishes hundreds of messages at a time; their bodies in order. */
async function sendMany(t: Context, queue: string): Promise<readonly string[]> {
  const channel = await t.channel();
  const bodies = Array.from({ length: 600 }, (_, n) => `m${n}`);
  for (const body of bodies) channel.publish('', queue, body);
  return bodies;
}

/** Messages that were fetched and not settled, from a queue that dead-letters. */
async function heldMessages(
  t: Context,
  bodies: readonly string[],
): Promise<{ dead: string; control: Channel; tags: readonly number[] }> {
  const dead = await t.queue();
  const source = await t.deadLetteringTo(dead);
  const tags: number[] = [];
  for (const body of bodies) await t.send(source, body);
  for (const body of bodies) {
    const message = await hold(t, source);
    assert.equal(message.body, body);
    tags.push(message.deliveryTag);
  }
  return { dead, control: await t.control(), tags };
}

/** A channel with a transaction that holds the only message of a queue that dead-letters. */
async function inTransaction(
  t: Context,
): Promise<{ dead: string; source: string; channel: Channel; tag: number }> {
  const dead = await t.queue();
  const source = await t.deadLetteringTo(dead);
  await t.send(source, 'a');
  const channel = await t.channel();
  await channel.call('tx.select');
  const message = await channel.get(source, false);
  return { dead, source, channel, tag: message?.deliveryTag ?? 0 };
}
