import { describe, expect, test } from 'vitest';
import { encodeMethod } from '../../src/wire/codec.ts';
import { FrameType } from '../../src/wire/constants.ts';
import type { Properties } from '../../src/wire/properties.ts';
import { fieldTable, longstr } from '../../src/wire/table.ts';
import { contentHeader, method } from '../support/raw-client.ts';
import { isOwn, useServer } from '../support/server.ts';

const server = useServer();

const header = (size: number): Buffer => contentHeader(size);
const get = encodeMethod(method('basic.get'));

describe('a frame that does not fit', () => {
  const noMethod = 'UNEXPECTED_FRAME - expected method frame, got non method frame instead';
  const noHeader =
    'UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead';
  const noBody = 'UNEXPECTED_FRAME - expected content body, got non content body frame instead';

  test.each([
    ['a header', FrameType.HEADER, header(0)],
    ['a body', FrameType.BODY, Buffer.from('hello')],
  ])('%s where a method is due [CON-36]', async (_what, type, payload) => {
    const client = await server.open();
    client.sendFrame(type, 1, payload);
    await client.expectConnectionError(505, noMethod);
  });

  test.each([
    ['a method', FrameType.METHOD, get],
    ['a body', FrameType.BODY, Buffer.from('hello')],
  ])('%s where a header is due [CON-36]', async (_what, type, payload) => {
    const client = await server.open();
    client.send(1, 'basic.publish');
    client.sendFrame(type, 1, payload);
    await client.expectConnectionError(505, noHeader, 'basic.publish');
  });

  test('a header of another class [CON-36]', async () => {
    const client = await server.open();
    client.send(1, 'basic.publish');
    client.sendFrame(FrameType.HEADER, 1, contentHeader(0, {}, 50));
    const text = 'UNEXPECTED_FRAME - expected content header for class 60, got one for class 50 instead';
    await client.expectConnectionError(505, text, 'basic.publish');
  });

  test('a header with a weight [CON-36]', async () => {
    const client = await server.open();
    const weighted = header(0);
    weighted.writeUInt16BE(1, 2);
    client.send(1, 'basic.publish');
    client.sendFrame(FrameType.HEADER, 1, weighted);
    await client.expectConnectionError(505, noHeader, 'basic.publish');
  });

  test.each([
    ['a method', FrameType.METHOD, get],
    ['a header', FrameType.HEADER, header(5)],
  ])('%s where a body is due [CON-36]', async (_what, type, payload) => {
    const client = await server.open();
    client.send(1, 'basic.publish');
    client.sendFrame(FrameType.HEADER, 1, header(5));
    client.sendFrame(FrameType.BODY, 1, Buffer.from('he'));
    client.sendFrame(type, 1, payload);
    await client.expectConnectionError(505, noBody, 'basic.publish');
  });

  test('a body after a message without one [CON-37]', async () => {
    const client = await server.open();
    client.send(1, 'basic.publish');
    client.sendFrame(FrameType.HEADER, 1, header(0));
    client.sendFrame(FrameType.BODY, 1, Buffer.alloc(0));
    await client.expectConnectionError(505, noMethod);
  });

  test('a body that is longer than announced [CON-38]', async () => {
    const client = await server.open();
    client.send(1, 'basic.publish');
    client.sendFrame(FrameType.HEADER, 1, header(5));
    client.sendFrame(FrameType.BODY, 1, Buffer.from('hello!'));
    const text = 'FRAME_ERROR - content body frame exceeds remaining content size';
    await client.expectConnectionError(501, text, 'basic.publish');
  });

  test('an announced size beyond everything [CON-39]', async () => {
    const client = await server.open();
    client.send(1, 'basic.publish');
    client.sendFrame(FrameType.HEADER, 1, header(536_870_913));
    const text = 'FRAME_ERROR - content body size 536870913 exceeds maximum allowed size 536870912';
    await client.expectConnectionError(501, text, 'basic.publish');
  });
});

describe('a message', () => {
  test('without a body is complete with its header, in both directions [CON-37]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    client.publish(1, { routingKey: queue });
    client.send(1, 'basic.get', { queue });
    await client.expect(1, 'basic.get-ok');
    expect((await client.frame(1)).type).toBe(FrameType.HEADER);
    await client.expectSilence(1);
  });

  test('may have empty body frames on the way [CON-37]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    client.send(1, 'basic.publish', { routingKey: queue });
    client.sendFrame(FrameType.HEADER, 1, header(5));
    for (const part of ['', 'he', '', 'llo']) client.sendFrame(FrameType.BODY, 1, Buffer.from(part));
    expect((await client.get(queue)).body).toBe('hello');
  });

  test.runIf(isOwn)('is sent in bodies of frame-max minus 8 octets [CON-40]', async () => {
    const client = await server.open({ frameMax: 4096 });
    const queue = await server.queue(client);
    const body = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251));
    client.send(1, 'basic.publish', { routingKey: queue });
    client.sendFrame(FrameType.HEADER, 1, header(body.length));
    for (const at of [0, 4000, 8000]) client.sendFrame(FrameType.BODY, 1, body.subarray(at, at + 4000));
    client.send(1, 'basic.get', { queue });
    await client.expect(1, 'basic.get-ok');
    expect((await client.frame(1)).payload.readBigUInt64BE(4)).toBe(10_000n);
    const bodies = [await client.frame(1), await client.frame(1), await client.frame(1)];
    expect(bodies.map(({ type, payload }) => [type, payload.length])).toEqual([
      [FrameType.BODY, 4088],
      [FrameType.BODY, 4088],
      [FrameType.BODY, 1824],
    ]);
    expect(Buffer.concat(bodies.map(({ payload }) => payload))).toEqual(body);
  });

  test.each([8184, 8185, 16_368, 131_064, 1_000_000])(
    'of %i octets comes back whole [CON-40]',
    async (size) => {
      const client = await server.open();
      const narrow = await server.open({ frameMax: 8192 });
      const queue = await server.queue(client);
      const body = Buffer.alloc(size, 'abcdefg');
      client.send(1, 'basic.publish', { routingKey: queue });
      client.sendFrame(FrameType.HEADER, 1, header(size));
      for (let at = 0; at < size; at += 131_064) {
        client.sendFrame(FrameType.BODY, 1, body.subarray(at, at + 131_064));
      }
      await client.expectSilence(1);
      narrow.send(1, 'basic.get', { queue });
      const message = await narrow.message(1, 'basic.get-ok');
      expect(message.body === body.toString()).toBe(true);
    },
  );

  test.runIf(isOwn)('keeps every property as it was [CON-50] [CON-51]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    const properties: Properties = {
      contentType: 'text/plain',
      contentEncoding: 'identity',
      headers: fieldTable({
        z: { tag: 's', value: -2 },
        a: { tag: 'l', value: 1n },
        nested: {
          tag: 'F',
          value: fieldTable({ list: { tag: 'A', value: [longstr('x'), { tag: 't', value: true }] } }),
        },
        bytes: { tag: 'x', value: Buffer.of(0, 255) },
        nothing: { tag: 'V', value: null },
        price: { tag: 'D', value: { scale: 2, digits: 1234 } },
        double: { tag: 'd', value: 0.1 },
        float: { tag: 'f', value: 0.5 },
        at: { tag: 'T', value: 1_700_000_000n },
        unsigned: { tag: 'i', value: 4_000_000_000 },
      }),
      deliveryMode: 2,
      priority: 7,
      correlationId: 'correlation',
      replyTo: 'reply',
      expiration: '60000',
      messageId: 'message',
      timestamp: 1_700_000_000n,
      type: 'type',
      userId: 'guest',
      appId: 'app',
      clusterId: 'cluster',
    };
    client.publish(1, { routingKey: queue }, 'body', properties);
    client.send(1, 'basic.get', { queue });
    await client.expect(1, 'basic.get-ok');
    expect((await client.frame(1)).payload).toEqual(contentHeader(4, properties));
  });

  test('may have the two flags that mean nothing [CON-50]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    const flagged = header(0);
    flagged.writeUInt16BE(2, 12);
    client.send(1, 'basic.publish', { routingKey: queue });
    client.sendFrame(FrameType.HEADER, 1, flagged);
    expect((await client.get(queue)).properties).toEqual({});
  });
});

test('messages of different channels may be mixed frame by frame [CON-41]', async () => {
  const client = await server.open();
  const queue = await server.queue(client);
  await client.call(2, 'channel.open');
  for (const channel of [1, 2]) client.send(channel, 'basic.publish', { routingKey: queue });
  for (const channel of [2, 1]) client.sendFrame(FrameType.HEADER, channel, header(4));
  for (const channel of [1, 2]) client.sendFrame(FrameType.BODY, channel, Buffer.from(`${channel}a`));
  await client.call(3, 'channel.open');
  await client.expectSilence(3);
  for (const channel of [2, 1]) client.sendFrame(FrameType.BODY, channel, Buffer.from(`${channel}b`));
  for (const channel of [1, 2]) await client.expectSilence(channel);
  const bodies = [(await client.get(queue)).body, (await client.get(queue)).body];
  expect(bodies.sort()).toEqual(['1a1b', '2a2b']);
});
