import { describe, expect, test } from 'vitest';
import { FRAME_END, FrameType, PROTOCOL_HEADER } from '../../src/wire/constants.ts';
import { HEARTBEAT_FRAME } from '../../src/wire/frames.ts';
import { fieldTable, longstr, writeTable } from '../../src/wire/table.ts';
import { PairedServer } from '../support/paired-server.ts';
import { clientProperties, plainResponse } from '../../spec/support/client.ts';
import type { Args } from '../../spec/support/protocol.ts';
import type { OpenOptions, Client } from '../../spec/support/client.ts';

/** The stream stays open until exactly so much time has passed. */
async function expectEndAfter(server: PairedServer, client: Client, ms: number): Promise<void> {
  await server.advance(ms - 1);
  expect(client.isEnded, 'ended too early').toBe(false);
  await server.advance(1);
  expect(client.isEnded, 'ended').toBe(true);
  expect(server.connections).toEqual([]);
}

describe('a client that does not finish the handshake in 10 s is dropped', () => {
  test.each([
    ['sends nothing', Buffer.alloc(0)],
    ['sends half a header', PROTOCOL_HEADER.subarray(0, 4)],
    ['sends only a header', PROTOCOL_HEADER],
  ])('when it %s [CON-04]', async (_what, bytes) => {
    const server = new PairedServer();
    const client = server.connect();
    client.sendBytes(bytes);
    await server.settle();
    await expectEndAfter(server, client, 10_000);
    expect(client.frames.length).toBe(bytes.length === 8 ? 1 : 0);
  });

  test('when it stops before open, however slowly it came there [CON-04]', async () => {
    const server = new PairedServer();
    const client = server.connect();
    await server.advance(4_000);
    await client.start();
    await client.expect(0, 'connection.tune');
    client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 4096 });
    await server.settle();
    await expectEndAfter(server, client, 6_000);
    expect(client.frames).toEqual([]);
  });

  test('but not when it is through [CON-04]', async () => {
    const server = new PairedServer();
    const client = await server.open();
    await server.advance(3_600_000);
    expect(client.isEnded).toBe(false);
  });
});

describe('a refused login is dropped after 3 s without a word', () => {
  const refuse = async (args: Args<'connection.start-ok'>, isLoopback = true): Promise<void> => {
    const server = new PairedServer();
    const client = server.connect(isLoopback);
    client.sendBytes(PROTOCOL_HEADER);
    await client.expect(0, 'connection.start');
    client.send(0, 'connection.start-ok', args);
    await server.settle();
    await expectEndAfter(server, client, 3_000);
    expect(client.frames).toEqual([]);
  };
  const capable = clientProperties(['authentication_failure_close']);
  const [guest, login] = [plainResponse('guest', 'guest'), longstr('guest')];

  test('with a wrong password and no authentication_failure_close [CON-14]', () =>
    refuse({ mechanism: 'PLAIN', response: plainResponse('guest', 'wrong') }));

  test('from another host as guest [CON-14] [CON-17]', () =>
    refuse({ mechanism: 'PLAIN', response: guest }, false));

  test.each([
    ['NOPE', guest],
    ['', guest],
    ['EXTERNAL', Buffer.alloc(0)],
  ])('with the mechanism "%s", whatever it can do [CON-15]', (mechanism, response) =>
    refuse({ mechanism, response, clientProperties: capable }),
  );

  test.each([
    ['an identity before the first NUL', Buffer.from('admin\0guest\0guest')],
    ['no password', Buffer.from('\0guest')],
    ['too much', Buffer.from('\0guest\0guest\0')],
    ['nothing', Buffer.alloc(0)],
  ])('with a PLAIN response that has %s [CON-11] [CON-15]', (_what, response) =>
    refuse({ mechanism: 'PLAIN', response, clientProperties: capable }),
  );

  test.each([
    ['no password', writeTable(fieldTable({ LOGIN: login }))],
    ['no login', writeTable(fieldTable({ PASSWORD: login }))],
    ['a length of its own', Buffer.concat([Buffer.of(0, 0, 0, 5), Buffer.from('LOGIN')])],
    ['an unknown type', Buffer.from('\x05LOGINq')],
  ])('with an AMQPLAIN response that has %s [CON-12] [CON-15]', (_what, response) =>
    refuse({ mechanism: 'AMQPLAIN', response, clientProperties: capable }),
  );

  test('because the user has no password [CON-16]', async () => {
    const server = new PairedServer();
    server.broker.addUser('blank', '');
    const client = server.connect();
    await client.start({ user: 'blank', password: '' });
    await server.settle();
    await expectEndAfter(server, client, 3_000);
    expect(client.frames).toEqual([]);
  });

  test.each([
    ['another method', 1, 0, Buffer.of(0, 10, 0, 31, 0, 1, 0, 0, 16, 0, 0, 0)],
    ['a method that cannot be decoded', 1, 0, Buffer.of(0, 10, 0, 11, 1)],
    ['a frame of an unknown type', 4, 0, Buffer.from('hello')],
  ])('when %s comes instead [CON-15] [CON-55]', async (_what, type, channel, payload) => {
    const server = new PairedServer();
    const client = server.connect();
    client.sendBytes(PROTOCOL_HEADER);
    await client.expect(0, 'connection.start');
    client.sendFrame(type, channel, payload);
    await server.settle();
    await expectEndAfter(server, client, 3_000);
    expect(client.frames).toEqual([]);
  });
});

test('another host may log in as somebody else [CON-17]', async () => {
  const server = new PairedServer();
  server.broker.addUser('alice', 'secret');
  const client = server.connect(false);
  await client.start({ user: 'alice', password: 'secret' });
  await client.expect(0, 'connection.tune');
});

describe('heartbeats', () => {
  const opened = async (options: OpenOptions): Promise<[PairedServer, Client]> => {
    const server = new PairedServer();
    return [server, await server.open(options)];
  };

  test('are sent after half the interval of silence [CON-23]', async () => {
    const [server, client] = await opened({ heartbeat: 10 });
    await server.advance(5_000); // something was said in the first half
    expect(client.frames).toEqual([]);
    await server.advance(4_999);
    expect(client.frames).toEqual([]);
    await server.advance(1);
    expect(client.frames).toEqual([{ type: FrameType.HEARTBEAT, channel: 0, payload: Buffer.alloc(0) }]);
  });

  test('are not needed while something is said [CON-23]', async () => {
    const [server, client] = await opened({ heartbeat: 10 });
    for (let seconds = 0; seconds < 60; seconds += 4) {
      await client.call(1, 'channel.flow', { active: true });
      await server.advance(4_000);
    }
    expect(client.frames).toEqual([]);
  });

  test('are not sent when the client wants none [CON-22]', async () => {
    const [server, client] = await opened({ heartbeat: 0 });
    await server.advance(24 * 3_600_000);
    expect([client.frames, client.isEnded]).toEqual([[], false]);
  });

  test('a client silent for two checks is dropped without a word [CON-24]', async () => {
    const [server, client] = await opened({ heartbeat: 1 });
    await server.advance(2_000);
    expect(client.isEnded).toBe(false);
    await server.advance(1_000);
    expect(client.isEnded).toBe(true);
    expect(client.frames.every(({ type }) => type === FrameType.HEARTBEAT)).toBe(true);
    expect(server.connections).toEqual([]);
  });

  test('any octet is a sign of life [CON-24]', async () => {
    const [server, client] = await opened({ heartbeat: 1 });
    for (const octet of [...HEARTBEAT_FRAME, ...HEARTBEAT_FRAME]) {
      client.sendBytes(Buffer.of(octet));
      await server.settle();
      await server.advance(1_500);
    }
    expect(client.isEnded).toBe(false);
  });
});

describe('the end of a connection', () => {
  test.each([
    [10, 10_000],
    [60, 30_000],
    [0, 30_000],
  ])('with heartbeat %i the server hangs up %i ms after its close-ok [CON-53]', async (heartbeat, ms) => {
    const server = new PairedServer();
    const client = await server.open({ heartbeat });
    await client.call(0, 'connection.close');
    for (let at = 0; at < ms - 1_000; at += 1_000) {
      client.sendBytes(HEARTBEAT_FRAME);
      await server.settle();
      await server.advance(1_000);
    }
    await expectEndAfter(server, client, 1_000);
  });

  test('a client that answers connection.close is let go at once [CON-54]', async () => {
    const server = new PairedServer();
    const client = await server.open();
    client.send(5, 'basic.qos');
    await client.expectConnectionError(504, "CHANNEL_ERROR - expected 'channel.open'", 'basic.qos');
  });

  test('one that does not is dropped later [CON-54]', async () => {
    const server = new PairedServer();
    const client = await server.open({ heartbeat: 0 });
    client.send(5, 'basic.qos');
    await client.expect(0, 'connection.close');
    await expectEndAfter(server, client, 30_000);
  });

  test('one that was refused before tuning was done is dropped after 3 s [CON-54]', async () => {
    const server = new PairedServer();
    const client = server.connect();
    await client.start({ password: 'wrong', capabilities: ['authentication_failure_close'] });
    await client.expect(0, 'connection.close');
    await expectEndAfter(server, client, 3_000);
  });

  test.each([
    ['is too large', Buffer.of(1, 0, 1, 0xff, 0, 0, 0)],
    ['has no end', Buffer.of(1, 0, 1, 0, 0, 0, 4, 0, 60, 0, 70, FRAME_END + 1)],
  ])('one whose frame %s is dropped after 3 s, and not listened to [CON-33]', async (_what, bytes) => {
    const server = new PairedServer();
    const client = await server.open();
    client.sendBytes(bytes);
    await client.expect(0, 'connection.close');
    client.send(0, 'connection.close');
    await server.settle();
    expect(client.frames).toEqual([]);
    await expectEndAfter(server, client, 3_000);
  });
});
