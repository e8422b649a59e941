import { describe, expect, test } from 'vitest';
import { fieldTable, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import type { Args, RawClient } from '../support/raw-client.ts';
import { isOwn, useServer } from '../support/server.ts';

const server = useServer();

type Arguments = Record<string, FieldValue>;

const int = (value: number): FieldValue => ({ tag: 'I', value });
const short = (value: number): FieldValue => ({ tag: 's', value });
const label = (queue: string): string => `queue '${queue}' in vhost '/'`;
const noQueue = (queue: string): string => `NOT_FOUND - no ${label(queue)}`;
const locked = (queue: string): string =>
  `RESOURCE_LOCKED - cannot obtain exclusive access to locked ${label(queue)}. It could be originally declared on ` +
  'another connection or the exclusive property value does not match that of the original declaration.';

async function expectRefusal(
  client: RawClient,
  args: Args<'queue.declare'>,
  code: number,
  text: string,
): Promise<void> {
  client.send(1, 'queue.declare', args);
  await client.expectChannelError(1, code, text, 'queue.declare');
  await client.call(1, 'channel.open');
}

describe('queue.declare', () => {
  test('counts ready messages and consumers [QUE-01]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    for (let n = 0; n < 3; n++) client.publish(1, { routingKey: queue });
    await client.get(queue);
    const ok = await client.call(1, 'queue.declare', { queue, durable: true });
    expect(ok).toMatchObject({ queue, messageCount: 2, consumerCount: 0 });
    await client.call(1, 'basic.qos', { prefetchCount: 1 });
    await client.call(1, 'basic.consume', { queue });
    await client.message(1, 'basic.deliver');
    const passive = await client.call(1, 'queue.declare', { queue, passive: true });
    expect(passive).toMatchObject({ queue, messageCount: 1, consumerCount: 1 });
  });

  test('with no-wait is not answered [QUE-01] [GEN-07]', async () => {
    const client = await server.open();
    const queue = server.name();
    client.send(1, 'queue.declare', { queue, exclusive: true, noWait: true });
    await client.expectSilence(1);
    await client.call(1, 'queue.declare', { queue, passive: true });
  });

  test('without a name makes a new queue each time [QUE-03]', async () => {
    const client = await server.open();
    const first = await client.call(1, 'queue.declare', { exclusive: true });
    const second = await client.call(1, 'queue.declare', { exclusive: true });
    for (const { queue } of [first, second]) expect(queue).toMatch(/^amq\.gen-[A-Za-z0-9_-]{22}$/);
    expect(first.queue).not.toBe(second.queue);
  });

  test('refuses names that begin with amq., also its own [QUE-04]', async () => {
    const client = await server.open();
    const text = "ACCESS_REFUSED - queue name 'amq.foo' contains reserved prefix 'amq.*'";
    await expectRefusal(client, { queue: 'amq.foo' }, 403, text);
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true });
    await client.call(1, 'queue.declare', { queue, passive: true });
    const own = `ACCESS_REFUSED - queue name '${queue}' contains reserved prefix 'amq.*'`;
    await expectRefusal(client, { queue, exclusive: true }, 403, own);
  });

  test('passive of a missing queue is refused [QUE-05]', async () => {
    const client = await server.open();
    await expectRefusal(client, { queue: 'none', passive: true }, 404, noQueue('none'));
  });

  test('passive ignores flags and arguments [QUE-05]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    const args = fieldTable({ 'x-message-ttl': longstr('nonsense') });
    const flags = { exclusive: true, autoDelete: true, arguments: args };
    await client.call(1, 'queue.declare', { queue, passive: true, ...flags });
  });

  test('passive without a name is no shortcut [QUE-06]', async () => {
    const client = await server.open();
    await server.queue(client);
    await expectRefusal(client, { passive: true }, 404, noQueue(''));
  });

  test.each([
    [{ durable: true }, { autoDelete: true }, 'durable', 'false', 'true'],
    [{ durable: true, autoDelete: true }, { durable: true }, 'auto_delete', 'false', 'true'],
    [{ durable: true }, { durable: true, autoDelete: true }, 'auto_delete', 'true', 'false'],
  ])(
    'of %o again as %o names the first difference [QUE-10]',
    async (before, after, name, received, current) => {
      const client = await server.open();
      const queue = await server.queue(client, {}, before);
      const where = `PRECONDITION_FAILED - inequivalent arg '${name}' for ${label(queue)}`;
      const text = `${where}: received '${received}' but current is '${current}'`;
      await expectRefusal(client, { queue, ...after }, 406, text);
    },
  );

  test.each<[string, Arguments, Arguments, string]>([
    [
      'x-message-ttl',
      { 'x-message-ttl': int(1000) },
      { 'x-message-ttl': int(1001) },
      "received '1001' but current is '1000'",
    ],
    [
      'x-message-ttl',
      {},
      { 'x-message-ttl': short(1000) },
      "received the value '1000' of type 'short' but current is none",
    ],
    [
      'x-message-ttl',
      { 'x-message-ttl': int(1) },
      {},
      "received none but current is the value '1' of type 'signedint'",
    ],
    [
      'x-message-ttl',
      { 'x-message-ttl': int(1000) },
      { 'x-message-ttl': { tag: 'd', value: 1000 } },
      "received '1.0e3' but current is '1000'",
    ],
    [
      'x-overflow',
      { 'x-overflow': longstr('drop-head') },
      { 'x-overflow': longstr('reject-publish') },
      "received 'reject-publish' but current is 'drop-head'",
    ],
    ['x-queue-type', {}, { 'x-queue-type': longstr('quorum') }, "received 'quorum' but current is 'classic'"],
  ])('again with another %s is refused [QUE-11] [QUE-12]', async (name, before, after, difference) => {
    const client = await server.open();
    const queue = await server.queue(client, before);
    const where = `PRECONDITION_FAILED - inequivalent arg '${name}' for ${label(queue)}`;
    const args = { queue, durable: true, arguments: fieldTable(after) };
    await expectRefusal(client, args, 406, `${where}: ${difference}`);
  });

  test.each<[string, Arguments, Arguments]>([
    [
      'an integer of another width',
      { 'x-message-ttl': int(1000) },
      { 'x-message-ttl': { tag: 'l', value: 1000n } },
    ],
    ['the default type', {}, { 'x-queue-type': longstr('classic') }],
    ['an argument nobody knows', { 'x-mine': int(1) }, { 'x-mine': int(2) }],
  ])('again with %s is the same [QUE-11] [QUE-12]', async (_what, before, after) => {
    const client = await server.open();
    const queue = await server.queue(client, before);
    await client.call(1, 'queue.declare', { queue, durable: true, arguments: fieldTable(after) });
  });

  test('of an exclusive queue ignores durable [QUE-13]', async () => {
    const client = await server.open();
    const queue = await server.queue(client, {}, { exclusive: true, durable: true });
    for (const durable of [true, false]) {
      await client.call(1, 'queue.declare', { queue, exclusive: true, durable });
    }
  });

  test('refuses arguments of another type [QUE-15]', async () => {
    const client = await server.open();
    const queue = server.name();
    const args = { queue, exclusive: true, arguments: fieldTable({ 'x-max-age': longstr('1D') }) };
    const text = `PRECONDITION_FAILED - invalid arg 'x-max-age' for ${label(queue)} of queue type rabbit_classic_queue`;
    await expectRefusal(client, args, 406, text);
  });

  test.each<[string, FieldValue, string]>([
    ['x-message-ttl', longstr('1'), '"expected integer, got longstr"'],
    ['x-message-ttl', int(-1), '{value_negative,-1}'],
    ['x-expires', int(0), '{value_zero,0}'],
    ['x-max-length', int(-1), '{value_negative,-1}'],
    ['x-max-priority', int(256), '{max_value_exceeded,256}'],
    ['x-overflow', int(1), '{unacceptable_type,signedint}'],
    ['x-overflow', longstr('bogus'), 'invalid_overflow'],
    ['x-single-active-consumer', longstr('true'), '{unacceptable_type,longstr}'],
    ['x-queue-mode', longstr('bogus'), '"unsupported queue mode \'bogus\'"'],
    ['x-queue-version', int(9), '"unsupported queue version \'9\'"'],
    ['x-queue-type', longstr('bogus'), '"unsupported queue type \'bogus\'"'],
    ['x-dead-letter-routing-key', longstr('k'), 'routing_key_but_no_dlx_defined'],
  ])('refuses the %s %o [QUE-16]', async (name, value, reason) => {
    const client = await server.open();
    const queue = server.name();
    const args = { queue, exclusive: true, arguments: fieldTable({ [name]: value }) };
    const text = `PRECONDITION_FAILED - invalid arg '${name}' for ${label(queue)}: ${reason}`;
    await expectRefusal(client, args, 406, text);
  });

  test('takes and ignores arguments nobody knows [QUE-15]', async () => {
    const client = await server.open();
    await server.queue(client, { 'x-queue-leader-locator': longstr('client-local'), mine: int(1) });
  });

  test('takes line ends out of names [GEN-06]', async () => {
    const client = await server.open();
    const name = server.name();
    const ok = await client.call(1, 'queue.declare', { queue: `${name}\r\n.b`, exclusive: true });
    expect(ok.queue).toBe(`${name}.b`);
    expect(await client.call(1, 'queue.delete', { queue: `${name}\n.b` })).toMatchObject({ messageCount: 0 });
  });

  test('cuts a text that is too long [GEN-02]', async () => {
    const client = await server.open();
    const queue = 'q'.repeat(250);
    const text = `${noQueue(queue).slice(0, 252)}...`;
    await expectRefusal(client, { queue, passive: true }, 404, text);
  });

  test.runIf(isOwn)('a transient queue for all is allowed [GEN-32]', async () => {
    const client = await server.open();
    await server.queue(client, {}, { durable: false });
  });
});

describe('the exclusive queue of another connection', () => {
  const use: [
    string,
    (client: RawClient, queue: string) => void,
    Parameters<RawClient['expectChannelError']>[3],
  ][] = [
    [
      'declare',
      (client, queue) => client.send(1, 'queue.declare', { queue, exclusive: true }),
      'queue.declare',
    ],
    ['look', (client, queue) => client.send(1, 'queue.declare', { queue, passive: true }), 'queue.declare'],
    [
      'bind',
      (client, queue) => client.send(1, 'queue.bind', { queue, exchange: 'amq.direct' }),
      'queue.bind',
    ],
    ['consume', (client, queue) => client.send(1, 'basic.consume', { queue }), 'basic.consume'],
    ['get', (client, queue) => client.send(1, 'basic.get', { queue }), 'basic.get'],
    ['purge', (client, queue) => client.send(1, 'queue.purge', { queue }), 'queue.purge'],
    ['delete', (client, queue) => client.send(1, 'queue.delete', { queue }), 'queue.delete'],
  ];
  test.each(use)('is locked: %s [QUE-07]', async (_what, act, at) => {
    const owner = await server.open();
    const { queue } = await owner.call(1, 'queue.declare', { queue: server.name(), exclusive: true });
    const client = await server.open();
    act(client, queue);
    await client.expectChannelError(1, 405, locked(queue), at);
  });

  test('takes publishes, and its own connection may use it on any channel [QUE-08]', async () => {
    const owner = await server.open();
    const { queue } = await owner.call(1, 'queue.declare', { queue: server.name(), exclusive: true });
    const client = await server.open();
    client.publish(1, { routingKey: queue }, 'a');
    await client.expectSilence(1);
    await owner.call(2, 'channel.open');
    owner.send(2, 'basic.get', { queue });
    expect((await owner.message(2, 'basic.get-ok')).body).toBe('a');
  });

  test('unbinding what is not bound is not checked [QUE-07]', async () => {
    const owner = await server.open();
    const { queue } = await owner.call(1, 'queue.declare', { queue: server.name(), exclusive: true });
    const client = await server.open();
    await client.call(1, 'queue.unbind', { queue, exchange: 'amq.direct', routingKey: 'k' });
  });

  test.each([true, false])(
    'a declaration whose exclusive flag differs from %s is refused [QUE-09]',
    async (exclusive) => {
      const client = await server.open();
      const queue = await server.queue(client, {}, { exclusive, durable: true });
      await expectRefusal(client, { queue, exclusive: !exclusive, autoDelete: true }, 405, locked(queue));
    },
  );

  test('stays when only the channel is closed [QUE-29]', async () => {
    const client = await server.open();
    const queue = await server.queue(client, {}, { exclusive: true });
    await client.call(1, 'channel.close');
    await client.call(1, 'channel.open');
    await client.call(1, 'queue.declare', { queue, passive: true });
  });
});
