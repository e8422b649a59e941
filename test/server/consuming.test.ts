import { describe, expect, test } from 'vitest';
import { fieldTable, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import type { Args, RawClient } from '../support/raw-client.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

const label = (queue: string): string => `queue '${queue}' in vhost '/'`;
const inUse = (queue: string): string => `ACCESS_REFUSED - ${label(queue)} in exclusive use`;

async function expectRefusal(
  client: RawClient,
  args: Args<'basic.consume'>,
  code: number,
  text: string,
): Promise<void> {
  client.send(1, 'basic.consume', args);
  await client.expectChannelError(1, code, text, 'basic.consume');
}

/** The consumer tags of the next deliveries. */
async function tags(client: RawClient, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let n = 0; n < count; n++) seen.push((await client.message(1, 'basic.deliver')).consumerTag);
  return seen;
}

describe('basic.consume', () => {
  test('is answered before the first delivery [CNS-01]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    client.publish(1, { routingKey: queue }, 'a');
    expect((await client.call(1, 'basic.consume', { queue, consumerTag: 'c' })).consumerTag).toBe('c');
    expect(await client.message(1, 'basic.deliver')).toMatchObject({
      consumerTag: 'c',
      deliveryTag: 1,
      redelivered: false,
      exchange: '',
      routingKey: queue,
      body: 'a',
    });
  });

  test('without a tag gets one [CNS-01]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    const { consumerTag } = await client.call(1, 'basic.consume', { queue });
    expect(consumerTag).toMatch(/^amq\.ctag-[A-Za-z0-9_-]{22}$/);
  });

  test('without a tag and without an answer gets one too [CNS-01]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    client.send(1, 'basic.consume', { queue, noWait: true });
    await client.expectSilence(1);
    client.publish(1, { routingKey: queue });
    expect((await tags(client, 1))[0]).toMatch(/^amq\.ctag-/);
  });

  test('with a tag in use closes the connection [CNS-02]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
    client.send(1, 'basic.consume', { queue, consumerTag: 'c' });
    const text = "NOT_ALLOWED - attempt to reuse consumer tag 'c'";
    await client.expectConnectionError(530, text, 'basic.consume');
  });

  test('may use a tag of another channel, and one that was cancelled [CNS-02]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(2, 'channel.open');
    for (const channel of [1, 2]) await client.call(channel, 'basic.consume', { queue, consumerTag: 'c' });
    await client.call(1, 'basic.cancel', { consumerTag: 'c' });
    await client.call(1, 'basic.consume', { queue, consumerTag: 'c' });
  });

  test('of a missing queue is refused [CNS-03]', async () => {
    const client = await server.open();
    await expectRefusal(client, { queue: 'none' }, 404, `NOT_FOUND - no ${label('none')}`);
  });

  test('alone is refused while there are others [CNS-04]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'basic.consume', { queue });
    await expectRefusal(client, { queue, exclusive: true }, 403, inUse(queue));
  });

  test('is refused while somebody is alone, until he is gone [CNS-04]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(2, 'channel.open');
    await client.call(2, 'basic.consume', { queue, consumerTag: 'alone', exclusive: true });
    await expectRefusal(client, { queue }, 403, inUse(queue));
    await client.call(1, 'channel.open');
    client.send(1, 'basic.get', { queue });
    await client.expect(1, 'basic.get-empty');
    await client.call(2, 'basic.cancel', { consumerTag: 'alone' });
    await client.call(1, 'basic.consume', { queue, exclusive: true });
  });

  test('with no-local still gives what one published oneself [CNS-06]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'basic.consume', { queue, noLocal: true });
    client.publish(1, { routingKey: queue }, 'mine');
    expect((await client.message(1, 'basic.deliver')).body).toBe('mine');
  });

  test('with no-ack leaves nothing to settle, whatever the prefetch [CNS-07]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (let n = 0; n < 5; n++) client.publish(1, { routingKey: queue });
    await client.call(1, 'basic.qos', { prefetchCount: 1 });
    await client.call(1, 'basic.consume', { queue, noAck: true });
    for (let n = 1; n <= 5; n++) expect((await client.message(1, 'basic.deliver')).deliveryTag).toBe(n);
    client.send(1, 'basic.ack', { deliveryTag: 1 });
    await client.expectChannelError(1, 406, 'PRECONDITION_FAILED - unknown delivery tag 1', 'basic.ack');
    await client.call(1, 'channel.open');
    expect((await client.call(1, 'queue.declare', { queue, passive: true })).messageCount).toBe(0);
  });

  test('serves equals in turn [CNS-08]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (const consumerTag of ['a', 'b', 'c']) await client.call(1, 'basic.consume', { queue, consumerTag });
    const seen: string[] = [];
    for (let n = 0; n < 6; n++) {
      client.publish(1, { routingKey: queue });
      seen.push(...(await tags(client, 1)));
    }
    expect(seen).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  test('serves higher priorities first, while they have credit [CNS-09]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'basic.qos', { prefetchCount: 2 });
    const priorities: [string, FieldValue | undefined][] = [
      ['low', { tag: 'b', value: -5 }],
      ['default', undefined],
      ['high', { tag: 'l', value: 10n }],
    ];
    for (const [consumerTag, value] of priorities) {
      const args = value === undefined ? {} : { 'x-priority': value };
      await client.call(1, 'basic.consume', { queue, consumerTag, arguments: fieldTable(args) });
    }
    for (let n = 0; n < 6; n++) client.publish(1, { routingKey: queue });
    expect(await tags(client, 6)).toEqual(['high', 'high', 'default', 'default', 'low', 'low']);
  });

  test.each<[FieldValue, string]>([
    [longstr('1'), 'longstr'],
    [{ tag: 'd', value: 1 }, 'double'],
  ])('with the priority %o is refused [CNS-10]', async (value, type) => {
    const client = await server.open();
    const queue = await server.queue(client);
    const text = `invalid arg 'x-priority' for ${label(queue)}: "expected integer, got ${type}"`;
    const args = { queue, arguments: fieldTable({ 'x-priority': value }) };
    await expectRefusal(client, args, 406, `PRECONDITION_FAILED - ${text}`);
  });

  test('refuses arguments of another queue type, and takes unknown ones [CNS-11]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    const unknown = { 'x-cancel-on-ha-failover': { tag: 't', value: true }, mine: longstr('x') } as const;
    await client.call(1, 'basic.consume', { queue, arguments: fieldTable(unknown) });
    const text = `invalid arg 'x-stream-offset' for ${label(queue)} of queue type rabbit_classic_queue`;
    const args = { queue, arguments: fieldTable({ 'x-stream-offset': longstr('first') }) };
    await expectRefusal(client, args, 406, `PRECONDITION_FAILED - ${text}`);
  });
});

describe('basic.get', () => {
  test('says how many are left, and ignores the prefetch [CNS-14]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (const body of ['a', 'b', 'c']) client.publish(1, { routingKey: queue }, body);
    await client.call(1, 'basic.qos', { prefetchCount: 1, global: true });
    for (const [body, messageCount] of [
      ['a', 2],
      ['b', 1],
      ['c', 0],
    ] as const) {
      const seen = await client.get(queue);
      expect(seen).toMatchObject({ body, messageCount, redelivered: false, exchange: '', routingKey: queue });
    }
    client.send(1, 'basic.get', { queue });
    await client.expect(1, 'basic.get-empty');
  });

  test('without ack takes the message away [CNS-14]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    client.publish(1, { routingKey: queue });
    const { deliveryTag } = await client.get(queue, { noAck: true });
    client.send(1, 'basic.ack', { deliveryTag });
    await client.expectChannelError(1, 406, 'PRECONDITION_FAILED - unknown delivery tag 1', 'basic.ack');
  });

  test('of a missing queue is refused [CNS-15]', async () => {
    const client = await server.open();
    client.send(1, 'basic.get', { queue: 'none' });
    await client.expectChannelError(1, 404, `NOT_FOUND - no ${label('none')}`, 'basic.get');
  });
});
