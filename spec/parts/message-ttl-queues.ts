import assert from 'node:assert/strict';
import { integerWidths } from '../support/fields.ts';
import { lastDeathOf } from '../support/deaths.ts';
import type { Define } from '../support/suite.ts';

const TEN_YEARS = 315_360_000_000;

/** Where a TTL comes from, and when it runs. */
export function ttlOfQueues(test: Define): void {
  test(
    'the smaller of the TTL of the queue and the expiration of the message counts',
    { rules: ['TTL-01'] },
    async (t) => {
      const dead = await t.queue();
      const shortQueue = await t.deadLetteringTo(dead, { 'x-message-ttl': 100 });
      const longQueue = await t.deadLetteringTo(dead, { 'x-message-ttl': 60_000 });
      await t.send(shortQueue, 'by the queue', { expiration: '60000' });
      await t.send(longQueue, 'by itself', { expiration: '100' });
      assert.deepEqual((await t.takeBodies(dead, 2)).sort(), ['by itself', 'by the queue']);
    },
  );

  test(
    'a message expires by its own expiration in a queue without a TTL, and without either it stays',
    { rules: ['TTL-01'] },
    async (t) => {
      const dead = await t.queue();
      const queue = await t.deadLetteringTo(dead);
      await t.send(queue, 'short', { expiration: '100' });
      await t.send(queue, 'for ever');
      assert.equal((await t.take(dead)).body, 'short');
      await t.staysEmpty(dead, 300);
      assert.deepEqual(await t.drain(queue), ['for ever']);
    },
  );

  for (const [name, ttl] of integerWidths) {
    test(`x-message-ttl may be ${name}`, { rules: ['TTL-02'] }, async (t) => {
      const dead = await t.queue();
      const queue = await t.deadLetteringTo(dead, { 'x-message-ttl': ttl });
      await t.send(queue, 'x');
      assert.equal((await t.take(dead)).body, 'x');
    });
  }

  for (const ttl of [2 ** 31, 2 ** 32, TEN_YEARS]) {
    test(`with an x-message-ttl of ${ttl} ms a message stays`, { rules: ['TTL-02'] }, async (t) => {
      const queue = await t.queue({ 'x-message-ttl': ttl });
      await t.send(queue, 'x');
      await t.elapse(200);
      assert.deepEqual(await t.drain(queue), ['x']);
    });
  }

  test('x-message-ttl may be 0: nothing stays ready then', { rules: ['TTL-02'] }, async (t) => {
    const dead = await t.queue();
    const queue = await t.deadLetteringTo(dead, { 'x-message-ttl': 0 });
    await t.send(queue, 'x');
    assert.equal((await t.take(dead)).body, 'x');
  });

  const refused: readonly [ttl: number, reason: string][] = [
    [-1, '{value_negative,-1}'],
    [TEN_YEARS + 1, `{value_too_large,${TEN_YEARS + 1}}`],
  ];
  for (const [ttl, reason] of refused) {
    test(`a queue is refused whose x-message-ttl is ${ttl}`, { rules: ['TTL-02'] }, async (t) => {
      const queue = t.name('q');
      await t.refuses(
        'queue.declare',
        { queue, durable: true, arguments: { 'x-message-ttl': ttl } },
        406,
        `PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue '${queue}' in vhost '/': ${reason}`,
      );
    });
  }

  test(
    'each queue has its own TTL for the message it shares with others',
    { rules: ['TTL-10'] },
    async (t) => {
      const [dead, fanout] = [await t.queue(), await t.exchange('fanout')];
      const slow = await t.deadLetteringTo(dead, { 'x-message-ttl': 600 });
      const fast = await t.deadLetteringTo(dead, { 'x-message-ttl': 100 });
      const lasting = await t.deadLetteringTo(dead);
      for (const queue of [slow, fast, lasting]) await t.bind(queue, fanout);
      const elapsed = t.stopwatch();
      await t.publish(fanout, '', 'x');
      assert.equal(lastDeathOf(await t.take(dead))?.queue, fast);
      assert.ok(elapsed() >= 99, `expired after ${elapsed()} ms`);
      assert.equal(lastDeathOf(await t.take(dead))?.queue, slow);
      assert.ok(elapsed() >= 599, `expired after ${elapsed()} ms`);
      assert.deepEqual(await t.drain(lasting), ['x']);
    },
  );

  test(
    'messages expire each at a deadline of its own, counted from its arrival',
    { rules: ['TTL-10', 'TTL-17'] },
    async (t) => {
      const dead = await t.queue();
      const queue = await t.deadLetteringTo(dead, { 'x-message-ttl': 400 });
      const expired = await t.consume(dead, { noAck: true });
      const since = new Map<string, () => number>();
      for (const body of ['one', 'two', 'three']) {
        since.set(body, t.stopwatch());
        await t.send(queue, body);
        await t.elapse(150);
      }
      for (const body of ['one', 'two', 'three']) {
        assert.equal((await expired.next()).body, body);
        const ms = since.get(body)?.() ?? 0;
        assert.ok(ms >= 399, `${body} expired after ${ms} ms`);
      }
    },
  );

  test('in a transaction the TTL runs from the commit', { rules: ['TTL-10'] }, async (t) => {
    const dead = await t.queue();
    const queue = await t.deadLetteringTo(dead);
    const channel = await t.channel();
    await channel.call('tx.select');
    channel.publish('', queue, 'x', { expiration: '300' });
    await t.elapse(500);
    const elapsed = t.stopwatch();
    await channel.call('tx.commit');
    assert.equal(lastDeathOf(await t.take(dead))?.reason, 'expired');
    assert.ok(elapsed() >= 299, `expired ${elapsed()} ms after the commit`);
  });

  for (const type of ['classic', 'quorum'] as const) {
    const needs = type === 'quorum' ? { needs: ['quorum-queues'] as const } : {};
    const defect =
      'a classic queue hands its head out until its timer fires, which is some milliseconds late';
    const lateness = type === 'classic' ? { rabbitmqDefect: defect } : {};
    test(
      `nothing expires early in a ${type} queue, however long or short its TTL`,
      { rules: ['TTL-17'], ...needs },
      async (t) => {
        const dead = await t.queue();
        const expired = await t.consume(dead, { noAck: true });
        const since = new Map<string, () => number>();
        const ttls = [1, 2, 9, 10, 49, 100, 333];
        for (const ttl of ttls) {
          const queue = await t.deadLetteringTo(dead, { 'x-queue-type': type });
          since.set(String(ttl), t.stopwatch());
          await t.send(queue, String(ttl), { expiration: String(ttl) });
        }
        for (let left = ttls.length; left > 0; left--) {
          const { body } = await expired.next();
          const ms = since.get(body)?.() ?? 0;
          assert.ok(ms >= Number(body) - 1, `${body} ms were over after ${ms} ms`);
        }
      },
    );

    test(
      `a message of a ${type} queue is not fetched after its deadline, however often somebody asks`,
      { rules: ['TTL-18'], ...needs, ...lateness },
      async (t) => {
        const ttl = 150;
        const dead = await t.queue();
        const queue = await t.deadLetteringTo(dead, { 'x-queue-type': type, 'x-message-ttl': ttl });
        const channel = await t.channel();
        for (const body of ['one', 'two', 'three']) {
          await t.send(queue, body);
          const elapsed = t.stopwatch(); // it is in the queue by now: its deadline is not after `ttl` from here
          for (let isThere = true; isThere;) {
            const askedAfter = elapsed();
            const message = await channel.get(queue, false);
            isThere = message !== undefined;
            if (message === undefined) continue;
            assert.ok(askedAfter <= ttl + 1, `asked for after ${askedAfter} ms and fetched`);
            channel.nack(message.deliveryTag, true);
            await t.elapse(5);
          }
          assert.equal((await t.take(dead)).body, body);
        }
      },
    );

    test(
      `a consumer that comes to a ${type} queue after the deadline gets what has not expired`,
      { rules: ['TTL-18'], ...needs },
      async (t) => {
        const dead = await t.queue();
        const queue = await t.deadLetteringTo(dead, { 'x-queue-type': type });
        await t.send(queue, 'late', { expiration: '50' });
        await t.send(queue, 'in time', { expiration: '60000' });
        await t.elapse(300);
        const consumer = await t.consume(queue, { noAck: true });
        assert.equal((await consumer.next()).body, 'in time');
        await consumer.nothing();
        assert.equal((await t.take(dead)).body, 'late');
      },
    );
  }

  test('a dead letter does not expire by its old expiration again', { rules: ['TTL-19'] }, async (t) => {
    const dead = await t.queue();
    const queue = await t.deadLetteringTo(dead);
    await t.send(queue, 'x', { expiration: '50' });
    await t.untilCount(dead, 1);
    await t.elapse(300);
    const message = await t.take(dead);
    assert.equal(message.body, 'x');
    assert.equal(message.properties.expiration, undefined);
  });

  test(
    'a dead letter whose expiration is gone may be requeued and does not expire',
    { rules: ['TTL-19'] },
    async (t) => {
      const later = await t.queue();
      const dead = await t.deadLetteringTo(later);
      const queue = await t.deadLetteringTo(dead);
      const consumer = await t.consume(dead, { prefetch: 1 });
      await t.send(queue, 'x', { expiration: '100' });
      const message = await consumer.next();
      await consumer.cancel();
      consumer.nack(message, true);
      await t.untilCount(dead, 1);
      await t.staysEmpty(later, 300);
      assert.deepEqual(await t.drain(dead), ['x']);
    },
  );

  test(
    'a message that was rejected before its deadline does not expire in the queue where it goes',
    { rules: ['TTL-19'] },
    async (t) => {
      const later = await t.queue();
      const target = await t.deadLetteringTo(later);
      const queue = await t.deadLetteringTo(target);
      const consumer = await t.consume(queue);
      await t.send(queue, 'x', { expiration: '200' });
      consumer.reject(await consumer.next(), false);
      await t.untilCount(target, 1);
      await t.staysEmpty(later, 500);
      assert.deepEqual(await t.drain(target), ['x']);
    },
  );

  test(
    'in the queue where a dead letter goes, the TTL of that queue runs from its arrival there',
    { rules: ['TTL-19'] },
    async (t) => {
      const last = await t.queue();
      const second = await t.deadLetteringTo(last, { 'x-message-ttl': 300 });
      const first = await t.deadLetteringTo(second, { 'x-message-ttl': 200 });
      const elapsed = t.stopwatch();
      await t.send(first, 'x', { expiration: '60000' });
      assert.equal((await t.take(last)).body, 'x');
      assert.ok(elapsed() >= 499, `through both after ${elapsed()} ms`);
    },
  );

  test('a stream refuses x-message-ttl', { rules: ['TTL-20'], needs: ['streams'] }, async (t) => {
    const queue = t.name('stream');
    await t.refuses(
      'queue.declare',
      { queue, durable: true, arguments: { 'x-queue-type': 'stream', 'x-message-ttl': 100 } },
      406,
      `PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue '${queue}' in vhost '/' of queue type rabbit_stream_queue`,
    );
  });

  test('a message in a stream does not expire', { rules: ['TTL-20'], needs: ['streams'] }, async (t) => {
    const stream = await t.queue({ 'x-queue-type': 'stream' });
    await t.send(stream, 'x', { expiration: '50' });
    await t.elapse(300);
    const consumer = await t.consume(stream, { prefetch: 1, arguments: { 'x-stream-offset': 'first' } });
    assert.equal((await consumer.next()).body, 'x');
  });

  test(
    'a publish to a stream is refused for a bad expiration',
    { rules: ['TTL-20'], needs: ['streams'] },
    async (t) => {
      const stream = await t.queue({ 'x-queue-type': 'stream' });
      const text = "PRECONDITION_FAILED - invalid expiration 'soon': no_integer";
      await t.refusesPublish({ routingKey: stream }, { expiration: 'soon' }, 406, text);
    },
  );
}
