import assert from 'node:assert/strict';
import { limited, QUORUM, takeDeaths } from '../support/length-limits-deaths.ts';
import type { Define } from '../support/suite.ts';

/** How long a delivery may stay unacked, in milliseconds. */
const ACK_TIMEOUT = { 'x-consumer-timeout': 500 };

/** What happens to a delivery that is not acked in time. */
export function ackTimeout(test: Define): void {
  test(
    'a consumer that does not ack in time is cancelled, and its message is delivered again',
    { rules: ['DLV-08'], needs: ['quorum-queues'], since: '4.3' },
    async (t) => {
      const queue = await t.queue({ ...QUORUM, ...ACK_TIMEOUT });
      await t.send(queue, 'a');
      const elapsed = t.stopwatch();
      const consumer = await t.consume(queue);
      await consumer.next();
      const { consumerTag } = await consumer.channel.expect('basic.cancel');
      assert.equal(consumerTag, consumer.tag);
      assert.ok(elapsed() >= ACK_TIMEOUT['x-consumer-timeout'] - 1);
      const { body, redelivered } = await t.take(queue);
      assert.deepEqual([body, redelivered], ['a', true]);
    },
  );

  test(
    'a consumer that does not ack in time and cannot be told of a cancel loses its channel',
    { rules: ['DLV-08'], needs: ['quorum-queues'], since: '4.3' },
    async (t) => {
      const queue = await t.queue({ ...QUORUM, ...ACK_TIMEOUT });
      await t.send(queue, 'a');
      const consumer = await t.consume(queue, {}, await t.connect());
      await consumer.next();
      const text =
        /^PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out\. Timeout value used: -?\d+ ms\. This timeout value can be configured, see consumers doc guide to learn more$/;
      await consumer.channel.refused(406, text);
      assert.equal((await t.take(queue)).body, 'a');
    },
  );

  test(
    'a message that was not acked in time keeps its deadline',
    { rules: ['DLV-08'], needs: ['quorum-queues'], since: '4.3' },
    async (t) => {
      const { dead, queue } = await limited(t, { ...QUORUM, ...ACK_TIMEOUT });
      const consumer = await t.consume(queue);
      await t.send(queue, 'a', { expiration: '200' });
      await consumer.next();
      await consumer.channel.expect('basic.cancel');
      assert.deepEqual(await takeDeaths(t, dead, 1), ['a expired']);
    },
  );
}
