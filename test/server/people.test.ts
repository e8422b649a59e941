import { describe, expect, test } from 'vitest';
import type { Client } from '../../spec/support/client.ts';
import { ALL_ACCESS } from '../../src/broker/users.ts';
import { PairedServer } from '../support/paired-server.ts';

const LOGIN = { user: 'alice', password: 'secret' };

/** A server where `alice` may do everything in `/`. */
function withAlice(): PairedServer {
  const server = new PairedServer();
  server.broker.addUser('alice', 'secret');
  server.broker.grant('alice', '/', ALL_ACCESS);
  return server;
}

function limitAlice({ broker }: PairedServer, limits: object): void {
  const alice = broker.users.get('alice');
  if (alice !== undefined) broker.users.put({ ...alice, limits });
}

/** A client of alice's that has asked to open a vhost. */
async function asksToOpen(server: PairedServer, virtualHost = '/'): Promise<Client> {
  const client = server.connect();
  await client.start(LOGIN);
  await client.expect(0, 'connection.tune');
  client.send(0, 'connection.tune-ok', { channelMax: 10, frameMax: 131_072 });
  client.send(0, 'connection.open', { virtualHost });
  return client;
}

describe('connections', () => {
  const inVhost = "NOT_ALLOWED - access to vhost '/' refused for user 'alice'";
  const ofUser = "NOT_ALLOWED - connection refused for user 'alice': user connection limit";

  test('of a vhost have a limit, and one that ends makes room [CON-28]', async () => {
    const server = withAlice();
    server.broker.addVhost('/', { limits: { maxConnections: 1 } });
    const first = await server.open();
    const second = await asksToOpen(server);
    await second.expectConnectionError(530, `${inVhost}: connection limit (1) is reached`, 'connection.open');
    await first.close();
    await (await asksToOpen(server)).expect(0, 'connection.open-ok');
  });

  test('of a user have a limit, over all vhosts [CON-28]', async () => {
    const server = withAlice();
    server.broker.addVhost('other');
    server.broker.grant('alice', 'other', ALL_ACCESS);
    limitAlice(server, { maxConnections: 1 });
    await server.open({ ...LOGIN, vhost: 'other' });
    const second = await asksToOpen(server);
    await second.expectConnectionError(530, `${ofUser} (1) is reached`, 'connection.open');
  });

  test.each([
    [{ maxConnections: 0 }, `${inVhost}: connection limit (0) is reached`],
    [{ maxConnections: -1 }, `${ofUser} (0) is reached`],
    [{}, `${ofUser} (0) is reached`],
  ])('with %o in the vhost and 0 for the user, before permissions [CON-28]', async (limits, text) => {
    const server = withAlice();
    server.broker.users.revoke('alice', '/');
    limitAlice(server, { maxConnections: 0 });
    server.broker.addVhost('/', { limits });
    await (await asksToOpen(server)).expectConnectionError(530, text, 'connection.open');
  });

  test('a missing vhost is told before a limit [CON-26] [CON-28]', async () => {
    const server = withAlice();
    limitAlice(server, { maxConnections: 0 });
    const client = await asksToOpen(server, 'none');
    await client.expectConnectionError(530, 'NOT_ALLOWED - vhost none not found', 'connection.open');
  });
});

test('channels of a user have a limit over all his connections [CHN-03]', async () => {
  const server = withAlice();
  limitAlice(server, { maxChannels: 2 });
  const first = await server.open(LOGIN);
  const second = await server.open(LOGIN);
  await first.call(1, 'channel.close');
  await second.call(2, 'channel.open');
  first.send(1, 'channel.open');
  const text = 'number of channels opened for user';
  const limit = 'has reached the maximum allowed user limit of 2';
  await first.expectConnectionError(530, `NOT_ALLOWED - ${text} 'alice' ${limit}`);
});

describe('queues of a vhost', () => {
  const text = (queue: string): string =>
    `PRECONDITION_FAILED - cannot declare queue '${queue}': queue limit in vhost '/' (1) is reached`;

  test('have a limit, which those that are there do not meet [QUE-21]', async () => {
    const server = withAlice();
    server.broker.addVhost('/', { limits: { maxQueues: 1 } });
    const client = await server.open(LOGIN);
    for (let i = 0; i < 2; i++) await client.call(1, 'queue.declare', { queue: 'first' });
    client.send(1, 'queue.declare', { queue: 'second' });
    await client.expectChannelError(1, 406, text('second'), 'queue.declare');
    await client.call(1, 'channel.open');
    await client.call(1, 'queue.delete', { queue: 'first' });
    await client.call(1, 'queue.declare', { queue: 'second' });
  });

  test('are refused for bad arguments first [QUE-21]', async () => {
    const server = withAlice();
    server.broker.addVhost('/', { limits: { maxQueues: 0 } });
    const client = await server.open(LOGIN);
    client.send(1, 'queue.declare', { queue: 'q', arguments: { 'x-max-length': -1 } });
    const { replyText } = await client.expect(1, 'channel.close');
    expect(replyText).toContain('{value_negative,-1}');
  });

  test('are quorum queues where that is the default type of the vhost [QUE-20]', async () => {
    const server = withAlice();
    server.broker.addVhost('/', { defaultQueueType: 'quorum' });
    const client = await server.open(LOGIN);
    const declare = (type?: string): object => ({
      queue: 'q',
      durable: true,
      arguments: type === undefined ? {} : { 'x-queue-type': type },
    });
    for (const type of [undefined, 'quorum']) await client.call(1, 'queue.declare', declare(type));
    client.send(1, 'queue.declare', declare('classic'));
    const text = "inequivalent arg 'x-queue-type' for queue 'q' in vhost '/'";
    const received = "received 'classic' but current is 'quorum'";
    await client.expectChannelError(1, 406, `PRECONDITION_FAILED - ${text}: ${received}`, 'queue.declare');
  });

  test('get the default type of the vhost if they can be of it, else they are classic [QUE-20]', async () => {
    const server = withAlice();
    server.broker.addVhost('/', { defaultQueueType: 'nonsense' });
    const client = await server.open(LOGIN);
    await client.call(1, 'queue.declare', { queue: 'transient' });
    await client.call(1, 'queue.declare', { queue: 'exclusive', durable: true, exclusive: true });
    await client.call(1, 'queue.declare', { queue: 'auto-delete', durable: true, autoDelete: true });
    const classic = { 'x-queue-type': 'classic' };
    await client.call(1, 'queue.declare', { queue: 'classic', durable: true, arguments: classic });
    client.send(1, 'queue.declare', { queue: 'durable', durable: true });
    const { replyText } = await client.expect(1, 'channel.close');
    expect(replyText).toContain("unsupported queue type 'nonsense'");
  });
});

describe('what is deleted closes its connections', () => {
  test('a user: his, and he cannot come back [CON-57]', async () => {
    const server = withAlice();
    const [hers, other] = [await server.open(LOGIN), await server.open()];
    expect(server.broker.deleteUser('alice')).toBe(true);
    await hers.expectConnectionError(320, "CONNECTION_FORCED - user 'alice' is deleted");
    await other.call(2, 'channel.open');
    const again = server.connect();
    await again.start({ ...LOGIN, capabilities: ['authentication_failure_close'] });
    await again.expectConnectionError(403, /^ACCESS_REFUSED - Login was refused/);
    expect(server.broker.deleteUser('alice')).toBe(false);
  });

  test('a vhost: those in it, and it is gone with all it had [CON-57]', async () => {
    const server = withAlice();
    server.broker.addVhost('other');
    server.broker.grant('alice', 'other', ALL_ACCESS);
    const [there, here] = [await server.open({ ...LOGIN, vhost: 'other' }), await server.open(LOGIN)];
    await there.call(1, 'queue.declare', { queue: 'q' });
    await there.call(1, 'basic.consume', { queue: 'q' });
    there.publish(1, { routingKey: 'q' });
    await there.message(1, 'basic.deliver');
    expect(server.broker.deleteVhost('other')).toBe(true);
    await there.expectConnectionError(320, "CONNECTION_FORCED - vhost 'other' is deleted");
    await here.call(2, 'channel.open');
    const text = 'NOT_ALLOWED - vhost other not found';
    await (await asksToOpen(server, 'other')).expectConnectionError(530, text, 'connection.open');
    const again = server.broker.addVhost('other');
    expect([again.queues.size, server.broker.users.mayOpen('alice', 'other')]).toEqual([0, false]);
    expect(server.broker.deleteVhost('none')).toBe(false);
  });

  test('a user deleted between login and open is refused', async () => {
    const server = withAlice();
    const client = server.connect();
    await client.start(LOGIN);
    await client.expect(0, 'connection.tune');
    server.broker.deleteUser('alice');
    client.send(0, 'connection.tune-ok', { channelMax: 10, frameMax: 131_072 });
    client.send(0, 'connection.open', { virtualHost: '/' });
    const text = "NOT_ALLOWED - access to vhost '/' refused for user 'alice'";
    await client.expectConnectionError(530, text, 'connection.open');
  });
});

describe('EXTERNAL', () => {
  /** How a client fares that has a certificate in this name, or none. */
  async function login(name: string | undefined, isLoopback = true): Promise<[string, Client]> {
    const client = withAlice().connect(isLoopback, name);
    client.sendBytes(Buffer.from('AMQP\0\0\x09\x01'));
    const { mechanisms } = await client.expect(0, 'connection.start');
    client.send(0, 'connection.start-ok', {
      mechanism: 'EXTERNAL',
      response: '',
      clientProperties: { capabilities: { authentication_failure_close: true } },
    });
    return [mechanisms.toString(), client];
  }

  test('is offered to who has a certificate, and makes him the user it names [CON-13]', async () => {
    const [mechanisms, client] = await login('alice');
    expect(mechanisms).toBe('PLAIN AMQPLAIN EXTERNAL');
    await client.expect(0, 'connection.tune');
  });

  test.each([
    ['nobody', true],
    ['guest', false],
  ])('refuses %s, from this machine: %s [CON-13] [CON-14] [CON-17]', async (name, isLoopback) => {
    const [, client] = await login(name, isLoopback);
    const text = 'ACCESS_REFUSED - Login was refused using authentication mechanism EXTERNAL.';
    await client.expectConnectionError(403, `${text} For details see the broker logfile.`);
  });

  test('is not offered to others, and dropped when they use it [CON-13] [CON-15]', async () => {
    const [mechanisms, client] = await login(undefined);
    expect(mechanisms).toBe('PLAIN AMQPLAIN');
    await client.expectNothing(0);
  });

  test('leaves PLAIN to who prefers it', async () => {
    const client = withAlice().connect(true, 'somebody');
    await client.open(LOGIN);
  });
});
