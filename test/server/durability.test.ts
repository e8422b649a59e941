import { describe, expect, test } from 'vitest';
import { fieldTable, longstr } from '../../src/wire/table.ts';
import { startTestBroker } from '../support/broker.ts';
import { RawClient } from '../support/raw-client.ts';
import { temporaryDirectory } from '../support/store.ts';

async function openOn(port: number): Promise<RawClient> {
  const client = await (await RawClient.connect('127.0.0.1', port)).open();
  await client.call(1, 'channel.open');
  return client;
}

/** Runs `before`, restarts the broker on its data directory, runs `after`. */
async function acrossRestart(
  before: (client: RawClient) => Promise<void>,
  after: (client: RawClient) => Promise<void>,
): Promise<void> {
  const data = await temporaryDirectory();
  for (const act of [before, after]) {
    const broker = await startTestBroker({ data });
    const client = await openOn(broker.port);
    await act(client);
    client.stream.destroy();
    await broker.stop();
  }
}

const persistent = { deliveryMode: 2, headers: fieldTable({ a: longstr('b') }), messageId: 'm' };

/** A confirm for the last publish means everything before it is on disk. */
async function publishAll(client: RawClient, queue: string, bodies: readonly string[]): Promise<void> {
  await client.call(1, 'confirm.select');
  for (const body of bodies) client.publish(1, { routingKey: queue }, body, persistent);
  for (let acked = 0; acked < bodies.length;) {
    acked = Math.max(acked, (await client.expect(1, 'basic.ack')).deliveryTag);
  }
}

describe('after a restart', () => {
  test('durable queues hold their persistent messages as they were [QUE-31] [QUE-32]', () =>
    acrossRestart(
      async (client) => {
        await client.call(1, 'queue.declare', { queue: 'q', durable: true });
        await publishAll(client, 'q', ['a', 'b', 'c']);
        client.publish(1, { routingKey: 'q' }, 'transient', { deliveryMode: 1 });
        await client.expect(1, 'basic.ack');
      },
      async (client) => {
        for (const body of ['a', 'b', 'c']) {
          const seen = await client.get('q');
          expect(seen).toMatchObject({ body, exchange: '', routingKey: 'q', redelivered: false });
          expect(seen.properties).toEqual(persistent);
        }
        client.send(1, 'basic.get', { queue: 'q' });
        await client.expect(1, 'basic.get-empty');
      },
    ));

  test('what was delivered and not acked is back in its place, marked [QUE-32] [QUE-33]', () =>
    acrossRestart(
      async (client) => {
        await client.call(1, 'queue.declare', { queue: 'q', durable: true });
        await publishAll(client, 'q', ['a', 'b', 'c']);
        for (let n = 0; n < 2; n++) await client.get('q');
        client.send(1, 'basic.ack', { deliveryTag: 1 });
        await client.call(1, 'channel.close');
      },
      async (client) => {
        expect(await client.get('q')).toMatchObject({ body: 'b', redelivered: true, messageCount: 1 });
        expect(await client.get('q')).toMatchObject({ body: 'c', redelivered: false });
      },
    ));

  test('transient, exclusive and deleted things are gone, durable bindings work [QUE-31] [EXC-17] [BND-08]', () =>
    acrossRestart(
      async (client) => {
        await client.call(1, 'queue.declare', { queue: 'q', durable: true });
        await client.call(1, 'queue.declare', { queue: 'transient' });
        await client.call(1, 'queue.declare', { queue: 'exclusive', exclusive: true, durable: true });
        await client.call(1, 'queue.declare', { queue: 'deleted', durable: true });
        await client.call(1, 'queue.delete', { queue: 'deleted' });
        for (const durable of [true, false]) {
          const exchange = durable ? 'durable' : 'volatile';
          await client.call(1, 'exchange.declare', { exchange, type: 'direct', durable });
          await client.call(1, 'queue.bind', { queue: 'q', exchange, routingKey: 'k' });
        }
        await client.call(1, 'queue.bind', { queue: 'q', exchange: 'durable', routingKey: 'unbound' });
        await client.call(1, 'queue.unbind', { queue: 'q', exchange: 'durable', routingKey: 'unbound' });
      },
      async (client) => {
        client.publish(1, { exchange: 'durable', routingKey: 'k' }, 'a');
        expect((await client.get('q')).body).toBe('a');
        client.publish(1, { exchange: 'durable', routingKey: 'unbound', mandatory: true });
        await client.message(1, 'basic.return');
        for (const queue of ['transient', 'exclusive', 'deleted']) {
          client.send(1, 'queue.declare', { queue, passive: true });
          const text = `NOT_FOUND - no queue '${queue}' in vhost '/'`;
          await client.expectChannelError(1, 404, text, 'queue.declare');
          await client.call(1, 'channel.open');
        }
        client.send(1, 'exchange.declare', { exchange: 'volatile', passive: true });
        const text = "NOT_FOUND - no exchange 'volatile' in vhost '/'";
        await client.expectChannelError(1, 404, text, 'exchange.declare');
      },
    ));

  test('a purge and arguments are remembered [QUE-34]', () =>
    acrossRestart(
      async (client) => {
        const args = fieldTable({ 'x-message-ttl': { tag: 'I', value: 60_000 } });
        await client.call(1, 'queue.declare', { queue: 'q', durable: true, arguments: args });
        await publishAll(client, 'q', ['a', 'b']);
        expect((await client.call(1, 'queue.purge', { queue: 'q' })).messageCount).toBe(2);
      },
      async (client) => {
        const args = fieldTable({ 'x-message-ttl': { tag: 'l', value: 60_000n } });
        const state = await client.call(1, 'queue.declare', { queue: 'q', durable: true, arguments: args });
        expect(state.messageCount).toBe(0);
      },
    ));
});
