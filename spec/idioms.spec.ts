import assert from 'node:assert/strict';
import { delayChain } from './parts/idioms-delay-chain.ts';
import type { Consumer } from './support/channel.ts';
import type { Message } from './support/client.ts';
import type { Context } from './support/context.ts';
import { deathsOf } from './support/deaths.ts';
import { Watch } from './support/queue-expiry-watch.ts';
import { topic } from './support/suite.ts';

export const idioms = topic('idioms', 'What is built on TTL and dead-lettering', (test) => {
  test(
    'a delay queue hands its messages on after the delay, in order and without an expiration',
    { rules: ['IDM-01'] },
    async (t) => {
      const work = await t.queue();
      const delay = await t.deadLetteringTo(work, { 'x-message-ttl': 400 });
      const worker = await t.consume(work, { noAck: true });
      const elapsed = t.stopwatch();
      await t.send(delay, 'one');
      await t.send(delay, 'two', { expiration: '60000' });
      await t.send(delay, 'three');
      for (const body of ['one', 'two', 'three']) {
        const message = await worker.next();
        assert.deepEqual([message.body, message.exchange, message.routingKey], [body, '', work]);
        assert.equal(message.properties.expiration, undefined);
        assert.ok(elapsed() >= 399, `${body} came after ${elapsed()} ms`);
      }
    },
  );

  delayChain(test);

  test(
    'delays per message in one queue end each in its time as long as they do not decrease',
    { rules: ['IDM-02'] },
    async (t) => {
      const work = await t.queue();
      const delay = await t.deadLetteringTo(work);
      const worker = await t.consume(work, { noAck: true });
      const elapsed = t.stopwatch();
      for (const ms of [100, 300, 300, 700]) await t.send(delay, String(ms), { expiration: String(ms) });
      await t.send(delay, 'last', { expiration: '60000' });
      for (const ms of [100, 300, 300, 700]) {
        assert.equal((await worker.next()).body, String(ms));
        assert.ok(elapsed() >= ms - 1, `${ms} ms were ${elapsed()} ms`);
      }
    },
  );

  test('a shorter delay in the same queue waits for the longer one', { rules: ['IDM-02'] }, async (t) => {
    const work = await t.queue();
    const delay = await t.deadLetteringTo(work);
    const worker = await t.consume(work, { noAck: true });
    const elapsed = t.stopwatch();
    await t.send(delay, 'long', { expiration: '700' });
    await t.send(delay, 'short', { expiration: '100' });
    assert.equal((await worker.next()).body, 'long');
    assert.equal((await worker.next()).body, 'short');
    assert.ok(elapsed() >= 699, `the short one came after ${elapsed()} ms`);
  });

  test(
    'work that is rejected comes back after a delay, without end, and its failures are counted',
    { rules: ['IDM-03'] },
    async (t) => {
      const { work, retry } = await retryLoop(t, 100);
      const worker = await t.consume(work);
      await t.send(work, 'x', { messageId: 'same' });
      let elapsed = t.stopwatch();
      for (let failures = 0; failures < 5; failures++) {
        const message = await worker.next();
        assert.deepEqual([message.body, message.properties.messageId], ['x', 'same']);
        assert.equal(failuresIn(work, message), failures);
        if (failures > 0) {
          assert.deepEqual(countsOf(message), {
            [`${work} rejected`]: failures,
            [`${retry} expired`]: failures,
          });
          assert.ok(elapsed() >= 99, `it was back after ${elapsed()} ms`);
        }
        elapsed = t.stopwatch();
        worker.reject(message, false);
      }
    },
  );

  test(
    'a copy of failed work climbs a ladder of delays, with a counter of its own',
    { rules: ['IDM-04'] },
    async (t) => {
      const [work, delays] = [await t.queue(), [50, 150, 300]];
      const rungs: string[] = [];
      for (const ms of delays) rungs.push(await t.deadLetteringTo(work, { 'x-message-ttl': ms }));
      const worker = await t.consume(work);
      await t.send(work, 'x', { headers: { attempt: 0 } });
      for (const [attempt, rung] of rungs.entries()) {
        const message = await worker.next();
        const elapsed = t.stopwatch();
        await t.send(rung, message.body, { headers: { attempt: attempt + 1 } });
        worker.ack(message);
        const copy = await worker.next();
        assert.ok(elapsed() >= (delays[attempt] ?? 0) - 1, `rung ${attempt} took ${elapsed()} ms`);
        assert.deepEqual([copy.body, copy.headers['attempt']], ['x', attempt + 1]);
        assert.deepEqual(countsOf(copy), { [`${rung} expired`]: 1 });
        worker.nack(copy, true);
      }
    },
  );

  test(
    'the death history of a copy starts anew though it carries the old one, since 4.0',
    { rules: ['IDM-04'] },
    async (t) => {
      const work = await t.queue();
      const rung = await t.deadLetteringTo(work, { 'x-message-ttl': 50 });
      const worker = await t.consume(work);
      await t.send(rung, 'x');
      const first = await worker.next();
      assert.deepEqual(countsOf(first), { [`${rung} expired`]: 1 });
      await t.send(rung, 'copy', { headers: first.typedHeaders });
      const second = await worker.next();
      assert.equal(second.body, 'copy');
      assert.deepEqual(countsOf(second), { [`${rung} expired`]: t.broker.since('4.0') ? 1 : 2 });
    },
  );

  test(
    'after three failures a worker parks the message in a last queue, and it does not come back',
    { rules: ['IDM-05'] },
    async (t) => {
      const { work, retry } = await retryLoop(t, 50);
      const parked = await t.queue();
      const worker = await t.consume(work);
      await t.send(work, 'x');
      let deliveries = 0;
      for (let isParked = false; !isParked;) {
        const message = await worker.next();
        deliveries++;
        isParked = failuresIn(work, message) >= 3;
        if (!isParked) worker.reject(message, false);
        else {
          await t.send(parked, message.body);
          worker.ack(message);
        }
      }
      assert.equal(deliveries, 4);
      await worker.nothing(200);
      await t.untilCount(retry, 0);
      assert.deepEqual(await t.drain(parked), ['x']);
    },
  );

  test(
    'a quorum queue with a delivery limit parks a message that came back too often',
    { rules: ['IDM-06'], needs: ['quorum-queues'] },
    async (t) => {
      const parked = await t.queue();
      const work = await t.deadLetteringTo(parked, { 'x-queue-type': 'quorum', 'x-delivery-limit': 2 });
      const worker = await t.consume(work);
      await t.send(work, 'x');
      for (let delivery = 1; delivery <= 3; delivery++) worker.reject(await worker.next(), true);
      assert.deepEqual(countsOf(await t.take(parked)), { [`${work} delivery_limit`]: 1 });
      await worker.nothing(50);
    },
  );

  for (const match of ['all-with-x', 'any-with-x']) {
    test(
      `a headers exchange sorts dead letters by the reason of their first death, with ${match}`,
      { rules: ['IDM-07'] },
      async (t) => {
        const sorter = await t.exchange('headers');
        const [expired, rejected] = [await t.queue(), await t.queue()];
        const queues: [string, string][] = [
          [expired, 'expired'],
          [rejected, 'rejected'],
        ];
        for (const [queue, reason] of queues) {
          await t.bind(queue, sorter, '', { 'x-match': match, 'x-first-death-reason': reason });
        }
        const work = await t.queue({ 'x-dead-letter-exchange': sorter });
        const worker = await t.consume(work, { prefetch: 1 });
        await t.send(work, 'rejected');
        const message = await worker.next();
        await t.send(work, 'expired', { expiration: '50' });
        assert.equal((await t.take(expired)).body, 'expired');
        worker.reject(message, false);
        assert.equal((await t.take(rejected)).body, 'rejected');
        for (const [queue] of queues) assert.equal(await t.get(queue), undefined);
      },
    );
  }

  test(
    'a reply queue lives as long as its client consumes, and goes a while after',
    { rules: ['IDM-08'], slow: true },
    async (t) => {
      const channel = await t.channel(await t.connect());
      const watch = await Watch.declare(
        t,
        { 'x-expires': 1_000 },
        { channel, also: (_, queue) => channel.send('basic.consume', { queue, noAck: true }) },
      );
      await channel.expect('basic.consume-ok');
      await t.elapse(1_500);
      await t.send(watch.queue, 'reply', { correlationId: '1' });
      assert.equal((await channel.delivery()).properties.correlationId, '1');
      const elapsed = t.stopwatch();
      await channel.client.close();
      await t.send(watch.queue, 'too late');
      await watch.untilGone();
      assert.ok(elapsed() >= 999, `gone after ${elapsed()} ms`);
    },
  );

  test('a ring buffer keeps the newest messages', { rules: ['IDM-09'] }, async (t) => {
    const ring = await t.queue({ 'x-max-length': 3 });
    for (let count = 1; count <= 7; count++) assert.equal(await t.send(ring, String(count)), 'ack');
    assert.deepEqual(await t.drain(ring), ['5', '6', '7']);
  });

  test(
    'a publisher learns from basic.nack that a queue is full, and may go on when there is room',
    { rules: ['IDM-10'] },
    async (t) => {
      const queue = await t.queue({ 'x-max-length': 2, 'x-overflow': 'reject-publish' });
      const answers: string[] = [];
      for (const body of ['one', 'two', 'three', 'four']) answers.push(await t.send(queue, body));
      assert.deepEqual(answers, ['ack', 'ack', 'nack', 'nack']);
      assert.equal((await t.get(queue))?.body, 'one');
      assert.deepEqual([await t.send(queue, 'five'), await t.send(queue, 'six')], ['ack', 'nack']);
      assert.deepEqual(await t.drain(queue), ['two', 'five']);
    },
  );

  test(
    'with a TTL of 0 work goes to an idle worker, and to another queue when all are busy',
    { rules: ['IDM-11'] },
    async (t) => {
      const surplus = await t.queue();
      const work = await t.deadLetteringTo(surplus, { 'x-message-ttl': 0 });
      const workers = [await t.consume(work, { prefetch: 1 }), await t.consume(work, { prefetch: 1 })];
      for (const body of ['one', 'two', 'three']) await t.send(work, body);
      const taken = await Promise.all(workers.map((worker) => worker.next()));
      assert.deepEqual(taken.map(({ body }) => body).sort(), ['one', 'two']);
      assert.equal((await t.take(surplus)).body, 'three');
      const [idle, message] = [workers[0] as Consumer, taken[0] as Message];
      idle.ack(message);
      await idle.channel.settled();
      await t.send(work, 'four');
      assert.equal((await idle.next()).body, 'four');
      await t.staysEmpty(surplus);
    },
  );

  test(
    'a queue for one delay, declared on demand, hands its message on and goes some time later',
    { rules: ['IDM-12'] },
    async (t) => {
      const work = await t.queue();
      const watch = await delayOnDemand(t, work, 300, 1_000);
      assert.equal((await t.take(work)).body, 'x');
      assert.ok(watch.age() >= 299, `handed on after ${watch.age()} ms`);
      await watch.untilGone();
      assert.ok(watch.age() >= 999, `gone after ${watch.age()} ms`);
    },
  );

  test(
    'a queue for one delay that is declared again before a publish lives long enough for it',
    { rules: ['IDM-12'], slow: true },
    async (t) => {
      const work = await t.queue();
      const { queue } = await delayOnDemand(t, work, 2_000, 3_000);
      await t.elapse(1_300);
      await t.deadLetteringTo(work, { 'x-message-ttl': 2_000, 'x-expires': 3_000 }, { queue });
      await t.send(queue, 'y'); // falls due when the queue would be gone but for that
      assert.deepEqual(await t.takeBodies(work, 2), ['x', 'y']);
    },
  );

  test(
    'a queue for one delay that expires before the delay is over goes with its messages',
    { rules: ['IDM-12'] },
    async (t) => {
      const work = await t.queue();
      const watch = await delayOnDemand(t, work, 1_500, 500);
      await watch.untilGone();
      await t.staysEmpty(work, 1_500);
    },
  );
});

/** Dead letters of the work queue wait for so long in the retry queue, and come back. */
async function retryLoop(t: Context, ms: number): Promise<{ work: string; retry: string }> {
  const [work, retry] = [t.name('work'), t.name('retry')];
  await t.deadLetteringTo(retry, {}, { queue: work });
  await t.deadLetteringTo(work, { 'x-message-ttl': ms }, { queue: retry });
  return { work, retry };
}

/** Declares a delay queue that expires, and publishes a message into it at the same moment. */
async function delayOnDemand(t: Context, work: string, ttl: number, expires: number): Promise<Watch> {
  const target = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': work };
  return Watch.declare(
    t,
    { ...target, 'x-message-ttl': ttl, 'x-expires': expires },
    { also: (channel, queue) => channel.publish('', queue, 'x') },
  );
}

/** How often the worker has rejected it, as its death history tells. */
function failuresIn(work: string, message: Message): number {
  return countsOf(message)[`${work} rejected`] ?? 0;
}

/** The counts of its death history, by queue and reason. */
function countsOf(message: Message): Readonly<Record<string, number>> {
  return Object.fromEntries(
    deathsOf(message).map(({ queue, reason, count }) => [`${queue} ${reason}`, count]),
  );
}
