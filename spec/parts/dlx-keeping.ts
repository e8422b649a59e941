import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import { deathLines, hold, reject, rejectOnly } from '../support/deaths.ts';
import type { Table } from '../support/fields.ts';
import type { Define } from '../support/suite.ts';

/** Streams, and quorum queues that keep their dead letters until they are confirmed. */
export function keeping(test: Define): void {
  test('a stream takes no dead-letter exchange', { rules: ['DLX-12'], needs: ['streams'] }, async (t) => {
    const queue = t.name('q');
    const args = { 'x-queue-type': 'stream', 'x-dead-letter-exchange': '' };
    const text = `PRECONDITION_FAILED - invalid arg 'x-dead-letter-exchange' for queue '${queue}' in vhost '/' of queue type rabbit_stream_queue`;
    await t.refuses('queue.declare', { queue, durable: true, arguments: args }, 406, text);
  });

  test(
    'dead letters may go to a stream',
    { rules: ['DLX-12'], needs: ['streams'], since: '3.12' },
    async (t) => {
      const stream = await t.queue({ 'x-queue-type': 'stream' });
      const source = await t.deadLetteringTo(stream);
      await t.send(source, 'a');
      await rejectOnly(t, source);
      const options = { prefetch: 10, arguments: { 'x-stream-offset': 'first' } };
      const message = await (await t.consume(stream, options)).next();
      assert.equal(message.body, 'a');
      assert.deepEqual(deathLines(message), [`${source} rejected 1`]);
    },
  );

  const atLeastOnce = {
    'x-queue-type': 'quorum',
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
  };
  const strategies: readonly (readonly [string, Table])[] = [
    ['without a dead-letter exchange', { 'x-overflow': 'reject-publish' }],
    ['with drop-head', { 'x-overflow': 'drop-head', 'x-dead-letter-exchange': '' }],
    ['without an overflow', { 'x-dead-letter-exchange': '' }],
    ['with reject-publish', { 'x-overflow': 'reject-publish', 'x-dead-letter-exchange': '' }],
  ];
  for (const [name, args] of strategies) {
    test(
      `a quorum queue with at-least-once dead-lettering may be declared ${name}`,
      { rules: ['DLX-13'], needs: ['quorum-queues'] },
      async (t) => {
        const strategy = { 'x-queue-type': 'quorum', 'x-dead-letter-strategy': 'at-least-once' };
        const queue = await t.queue({ ...strategy, ...args });
        assert.equal(await t.count(queue), 0);
      },
    );
  }

  test(
    'at-least-once without a dead-letter exchange discards what is rejected',
    { rules: ['DLX-13'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue({ ...atLeastOnce, 'x-max-length': 1 });
      await t.send(queue, 'a');
      await reject(t, queue);
      await t.eventually(async () => (await t.send(queue, 'b')) === 'ack', 'room in the queue');
    },
  );

  test(
    'at-least-once with drop-head is at-most-once: a dead letter without an exchange is lost',
    { rules: ['DLX-13'], needs: ['quorum-queues'] },
    async (t) => {
      const [exchange, dead] = [t.name('later'), await t.queue()];
      const source = await t.queue({
        ...atLeastOnce,
        'x-overflow': 'drop-head',
        'x-dead-letter-exchange': exchange,
        'x-max-length': 1,
      });
      await t.send(source, 'lost');
      await reject(t, source);
      await t.untilCount(source, 0);
      await t.send(source, 'takes the only place');
      assert.equal((await hold(t, source)).body, 'takes the only place');
      await t.exchange('fanout', {}, { exchange });
      await t.bind(dead, exchange);
      await t.staysEmpty(dead, 500);
    },
  );

  test(
    'at-least-once dead letters have the history of any others',
    { rules: ['DLX-13', 'DLX-14'], needs: ['quorum-queues'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead, atLeastOnce);
      await t.send(source, 'a', { headers: { own: 1 } });
      await reject(t, source);
      const message = await t.take(dead);
      assert.deepEqual([message.body, message.exchange, message.routingKey], ['a', '', dead]);
      assert.equal(message.headers['own'], 1);
      assert.deepEqual(deathLines(message), [`${source} rejected 1`]);
    },
  );

  test(
    'an at-least-once dead letter without an exchange stays in its queue and takes its place there',
    { rules: ['DLX-14'], needs: ['quorum-queues'] },
    async (t) => {
      const args = { ...atLeastOnce, 'x-max-length': 1, 'x-dead-letter-exchange': t.name('missing') };
      const source = await t.queue(args);
      await t.send(source, 'a');
      await reject(t, source);
      await untilFullOfDeadLetters(t, source);
      assert.equal(await t.get(source), undefined, 'a dead letter is not ready');
    },
  );

  test(
    'an at-least-once dead letter that nobody takes counts as a message of its queue that is not ready',
    { rules: ['DLX-14'], needs: ['quorum-queues', 'management'], slow: true },
    async (t) => {
      const source = await t.queue({ ...atLeastOnce, 'x-dead-letter-exchange': t.name('missing') });
      await t.send(source, 'a');
      await reject(t, source);
      const counts = async (): Promise<unknown> => {
        const { json } = await t.admin.get(`/queues/%2F/${source}`);
        const { messages, messages_ready: ready } = json as Record<string, unknown>;
        return `${String(messages)} and ${String(ready)} ready`;
      };
      const isSo = await t.until(async () => (await counts()) === '1 and 0 ready', 20_000);
      assert.equal(isSo, true, 'one message, none of them ready');
    },
  );

  test(
    'a purge removes at-least-once dead letters that nobody took',
    { rules: ['DLX-14'], needs: ['quorum-queues'], since: '4.3' },
    async (t) => {
      const args = { ...atLeastOnce, 'x-max-length': 1, 'x-dead-letter-exchange': t.name('missing') };
      const source = await t.queue(args);
      await t.send(source, 'a');
      await reject(t, source);
      await untilFullOfDeadLetters(t, source);
      await t.purge(source);
      await t.eventually(async () => (await t.send(source, 'b')) === 'ack', 'room in the queue');
    },
  );
}

/** A quorum queue may take a few messages over its limit: without a ready one it must still be full. */
async function untilFullOfDeadLetters(t: Context, queue: string): Promise<void> {
  await t.eventually(async () => (await t.send(queue, 'over')) === 'nack', 'a queue that is full');
  for (let n = 0; n < 3; n++) {
    await t.drain(queue);
    await t.elapse(200);
    assert.equal(await t.send(queue, 'over'), 'nack', 'no room beside the dead letter');
  }
}
