import { describe, expect, test } from 'vitest';
import { fieldTable, longstr } from '../../src/wire/table.ts';
import type { Args, RawClient } from '../support/raw-client.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

const notOnDefault = 'ACCESS_REFUSED - operation not permitted on the default exchange';
const alternate = (name: string) => ({ 'alternate-exchange': longstr(name) });

/** The declaration must close the channel with this text. */
async function expectRefusal(
  client: RawClient,
  args: Args<'exchange.declare'>,
  code: number,
  text: string,
): Promise<void> {
  client.send(1, 'exchange.declare', args);
  await client.expectChannelError(1, code, text, 'exchange.declare');
  await client.call(1, 'channel.open');
}

async function exists(client: RawClient, exchange: string): Promise<boolean> {
  client.send(1, 'exchange.declare', { exchange, passive: true });
  const { payload } = await client.frame(1);
  if (payload.readUInt16BE(0) === 40) return true;
  client.send(1, 'channel.close-ok');
  await client.call(1, 'channel.open');
  return false;
}

describe('exchange.declare', () => {
  test.each([
    ['amq.direct', 'direct', false],
    ['amq.fanout', 'fanout', false],
    ['amq.topic', 'topic', false],
    ['amq.headers', 'headers', false],
    ['amq.match', 'headers', false],
    ['amq.rabbitmq.trace', 'topic', true],
  ])('%s is there, and may be declared as it is [EXC-01] [EXC-06]', async (exchange, type, internal) => {
    const client = await server.open();
    await client.call(1, 'exchange.declare', { exchange, type, durable: true, internal });
  });

  test.each(['direct', 'fanout', 'topic', 'headers'])(
    'makes an exchange of type %s [EXC-02]',
    async (type) => {
      const client = await server.open();
      const exchange = await server.exchange(client, type);
      await client.call(1, 'exchange.declare', { exchange, type });
    },
  );

  test.each([
    ['bogus', "unknown exchange type 'bogus'"],
    ['', "invalid exchange type ''"],
  ])('refuses the type "%s" before anything else [EXC-03] [EXC-04]', async (type, text) => {
    const client = await server.open();
    await expectRefusal(client, { exchange: '', type }, 406, `PRECONDITION_FAILED - ${text}`);
  });

  test.each([true, false])('refuses the default exchange, passive: %s [EXC-05]', async (passive) => {
    const client = await server.open();
    await expectRefusal(client, { type: 'direct', passive }, 403, notOnDefault);
  });

  test('refuses a new name that begins with amq. [EXC-06]', async () => {
    const client = await server.open();
    const text = "ACCESS_REFUSED - exchange name 'amq.foo' contains reserved prefix 'amq.*'";
    await expectRefusal(client, { exchange: 'amq.foo', type: 'direct' }, 403, text);
  });

  test.each([
    [{ type: 'fanout', durable: true }, 'type', 'fanout', 'direct'],
    [{ durable: true, autoDelete: true }, 'durable', 'true', 'false'],
    [{ autoDelete: true, internal: true }, 'auto_delete', 'true', 'false'],
    [{ internal: true, arguments: fieldTable(alternate('a')) }, 'internal', 'true', 'false'],
  ])('again with %o names the first difference [EXC-07]', async (flags, name, received, current) => {
    const client = await server.open();
    const exchange = await server.exchange(client);
    const where = `inequivalent arg '${name}' for exchange '${exchange}' in vhost '/'`;
    const text = `PRECONDITION_FAILED - ${where}: received '${received}' but current is '${current}'`;
    await expectRefusal(client, { exchange, type: 'direct', ...flags }, 406, text);
  });

  test.each([
    [{ 'alternate-exchange': longstr('foo') }, alternate('foo2'), "received 'foo2' but current is 'foo'"],
    [{}, alternate('foo'), "received the value 'foo' of type 'longstr' but current is none"],
    [alternate('foo'), {}, "received none but current is the value 'foo' of type 'longstr'"],
  ])('again with another alternate exchange is refused [EXC-08]', async (before, after, difference) => {
    const client = await server.open();
    const exchange = await server.exchange(client, 'direct', before);
    const where = `inequivalent arg 'alternate-exchange' for exchange '${exchange}' in vhost '/'`;
    const args = { exchange, type: 'direct', arguments: fieldTable(after) };
    await expectRefusal(client, args, 406, `PRECONDITION_FAILED - ${where}: ${difference}`);
  });

  test('again with other arguments that mean nothing is the same [EXC-07]', async () => {
    const client = await server.open();
    const exchange = await server.exchange(client, 'direct', { 'x-mine': longstr('a') });
    const args = { exchange, type: 'direct', arguments: fieldTable({ 'x-mine': longstr('b') }) };
    await client.call(1, 'exchange.declare', args);
  });

  test('passive asks only for the name [EXC-09]', async () => {
    const client = await server.open();
    const exchange = await server.exchange(client);
    await client.call(1, 'exchange.declare', { exchange, passive: true, durable: true, internal: true });
    await client.call(1, 'exchange.declare', { exchange: 'amq.fanout', type: 'topic', passive: true });
  });

  test('passive of a missing one is refused [EXC-09]', async () => {
    const client = await server.open();
    const text = "NOT_FOUND - no exchange 'none' in vhost '/'";
    await expectRefusal(client, { exchange: 'none', type: 'direct', passive: true }, 404, text);
  });

  test('refuses an alternate exchange that is no text [EXC-10]', async () => {
    const client = await server.open();
    const exchange = server.name();
    const args = {
      exchange,
      type: 'direct',
      arguments: fieldTable({ 'alternate-exchange': { tag: 'b', value: 5 } }),
    };
    const where = `for arg 'alternate-exchange' in exchange '${exchange}' in vhost '/'`;
    await expectRefusal(client, args, 406, `PRECONDITION_FAILED - invalid type 'byte' ${where}`);
  });

  test('with no-wait is not answered, but refused all the same [GEN-07]', async () => {
    const client = await server.open();
    const exchange = server.name();
    client.send(1, 'exchange.declare', { exchange, type: 'direct', autoDelete: true, noWait: true });
    await client.expectSilence(1);
    client.send(1, 'exchange.delete', { exchange, noWait: true });
    await client.expectSilence(1);
    await expectRefusal(client, { type: 'direct', noWait: true }, 403, notOnDefault);
  });
});

describe('exchange.delete', () => {
  test('of a missing exchange succeeds [EXC-11]', async () => {
    const client = await server.open();
    await client.call(1, 'exchange.delete', { exchange: 'none' });
  });

  test('of the default exchange is refused [EXC-12]', async () => {
    const client = await server.open();
    client.send(1, 'exchange.delete');
    await client.expectChannelError(1, 403, notOnDefault, 'exchange.delete');
  });

  test.each(['amq.direct', 'amq.none'])('of %s is refused [EXC-12]', async (exchange) => {
    const client = await server.open();
    client.send(1, 'exchange.delete', { exchange });
    const text = `ACCESS_REFUSED - deletion of system exchange '${exchange}' in vhost '/' not allowed`;
    await client.expectChannelError(1, 403, text, 'exchange.delete');
  });

  test('if unused is refused to the source of a binding [EXC-13]', async () => {
    const client = await server.open();
    const exchange = await server.exchange(client);
    const queue = await server.queue(client);
    await client.call(1, 'queue.bind', { queue, exchange });
    client.send(1, 'exchange.delete', { exchange, ifUnused: true });
    const text = `PRECONDITION_FAILED - exchange '${exchange}' in vhost '/' in use`;
    await client.expectChannelError(1, 406, text, 'exchange.delete');
  });

  test('if unused is granted to a destination [EXC-13]', async () => {
    const client = await server.open();
    const exchange = await server.exchange(client);
    await client.call(1, 'exchange.bind', { source: 'amq.fanout', destination: exchange });
    await client.call(1, 'exchange.delete', { exchange, ifUnused: true });
  });

  test('removes its bindings on both sides [EXC-14]', async () => {
    const client = await server.open();
    const [source, exchange] = [await server.exchange(client), await server.exchange(client)];
    const queue = await server.queue(client);
    await client.call(1, 'exchange.bind', { source, destination: exchange, routingKey: 'k' });
    await client.call(1, 'queue.bind', { queue, exchange, routingKey: 'k' });
    await client.call(1, 'exchange.delete', { exchange });
    await client.call(1, 'exchange.declare', { exchange, type: 'direct' });
    client.publish(1, { exchange: source, routingKey: 'k', mandatory: true });
    expect(await client.message(1, 'basic.return')).toMatchObject({ exchange: source });
    client.publish(1, { exchange, routingKey: 'k', mandatory: true });
    expect(await client.message(1, 'basic.return')).toMatchObject({ exchange });
    await client.call(1, 'exchange.delete', { exchange: source, ifUnused: true });
  });

  test('does not close the channels of its publishers until they publish [EXC-18]', async () => {
    const client = await server.open();
    const exchange = await server.exchange(client);
    client.publish(1, { exchange });
    await client.call(1, 'exchange.delete', { exchange });
    await client.expectSilence(1);
    client.publish(1, { exchange });
    const text = `NOT_FOUND - no exchange '${exchange}' in vhost '/'`;
    await client.expectChannelError(1, 404, text, 'basic.publish');
  });
});

describe('an auto-delete exchange', () => {
  test('goes with its last binding as a source [EXC-15]', async () => {
    const client = await server.open();
    const exchange = await server.exchange(client, 'direct', {}, { autoDelete: true });
    const queue = await server.queue(client);
    for (const routingKey of ['a', 'b']) await client.call(1, 'queue.bind', { queue, exchange, routingKey });
    await client.call(1, 'queue.unbind', { queue, exchange, routingKey: 'a' });
    expect(await exists(client, exchange)).toBe(true);
    await client.call(1, 'queue.unbind', { queue, exchange, routingKey: 'b' });
    expect(await exists(client, exchange)).toBe(false);
  });

  test.each(['queue', 'exchange'] as const)('goes when its last %s is deleted [EXC-15]', async (kind) => {
    const client = await server.open();
    const source = await server.exchange(client, 'fanout', {}, { autoDelete: true });
    if (kind === 'queue') {
      const queue = await server.queue(client);
      await client.call(1, 'queue.bind', { queue, exchange: source });
      await client.call(1, 'queue.delete', { queue });
    } else {
      const destination = await server.exchange(client);
      await client.call(1, 'exchange.bind', { source, destination });
      await client.call(1, 'exchange.delete', { exchange: destination });
    }
    expect(await exists(client, source)).toBe(false);
  });

  test('stays while it was never bound, or only a destination [EXC-15]', async () => {
    const client = await server.open();
    const source = await server.exchange(client);
    const exchange = await server.exchange(client, 'fanout', {}, { autoDelete: true });
    await client.call(1, 'exchange.bind', { source, destination: exchange });
    await client.call(1, 'exchange.unbind', { source, destination: exchange });
    expect(await exists(client, exchange)).toBe(true);
  });
});

test('an internal exchange may be bound, and refuses publishes [EXC-16] [PUB-05]', async () => {
  const client = await server.open();
  const exchange = await server.exchange(client, 'fanout', {}, { internal: true });
  const queue = await server.queue(client);
  const source = await server.exchange(client, 'fanout');
  await client.call(1, 'exchange.bind', { source, destination: exchange });
  await client.call(1, 'queue.bind', { queue, exchange });
  client.publish(1, { exchange: source }, 'through');
  expect((await client.get(queue)).body).toBe('through');
  client.publish(1, { exchange });
  const text = `ACCESS_REFUSED - cannot publish to internal exchange '${exchange}' in vhost '/'`;
  await client.expectChannelError(1, 403, text, 'basic.publish');
});

test('line ends are taken out of names [GEN-06]', async () => {
  const client = await server.open();
  const name = server.name();
  await client.call(1, 'exchange.declare', { exchange: `${name}\r\n.x`, type: 'direct', autoDelete: true });
  expect(await exists(client, `${name}.x`)).toBe(true);
  await client.call(1, 'exchange.delete', { exchange: `${name}\n.x\r` });
  expect(await exists(client, `${name}.x`)).toBe(false);
});
