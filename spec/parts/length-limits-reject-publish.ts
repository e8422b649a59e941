import assert from 'node:assert/strict';
import { kinds, limited, QUORUM, sendAll, takeDeaths } from '../support/length-limits-deaths.ts';
import type { Define } from '../support/suite.ts';

const REJECT = { 'x-overflow': 'reject-publish' };
const REJECT_DLX = { 'x-overflow': 'reject-publish-dlx' };

/** More than a quorum queue accepts above its limit before it refuses. */
const OVERSHOOT = 50;

/** What keeps new messages out of a full queue. */
export function rejectPublish(test: Define): void {
  test(
    'a full queue with reject-publish refuses what comes by a nack, and keeps what it has',
    { rules: ['LEN-10', 'LEN-12', 'LEN-04'] },
    async (t) => {
      const { dead, queue } = await limited(t, { ...REJECT, 'x-max-length': 2 });
      assert.deepEqual(await sendAll(t, queue, 'a', 'b', 'c', 'd'), ['ack', 'ack', 'nack', 'nack']);
      assert.deepEqual(await t.drain(queue), ['a', 'b']);
      await t.staysEmpty(dead);
    },
  );

  test(
    'a queue with reject-publish accepts again as soon as one message has left',
    { rules: ['LEN-10'] },
    async (t) => {
      const queue = await t.queue({ ...REJECT, 'x-max-length': 2 });
      assert.deepEqual(await sendAll(t, queue, 'a', 'b', 'c'), ['ack', 'ack', 'nack']);
      await t.take(queue);
      assert.deepEqual(await sendAll(t, queue, 'd', 'e'), ['ack', 'nack']);
      assert.deepEqual(await t.drain(queue), ['b', 'd']);
    },
  );

  test(
    'a refused message is lost without a word when the channel is not in confirm mode',
    { rules: ['LEN-10'] },
    async (t) => {
      const { dead, queue } = await limited(t, { ...REJECT, 'x-max-length': 1 });
      const channel = await t.channel();
      for (const body of ['a', 'b']) channel.publish('', queue, body);
      await channel.settled(); // and nothing else came
      assert.deepEqual(await t.takeBodies(queue, 1), ['a']);
      assert.equal(await t.get(queue), undefined);
      await t.staysEmpty(dead);
    },
  );

  test('a refused message is not returned, as it was routed', { rules: ['LEN-10'] }, async (t) => {
    const queue = await t.queue({ ...REJECT, 'x-max-length': 0 });
    const channel = await t.confirmChannel();
    channel.client.publish(channel.number, { routingKey: queue, mandatory: true }, 'a');
    assert.equal(await channel.confirm(), 'nack');
    await channel.settled(); // and nothing else came
  });

  test(
    'reject-publish counts the bytes with the new message, and takes a smaller one later',
    { rules: ['LEN-10', 'LEN-04'] },
    async (t) => {
      const queue = await t.queue({ ...REJECT, 'x-max-length-bytes': 4 });
      assert.deepEqual(await sendAll(t, queue, 'aa', 'bbb', 'cc', 'd'), ['ack', 'nack', 'ack', 'nack']);
      assert.deepEqual(await t.drain(queue), ['aa', 'cc']);
    },
  );

  test(
    'what is unacked takes no room in a queue with reject-publish',
    { rules: ['LEN-10', 'LEN-02'] },
    async (t) => {
      const queue = await t.queue({ ...REJECT, 'x-max-length': 1 });
      await t.send(queue, 'held');
      await (await t.channel()).get(queue, false);
      assert.deepEqual(await sendAll(t, queue, 'a', 'b'), ['ack', 'nack']);
    },
  );

  test(
    'with reject-publish and a length of 0 a queue refuses everything, though a consumer waits',
    { rules: ['LEN-11', 'LEN-10'] },
    async (t) => {
      const queue = await t.queue({ ...REJECT, 'x-max-length': 0 });
      const consumer = await t.consume(queue);
      assert.equal(await t.send(queue, 'a'), 'nack');
      await consumer.nothing();
    },
  );

  test(
    'with reject-publish and a length of 0 a quorum queue accepts what a consumer takes',
    { rules: ['LEN-11'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue({ ...QUORUM, ...REJECT, 'x-max-length': 0 });
      const consumer = await t.consume(queue);
      assert.equal(await t.send(queue, 'a'), 'ack');
      assert.equal((await consumer.next()).body, 'a');
    },
  );

  test(
    'a message that comes back may lift a queue with reject-publish above its limit',
    { rules: ['LEN-12'] },
    async (t) => {
      const { dead, queue } = await limited(t, { ...REJECT, 'x-max-length': 1 });
      await t.send(queue, 'a');
      const channel = await t.channel();
      const held = await channel.get(queue, false);
      await t.send(queue, 'b');
      channel.nack(held?.deliveryTag ?? 0, true);
      await t.untilCount(queue, 2);
      assert.equal(await t.send(queue, 'c'), 'nack');
      assert.deepEqual(await t.takeBodies(queue, 1), ['a']);
      assert.equal(await t.send(queue, 'd'), 'nack');
      assert.deepEqual(await t.drain(queue), ['b']);
      await t.staysEmpty(dead);
    },
  );

  for (const [overflow, deaths] of [
    ['reject-publish', []],
    ['reject-publish-dlx', ['a maxlen']],
  ] as const) {
    test(
      `when one of several queues refuses with ${overflow} the publisher gets a nack, and the others keep their copy`,
      { rules: ['LEN-13'] },
      async (t) => {
        const exchange = await t.exchange('fanout');
        const { dead, queue } = await limited(t, { 'x-overflow': overflow, 'x-max-length': 0 });
        const others = [await t.queue(), await t.queue()];
        for (const bound of [others[0], queue, others[1]]) await t.bind(String(bound), exchange);
        assert.equal(await t.publish(exchange, '', 'a'), 'nack');
        for (const other of others) assert.deepEqual(await t.takeBodies(other, 1), ['a']);
        assert.deepEqual(await takeDeaths(t, dead, deaths.length), deaths);
        assert.equal(await t.get(queue), undefined);
        await (await t.publisher()).settled(); // no second confirm came
      },
    );
  }

  test(
    'a message that only some queues accept is not in the way of the next one',
    { rules: ['LEN-13'] },
    async (t) => {
      const exchange = await t.exchange('fanout');
      const full = await t.queue({ ...REJECT, 'x-max-length': 1 });
      const other = await t.queue();
      for (const bound of [full, other]) await t.bind(bound, exchange);
      assert.equal(await t.publish(exchange, '', 'a'), 'ack');
      assert.equal(await t.publish(exchange, '', 'b'), 'nack');
      assert.equal(await t.send(other, 'c'), 'ack');
      assert.deepEqual(await t.drain(other), ['a', 'b', 'c']);
      assert.deepEqual(await t.drain(full), ['a']);
    },
  );

  test(
    'reject-publish-dlx refuses the new message and dead-letters that one',
    { rules: ['LEN-14'] },
    async (t) => {
      const { dead, queue } = await limited(t, { ...REJECT_DLX, 'x-max-length': 1 });
      assert.deepEqual(await sendAll(t, queue, 'a', 'b', 'c'), ['ack', 'nack', 'nack']);
      assert.deepEqual(await takeDeaths(t, dead, 2), ['b maxlen', 'c maxlen']);
      assert.deepEqual(await t.drain(queue), ['a']);
    },
  );

  test(
    'reject-publish-dlx dead-letters what exceeds the bytes, and takes a smaller message later',
    { rules: ['LEN-14', 'LEN-10'] },
    async (t) => {
      const { dead, queue } = await limited(t, { ...REJECT_DLX, 'x-max-length-bytes': 4 });
      assert.deepEqual(await sendAll(t, queue, 'aa', 'bbb', 'cc'), ['ack', 'nack', 'ack']);
      assert.deepEqual(await takeDeaths(t, dead, 1), ['bbb maxlen']);
      assert.deepEqual(await t.drain(queue), ['aa', 'cc']);
    },
  );

  test(
    'reject-publish-dlx dead-letters the new message also when the channel is not in confirm mode',
    { rules: ['LEN-14'] },
    async (t) => {
      const { dead, queue } = await limited(t, { ...REJECT_DLX, 'x-max-length': 1 });
      const channel = await t.channel();
      for (const body of ['a', 'b']) channel.publish('', queue, body);
      assert.deepEqual(await takeDeaths(t, dead, 1), ['b maxlen']);
      assert.deepEqual(await t.drain(queue), ['a']);
    },
  );

  test(
    'a message that reject-publish-dlx refused has died in the queue that refused it',
    { rules: ['LEN-14'] },
    async (t) => {
      const { dead, queue } = await limited(t, { ...REJECT_DLX, 'x-max-length': 0 });
      await t.send(queue, 'a', { expiration: '60000' });
      const { headers, properties } = await t.take(dead);
      const [death] = headers['x-death'] as Record<string, unknown>[];
      const { time, ...rest } = death ?? {};
      assert.equal(typeof time, 'number');
      assert.deepEqual(rest, {
        count: 1,
        reason: 'maxlen',
        queue,
        exchange: '',
        'routing-keys': [queue],
        'original-expiration': '60000',
      });
      assert.equal(properties.expiration, undefined);
    },
  );

  test(
    'reject-publish-dlx makes a quorum queue drop its head',
    { rules: ['LEN-15'], needs: ['quorum-queues'] },
    async (t) => {
      const { dead, queue } = await limited(t, { ...QUORUM, ...REJECT_DLX, 'x-max-length': 1 });
      assert.deepEqual(await sendAll(t, queue, 'a', 'b', 'c'), ['ack', 'ack', 'ack']);
      assert.deepEqual(await takeDeaths(t, dead, 2), ['a maxlen', 'b maxlen']);
      assert.deepEqual(await t.drain(queue), ['c']);
    },
  );

  test(
    'a policy with reject-publish-dlx makes a quorum queue drop its head',
    { rules: ['LEN-15', 'POL-01'], needs: ['quorum-queues', 'management'] },
    async (t) => {
      await t.policy({ definition: { overflow: 'reject-publish-dlx', 'max-length': 1 }, applyTo: 'queues' });
      const queue = await t.queue(QUORUM);
      assert.deepEqual(await sendAll(t, queue, 'a', 'b'), ['ack', 'ack']);
      assert.deepEqual(await t.drain(queue), ['b']);
    },
  );

  test(
    'a quorum queue with reject-publish refuses soon after its limit, and accepts again when it is empty',
    { rules: ['LEN-16'], needs: ['quorum-queues'] },
    async (t) => {
      const { dead, queue } = await limited(t, { ...QUORUM, ...REJECT, 'x-max-length': 5 });
      const accepted: string[] = [];
      while (accepted.length < OVERSHOOT) {
        const body = String(accepted.length);
        if ((await t.send(queue, body)) === 'nack') break;
        accepted.push(body);
      }
      assert.ok(accepted.length >= 5 && accepted.length < OVERSHOOT, `${accepted.length} were accepted`);
      assert.deepEqual(await t.drain(queue), accepted);
      await t.eventually(async () => (await t.send(queue, 'again')) === 'ack', 'it accepts again');
      await t.staysEmpty(dead);
    },
  );

  test(
    'a commit fails when a queue refuses one of its messages, and the others are published',
    { rules: ['LEN-17'] },
    async (t) => {
      const full = await t.queue({ ...REJECT, 'x-max-length': 0 });
      const other = await t.queue();
      const channel = await t.channel();
      await channel.call('tx.select');
      for (const queue of [other, full, other]) channel.publish('', queue, 'a');
      channel.send('tx.commit');
      await channel.refused(406, 'PRECONDITION_FAILED - partial tx completion', 'tx.commit');
      assert.deepEqual(await t.takeBodies(other, 2), ['a', 'a']);
    },
  );

  for (const { kind, args, needs } of kinds) {
    test(
      `a commit of more than a ${kind} queue holds dead-letters its own first messages`,
      { rules: ['LEN-05'], needs, ...(kind === 'quorum' ? { since: '4.2.1' } : {}) },
      async (t) => {
        const { dead, queue } = await limited(t, { ...args, 'x-max-length': 1 });
        const channel = await t.channel();
        await channel.call('tx.select');
        for (const body of ['a', 'b', 'c']) channel.publish('', queue, body);
        await channel.call('tx.commit');
        assert.deepEqual(await takeDeaths(t, dead, 2), ['a maxlen', 'b maxlen']);
        assert.deepEqual(await t.drain(queue), ['c']);
      },
    );
  }
}
