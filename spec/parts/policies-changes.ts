import assert from 'node:assert/strict';
import { segment } from '../support/admin.ts';
import type { Consumer } from '../support/channel.ts';
import type { Context } from '../support/context.ts';
import { kinds, limited, sendAll, takeDeaths } from '../support/length-limits-deaths.ts';
import type { Define } from '../support/suite.ts';
import { govern, MANAGEMENT } from '../support/policies-subjects.ts';

/** What a new, changed or deleted policy does to queues that are there, and to what is in them. */
export function policyChanges(test: Define): void {
  for (const { kind, args, needs } of kinds) {
    for (const [key, value] of [
      ['max-length', 1],
      ['max-length-bytes', 100],
    ] as const) {
      test(
        `a lower ${key} dead-letters at once what is too much in a ${kind} queue, in order`,
        {
          rules: ['POL-08'],
          needs: ['management', ...needs],
          ...(kind === 'quorum' ? { since: '4.2.1' } : {}), // before, the last came first
        },
        async (t) => {
          const { dead, queue } = await limited(t, args);
          const bodies = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(80));
          await sendAll(t, queue, ...bodies);
          await govern(t, { [key]: value });
          const expected = bodies.slice(0, 3).map((body) => `${body} maxlen`);
          assert.deepEqual(await takeDeaths(t, dead, 3), expected);
          assert.deepEqual(await t.drain(queue), bodies.slice(3));
        },
      );
    }
  }

  test(
    'a lower max-length drops at once what is too much in a queue without a DLX',
    { rules: ['POL-08'], ...MANAGEMENT },
    async (t) => {
      await govern(t, { 'max-length': 3 });
      const queue = await t.queue();
      await sendAll(t, queue, 'a', 'b', 'c');
      await govern(t, { 'max-length': 1 }, { priority: 1 });
      await t.untilCount(queue, 1);
      assert.deepEqual(await t.drain(queue), ['c']);
    },
  );

  test(
    'a policy that no longer matches a queue has no effect on it any more',
    { rules: ['POL-08', 'API-50'], ...MANAGEMENT },
    async (t) => {
      const policy = await govern(t, { 'max-length': 1 });
      const queue = await t.queue();
      assert.equal(await countAfter(t, queue, 'a', 'b'), 1);
      await t.admin.must('PUT', `/policies/%2F/${segment(policy)}`, {
        pattern: `^${t.prefix}\\.other`,
        definition: { 'max-length': 1 },
      });
      await t.eventually(async () => (await countAfter(t, queue, 'c')) > 1, 'the queue holds more than one');
    },
  );

  test(
    'when a policy is deleted the next lower one applies',
    { rules: ['POL-02', 'API-50'], ...MANAGEMENT },
    async (t) => {
      const policy = await govern(t, { 'max-length': 5 }, { priority: 2 });
      await govern(t, { 'max-length': 2 }, { priority: 1 });
      const queue = await t.queue();
      await sendAll(t, queue, 'a', 'b', 'c');
      await t.untilCount(queue, 3);
      await t.admin.must('DELETE', `/policies/%2F/${segment(policy)}`);
      await t.untilCount(queue, 2);
      assert.deepEqual(await t.drain(queue), ['b', 'c']);
    },
  );

  test(
    'a new overflow holds for the next message of a queue that is full already',
    { rules: ['POL-08'], ...MANAGEMENT },
    async (t) => {
      const queue = await t.queue({ 'x-max-length': 1 });
      assert.deepEqual(await sendAll(t, queue, 'a', 'b'), ['ack', 'ack']);
      await govern(t, { overflow: 'reject-publish' });
      await t.eventually(async () => (await t.send(queue, 'c')) === 'nack', 'it refuses a message');
      await t.untilCount(queue, 1);
    },
  );

  test(
    'a message that was in the queue before dies to the DLX of the policy that applies then',
    { rules: ['POL-08', 'POL-07'], ...MANAGEMENT },
    async (t) => {
      const graves = [
        await t.queue({}, { queue: t.name('dead') }),
        await t.queue({}, { queue: t.name('dead') }),
      ];
      const [first = '', second = ''] = graves;
      const queue = await t.queue();
      await sendAll(t, queue, 'a', 'b');
      const consumer = await t.consume(queue);
      const held = [await consumer.next(), await consumer.next()];
      for (const [priority, grave] of graves.entries()) {
        const definition = { 'dead-letter-exchange': '', 'dead-letter-routing-key': grave };
        await govern(t, definition, { priority });
        await t.eventually(() => rejectsTo(t, consumer, queue, grave), `dead letters go to ${grave}`);
        consumer.reject(held[priority] ?? { deliveryTag: 0 }, false);
        await t.untilCount(grave, 1);
      }
      assert.deepEqual(await takeDeaths(t, first, 1), ['a rejected']);
      assert.deepEqual(await takeDeaths(t, second, 1), ['b rejected']);
    },
  );

  test(
    'a new TTL in a policy gives no deadline to messages that are in the queue',
    { rules: ['POL-08'], ...MANAGEMENT },
    async (t) => {
      const { dead, queue } = await limited(t, {});
      await sendAll(t, queue, 'a', 'b', 'c');
      await govern(t, { 'message-ttl': 50, 'max-length': 2 });
      assert.deepEqual(await takeDeaths(t, dead, 1), ['a maxlen']); // so the policy applies by now
      await t.elapse(300);
      assert.deepEqual(await t.drain(queue), ['b', 'c']);
      await t.send(queue, 'd');
      assert.deepEqual(await takeDeaths(t, dead, 1), ['d expired']);
    },
  );

  for (const [what, definition] of [
    ['a longer TTL in a policy', { 'message-ttl': 60_000, 'max-length': 1 }],
    ['a policy without a TTL', { 'max-length': 1 }],
  ] as const) {
    test(
      `${what} saves no message that has a deadline`,
      { rules: ['POL-08'], ...MANAGEMENT, slow: true },
      async (t) => {
        await govern(t, { 'message-ttl': 4_000 });
        const { dead, queue } = await limited(t, {});
        await sendAll(t, queue, 'a', 'b');
        await govern(t, definition, { priority: 1 });
        assert.deepEqual(await takeDeaths(t, dead, 2), ['a maxlen', 'b expired']);
      },
    );
  }
}

/** Whether a new message that is rejected goes to this queue, from which it is taken. */
async function rejectsTo(t: Context, consumer: Consumer, queue: string, grave: string): Promise<boolean> {
  await t.send(queue, 'probe');
  consumer.reject(await consumer.next(), false);
  await consumer.channel.settled();
  return (await t.get(grave)) !== undefined;
}

/** How many messages a queue holds after these were sent. */
async function countAfter(t: Context, queue: string, ...bodies: string[]): Promise<number> {
  await sendAll(t, queue, ...bodies);
  return t.count(queue);
}
