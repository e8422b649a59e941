import assert from 'node:assert/strict';
import { locked, noQueue } from '../support/declaring-texts.ts';
import type { Channel } from '../support/channel.ts';
import type { Client } from '../support/client.ts';
import type { Context } from '../support/context.ts';
import type { Define } from '../support/suite.ts';

/** Queues that belong to one connection. */
export function exclusiveQueues(test: Define): void {
  toOthers(test);
  toItsOwner(test);
  lifetime(test);
}

function toOthers(test: Define): void {
  const refused = [
    ['declared', 'queue.declare', { exclusive: true }],
    ['declared passively', 'queue.declare', { passive: true }],
    ['bound', 'queue.bind', { exchange: 'amq.direct', routingKey: 'k' }],
    ['consumed from', 'basic.consume', {}],
    ['fetched from', 'basic.get', {}],
    ['purged', 'queue.purge', {}],
    ['deleted', 'queue.delete', {}],
  ] as const;
  for (const [what, name, args] of refused) {
    test(
      `an exclusive queue cannot be ${what} by another connection`,
      { rules: ['QUE-07', 'ARG-12'] },
      async (t) => {
        const queue = await t.queue({}, { exclusive: true });
        await t.refuses(name, { queue, ...args }, 405, locked(queue), await t.connect());
      },
    );
  }

  test(
    'the text about an exclusive queue with a long name is cut to 255 octets',
    { rules: ['QUE-07'] },
    async (t) => {
      const name = t.name('q').padEnd(100, '-');
      const queue = await t.queue({}, { queue: name, exclusive: true });
      const text = locked(queue);
      assert.deepEqual([text.length, text.slice(-3)], [255, '...']);
      await t.refuses('queue.purge', { queue }, 405, text, await t.connect());
    },
  );

  test(
    'a binding of an exclusive queue cannot be removed by another connection',
    { rules: ['QUE-07'] },
    async (t) => {
      const [queue, exchange] = [await t.queue({}, { exclusive: true }), await t.exchange('fanout')];
      await t.bind(queue, exchange);
      await t.refuses('queue.unbind', { queue, exchange }, 405, locked(queue), await t.connect());
      await t.publish(exchange, '', 'a');
      assert.deepEqual(await t.drain(queue), ['a']);
    },
  );

  test(
    'removing a binding that an exclusive queue does not have is not refused to another connection',
    { rules: ['QUE-07', 'BND-02'] },
    async (t) => {
      const queue = await t.queue({}, { exclusive: true });
      const channel = await t.channel(await t.connect());
      await channel.call('queue.unbind', { queue, exchange: 'amq.direct', routingKey: queue });
    },
  );

  test('another connection may publish to an exclusive queue', { rules: ['QUE-08'] }, async (t) => {
    const queue = await t.queue({}, { exclusive: true });
    const publisher = await t.confirmChannel(await t.connect());
    assert.equal(await publisher.publishConfirmed('', queue, 'a'), 'ack');
    assert.deepEqual(await t.drain(queue), ['a']);
  });

  for (const exclusive of [true, false]) {
    const [was, is] = exclusive ? ['exclusive', 'not exclusive'] : ['not exclusive', 'exclusive'];
    test(
      `a queue that is ${was} cannot be declared again as ${is}, not even by its own connection`,
      { rules: ['QUE-09', 'ARG-12'] },
      async (t) => {
        const queue = await t.queue({}, { exclusive });
        const declare = { queue, durable: true, exclusive: !exclusive };
        await t.refuses('queue.declare', declare, 405, locked(queue));
      },
    );
  }
}

function toItsOwner(test: Define): void {
  test('every channel of its connection may use an exclusive queue', { rules: ['QUE-08'] }, async (t) => {
    const queue = await t.queue({}, { exclusive: true });
    const channel = await t.channel();
    await t.queue({}, { queue, exclusive: true }, channel);
    const exchange = await t.exchange('fanout');
    await channel.call('queue.bind', { queue, exchange });
    await t.publish(exchange, '', 'a');
    assert.equal((await channel.get(queue))?.body, 'a');
    await channel.call('queue.purge', { queue });
    await (await t.consume(queue)).cancel();
    await channel.call('queue.delete', { queue });
    assert.equal(await t.hasQueue(queue), false);
  });
}

function lifetime(test: Define): void {
  for (const isUsed of [false, true]) {
    test(
      `an exclusive queue ${isUsed ? 'with' : 'without'} a consumer is gone when its connection has been closed`,
      { rules: ['QUE-29'] },
      async (t) => {
        const { owner, channel, queue } = await owned(t);
        if (isUsed) await channel.call('basic.consume', { queue });
        await owner.close();
        await isGone(t, queue);
      },
    );
  }

  test('an exclusive queue goes when its connection is lost', { rules: ['QUE-29'] }, async (t) => {
    const { owner, queue } = await owned(t);
    owner.stream.destroy();
    await becomesMissing(t, queue);
  });

  test(
    'what a connection had published to an exclusive queue goes with it: the name may be used anew',
    { rules: ['QUE-29'] },
    async (t) => {
      const { owner, queue } = await owned(t);
      await t.send(queue, 'a');
      await owner.close();
      await isGone(t, queue);
      await t.queue({}, { queue, exclusive: true });
      assert.deepEqual(await t.drain(queue), []);
    },
  );

  test(
    'an exclusive queue stays when the channel on which it was declared is closed',
    { rules: ['QUE-29'] },
    async (t) => {
      const channel = await t.channel();
      const queue = await t.queue({}, { exclusive: true }, channel);
      await channel.close();
      await t.send(queue, 'a');
      assert.deepEqual(await t.drain(queue), ['a']);
    },
  );

  test(
    'an exclusive queue stays when its last consumer is cancelled, unless it is auto-delete too',
    { rules: ['QUE-29', 'QUE-28'] },
    async (t) => {
      for (const autoDelete of [false, true]) {
        const queue = await t.queue({}, { exclusive: true, autoDelete });
        await (await t.consume(queue)).cancel();
        assert.equal(await t.hasQueue(queue), !autoDelete);
      }
    },
  );
}

/** An exclusive queue of another connection. */
async function owned(t: Context): Promise<{ owner: Client; channel: Channel; queue: string }> {
  const owner = await t.connect();
  const channel = await t.channel(owner);
  return { owner, channel, queue: await t.queue({}, { exclusive: true }, channel) };
}

/** After close-ok there is no such queue any more; since 4.3 it may take a moment. */
async function isGone(t: Context, queue: string): Promise<void> {
  if (t.broker.since('4.3')) await becomesMissing(t, queue);
  else await t.refuses('queue.declare', { queue, passive: true }, 404, noQueue(queue));
}

async function becomesMissing(t: Context, queue: string): Promise<void> {
  await t.eventually(async () => (await refusalOf(t, queue)) === 404, `${queue} is gone`);
}

/** The code with which a look at this queue is refused. */
async function refusalOf(t: Context, queue: string): Promise<number> {
  const channel = await t.channel();
  channel.send('queue.declare', { queue, passive: true });
  const { replyCode } = await channel.expect('channel.close');
  channel.send('channel.close-ok');
  return replyCode;
}
