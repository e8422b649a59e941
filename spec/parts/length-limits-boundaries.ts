import assert from 'node:assert/strict';
import { field } from '../support/fields.ts';
import { kinds, limited, QUORUM, sendAll, takeDeaths } from '../support/length-limits-deaths.ts';
import type { Context } from '../support/context.ts';
import type { Define } from '../support/suite.ts';

const FAR = 2n ** 62n;

/** What is counted, and when it is too much. */
export function boundaries(test: Define): void {
  for (const { kind, args, needs } of kinds) {
    test(
      `a ${kind} queue keeps exactly as many messages as it may, and with one more loses the oldest`,
      { rules: ['LEN-01', 'LEN-04', 'LEN-05'], needs },
      async (t) => {
        const { dead, queue } = await limited(t, { ...args, 'x-max-length': 2 });
        await sendAll(t, queue, 'a', 'b');
        await t.staysEmpty(dead);
        await t.send(queue, 'c');
        assert.deepEqual(await takeDeaths(t, dead, 1), ['a maxlen']);
        assert.deepEqual(await t.drain(queue), ['b', 'c']);
      },
    );

    test(
      `what was handed out of a ${kind} queue and is unacked does not count toward its length`,
      { rules: ['LEN-02'], needs },
      async (t) => {
        const { dead, queue } = await limited(t, { ...args, 'x-max-length': 1 });
        const consumer = await t.consume(queue, { prefetch: 1 });
        await t.send(queue, 'held');
        assert.equal((await consumer.next()).body, 'held');
        await t.send(queue, 'ready');
        await t.staysEmpty(dead);
        assert.deepEqual(await t.drain(queue), ['ready']);
      },
    );

    test(`a limit of a ${kind} queue has no upper bound`, { rules: ['LEN-01'], needs }, async (t) => {
      const queue = await t.queue({ ...args, 'x-max-length': FAR, 'x-max-length-bytes': FAR });
      await sendAll(t, queue, 'a', 'b');
      assert.deepEqual(await t.drain(queue), ['a', 'b']);
    });
  }

  test(
    'a policy gives a queue limits without an upper bound',
    { rules: ['LEN-01', 'POL-01'], needs: ['management'] },
    async (t) => {
      await t.policy({ definition: { 'max-length': 1e15, 'max-length-bytes': 1e15 }, applyTo: 'queues' });
      const queue = await t.queue();
      await sendAll(t, queue, 'a', 'b');
      assert.deepEqual(await t.drain(queue), ['a', 'b']);
    },
  );

  test('a length limit may be an integer of any width', { rules: ['LEN-01'] }, async (t) => {
    for (const tag of ['b', 'B', 's', 'u', 'I', 'i', 'l']) {
      const { dead, queue } = await limited(t, { 'x-max-length': field(tag, 1) });
      await sendAll(t, queue, 'a', 'b');
      assert.deepEqual(await takeDeaths(t, dead, 1), ['a maxlen'], `of type ${tag}`);
    }
  });

  test('of two limits the one that is exceeded first takes effect', { rules: ['LEN-01'] }, async (t) => {
    const queue = await t.queue({ 'x-max-length': 3, 'x-max-length-bytes': 10 });
    await sendAll(t, queue, 'aaaa', 'bbbb', 'cccc');
    await t.untilCount(queue, 2); // 8 bytes
    await sendAll(t, queue, 'd', 'e');
    assert.deepEqual(await t.drain(queue), ['cccc', 'd', 'e']);
  });

  test(
    'a queue keeps exactly as many bytes as it may, and with one more loses the oldest message',
    { rules: ['LEN-01', 'LEN-04'] },
    async (t) => {
      const { dead, queue } = await limited(t, { 'x-max-length-bytes': 6 });
      await sendAll(t, queue, 'aaa', 'bb', 'c');
      await t.staysEmpty(dead);
      await t.send(queue, 'd');
      assert.deepEqual(await takeDeaths(t, dead, 1), ['aaa maxlen']);
      assert.deepEqual(await t.drain(queue), ['bb', 'c', 'd']);
    },
  );

  test(
    'the bytes of a queue are those of bodies, without properties and headers',
    { rules: ['LEN-03'] },
    async (t) => {
      const { dead, queue } = await limited(t, { 'x-max-length-bytes': 4 });
      const properties = { messageId: 'm'.repeat(200), headers: { padding: 'p'.repeat(1000) } };
      for (const body of ['aa', 'bb']) await t.send(queue, body, properties);
      await t.staysEmpty(dead);
      await t.send(queue, 'c', properties);
      assert.deepEqual(await takeDeaths(t, dead, 1), ['aa maxlen']);
      assert.deepEqual(await t.drain(queue), ['bb', 'c']);
    },
  );

  test(
    'the bytes of a quorum queue are those of bodies, and in version 4.3 also those of properties and headers',
    { rules: ['LEN-03'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue({ ...QUORUM, 'x-max-length-bytes': 500 });
      for (const body of ['a', 'b']) await t.send(queue, body, { headers: { padding: 'p'.repeat(300) } });
      const countsAll = t.broker.isRabbitMQ && t.broker.since('4.3');
      assert.deepEqual(await t.drain(queue), countsAll ? ['b'] : ['a', 'b']);
    },
  );

  test(
    'messages without a body never exceed a limit of bytes, not even of 0',
    { rules: ['LEN-03', 'LEN-04'] },
    async (t) => {
      const queue = await t.queue({ 'x-max-length-bytes': 0 });
      await sendAll(t, queue, '', 'x', '', '');
      await t.untilCount(queue, 2); // 'x' is too much, and so is the empty message before it
      assert.deepEqual(await t.drain(queue), ['', '']);
    },
  );

  test('the bytes of what is unacked do not count', { rules: ['LEN-02', 'LEN-03'] }, async (t) => {
    const { dead, queue } = await limited(t, { 'x-max-length-bytes': 4 });
    const consumer = await t.consume(queue, { prefetch: 1 });
    await t.send(queue, 'held');
    assert.equal((await consumer.next()).body, 'held');
    await t.send(queue, 'more');
    await t.staysEmpty(dead);
    assert.deepEqual(await t.drain(queue), ['more']);
  });

  for (const argument of ['x-max-length', 'x-overflow', 'x-dead-letter-exchange']) {
    test(`a stream refuses ${argument}`, { rules: ['LEN-18'], needs: ['streams'] }, async (t) => {
      const args = {
        'x-queue-type': 'stream',
        [argument]: argument === 'x-max-length' ? 5 : argument === 'x-overflow' ? 'drop-head' : '',
      };
      const text = new RegExp(
        `^PRECONDITION_FAILED - invalid arg '${argument}' for queue '.*' in vhost '/' of queue type rabbit_stream_queue$`,
      );
      await t.refuses('queue.declare', { queue: t.name('q'), durable: true, arguments: args }, 406, text);
    });
  }

  const trims = {
    'x-max-length-bytes': 4_000,
    'x-max-age': '1s',
  } as const;
  for (const [argument, value] of Object.entries(trims)) {
    test(
      `a stream with ${argument} loses whole segments from its beginning`,
      { rules: ['LEN-18'], needs: ['streams'], slow: true },
      async (t) => {
        const segments = { 'x-queue-type': 'stream', 'x-stream-max-segment-size-bytes': 1_000 };
        const queue = await t.queue({ ...segments, [argument]: value });
        const isTrimmed = async (): Promise<boolean> => {
          for (let n = 0; n < 10; n++) await t.send(queue, 'm'.repeat(500));
          return (await firstOffset(t, queue)) > 0;
        };
        assert.equal(await t.until(isTrimmed, 20_000), true, 'the first message is still there');
      },
    );
  }
}

/** The offset of the first message a stream still has. */
async function firstOffset(t: Context, queue: string): Promise<number> {
  const consumer = await t.consume(queue, { prefetch: 1, arguments: { 'x-stream-offset': 'first' } });
  const { headers } = await consumer.next();
  await consumer.channel.close();
  return headers['x-stream-offset'] as number;
}
