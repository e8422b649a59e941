import assert from 'node:assert/strict';
import type { Context } from './support/context.ts';
import { deathLines, reject, rejectOnly } from './support/deaths.ts';
import type { Table } from './support/fields.ts';
import type { Define } from './support/suite.ts';
import { topic } from './support/suite.ts';

/** A TTL that ends while a case looks on. */
const SHORT = { 'x-message-ttl': 50 };

export const cycles = topic('cycles', 'Cycles of dead letters', (test) => {
  ofOneQueue(test);
  ofSeveralQueues(test);
  inEachTarget(test);
});

/** A queue that dead-letters to itself. */
function ofOneQueue(test: Define): void {
  test(
    'a queue that dead-letters to itself loses a message at its first death by its TTL',
    { rules: ['CYC-04', 'CYC-02'] },
    async (t) => {
      const { queue, witness } = await toItself(t, SHORT);
      await t.send(queue, 'a');
      assert.deepEqual(deathLines(await t.take(witness)), [`${queue} expired 1`]);
      await staysGone(t, queue, witness);
    },
  );

  test(
    'a queue that dead-letters to itself loses a message at its first death by its expiration',
    { rules: ['CYC-04', 'CYC-02'] },
    async (t) => {
      const { queue, witness } = await toItself(t);
      await t.send(queue, 'a', { expiration: '50' });
      assert.deepEqual(deathLines(await t.take(witness)), [`${queue} expired 1`]);
      await staysGone(t, queue, witness);
    },
  );

  test(
    'a queue that dead-letters to itself loses the head it drops',
    { rules: ['CYC-04', 'CYC-02'] },
    async (t) => {
      const { queue, witness } = await toItself(t, { 'x-max-length': 1 });
      for (const body of ['dropped', 'stays']) await t.send(queue, body);
      assert.deepEqual(deathLines(await t.take(witness)), [`${queue} maxlen 1`]);
      assert.deepEqual(await t.drain(queue), ['stays']);
      await staysGone(t, queue, witness);
    },
  );

  test(
    'a queue that dead-letters to itself through the default exchange loses messages by TTL and by length',
    { rules: ['CYC-04'] },
    async (t) => {
      const expiring = await t.queue({ 'x-dead-letter-exchange': '', ...SHORT });
      const short = await t.queue({ 'x-dead-letter-exchange': '', 'x-max-length': 1 });
      await t.send(expiring, 'a');
      for (const body of ['b', 'c']) await t.send(short, body);
      await t.elapse(200);
      await t.untilCount(expiring, 0);
      await t.staysEmpty(expiring);
      assert.deepEqual(await t.drain(short), ['c']);
      await t.staysEmpty(short);
    },
  );

  test(
    'a queue that dead-letters to itself loses a message by its delivery limit',
    { rules: ['CYC-02'], needs: ['quorum-queues'] },
    async (t) => {
      const { queue, witness } = await toItself(t, { 'x-queue-type': 'quorum', 'x-delivery-limit': 0 });
      const consumer = await t.consume(queue, { prefetch: 1 });
      await t.send(queue, 'a');
      consumer.reject(await consumer.next(), true);
      assert.deepEqual(deathLines(await t.take(witness)), [`${queue} delivery_limit 1`]);
      await consumer.nothing();
    },
  );

  test(
    'a queue that dead-letters to itself takes a rejected message back again and again, and counts',
    { rules: ['CYC-05', 'CYC-02'] },
    async (t) => {
      const queue = await t.queue({ 'x-dead-letter-exchange': '' });
      await t.send(queue, 'a');
      for (let count = 0; count < 10; count++) {
        const message = await reject(t, queue);
        assert.deepEqual(deathLines(message), count === 0 ? [] : [`${queue} rejected ${count}`]);
      }
      assert.equal((await t.take(queue)).body, 'a');
    },
  );

  test(
    'a message that came back to its queue after a reject is dropped when it expires there',
    { rules: ['CYC-09', 'CYC-03'] },
    async (t) => {
      const { queue, witness } = await toItself(t, { 'x-message-ttl': 300 });
      const consumer = await t.consume(queue);
      await t.send(queue, 'a');
      consumer.nack(await consumer.next(), false);
      const again = await consumer.next();
      assert.deepEqual(deathLines(again), [`${queue} rejected 1`]);
      await consumer.cancel();
      consumer.nack(again, true);
      assert.deepEqual(deathLines(await t.take(witness)), [`${queue} rejected 1`]);
      const lines = [`${queue} expired 1`, `${queue} rejected 1`];
      assert.deepEqual(deathLines(await t.take(witness)), lines);
      await staysGone(t, queue, witness);
    },
  );
}

/** Queues that dead-letter to each other. */
function ofSeveralQueues(test: Define): void {
  for (const size of [2, 3]) {
    test(
      `a message goes once round ${size} queues with a TTL and is dropped before it comes into the first again`,
      { rules: ['CYC-06', 'CYC-03'] },
      async (t) => {
        const { queues, witness } = await ring(
          t,
          Array.from({ length: size }, () => SHORT),
        );
        await t.send(queues[0] ?? '', 'a');
        const lines = queues.map((queue) => `${queue} expired 1`);
        assert.deepEqual(deathLines(await t.take(witness)).sort(), lines.sort());
        for (const queue of queues) await staysGone(t, queue, witness);
      },
    );
  }

  test('a length limit and a TTL make a cycle together', { rules: ['CYC-02', 'CYC-03'] }, async (t) => {
    const { queues, witness } = await ring(t, [{ 'x-max-length': 1 }, SHORT]);
    const [q1 = '', q2 = ''] = queues;
    for (const body of ['a', 'b']) await t.send(q1, body);
    const message = await t.take(witness);
    assert.equal(message.body, 'a');
    assert.deepEqual(deathLines(message), [`${q2} expired 1`, `${q1} maxlen 1`]);
    assert.deepEqual(await t.drain(q1), ['b']);
    await staysGone(t, q1, witness);
  });

  test(
    'a message that is rejected, waits and comes back may go round for ever, with two entries of equal counts',
    { rules: ['CYC-07', 'CYC-03'] },
    async (t) => {
      const { queues } = await ring(t, [{}, SHORT]);
      const [work = '', wait = ''] = queues;
      await t.send(work, 'a');
      for (let rounds = 0; rounds < 6; rounds++) {
        const expected = [`${wait} expired ${rounds}`, `${work} rejected ${rounds}`];
        assert.deepEqual(deathLines(await reject(t, work)), rounds === 0 ? [] : expected);
      }
    },
  );

  test(
    'a message that expires and is then rejected may go round for ever',
    { rules: ['CYC-07', 'CYC-03'] },
    async (t) => {
      const { queues } = await ring(t, [SHORT, {}]);
      const [wait = '', work = ''] = queues;
      await t.send(wait, 'a');
      for (let rounds = 1; rounds < 5; rounds++) {
        assert.equal(deathLines(await reject(t, work))[0], `${wait} expired ${rounds}`);
      }
    },
  );

  test(
    'one reject on the way round three queues is enough to go on; before 3.13.3 the message may be lost',
    { rules: ['CYC-03'] },
    async (t) => {
      const { queues, witness } = await ring(t, [SHORT, {}, SHORT]);
      const [q1 = '', q2 = '', q3 = ''] = queues;
      await t.send(q1, 'a');
      await reject(t, q2);
      await t.take(witness);
      if (!t.broker.since('3.13.3')) return t.staysEmpty(q2, 300);
      const lines = [`${q1} expired 2`, `${q3} expired 1`, `${q2} rejected 1`];
      assert.deepEqual(deathLines(await t.take(q2)), lines);
    },
  );

  test(
    'a reject in an earlier round does not save a message that is not rejected in this one',
    { rules: ['CYC-03'], since: '3.13.3' },
    async (t) => {
      const { queues, witness } = await ring(t, [SHORT, { 'x-message-ttl': 300 }]);
      const [wait = '', work = ''] = queues;
      const consumer = await t.consume(work);
      await t.publish('', work, 'a');
      consumer.nack(await consumer.next(), false);
      const again = await consumer.next();
      assert.deepEqual(deathLines(again), [`${wait} expired 1`, `${work} rejected 1`]);
      await consumer.cancel();
      consumer.nack(again, true);
      await t.take(witness);
      const lines = [`${work} expired 1`, `${wait} expired 1`, `${work} rejected 1`];
      assert.deepEqual(deathLines(await t.take(witness)), lines);
      await staysGone(t, wait, witness);
    },
  );

  test(
    'a reject before a cycle began does not save a message from it; before 3.13.3 it goes round for ever',
    { rules: ['CYC-08', 'CYC-03'] },
    async (t) => {
      const { queues, witness } = await ring(t, [SHORT, SHORT]);
      const [q2 = '', q3 = ''] = queues;
      const q1 = await t.deadLetteringTo(q2);
      await t.send(q1, 'a');
      await rejectOnly(t, q1);
      const round = (message: Awaited<ReturnType<Context['take']>>): string => deathLines(message)[0] ?? '';
      assert.equal(round(await t.take(witness)), `${q3} expired 1`);
      if (t.broker.since('3.13.3')) await staysGone(t, q2, witness);
      else assert.equal(round(await t.take(witness)), `${q3} expired 2`);
    },
  );

  test('a message that is dropped as a cycle is dropped in silence', { rules: ['CYC-10'] }, async (t) => {
    const { queue, witness } = await toItself(t, SHORT);
    const { client, number } = await t.publisher();
    client.publish(number, { exchange: '', routingKey: queue, mandatory: true }, 'a');
    await client.expect(number, 'basic.ack');
    await t.take(witness);
    await staysGone(t, queue, witness);
    await client.expectSilence(number);
  });
}

/** Each queue a dead letter is routed to is looked at by itself. */
function inEachTarget(test: Define): void {
  test(
    'only the queues that a dead letter would cycle through are left out',
    { rules: ['CYC-01'] },
    async (t) => {
      const dx = await t.exchange('fanout');
      const queue = await t.queue({ 'x-dead-letter-exchange': dx, ...SHORT });
      const others = [await t.queue(), await t.queue(), await t.queue()];
      for (const target of [others[0], queue, ...others.slice(1)]) await t.bind(target ?? '', dx);
      await t.send(queue, 'a');
      for (const other of others) {
        assert.deepEqual(deathLines(await t.take(other)), [`${queue} expired 1`]);
      }
      await t.staysEmpty(queue);
    },
  );

  test(
    'a queue is known by its name: one that was deleted and declared again is still part of the cycle',
    { rules: ['CYC-01'] },
    async (t) => {
      const { queues, witness, dx } = await ring(t, [SHORT, SHORT]);
      const [q1 = '', q2 = ''] = queues;
      const consumer = await t.consume(q2);
      await t.send(q1, 'a');
      const message = await consumer.next();
      await t.deleteQueue(q1);
      await t.queue({}, { queue: q1 });
      await t.bind(q1, dx);
      await consumer.cancel();
      consumer.nack(message, true);
      await t.take(witness);
      await staysGone(t, q1, witness);
    },
  );

  test(
    'a message that never died in the target makes no cycle there, however often it died elsewhere',
    { rules: ['CYC-03', 'CYC-01'] },
    async (t) => {
      const last = await t.queue();
      const q3 = await t.deadLetteringTo(last, SHORT);
      const q2 = await t.deadLetteringTo(q3, SHORT);
      const q1 = await t.deadLetteringTo(q2, SHORT);
      await t.send(q1, 'a');
      const lines = [q3, q2, q1].map((queue) => `${queue} expired 1`);
      const seen = deathLines(await t.take(last));
      assert.equal(seen[0], lines[0]);
      assert.deepEqual(seen.sort(), lines.sort());
    },
  );
}

/** A queue that dead-letters to itself, and a queue that gets a copy of each dead letter. */
async function toItself(t: Context, args: Table = {}): Promise<{ queue: string; witness: string }> {
  const dx = await t.exchange('fanout');
  const [witness, queue] = [await t.queue(), await t.queue({ 'x-dead-letter-exchange': dx, ...args })];
  for (const target of [queue, witness]) await t.bind(target, dx);
  return { queue, witness };
}

/** Queues of which each dead-letters to the next and the last to the first; the witness gets what the last one loses. */
async function ring(
  t: Context,
  each: readonly Table[],
): Promise<{ queues: readonly string[]; witness: string; dx: string }> {
  const dx = await t.exchange('fanout');
  const witness = await t.queue();
  const queues = each.map(() => t.name('q'));
  for (const [n, args] of each.entries()) {
    const [queue = '', next] = [queues[n], queues[n + 1]];
    if (next === undefined) await t.queue({ 'x-dead-letter-exchange': dx, ...args }, { queue });
    else await t.deadLetteringTo(next, args, { queue });
  }
  for (const queue of [queues[0] ?? '', witness]) await t.bind(queue, dx);
  return { queues, witness, dx };
}

/** It is not in its queue, and does not come by the witness once more. */
async function staysGone(t: Context, queue: string, witness: string): Promise<void> {
  await t.staysEmpty(queue, 200);
  assert.equal(await t.get(witness), undefined);
}
