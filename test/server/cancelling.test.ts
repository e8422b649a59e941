import { describe, expect, test } from 'vitest';
import { fieldTable } from '../../src/wire/table.ts';
import type { RawClient } from '../support/raw-client.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

/** The consumer tags of the next deliveries. */
async function tags(client: RawClient, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let n = 0; n < count; n++) seen.push((await client.message(1, 'basic.deliver')).consumerTag);
  return seen;
}

describe('basic.cancel', () => {
  test('of an unknown tag is answered [CNS-20]', async () => {
    const client = await server.open();
    expect((await client.call(1, 'basic.cancel', { consumerTag: 'none' })).consumerTag).toBe('none');
  });

  test('ends the deliveries [CNS-21]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
    client.publish(1, { routingKey: queue });
    await tags(client, 1);
    await client.call(1, 'basic.cancel', { consumerTag: 'c' });
    client.publish(1, { routingKey: queue });
    await client.expectSilence(1);
    const state = await client.call(1, 'queue.declare', { queue, passive: true });
    expect(state).toMatchObject({ messageCount: 1, consumerCount: 0 });
  });

  test('with no-wait is not answered [GEN-07]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
    client.send(1, 'basic.cancel', { consumerTag: 'c', noWait: true });
    await client.expectSilence(1);
    expect((await client.call(1, 'queue.declare', { queue, passive: true })).consumerCount).toBe(0);
  });

  test('leaves what was delivered to be settled [CNS-22]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (const body of ['a', 'b']) client.publish(1, { routingKey: queue }, body);
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
    await tags(client, 2);
    await client.call(1, 'basic.cancel', { consumerTag: 'c' });
    expect((await client.call(1, 'queue.declare', { queue, passive: true })).messageCount).toBe(0);
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    client.send(1, 'basic.nack', { deliveryTag: 2, requeue: true });
    expect(await client.get(queue)).toMatchObject({ body: 'b', redelivered: true, messageCount: 0 });
  });
});

describe('a consumer whose queue is deleted', () => {
  test('is told, if the client understands it [CNS-25]', async () => {
    const client = await server.open({ capabilities: ['consumer_cancel_notify'] });
    const other = await server.open();
    const queue = await server.queue(other);
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
    await other.call(1, 'queue.delete', { queue });
    expect(await client.expect(1, 'basic.cancel')).toMatchObject({ consumerTag: 'c', noWait: true });
  });

  test('is told nothing otherwise [CNS-25]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
    await client.call(1, 'queue.delete', { queue });
    await client.expectSilence(1);
  });

  test('on the deleting channel hears delete-ok first, and may cancel later [CNS-26]', async () => {
    const client = await server.open({ capabilities: ['consumer_cancel_notify'] });
    const queue = await server.queue(client);
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
    await client.call(1, 'queue.delete', { queue });
    expect((await client.expect(1, 'basic.cancel')).consumerTag).toBe('c');
    expect((await client.call(1, 'basic.cancel', { consumerTag: 'c' })).consumerTag).toBe('c');
  });

  test('may be replaced under the same tag [CNS-02] [CNS-25]', async () => {
    const client = await server.open({ capabilities: ['consumer_cancel_notify'] });
    const queue = await server.queue(client);
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
    await client.call(1, 'queue.delete', { queue });
    await client.expect(1, 'basic.cancel');
    await client.call(1, 'queue.declare', { queue, durable: true });
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
  });
});

describe('a single active consumer', () => {
  const single = { 'x-single-active-consumer': { tag: 't', value: true } } as const;

  test('is the first one, then the next [CNS-30] [CNS-31] [CNS-32]', async () => {
    const client = await server.open();
    const queue = await server.queue(client, single);
    for (const consumerTag of ['a', 'b']) await client.call(1, 'basic.consume', { queue, consumerTag });
    for (let n = 0; n < 3; n++) client.publish(1, { routingKey: queue });
    expect(await tags(client, 3)).toEqual(['a', 'a', 'a']);
    await client.call(1, 'basic.cancel', { consumerTag: 'a' });
    await client.expectSilence(1);
    client.send(1, 'basic.nack', { deliveryTag: 1, requeue: true });
    expect(await client.message(1, 'basic.deliver')).toMatchObject({ consumerTag: 'b', redelivered: true });
  });

  test('keeps what its prefetch does not take waiting [CNS-35]', async () => {
    const client = await server.open();
    const queue = await server.queue(client, single);
    await client.call(1, 'basic.qos', { prefetchCount: 1 });
    for (const consumerTag of ['a', 'b']) await client.call(1, 'basic.consume', { queue, consumerTag });
    for (let n = 0; n < 2; n++) client.publish(1, { routingKey: queue });
    expect(await tags(client, 1)).toEqual(['a']);
    await client.expectSilence(1);
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    expect(await tags(client, 1)).toEqual(['a']);
  });

  test('hands over to the highest priority [CNS-31]', async () => {
    const client = await server.open();
    const queue = await server.queue(client, single);
    for (const [consumerTag, value] of [
      ['a', 0],
      ['b', 0],
      ['c', 5],
    ] as const) {
      const args = fieldTable({ 'x-priority': { tag: 'I', value } });
      await client.call(1, 'basic.consume', { queue, consumerTag, arguments: args });
    }
    client.publish(1, { routingKey: queue });
    expect(await tags(client, 1)).toEqual(['a']);
    await client.call(1, 'basic.cancel', { consumerTag: 'a' });
    client.publish(1, { routingKey: queue });
    expect(await tags(client, 1)).toEqual(['c']);
  });

  test('may not be exclusive, and does not hinder basic.get [CNS-33] [CNS-34]', async () => {
    const client = await server.open();
    const queue = await server.queue(client, single);
    client.publish(1, { routingKey: queue }, 'a');
    expect((await client.get(queue)).body).toBe('a');
    client.send(1, 'basic.consume', { queue, exclusive: true });
    const text = `ACCESS_REFUSED - queue '${queue}' in vhost '/' in exclusive use`;
    await client.expectChannelError(1, 403, text, 'basic.consume');
  });
});
