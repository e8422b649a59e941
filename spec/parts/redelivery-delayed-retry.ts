import assert from 'node:assert/strict';
import type { Channel } from '../support/channel.ts';
import type { Context } from '../support/context.ts';
import type { Table } from '../support/fields.ts';
import { QUORUM, takeDeaths } from '../support/length-limits-deaths.ts';
import { govern } from '../support/policies-subjects.ts';
import type { Define } from '../support/suite.ts';

const DELAYED = { rules: ['DLV-09'], needs: ['delayed-retry'] } as const;
/** Shortest and longest delay, in milliseconds. */
const [LEAST, MOST] = [200, 500];
/** Longer than what a case does meanwhile. */
const SECOND = { 'x-delayed-retry-min': 1000, 'x-delayed-retry-max': 1000 };
/** Longer than a case lasts. */
const LONG = { 'x-delayed-retry-min': 60_000, 'x-delayed-retry-max': 60_000 };

function delaying(type: string, more: Table = {}): Table {
  return {
    ...QUORUM,
    'x-delayed-retry-type': type,
    'x-delayed-retry-min': LEAST,
    'x-delayed-retry-max': MOST,
    ...more,
  };
}

type Return = (channel: Channel, deliveryTag: number) => void;

const reject: Return = (channel, tag) => channel.reject(tag, true);

/** How a delivery comes back to its queue without being acked. */
const returns: Readonly<Record<string, { readonly fails: boolean; readonly give: Return }>> = {
  'basic.reject': { fails: true, give: reject },
  'the end of its channel': { fails: true, give: (channel) => void channel.close() },
  'basic.nack': { fails: false, give: (channel, tag) => channel.nack(tag, true) },
  'basic.recover': { fails: false, give: (channel) => channel.send('basic.recover', { requeue: true }) },
};

/** Messages that come back to a quorum queue and wait before they are tried again. */
export function delayedRetry(test: Define): void {
  for (const [how, { fails, give }] of Object.entries(returns)) {
    for (const type of ['all', 'failed', 'returned']) {
      const isDelayed = type === 'all' || (type === 'failed') === fails;
      const delays = isDelayed ? (fails ? [LEAST, 2 * LEAST, MOST] : [LEAST, LEAST, LEAST]) : [0, 0, 0];
      test(
        `a message that comes back by ${how} to a queue that delays ${type} waits ${delays.join(', ')} ms`,
        DELAYED,
        async (t) => {
          const queue = await t.queue(delaying(type, isDelayed ? {} : LONG));
          await t.send(queue, 'a');
          for (const delay of delays) {
            const gap = await gapAfter(t, queue, give);
            assert.ok(gap >= delay - 1, `after ${gap} ms, and not ${delay}`);
          }
        },
      );
    }
  }

  whileWaiting(test);
  counting(test);
  asking(test);
}

/** Takes the next message and gives it back; returns a stopwatch that began then. */
async function giveBack(t: Context, queue: string, how: Return): Promise<() => number> {
  const channel = await t.channel();
  let tag: number | undefined;
  await t.eventually(
    async () => (tag = (await channel.get(queue, false))?.deliveryTag) !== undefined,
    'a message to give back',
  );
  const elapsed = t.stopwatch();
  how(channel, tag ?? 0);
  return elapsed;
}

/** The same, and waits until the message is ready again; how long that took, in milliseconds. */
async function gapAfter(t: Context, queue: string, how: Return): Promise<number> {
  const elapsed = await giveBack(t, queue, how);
  await t.untilCount(queue, 1);
  return elapsed();
}

/** Takes the next message and rejects it, so that it waits. */
async function fail(t: Context, queue: string): Promise<void> {
  await giveBack(t, queue, reject);
  await t.elapse(20); // RabbitMQ says nothing when it has it back
}

function whileWaiting(test: Define): void {
  test('a message that waits is not ready, and others are delivered', DELAYED, async (t) => {
    const queue = await t.queue(delaying('all', SECOND));
    await t.send(queue, 'a');
    await fail(t, queue);
    assert.equal(await t.count(queue), 0);
    assert.equal(await t.get(queue), undefined);
    await t.send(queue, 'b');
    assert.deepEqual(await t.drain(queue), ['b']);
    assert.equal((await t.take(queue)).body, 'a');
  });

  test('a message whose TTL ends while it waits dies when its delay ends', DELAYED, async (t) => {
    const dead = await t.queue({}, { queue: t.name('dead') });
    const delays = { 'x-delayed-retry-min': 2000, 'x-delayed-retry-max': 2000 };
    const queue = await t.deadLetteringTo(dead, delaying('all', delays));
    await t.send(queue, 'a', { expiration: '1000' });
    const elapsed = await giveBack(t, queue, reject);
    assert.deepEqual(await takeDeaths(t, dead, 1), ['a expired']);
    const died = elapsed();
    assert.ok(died >= 1999, `after ${died} ms`);
  });

  test('messages that wait count toward the length of their queue', DELAYED, async (t) => {
    const queue = await t.queue(delaying('all', { ...SECOND, 'x-max-length': 1 }));
    await t.send(queue, 'a');
    await fail(t, queue);
    await t.send(queue, 'b');
    assert.deepEqual(await t.takeBodies(queue, 1), ['a']);
    assert.equal(await t.get(queue), undefined);
  });

  test('messages that wait are purged, and counted as purged', DELAYED, async (t) => {
    const queue = await t.queue(delaying('all'));
    await t.send(queue, 'a');
    await fail(t, queue);
    await t.send(queue, 'b');
    assert.equal(await t.purge(queue), 2);
    await t.elapse(LEAST + 100);
    assert.equal(await t.get(queue), undefined);
  });

  test(
    'messages that wait go on waiting over a restart',
    { ...DELAYED, needs: ['delayed-retry', 'restart'] },
    async (t) => {
      const queue = await t.queue(delaying('all', LONG));
      for (const body of ['a', 'b']) await t.send(queue, body);
      await fail(t, queue);
      await t.restart();
      assert.deepEqual(await t.takeBodies(queue, 1), ['b']);
      assert.equal(await t.get(queue), undefined);
    },
  );
}

function counting(test: Define): void {
  const rules = ['DLV-09', 'DLV-04', 'DLV-05'] as const;

  test(
    'in a queue that delays retries basic.nack does not count toward the delivery limit, and basic.reject does',
    { ...DELAYED, rules },
    async (t) => {
      const dead = await t.queue({}, { queue: t.name('dead') });
      const queue = await t.deadLetteringTo(dead, delaying('all', { 'x-delivery-limit': 1 }));
      await t.send(queue, 'a');
      const consumer = await t.consume(queue);
      for (let n = 0; n < 3; n++) consumer.nack(await consumer.next(), true);
      for (let n = 0; n < 2; n++) consumer.reject(await consumer.next(), true);
      assert.deepEqual(await takeDeaths(t, dead, 1), ['a delivery_limit']);
    },
  );

  test(
    'a queue that delays retries tells how often a message failed, and how often somebody had it',
    { ...DELAYED, rules },
    async (t) => {
      const queue = await t.queue(delaying('all', { 'x-delayed-retry-min': 1 }));
      await t.send(queue, 'a');
      const consumer = await t.consume(queue);
      const seen: unknown[] = [];
      for (const how of ['nack', 'reject', 'nack'] as const) {
        const message = await consumer.next();
        seen.push(message.headers);
        consumer[how](message, true);
      }
      seen.push((await consumer.next()).headers);
      assert.deepEqual(seen, [
        {},
        { 'x-acquired-count': 1 },
        { 'x-acquired-count': 2, 'x-delivery-count': 1 },
        { 'x-acquired-count': 3, 'x-delivery-count': 1 },
      ]);
    },
  );
}

function asking(test: Define): void {
  for (const [what, args] of [
    ['that is none', { 'x-delayed-retry-type': 'some' }],
    ['that is no string', { 'x-delayed-retry-type': 5 }],
    ['that is disabled', { 'x-delayed-retry-type': 'disabled' }],
    ['without a delay', { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': null }],
    ['with a negative delay', { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': -1 }],
    ['with a delay that is no integer', { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': '60000' }],
  ] as const) {
    test(`a delayed retry ${what} is accepted and delays nothing`, DELAYED, async (t) => {
      const queue = await t.queue(delaying('all', { ...LONG, ...args }));
      await t.send(queue, 'a');
      await fail(t, queue);
      assert.equal((await t.take(queue)).body, 'a');
    });
  }

  for (const [least, most, delay] of [
    [700, null, 700],
    [2000, 50, 50],
  ] as const) {
    test(`with delays from ${least} to ${most} ms every retry waits ${delay} ms`, DELAYED, async (t) => {
      const args = { 'x-delayed-retry-min': least, 'x-delayed-retry-max': most };
      const queue = await t.queue(delaying('all', args));
      await t.send(queue, 'a');
      for (let n = 0; n < 3; n++) {
        const gap = await gapAfter(t, queue, reject);
        assert.ok(gap >= delay - 1 && gap < 2000, `after ${gap} ms, and not ${delay}`);
      }
    });
  }

  test('a classic queue refuses to delay retries', { ...DELAYED, rules: ['DLV-09', 'ARG-05'] }, async (t) => {
    const queue = t.name('q');
    const text = `PRECONDITION_FAILED - invalid arg 'x-delayed-retry-min' for queue '${queue}' in vhost '/' of queue type rabbit_classic_queue`;
    const declare = { queue, durable: true, arguments: { 'x-delayed-retry-min': 5 } };
    await t.refuses('queue.declare', declare, 406, text);
  });

  test(
    'a policy delays retries, and its type goes before that of the arguments',
    { rules: ['DLV-09', 'POL-01'], needs: ['delayed-retry', 'management'] },
    async (t) => {
      await govern(t, { 'delayed-retry-type': 'all', 'delayed-retry-min': 400 });
      for (const args of [QUORUM, delaying('disabled', { 'x-delayed-retry-min': 500 })]) {
        const queue = await t.queue(args);
        await t.send(queue, 'a');
        const gap = await gapAfter(t, queue, reject);
        assert.ok(gap >= 399, `after ${gap} ms`);
      }
    },
  );
}
