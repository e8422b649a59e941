import { describe, expect, test } from 'vitest';
import { fieldTable, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import type { RawClient } from '../support/raw-client.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

const notOnDefault = 'ACCESS_REFUSED - operation not permitted on the default exchange';
const table = (entries: Record<string, FieldValue>) => fieldTable(entries);

async function ready(client: RawClient, queue: string): Promise<number> {
  return (await client.call(1, 'queue.declare', { queue, passive: true })).messageCount;
}

describe('a binding', () => {
  test('made twice is one [BND-01]', async () => {
    const client = await server.open();
    const [exchange, queue] = [await server.exchange(client), await server.queue(client)];
    for (let n = 0; n < 2; n++) await client.call(1, 'queue.bind', { queue, exchange, routingKey: 'k' });
    client.publish(1, { exchange, routingKey: 'k' });
    expect(await ready(client, queue)).toBe(1);
    await client.call(1, 'queue.unbind', { queue, exchange, routingKey: 'k' });
    client.publish(1, { exchange, routingKey: 'k' });
    expect(await ready(client, queue)).toBe(1);
  });

  test('with other arguments is another one, and each queue still gets one copy [BND-01] [BND-02]', async () => {
    const client = await server.open();
    const [exchange, queue] = [await server.exchange(client), await server.queue(client)];
    const binding = { queue, exchange, routingKey: 'k' };
    const [one, two] = [table({ a: longstr('1'), b: longstr('2') }), table({ a: longstr('2') })];
    for (const args of [one, two]) await client.call(1, 'queue.bind', { ...binding, arguments: args });
    client.publish(1, { exchange, routingKey: 'k' });
    expect(await ready(client, queue)).toBe(1);
    await client.call(1, 'queue.unbind', binding);
    await client.call(1, 'queue.unbind', { ...binding, arguments: two });
    client.publish(1, { exchange, routingKey: 'k' });
    expect(await ready(client, queue)).toBe(2);
    const reordered = table({ b: longstr('2'), a: longstr('1') });
    await client.call(1, 'queue.unbind', { ...binding, arguments: reordered });
    client.publish(1, { exchange, routingKey: 'k' });
    expect(await ready(client, queue)).toBe(2);
  });

  test('that is not there may be unbound, whatever is missing [BND-02]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    await client.call(1, 'queue.unbind', { queue, exchange: 'amq.direct', routingKey: 'k' });
    await client.call(1, 'queue.unbind', { queue, exchange: 'none', routingKey: 'k' });
    await client.call(1, 'queue.unbind', { queue: 'none', exchange: 'amq.direct', routingKey: 'k' });
    await client.call(1, 'exchange.unbind', { source: 'none', destination: 'amq.direct', routingKey: 'k' });
    await client.call(1, 'exchange.unbind', { source: 'amq.direct', destination: 'none', routingKey: 'k' });
  });

  test('is not written twice without a key: queue and key name the last queue [GEN-10]', async () => {
    const client = await server.open();
    const exchange = await server.exchange(client);
    const queue = await server.queue(client);
    await client.call(1, 'queue.bind', { exchange });
    client.publish(1, { exchange, routingKey: queue });
    expect(await ready(client, queue)).toBe(1);
    await client.call(1, 'queue.unbind', { exchange });
    await client.call(1, 'queue.bind', { queue, exchange });
    client.publish(1, { exchange, routingKey: queue });
    client.publish(1, { exchange, routingKey: '' });
    expect(await ready(client, queue)).toBe(2);
  });

  test('with no-wait is not answered [GEN-07] [BND-11]', async () => {
    const client = await server.open();
    const [exchange, queue] = [await server.exchange(client, 'fanout'), await server.queue(client)];
    const source = await server.exchange(client, 'fanout');
    client.send(1, 'queue.bind', { queue, exchange, noWait: true });
    client.send(1, 'exchange.bind', { source, destination: exchange, noWait: true });
    await client.expectSilence(1);
    client.publish(1, { exchange: source });
    expect(await ready(client, queue)).toBe(1);
    client.send(1, 'exchange.unbind', { source, destination: exchange, noWait: true });
    await client.expectSilence(1);
    client.publish(1, { exchange: source });
    expect(await ready(client, queue)).toBe(1);
  });
});

describe('the default exchange', () => {
  test.each(['queue.bind', 'queue.unbind'] as const)('is no source of a %s [BND-03]', async (name) => {
    const client = await server.open();
    const queue = await server.queue(client);
    client.send(1, name, { queue, exchange: '', routingKey: queue });
    await client.expectChannelError(1, 403, notOnDefault, name);
  });

  test.each([
    ['exchange.bind', { source: '', destination: 'amq.direct' }],
    ['exchange.bind', { source: 'amq.direct', destination: '' }],
    ['exchange.unbind', { source: '', destination: 'amq.direct' }],
    ['exchange.unbind', { source: 'amq.direct', destination: '' }],
  ] as const)('is no end of an %s %o [BND-03]', async (name, ends) => {
    const client = await server.open();
    client.send(1, name, ends);
    await client.expectChannelError(1, 403, notOnDefault, name);
  });

  test('has no other name [BND-03] [PUB-15]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    const text = "NOT_FOUND - no exchange 'amq.default' in vhost '/'";
    client.send(1, 'queue.bind', { queue, exchange: 'amq.default' });
    await client.expectChannelError(1, 404, text, 'queue.bind');
    await client.call(1, 'channel.open');
    client.publish(1, { exchange: 'amq.default', routingKey: queue });
    await client.expectChannelError(1, 404, text, 'basic.publish');
  });

  test('knows every queue by its name [BND-05] [PUB-15]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    client.publish(1, { routingKey: queue }, 'a');
    expect(await client.get(queue)).toMatchObject({ exchange: '', routingKey: queue, body: 'a' });
  });
});

describe('a bind with something missing', () => {
  test.each([
    ['amq.direct', 'none', "queue 'none'"],
    ['none', 'none too', "exchange 'none'"],
  ])('from %s to the queue %s [BND-04]', async (exchange, queue, missing) => {
    const client = await server.open();
    client.send(1, 'queue.bind', { queue, exchange });
    await client.expectChannelError(1, 404, `NOT_FOUND - no ${missing} in vhost '/'`, 'queue.bind');
  });

  test.each([
    ['amq.direct', 'none', 'none'],
    ['none', 'amq.direct', 'none'],
    ['none', 'none too', 'none'],
  ])('from %s to the exchange %s [BND-04]', async (source, destination, missing) => {
    const client = await server.open();
    client.send(1, 'exchange.bind', { source, destination });
    const text = `NOT_FOUND - no exchange '${missing}' in vhost '/'`;
    await client.expectChannelError(1, 404, text, 'exchange.bind');
  });
});

describe('a binding between exchanges', () => {
  test('leads messages on, as they were published [BND-06] [BND-07]', async () => {
    const client = await server.open();
    const [source, middle, last] = [
      await server.exchange(client, 'topic'),
      await server.exchange(client, 'fanout'),
      await server.exchange(client, 'direct'),
    ];
    const queue = await server.queue(client);
    await client.call(1, 'exchange.bind', { source, destination: middle, routingKey: 'a.*' });
    await client.call(1, 'exchange.bind', { source: middle, destination: last });
    await client.call(1, 'queue.bind', { queue, exchange: last, routingKey: 'a.b' });
    client.publish(1, { exchange: source, routingKey: 'a.b' });
    client.publish(1, { exchange: source, routingKey: 'a.c' });
    client.publish(1, { exchange: source, routingKey: 'b.b' });
    expect(await client.get(queue)).toMatchObject({ exchange: source, routingKey: 'a.b', messageCount: 0 });
  });

  test('may lead round in circles: each queue gets one copy [BND-06]', async () => {
    const client = await server.open();
    const [one, two] = [await server.exchange(client, 'fanout'), await server.exchange(client, 'fanout')];
    const queue = await server.queue(client);
    for (const [source, destination] of [
      [one, two],
      [two, one],
      [one, one],
    ] as const) {
      await client.call(1, 'exchange.bind', { source, destination });
    }
    for (const exchange of [one, two]) await client.call(1, 'queue.bind', { queue, exchange });
    client.publish(1, { exchange: one });
    expect(await ready(client, queue)).toBe(1);
  });
});

describe('a binding to a headers exchange', () => {
  test.each<[FieldValue, string]>([
    [longstr('foo'), 'value <<"foo">>; expected all, any, all-with-x, or any-with-x'],
    [{ tag: 'b', value: 5 }, 'type byte (value 5); expected longstr'],
  ])('with the x-match %o is refused [BND-09]', async (value, text) => {
    const client = await server.open();
    const [exchange, queue] = [await server.exchange(client, 'headers'), await server.queue(client)];
    client.send(1, 'queue.bind', { queue, exchange, arguments: table({ 'x-match': value }) });
    await client.expectChannelError(
      1,
      406,
      `PRECONDITION_FAILED - Invalid x-match field ${text}`,
      'queue.bind',
    );
    await client.call(1, 'channel.open');
    client.send(1, 'exchange.bind', {
      source: exchange,
      destination: 'amq.direct',
      arguments: table({ 'x-match': value }),
    });
    await client.expectChannelError(
      1,
      406,
      `PRECONDITION_FAILED - Invalid x-match field ${text}`,
      'exchange.bind',
    );
  });
});
