import assert from 'node:assert/strict';
import type { Channel } from './channel.ts';

export type Outcome = 'ack' | 'nack';

/**
 * What became of publishes 1 to `count` of a channel in confirm mode, in their order. No confirm may speak of a publish
 * that was answered before, or was never sent.
 */
export async function outcomes(channel: Channel, count: number): Promise<Outcome[]> {
  const found = new Map<number, Outcome>();
  while (found.size < count) {
    const outcome = (await channel.client.peek(channel.number)) === 'basic.nack' ? 'nack' : 'ack';
    const { deliveryTag, multiple } = await channel.expect(`basic.${outcome}`);
    const first = multiple ? 1 : deliveryTag;
    assert.ok(
      deliveryTag >= 1 && deliveryTag <= count,
      `${outcome} of ${deliveryTag}, which was not published`,
    );
    assert.ok(!found.has(deliveryTag), `${outcome} of ${deliveryTag}, which is confirmed already`);
    for (let number = first; number <= deliveryTag; number++) {
      if (!found.has(number)) found.set(number, outcome);
    }
  }
  return Array.from({ length: count }, (_, index) => found.get(index + 1) ?? assert.fail());
}
