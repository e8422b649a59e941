import assert from 'node:assert/strict';
import type { Channel } from '../support/channel.ts';
import type { Context } from '../support/context.ts';
import { declareConsumed, Watch } from '../support/queue-expiry-watch.ts';
import type { Define } from '../support/suite.ts';

/** What starts the time of an unused queue anew, and what does not. */
export function renewal(test: Define): void {
  const renewing: readonly [name: string, renew: (t: Context, queue: string) => Promise<unknown>][] = [
    ['declaring it again', (t, queue) => t.queue({ 'x-expires': 3_000 }, { queue })],
    ['a passive declaration', (t, queue) => t.count(queue)],
    ['basic.get', async (t, queue) => assert.equal((await t.get(queue))?.body, 'x')],
    [
      'basic.get of nothing',
      async (t, queue) => {
        assert.ok(await t.get(queue));
        assert.equal(await t.get(queue), undefined);
      },
    ],
  ];
  for (const [name, renew] of renewing) {
    test(`${name} starts the time of an unused queue anew`, { rules: ['QEX-03'], slow: true }, async (t) => {
      const also = (channel: Channel, queue: string): void => channel.publish('', queue, 'x');
      const watch = await Watch.declare(t, { 'x-expires': 3_000 }, { also });
      await t.elapse(1_200);
      const elapsed = t.stopwatch();
      await renew(t, watch.queue);
      await watch.untilGone();
      assert.ok(elapsed() >= 2_999, `gone ${elapsed()} ms later`);
    });
  }

  test(
    'a fetch through the management API starts the time of an unused queue anew',
    { rules: ['QEX-03'], needs: ['management'], slow: true },
    async (t) => {
      const watch = await Watch.declare(t, { 'x-expires': 3_000 });
      await t.elapse(1_000);
      const elapsed = t.stopwatch();
      const fetch = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' };
      await t.admin.must('POST', `/queues/%2F/${watch.queue}/get`, fetch);
      await watch.untilGone();
      assert.ok(elapsed() >= 2_999, `gone ${elapsed()} ms later`);
    },
  );

  const leaving: readonly [name: string, leave: (channel: Channel) => Promise<unknown>][] = [
    ['is cancelled', (channel) => channel.call('basic.cancel', { consumerTag: 'only' })],
    ['closes its channel', (channel) => channel.close()],
    ['closes its connection', (channel) => channel.client.close()],
    ['loses its connection', async (channel) => channel.client.stream.destroy()],
  ];
  for (const [name, leave] of leaving) {
    test(
      `a queue does not expire while it has a consumer, and its time starts when that ${name}`,
      { rules: ['QEX-03'], slow: true },
      async (t) => {
        const channel = await t.channel(await t.connect());
        const watch = await declareConsumed(t, { 'x-expires': 1_000 }, channel, ['only']);
        await t.elapse(2_000);
        assert.equal(await watch.isGone(), false);
        const elapsed = t.stopwatch();
        await leave(channel);
        await watch.untilGone();
        assert.ok(elapsed() >= 999, `gone ${elapsed()} ms later`);
      },
    );
  }

  test(
    'a queue with two consumers does not expire when one of them leaves',
    { rules: ['QEX-03'], slow: true },
    async (t) => {
      const channel = await t.channel();
      const watch = await declareConsumed(t, { 'x-expires': 1_000 }, channel, ['leaving', 'staying']);
      await channel.call('basic.cancel', { consumerTag: 'leaving' });
      await t.elapse(2_000);
      assert.equal(await watch.isGone(), false);
      await channel.call('basic.cancel', { consumerTag: 'staying' });
      await watch.untilGone();
    },
  );

  const idle: readonly [name: string, rule: 'QEX-04' | 'QEX-05', act: (on: Acting) => void][] = [
    [
      'a passive declaration with no-wait',
      'QEX-04',
      ({ channel, queue }) => channel.send('queue.declare', { queue, passive: true, noWait: true }),
    ],
    [
      'a declaration with no-wait',
      'QEX-04',
      ({ channel, queue }) => {
        const args = { 'x-expires': 1_000 };
        channel.send('queue.declare', { queue, durable: true, noWait: true, arguments: args });
      },
    ],
    ['publishing', 'QEX-05', ({ channel, queue }) => channel.publish('', queue, 'x')],
    [
      'binding',
      'QEX-05',
      ({ channel, queue, step }) =>
        channel.send('queue.bind', { queue, exchange: 'amq.direct', routingKey: `${queue}.${step}` }),
    ],
    [
      'unbinding',
      'QEX-05',
      ({ channel, queue, step }) =>
        channel.send('queue.unbind', { queue, exchange: 'amq.direct', routingKey: `${queue}.${step}` }),
    ],
    ['purging', 'QEX-05', ({ channel, queue }) => channel.send('queue.purge', { queue })],
    ['to ack', 'QEX-05', ({ channel, fetched }) => channel.ack(fetched)],
    ['to requeue', 'QEX-05', ({ channel, fetched }) => channel.nack(fetched, true)],
    ['to hold an unacked message', 'QEX-05', () => undefined],
  ];
  for (const [name, rule, act] of idle) {
    test(`${name} does not renew an unused queue`, { rules: [rule], slow: true }, async (t) => {
      const channel = await t.channel(await t.connect()); // RabbitMQ 4.3 closes it when a bind meets the end of the queue
      const { watch, fetched } = await declareFetched(t, channel);
      for (const [step, deliveryTag] of fetched.entries()) {
        act({ channel, queue: watch.queue, step, fetched: deliveryTag });
        await t.elapse(200);
        if (await watch.isGone()) return;
      }
      assert.fail('the queue is still there');
    });
  }
}

interface Acting {
  readonly channel: Channel;
  readonly queue: string;
  readonly step: number;
  /** The tag of a delivery that nobody has settled. */
  readonly fetched: number;
}

/** Declares a queue that expires after 1 s, from which messages were fetched that are unacked. */
async function declareFetched(t: Context, channel: Channel): Promise<{ watch: Watch; fetched: number[] }> {
  const count = 30;
  const also = (_: Channel, queue: string): void => {
    for (let left = count; left > 0; left--) channel.publish('', queue, 'x');
    for (let left = count; left > 0; left--) channel.send('basic.get', { queue });
  };
  const watch = await Watch.declare(t, { 'x-expires': 1_000 }, { channel, also });
  const fetched: number[] = [];
  while (fetched.length < count) {
    fetched.push((await channel.client.message(channel.number, 'basic.get-ok')).deliveryTag);
  }
  return { watch, fetched };
}
