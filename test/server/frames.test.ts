import { describe, expect, test } from 'vitest';
import { encodeMethod } from '../../src/wire/codec.ts';
import { FRAME_END, FrameType } from '../../src/wire/constants.ts';
import { encodeFrame, HEARTBEAT_FRAME } from '../../src/wire/frames.ts';
import { methods } from '../../src/wire/methods.ts';
import type { MethodName } from '../../src/wire/methods.ts';
import { longstr } from '../../src/wire/table.ts';
import { contentHeader, method } from '../support/raw-client.ts';
import type { RawClient } from '../support/raw-client.ts';
import { isOwn, useServer } from '../support/server.ts';

const server = useServer();

/** The server must close the connection; RabbitMQ wraps long terms, so white space does not count. */
async function expectFault(client: RawClient, code: number, text: string): Promise<void> {
  const close = await client.expect(0, 'connection.close');
  const { replyCode, classId, methodId } = close;
  expect({ replyCode, classId, methodId }).toEqual({ replyCode: code, classId: 0, methodId: 0 });
  expect(close.replyText.replace(/\s+/g, ' ')).toBe(text);
}

describe('the size of a frame', () => {
  test('may be frame-max and 8 octets of frame around it [CON-31]', async () => {
    const client = await server.open({ frameMax: 8192 });
    const queue = await server.queue(client);
    client.send(1, 'basic.publish', { routingKey: queue });
    client.sendFrame(FrameType.HEADER, 1, contentHeader(8192));
    client.sendFrame(FrameType.BODY, 1, Buffer.alloc(8192, 'a'));
    await client.expectSilence(1);
    expect((await client.get(queue)).body).toBe('a'.repeat(8192));
  });

  test.each([
    [8192, 8193],
    [131_072, 200_000],
  ])('with frame-max %i may not be %i [CON-31]', async (frameMax, size) => {
    const client = await server.open({ frameMax });
    client.sendBytes(encodeFrame(FrameType.BODY, 1, Buffer.alloc(size)).subarray(0, 7));
    const fault = `{frame_too_large,${size},${frameMax - 8}}`;
    await expectFault(client, 501, `FRAME_ERROR - type 3, all octets = <<>>: ${fault}`);
  });
});

describe('a frame that is none', () => {
  test('because its end octet is wrong [CON-32]', async () => {
    const client = await server.open();
    client.sendBytes(Buffer.of(1, 0, 1, 0, 0, 0, 4, 0, 60, 0, 70, FRAME_END + 1));
    const fault = '{invalid_frame_end_marker,207}';
    await expectFault(client, 501, `FRAME_ERROR - type 1, all octets = <<0,60,0,70>>: ${fault}`);
  });

  test.each([
    ['of an unknown type', 4, 'hello', 'type 4, all octets = <<"hello">>'],
    [
      'of an unknown type with much in it',
      9,
      'x'.repeat(20),
      `type 9, first 16 octets = <<"${'x'.repeat(16)}">>`,
    ],
    ['a heartbeat with something in it', 8, '\x01', 'type 8, all octets = <<1>>'],
    ['a method without ids', 1, '\x00\x3c', 'type 1, all octets = <<0,60>>'],
    ['a content header without a body size', 2, '\x00\x3c', 'type 2, all octets = <<0,60>>'],
  ])('because it is %s [CON-34]', async (_what, type, payload, shown) => {
    const client = await server.open();
    client.sendFrame(type, 0, Buffer.from(payload));
    await expectFault(client, 501, `FRAME_ERROR - ${shown}: unknown_frame`);
  });
});

describe('a frame in the wrong place', () => {
  test('a heartbeat on channel 1 [CON-35]', async () => {
    const client = await server.open();
    client.sendFrame(FrameType.HEARTBEAT, 1, Buffer.alloc(0));
    await expectFault(client, 505, 'UNEXPECTED_FRAME - type 8, all octets = <<>>');
  });

  test('a content header on channel 0 [CON-35]', async () => {
    const client = await server.open();
    client.sendFrame(FrameType.HEADER, 0, contentHeader(0));
    const shown = 'type 2, all octets = <<0,60,0,0,0,0,0,0,0,0,0,0,0,0>>';
    await expectFault(client, 505, `UNEXPECTED_FRAME - ${shown}`);
  });

  test('a body on channel 0 [CON-35]', async () => {
    const client = await server.open();
    client.sendFrame(FrameType.BODY, 0, Buffer.from('hello'));
    await expectFault(client, 505, 'UNEXPECTED_FRAME - type 3, all octets = <<"hello">>');
  });

  test('a heartbeat on channel 0 is none [CON-30]', async () => {
    const client = await server.open();
    client.sendBytes(HEARTBEAT_FRAME);
    await client.expectSilence(1);
  });
});

describe('a method', () => {
  test.each([
    ['too short', Buffer.of(0, 60, 0, 70, 1, 2), '<<1,2>>', 'basic.get'],
    ['too long', Buffer.of(0, 20, 0, 20, 1, 9), '<<1,9>>', 'channel.flow'],
  ] as const)('that is %s cannot be decoded [CON-42]', async (_what, payload, shown, name) => {
    const client = await server.open();
    client.sendFrame(FrameType.METHOD, 1, payload);
    await client.expectConnectionError(501, `FRAME_ERROR - cannot decode ${shown}`, name);
  });

  test('whose short string is no UTF-8 is refused [GEN-12]', async () => {
    const client = await server.open();
    client.sendFrame(FrameType.METHOD, 1, Buffer.of(0, 60, 0, 70, 0, 0, 2, 0xc3, 0x28, 0));
    await client.expectConnectionError(501, 'FRAME_ERROR - Malformed UTF-8 in shortstr');
  });

  test.runIf(isOwn).each([
    [60, 255],
    [99, 10],
  ])('with the unknown ids %i/%i is refused [CON-43]', async (classId, methodId) => {
    const client = await server.open();
    client.sendFrame(FrameType.METHOD, 1, Buffer.of(0, classId, 0, methodId));
    const close = await client.expect(0, 'connection.close');
    expect(close).toMatchObject({ replyCode: 503, classId, methodId });
  });

  test.runIf(isOwn)('with a table that holds an unknown type is refused [CON-43] [CON-48]', async () => {
    const client = await server.open();
    const bytes = encodeMethod(method('queue.declare', { queue: 'q' })).subarray(0, -4);
    const table = Buffer.from('\x01aU\x00\x05', 'latin1');
    client.sendFrame(FrameType.METHOD, 1, Buffer.concat([bytes, Buffer.of(0, 0, 0, table.length), table]));
    const close = await client.expect(0, 'connection.close');
    expect(close).toMatchObject({ replyCode: 502, classId: 50, methodId: 10 });
  });

  const fromServer = (Object.keys(methods) as MethodName[]).filter((name) => {
    return methods[name].from === 'server' && !name.startsWith('connection.') && !name.startsWith('tx.');
  });
  const withoutContent = fromServer.filter((name) => !/return|deliver|get-ok/.test(name));

  test.each([...withoutContent, 'channel.close-ok', 'connection.close-ok', 'connection.tune-ok'] as const)(
    'that clients may not send: %s [CON-44]',
    async (name) => {
      const client = await server.open();
      client.send(1, name);
      await client.expectConnectionError(503, 'COMMAND_INVALID - unimplemented method', name);
    },
  );
});

describe('properties that cannot be decoded end the connection', () => {
  const withHeaders = (inside: string): Buffer => {
    const header = contentHeader(0);
    header.writeUInt16BE(0x2000, 12);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(inside.length);
    return Buffer.concat([header, length, Buffer.from(inside, 'latin1')]);
  };
  const withoutContentType = contentHeader(0);
  withoutContentType.writeUInt16BE(0x8000, 12);

  test.each([
    ['a content type that is not there', withoutContentType],
    ['a header of an unknown type', withHeaders('\x01aU\x00\x05')],
    ['a header that ends too soon', withHeaders('\x01aI\x00\x05')],
    ['a header without a type', withHeaders('\x01a')],
    ['an array of unknown things', withHeaders('\x07x-deathA\x00\x00\x00\x03zzz')],
    ['a table in an array that is too long', withHeaders('\x01aA\x00\x00\x00\x05F\x00\x00\x00\x09')],
  ])('%s, even where a queue would take the message [CON-45]', async (_what, header) => {
    const client = await server.open();
    const queue = await server.queue(client, {
      'x-message-ttl': { tag: 'I', value: 0 },
      'x-dead-letter-exchange': longstr('amq.fanout'),
    });
    client.send(1, 'basic.publish', { routingKey: queue });
    client.sendFrame(FrameType.HEADER, 1, header);
    const close = await client.expect(0, 'connection.close');
    expect([502, 541]).toContain(close.replyCode);
    const other = await server.open();
    expect(await other.call(1, 'queue.declare', { queue, passive: true })).toMatchObject({ messageCount: 0 });
  });
});

test('bytes may arrive in any pieces [CON-30]', async () => {
  const client = await server.open();
  const queue = await server.queue(client);
  const frames = Buffer.concat([
    encodeFrame(FrameType.METHOD, 1, encodeMethod(method('basic.publish', { routingKey: queue }))),
    encodeFrame(FrameType.HEADER, 1, contentHeader(5)),
    encodeFrame(FrameType.BODY, 1, Buffer.from('hello')),
    HEARTBEAT_FRAME,
    encodeFrame(FrameType.METHOD, 1, encodeMethod(method('basic.get', { queue }))),
  ]);
  for (const octet of frames) client.sendBytes(Buffer.of(octet));
  expect((await client.message(1, 'basic.get-ok')).body).toBe('hello');
});
