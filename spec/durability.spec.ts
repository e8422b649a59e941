import assert from 'node:assert/strict';
import { Consumer } from './support/channel.ts';
import type { Context } from './support/context.ts';
import type { Table } from './support/fields.ts';
import { topic } from './support/suite.ts';

const persistent = { deliveryMode: 2 } as const;

export const durability = topic('durability', 'What outlives a restart', (test) => {
  test(
    'persistent messages of a durable queue outlive a restart in their order, transient ones do not',
    { rules: ['QUE-31', 'QUE-32', 'CNF-03'], needs: ['restart'] },
    async (t) => {
      const queue = await t.queue();
      for (const body of ['a', 'b', 'c']) {
        await t.send(queue, body, persistent);
        await t.send(queue, `${body} transient`);
      }
      await t.restart();
      assert.deepEqual(await t.drain(queue), ['a', 'b', 'c']);
    },
  );

  test(
    'a quorum queue keeps its transient messages over a restart',
    { rules: ['QUE-31'], needs: ['restart', 'quorum-queues'] },
    async (t) => {
      const queue = await t.queue({ 'x-queue-type': 'quorum' });
      await t.send(queue, 'transient', { deliveryMode: 1 });
      await t.restart();
      assert.equal((await t.take(queue)).body, 'transient');
    },
  );

  test(
    'a quorum queue remembers over a restart how often a message came back',
    { rules: ['DLV-05', 'QUE-31'], needs: ['restart', 'quorum-queues'] },
    async (t) => {
      const queue = await t.queue({ 'x-queue-type': 'quorum' });
      await t.send(queue, 'a');
      const channel = await t.channel();
      for (let n = 0; n < 2; n++) channel.reject((await channel.get(queue, false))?.deliveryTag ?? 0, true);
      await channel.settled();
      await t.restart();
      const { redelivered, headers } = await t.take(queue);
      assert.deepEqual([redelivered, headers['x-delivery-count']], [true, 2]);
    },
  );

  test(
    'a stream keeps its messages and their offsets over a restart',
    { rules: ['QUE-31', 'STR-14'], needs: ['restart', 'streams'] },
    async (t) => {
      const stream = await t.queue({ 'x-queue-type': 'stream' });
      for (const body of ['a', 'b']) await t.send(stream, body);
      await t.restart();
      const consumer = await consumeStream(t, stream);
      const messages = [await consumer.next(), await consumer.next()];
      assert.deepEqual(
        messages.map(({ body, headers }) => [body, headers['x-stream-offset']]),
        [
          ['a', 0],
          ['b', 1],
        ],
      );
    },
  );

  test(
    'a recovered message has its exchange, routing key, properties and body as before',
    { rules: ['QUE-32'], needs: ['restart'] },
    async (t) => {
      const exchange = await t.exchange('topic', {}, { durable: true });
      const queue = await t.queue();
      await t.bind(queue, exchange, 'a.#');
      const headers = { number: 5, text: 'x', nested: { list: [1, 'two', true, null] } };
      const properties = { ...persistent, headers, priority: 3, messageId: 'm', timestamp: 1_700_000_000 };
      await t.publish(exchange, 'a.b', Buffer.from([0, 255, 10]), properties);
      await t.restart();
      const message = await t.take(queue);
      assert.deepEqual([message.exchange, message.routingKey], [exchange, 'a.b']);
      assert.deepEqual(message.bytes, Buffer.from([0, 255, 10]));
      const { headers: typed, ...rest } = message.properties;
      assert.deepEqual(rest, { ...persistent, priority: 3, messageId: 'm', timestamp: 1_700_000_000 });
      assert.deepEqual(message.headers, headers);
      assert.equal(typed?.['number']?.tag, 'I');
    },
  );

  test(
    'what was unacked at a restart is ready again at its old place, marked as redelivered',
    { rules: ['QUE-32', 'QUE-33'], needs: ['restart'] },
    async (t) => {
      const queue = await t.queue();
      for (const body of ['a', 'b', 'c']) await t.send(queue, body, persistent);
      const consumer = await t.consume(queue, { prefetch: 2 });
      assert.deepEqual(await consumer.bodies(2), ['a', 'b']);
      await t.restart();
      const messages = [await t.take(queue), await t.take(queue), await t.take(queue)];
      const seen = messages.map(({ body, redelivered }) => ({ body, redelivered }));
      assert.deepEqual(seen, [
        { body: 'a', redelivered: true },
        { body: 'b', redelivered: true },
        { body: 'c', redelivered: false },
      ]);
    },
  );

  test(
    'what was acked, purged or deleted before a restart does not come back',
    { rules: ['QUE-34'], needs: ['restart'] },
    async (t) => {
      const [acked, purged, deleted] = [await t.queue(), await t.queue(), await t.queue()];
      for (const queue of [acked, purged, deleted]) await t.send(queue, 'x', persistent);
      assert.equal((await t.take(acked)).body, 'x');
      assert.equal(await t.purge(purged), 1);
      assert.equal(await t.deleteQueue(deleted), 1);
      await t.restart();
      assert.deepEqual([await t.count(acked), await t.count(purged)], [0, 0]);
      assert.equal(await t.hasQueue(deleted), false);
    },
  );

  test('an unbind outlives a restart', { rules: ['QUE-34'], needs: ['restart'] }, async (t) => {
    const exchange = await t.exchange('fanout', {}, { durable: true });
    const [bound, unbound] = [await t.queue(), await t.queue()];
    for (const queue of [bound, unbound]) await t.bind(queue, exchange);
    await t.unbind(unbound, exchange);
    await t.restart();
    await t.publish(exchange, '', 'x');
    assert.deepEqual([await t.count(bound), await t.count(unbound)], [1, 0]);
  });

  test(
    'the arguments of a queue outlive a restart: a redeclaration must still match them',
    { rules: ['QUE-34'], needs: ['restart'] },
    async (t) => {
      const queue = await t.queue({ 'x-message-ttl': 60_000 });
      await t.restart();
      const [received, current] = ['1', '60000'];
      const text = `PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue '${queue}' in vhost '/': received '${received}' but current is '${current}'`;
      await t.refuses(
        'queue.declare',
        { queue, durable: true, arguments: { 'x-message-ttl': 1 } },
        406,
        text,
      );
    },
  );

  test(
    'what was committed outlives a restart, what was not is gone',
    { rules: ['TXN-04', 'TXN-07'], needs: ['restart'] },
    async (t) => {
      const [filled, emptied] = [await t.queue(), await t.queue()];
      await t.send(emptied, 'acked in the open transaction', persistent);
      const channel = await t.channel();
      await channel.call('tx.select');
      channel.publish('', filled, 'committed', persistent);
      await channel.call('tx.commit');
      channel.publish('', filled, 'open', persistent);
      const message = await channel.get(emptied, false);
      channel.ack(message?.deliveryTag ?? 0);
      await channel.settled();
      await t.restart();
      assert.deepEqual(await t.drain(filled), ['committed']);
      assert.deepEqual(await t.drain(emptied), ['acked in the open transaction']);
    },
  );

  test('an exclusive queue is gone after a restart', { rules: ['QUE-31'], needs: ['restart'] }, async (t) => {
    const queue = await t.queue({}, { exclusive: true });
    await t.restart();
    assert.equal(await t.hasQueue(queue), false);
  });

  test(
    'a durable exchange outlives a restart with the bindings of durable queues',
    { rules: ['EXC-17', 'BND-08'], needs: ['restart'] },
    async (t) => {
      const exchange = await t.exchange('direct', {}, { durable: true });
      const queue = await t.queue();
      await t.bind(queue, exchange, 'k');
      await t.restart();
      await t.publish(exchange, 'k', 'x');
      assert.equal((await t.take(queue)).exchange, exchange);
    },
  );

  test(
    'a transient exchange is gone after a restart, and so are its bindings',
    { rules: ['EXC-17', 'BND-08'], needs: ['restart'], until: '4.3' },
    async (t) => {
      const exchange = await t.exchange('direct', {}, { durable: false });
      const queue = await t.queue();
      await t.bind(queue, exchange, 'k');
      await t.restart();
      assert.equal(await t.hasExchange(exchange), false);
      await t.exchange('direct', {}, { exchange });
      await t.publish(exchange, 'k', 'lost');
      assert.equal(await t.count(queue), 0);
    },
  );

  test(
    'a binding between durable exchanges outlives a restart with its arguments',
    { rules: ['BND-08'], needs: ['restart'] },
    async (t) => {
      const source = await t.exchange('headers', {}, { durable: true });
      const destination = await t.exchange('fanout', {}, { durable: true });
      const queue = await t.queue();
      await t.bind(queue, destination);
      await t.bindExchange(destination, source, '', { 'x-match': 'all', colour: 'red' });
      await t.restart();
      await t.publish(source, '', 'red', { headers: { colour: 'red' } });
      await t.publish(source, '', 'blue', { headers: { colour: 'blue' } });
      assert.deepEqual(await t.drain(queue), ['red']);
    },
  );

  test(
    'a message whose deadline passed while the broker was down is dead-lettered before anybody can get it',
    { rules: ['TTL-14'], needs: ['restart'] },
    async (t) => {
      const { queue, dead } = await durablePair(t);
      await t.send(queue, 'late', { ...persistent, expiration: '100' });
      const other = await t.queue();
      await t.send(other, 'stays', { ...persistent, expiration: '3600000' });
      await t.restart();
      assert.equal(await t.get(queue), undefined);
      assert.equal((await t.take(dead)).body, 'late');
      assert.equal((await t.take(other)).body, 'stays');
    },
  );

  test(
    'a restart does not begin the TTL of a waiting message anew',
    { rules: ['TTL-14', 'TTL-10'], needs: ['restart'], slow: true },
    async (t) => {
      const ttl = 8_000;
      const { queue, dead } = await durablePair(t, { 'x-message-ttl': ttl });
      const elapsed = t.stopwatch();
      await t.send(queue, 'x', persistent);
      await t.elapse(3_000);
      await t.restart();
      const restarted = elapsed();
      await t.consume(dead).then((consumer) => consumer.next());
      const died = elapsed();
      assert.ok(died >= ttl - 1, `it came early, after ${died} ms`);
      assert.ok(died < restarted + ttl - 1_000, `it waited ${died} ms, as if the TTL began at the restart`);
    },
  );

  test(
    'an unused queue gets its whole x-expires again after a restart',
    { rules: ['QEX-06'], needs: ['restart'], slow: true },
    async (t) => {
      const expires = 6_000;
      const queue = await t.queue({ 'x-expires': expires });
      await t.elapse(expires / 2);
      await t.restart();
      await t.elapse(expires * 0.6);
      assert.equal(await t.hasQueue(queue), true);
      await t.elapse(expires + 1_000);
      assert.equal(await t.hasQueue(queue), false);
    },
  );

  test(
    'a dead letter keeps its history over a restart, and later deaths go on counting',
    { rules: ['XD-15', 'XD-06'], needs: ['restart'] },
    async (t) => {
      const queue = await t.queue();
      const retry = await t.deadLetteringTo(queue, { 'x-message-ttl': 1 });
      const work = await t.deadLetteringTo(retry);
      await t.send(work, 'x', persistent);
      const consumer = await t.consume(work);
      consumer.nack(await consumer.next(), false);
      await t.untilCount(queue, 1);
      await t.restart();
      const message = await t.take(queue);
      const deaths = message.headers['x-death'] as Record<string, unknown>[];
      const counted = deaths.map(({ queue: of, reason, count }) => ({ of, reason, count }));
      assert.deepEqual(counted, [
        { of: retry, reason: 'expired', count: 1 },
        { of: work, reason: 'rejected', count: 1 },
      ]);
      assert.equal(message.headers['x-first-death-queue'], work);
    },
  );

  test(
    'a dead letter outlives a restart when it was persistent, and not when it was transient',
    { rules: ['DLX-22'], needs: ['restart'] },
    async (t) => {
      const { queue, dead } = await durablePair(t, { 'x-message-ttl': 1 });
      await t.send(queue, 'persistent', persistent);
      await t.send(queue, 'transient');
      await t.untilCount(dead, 2);
      await t.restart();
      assert.deepEqual(await t.drain(dead), ['persistent']);
    },
  );

  test(
    'the order of priorities outlives a restart',
    { rules: ['QUE-32', 'QUE-35'], needs: ['restart'] },
    async (t) => {
      const queue = await t.queue({ 'x-max-priority': 5 });
      for (const [body, priority] of [
        ['low', 1],
        ['high', 5],
        ['none', 0],
      ] as const) {
        await t.send(queue, body, { ...persistent, priority });
      }
      await t.restart();
      assert.deepEqual(await t.drain(queue), ['high', 'low', 'none']);
    },
  );

  test(
    'connections are told that the broker shuts down',
    { rules: ['CON-57'], needs: ['restart'] },
    async (t) => {
      const client = await t.connect();
      await t.restart();
      const close = await client.expect(0, 'connection.close');
      const text = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'";
      assert.deepEqual([close.replyCode, close.replyText, close.classId, close.methodId], [320, text, 0, 0]);
    },
  );

  test(
    'a durable x-recent-history exchange has what it kept after a restart, transient messages too',
    { rules: ['RTE-25'], needs: ['restart', 'recent-history-exchange'], since: '4.2' },
    async (t) => {
      const args = { 'x-recent-history-length': 3 };
      const exchange = await t.exchange('x-recent-history', args, { durable: true });
      for (const body of ['a', 'b', 'c']) await t.publish(exchange, '', body, persistent);
      await t.publish(exchange, '', 'transient');
      await t.restart();
      const queue = await t.queue();
      await t.bind(queue, exchange);
      assert.deepEqual(await t.takeBodies(queue, 3), ['b', 'c', 'transient']);
    },
  );

  test(
    'delayed messages are routed when they are due, although the broker was restarted meanwhile',
    { rules: ['DLM-16'], needs: ['restart', 'delayed-exchange'], slow: true },
    async (t) => {
      const exchange = await t.exchange(
        'x-delayed-message',
        { 'x-delayed-type': 'direct' },
        { durable: true },
      );
      const queue = await t.queue();
      await t.bind(queue, exchange, 'k');
      const elapsed = t.stopwatch();
      await t.publish(exchange, 'k', 'persistent', { deliveryMode: 2, headers: { 'x-delay': 1_000 } });
      await t.publish(exchange, 'k', 'transient', { headers: { 'x-delay': 6_000 } }); // not due before it stops
      await t.restart();
      assert.deepEqual(await t.takeBodies(queue, 2), ['persistent', 'transient']);
      assert.ok(elapsed() >= 5_999, `it came after ${elapsed()} ms`);
    },
  );
});

/** A durable queue whose dead letters go to another durable one. */
async function durablePair(t: Context, args: Table = {}): Promise<{ queue: string; dead: string }> {
  const dead = await t.queue();
  return { dead, queue: await t.deadLetteringTo(dead, args) };
}

/** A stream may need a moment after a restart until somebody serves it; till then it may cost the connection. */
async function consumeStream(t: Context, stream: string): Promise<Consumer> {
  let consumer: Consumer | undefined;
  await t.eventually(async () => {
    const channel = await t.channel(await t.connect());
    await channel.call('basic.qos', { prefetchCount: 10 });
    const args = { 'x-stream-offset': 'first' };
    channel.send('basic.consume', { queue: stream, consumerTag: 'reader', arguments: args });
    if ((await channel.client.peek(channel.number)) !== 'basic.consume-ok') return false;
    await channel.expect('basic.consume-ok');
    consumer = new Consumer(channel, 'reader');
    return true;
  }, 'the stream can be read');
  assert.ok(consumer);
  return consumer;
}
