import { describe, expect, test } from 'vitest';
import { longstr } from '../../src/wire/table.ts';
import type { RawClient } from '../support/raw-client.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

const label = (queue: string): string => `queue '${queue}' in vhost '/'`;
const noQueue = (queue: string): string => `NOT_FOUND - no ${label(queue)}`;

async function expectGone(client: RawClient, queue: string): Promise<void> {
  client.send(1, 'queue.declare', { queue, passive: true });
  await client.expectChannelError(1, 404, noQueue(queue), 'queue.declare');
  await client.call(1, 'channel.open');
}

describe('queue.purge', () => {
  test('takes ready messages only [QUE-22]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (let n = 0; n < 3; n++) client.publish(1, { routingKey: queue }, `${n}`);
    const { deliveryTag } = await client.get(queue);
    expect((await client.call(1, 'queue.purge', { queue })).messageCount).toBe(2);
    client.send(1, 'basic.reject', { deliveryTag, requeue: true });
    expect((await client.get(queue)).body).toBe('0');
  });

  test('of a missing queue is refused [QUE-22]', async () => {
    const client = await server.open();
    client.send(1, 'queue.purge', { queue: 'none' });
    await client.expectChannelError(1, 404, noQueue('none'), 'queue.purge');
  });

  test('with no-wait is not answered [GEN-07]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    client.publish(1, { routingKey: queue });
    client.send(1, 'queue.purge', { queue, noWait: true });
    await client.expectSilence(1);
    expect((await client.call(1, 'queue.declare', { queue, passive: true })).messageCount).toBe(0);
  });
});

describe('queue.delete', () => {
  test('of a missing queue succeeds [QUE-23]', async () => {
    const client = await server.open();
    expect((await client.call(1, 'queue.delete', { queue: 'none' })).messageCount).toBe(0);
  });

  test('counts the ready messages that go [QUE-24]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (let n = 0; n < 3; n++) client.publish(1, { routingKey: queue });
    await client.get(queue);
    expect((await client.call(1, 'queue.delete', { queue })).messageCount).toBe(2);
  });

  test('if unused is refused while there are consumers [QUE-25]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'basic.consume', { queue });
    client.send(1, 'queue.delete', { queue, ifUnused: true });
    await client.expectChannelError(1, 406, `PRECONDITION_FAILED - ${label(queue)} in use`, 'queue.delete');
  });

  test('if empty is refused while there are ready messages [QUE-25]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    client.publish(1, { routingKey: queue });
    client.send(1, 'queue.delete', { queue, ifEmpty: true });
    await client.expectChannelError(
      1,
      406,
      `PRECONDITION_FAILED - ${label(queue)} not empty`,
      'queue.delete',
    );
  });

  test('reports "not empty" first [QUE-25]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (let n = 0; n < 2; n++) client.publish(1, { routingKey: queue });
    await client.call(1, 'basic.qos', { prefetchCount: 1 });
    await client.call(1, 'basic.consume', { queue });
    await client.message(1, 'basic.deliver');
    client.send(1, 'queue.delete', { queue, ifEmpty: true, ifUnused: true });
    await client.expectChannelError(
      1,
      406,
      `PRECONDITION_FAILED - ${label(queue)} not empty`,
      'queue.delete',
    );
  });

  test('if empty looks only at ready messages, if unused only at consumers [QUE-25]', async () => {
    const client = await server.open();
    const [held, full] = [await server.queue(client), await server.queue(client)];
    client.publish(1, { routingKey: held });
    await client.get(held);
    await client.call(1, 'queue.delete', { queue: held, ifEmpty: true });
    client.publish(1, { routingKey: full });
    expect((await client.call(1, 'queue.delete', { queue: full, ifUnused: true })).messageCount).toBe(1);
  });

  test('drops the messages, and later acks for them mean nothing [QUE-27]', async () => {
    const client = await server.open();
    const dead = await server.queue(client);
    const args = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr(dead) };
    const queue = await server.queue(client, args);
    for (let n = 0; n < 4; n++) client.publish(1, { routingKey: queue });
    const tags: number[] = [];
    for (let n = 0; n < 3; n++) tags.push((await client.get(queue)).deliveryTag);
    await client.call(1, 'queue.delete', { queue });
    client.send(1, 'basic.ack', { deliveryTag: tags[0] as number });
    client.send(1, 'basic.reject', { deliveryTag: tags[1] as number });
    client.send(1, 'basic.reject', { deliveryTag: tags[2] as number, requeue: true });
    await client.expectSilence(1);
    expect((await client.call(1, 'queue.declare', { queue: dead, passive: true })).messageCount).toBe(0);
  });

  test('takes its bindings along [QUE-27]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'queue.bind', { queue, exchange: 'amq.direct', routingKey: queue });
    await client.call(1, 'queue.delete', { queue });
    await client.call(1, 'queue.declare', { queue, durable: true });
    client.publish(1, { exchange: 'amq.direct', routingKey: queue, mandatory: true });
    await client.message(1, 'basic.return');
  });
});

describe('an auto-delete queue', () => {
  test('goes with its last consumer [QUE-28]', async () => {
    const client = await server.open();
    const queue = await server.queue(client, {}, { autoDelete: true });
    for (const consumerTag of ['a', 'b']) await client.call(1, 'basic.consume', { queue, consumerTag });
    await client.call(1, 'basic.cancel', { consumerTag: 'a' });
    await client.call(1, 'queue.declare', { queue, passive: true });
    await client.call(1, 'basic.cancel', { consumerTag: 'b' });
    await expectGone(client, queue);
  });

  test('goes with the connection of its last consumer [QUE-28]', async () => {
    const client = await server.open();
    const watcher = await server.open();
    const queue = await server.queue(client, {}, { autoDelete: true });
    await client.call(1, 'basic.consume', { queue });
    await client.close();
    await expectGone(watcher, queue);
  });

  test('stays while it had none, whatever was fetched [QUE-28]', async () => {
    const client = await server.open();
    const queue = await server.queue(client, {}, { autoDelete: true });
    client.publish(1, { routingKey: queue });
    await client.get(queue, { noAck: true });
    await client.call(1, 'queue.declare', { queue, passive: true });
  });
});

describe('an empty queue name', () => {
  test('means the queue declared last [GEN-09]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    client.publish(1, { routingKey: queue }, 'a');
    expect((await client.get('')).body).toBe('a');
    await client.call(1, 'basic.consume', { consumerTag: 'c' });
    await client.call(1, 'basic.cancel', { consumerTag: 'c' });
    const other = await server.queue(client);
    await client.call(1, 'queue.declare', { queue, passive: true });
    expect((await client.call(1, 'queue.purge')).messageCount).toBe(0);
    await client.call(1, 'queue.delete');
    await expectGone(client, queue);
    await client.call(1, 'queue.declare', { queue: other, passive: true });
  });

  test.each([
    'queue.bind',
    'queue.unbind',
    'queue.purge',
    'queue.delete',
    'basic.consume',
    'basic.get',
  ] as const)('means nothing to %s before a declaration [GEN-09]', async (name) => {
    const client = await server.open();
    client.send(1, name);
    await client.expectChannelError(1, 404, 'NOT_FOUND - no previously declared queue', name);
  });
});
