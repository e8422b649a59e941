import assert from 'node:assert/strict';
import type { Channel } from '../support/channel.ts';
import type { Context } from '../support/context.ts';
import type { Define } from '../support/suite.ts';

/** What a vhost says about its queues: how many there may be, and of which type they are by default. */
export function queueLimits(test: Define): void {
  test(
    'a vhost that has as many queues as it may have refuses one more, and knows those it has',
    { rules: ['QUE-21'], needs: ['management'], slow: true },
    async (t) => {
      const { vhost, open } = await aVhost(t, 1);
      const channel = await open();
      await channel.call('queue.declare', { queue: 'first', durable: true });
      await channel.call('queue.declare', { queue: 'first', durable: true });
      channel.send('queue.declare', { queue: 'second', durable: true });
      const text = `cannot declare queue 'second': queue limit in vhost '${vhost}' (1) is reached`;
      await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.declare');
      const next = await open();
      await next.call('queue.delete', { queue: 'first' });
      await next.call('queue.declare', { queue: 'second', durable: true });
    },
  );

  test(
    'bad arguments of a queue are told before the limit of the vhost is looked at since 4.0, and after it before',
    { rules: ['QUE-02', 'QUE-21'], needs: ['management'], slow: true },
    async (t) => {
      const { vhost, open } = await aVhost(t, 0);
      const channel = await open();
      channel.send('queue.declare', { queue: 'q', durable: true, arguments: { 'x-max-length': -1 } });
      const text = t.broker.pick({
        '3.10': `cannot declare queue 'q': queue limit in vhost '${vhost}' (0) is reached`,
        '4.0': `invalid arg 'x-max-length' for queue 'q' in vhost '${vhost}': {value_negative,-1}`,
      });
      await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.declare');
    },
  );

  test(
    'a queue declared without a type gets the default type of its vhost',
    { rules: ['QUE-20'], needs: ['management', 'quorum-queues'], since: '4.0', slow: true },
    async (t) => {
      const { vhost, open } = await aVhost(t, undefined, 'quorum');
      const channel = await open();
      await channel.call('queue.declare', { queue: 'q', durable: true });
      await channel.call('queue.declare', {
        queue: 'q',
        durable: true,
        arguments: { 'x-queue-type': 'quorum' },
      });
      channel.send('queue.declare', { queue: 'q', durable: true, arguments: { 'x-queue-type': 'classic' } });
      const text = `inequivalent arg 'x-queue-type' for queue 'q' in vhost '${vhost}': received 'classic' but current is 'quorum'`;
      await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.declare');
    },
  );

  test(
    'a queue that is exclusive or auto-delete is classic when the default type of its vhost cannot be so',
    { rules: ['QUE-20'], needs: ['management', 'quorum-queues'], since: '4.0', slow: true },
    async (t) => {
      const { vhost, open } = await aVhost(t, undefined, 'quorum');
      const channel = await open();
      for (const [queue, flags] of [
        ['exclusive', { exclusive: true }],
        ['auto-delete', { durable: true, autoDelete: true }],
      ] as const) {
        await channel.call('queue.declare', { queue, ...flags });
        const { json } = await t.admin.must('GET', `/queues/${vhost}/${queue}`);
        assert.match((json as { type: string }).type, /classic/);
      }
    },
  );
}

/** A vhost of its own, and a way to open channels on it. */
async function aVhost(
  t: Context,
  maxQueues?: number,
  defaultQueueType?: string,
): Promise<{ readonly vhost: string; readonly open: () => Promise<Channel> }> {
  const vhost = await t.vhost();
  if (defaultQueueType !== undefined)
    await t.admin.must('PUT', `/vhosts/${vhost}`, { default_queue_type: defaultQueueType });
  if (maxQueues !== undefined)
    await t.admin.must('PUT', `/vhost-limits/${vhost}/max-queues`, { value: maxQueues });
  return { vhost, open: async () => t.channel(await t.connect({ vhost })) };
}
