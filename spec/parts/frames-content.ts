import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Channel } from '../support/channel.ts';
import { lonely } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import { contentHeader } from '../support/content.ts';
import type { Context } from '../support/context.ts';
import { encodeMethod, frames } from '../support/protocol.ts';

const NO_METHOD = 'UNEXPECTED_FRAME - expected method frame, got non method frame instead';
const NO_HEADER =
  'UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead';
const NO_BODY = 'UNEXPECTED_FRAME - expected content body, got non content body frame instead';

const GET = encodeMethod('basic.get', {});
const HELLO = Buffer.from('hello');

/** Messages on the wire: a method, a content header, and bodies. */
export function contentFrameCases(test: Define): void {
  unexpected(test);
  announced(test);
  bodies(test);
  mixed(test);
}

function unexpected(test: Define): void {
  for (const [what, type, payload] of [
    ['a content header', frames.header, contentHeader(0)],
    ['a body', frames.body, HELLO],
    ['an empty body', frames.body, Buffer.alloc(0)],
  ] as const) {
    test(`${what} where a method is due is unexpected`, { rules: ['CON-36'] }, async (t) => {
      const { client, number } = await lonely(t);
      client.sendFrame(type, number, payload);
      await client.expectConnectionError(505, NO_METHOD);
    });
  }

  const weighted = contentHeader(0);
  weighted.writeUInt16BE(1, 2);
  for (const [what, type, payload] of [
    ['a method', frames.method, GET],
    ['a body', frames.body, HELLO],
    ['a content header with a weight', frames.header, weighted],
  ] as const) {
    test(
      `${what} where a content header is due is unexpected`,
      { rules: ['CON-36', 'GEN-03'] },
      async (t) => {
        const { client, number } = await lonely(t);
        client.send(number, 'basic.publish');
        client.sendFrame(type, number, payload);
        await client.expectConnectionError(505, NO_HEADER, 'basic.publish');
      },
    );
  }

  for (const classId of [50, 99]) {
    test(`a content header of class ${classId} is unexpected`, { rules: ['CON-36', 'GEN-03'] }, async (t) => {
      const { client, number } = await lonely(t);
      client.send(number, 'basic.publish');
      client.sendFrame(frames.header, number, contentHeader(0, {}, classId));
      const text = `UNEXPECTED_FRAME - expected content header for class 60, got one for class ${classId} instead`;
      await client.expectConnectionError(505, text, 'basic.publish');
    });
  }

  for (const [what, type, payload] of [
    ['a method', frames.method, GET],
    ['another basic.publish', frames.method, encodeMethod('basic.publish', {})],
    ['a content header', frames.header, contentHeader(5)],
  ] as const) {
    test(`${what} where a body is due is unexpected`, { rules: ['CON-36', 'CON-41'] }, async (t) => {
      const { client, number } = await publishing(t, 5);
      client.sendFrame(frames.body, number, Buffer.from('he'));
      client.sendFrame(type, number, payload);
      await client.expectConnectionError(505, NO_BODY, 'basic.publish');
    });
  }
}

/** A channel on which a message of so many octets was announced. */
async function publishing(t: Context, size: number, routingKey = ''): Promise<Channel> {
  const channel = await lonely(t);
  channel.send('basic.publish', { routingKey });
  channel.client.sendFrame(frames.header, channel.number, contentHeader(size));
  return channel;
}

function announced(test: Define): void {
  test('a message without a body is complete with its header', { rules: ['CON-37'] }, async (t) => {
    const queue = await t.queue();
    const { client, number } = await publishing(t, 0, queue);
    client.send(number, 'basic.get', { queue, noAck: true });
    await client.expect(number, 'basic.get-ok');
    const { type, payload } = await client.frame(number);
    assert.deepEqual([type, payload.readBigUInt64BE(4)], [frames.header, 0n]);
    await client.expectSilence(number);
  });

  test(
    'an empty body after a message without one is unexpected',
    { rules: ['CON-37', 'CON-36'] },
    async (t) => {
      const { client, number } = await publishing(t, 0);
      client.sendFrame(frames.body, number, Buffer.alloc(0));
      await client.expectConnectionError(505, NO_METHOD);
    },
  );

  test('an empty body after a whole message is unexpected', { rules: ['CON-37', 'CON-36'] }, async (t) => {
    const { client, number } = await publishing(t, 5);
    client.sendFrame(frames.body, number, HELLO);
    client.sendFrame(frames.body, number, Buffer.alloc(0));
    await client.expectConnectionError(505, NO_METHOD);
  });

  test('empty body frames on the way do no harm', { rules: ['CON-37'] }, async (t) => {
    const queue = await t.queue();
    const { client, number } = await publishing(t, 5, queue);
    for (const part of ['', 'he', '', '', 'llo']) client.sendFrame(frames.body, number, Buffer.from(part));
    assert.equal((await t.take(queue)).body, 'hello');
  });

  test(
    'a body that is longer than announced ends the connection',
    { rules: ['CON-38', 'GEN-28'] },
    async (t) => {
      const { client, number } = await publishing(t, 5);
      client.sendFrame(frames.body, number, Buffer.from('hello!'));
      client.send(number, 'channel.flow', { active: true });
      if (!t.broker.since('4.2')) return client.expectConnectionError(505, NO_BODY, 'basic.publish');
      const text = 'FRAME_ERROR - content body frame exceeds remaining content size';
      await client.expectConnectionError(501, text, 'basic.publish');
    },
  );

  test(
    'a second body frame that is too long ends the connection',
    { rules: ['CON-38', 'GEN-28'] },
    async (t) => {
      const { client, number } = await publishing(t, 5);
      for (const part of ['hell', 'oo']) client.sendFrame(frames.body, number, Buffer.from(part));
      client.send(number, 'channel.flow', { active: true });
      if (!t.broker.since('4.2')) return client.expectConnectionError(505, NO_BODY, 'basic.publish');
      const text = 'FRAME_ERROR - content body frame exceeds remaining content size';
      await client.expectConnectionError(501, text, 'basic.publish');
    },
  );

  test(
    'a body of more than 512 MiB is refused when it is announced',
    { rules: ['CON-39'], since: '4.2' },
    async (t) => {
      const { client } = await publishing(t, 536_870_913);
      const text = 'FRAME_ERROR - content body size 536870913 exceeds maximum allowed size 536870912';
      await client.expectConnectionError(501, text, 'basic.publish');
    },
  );

  test(
    'a body of all the octets that can be announced is refused when it is announced',
    { rules: ['CON-39'], since: '4.2' },
    async (t) => {
      const { client, number } = await lonely(t);
      client.send(number, 'basic.publish');
      const header = contentHeader(0);
      header.fill(0xff, 4, 12);
      client.sendFrame(frames.header, number, header);
      const size = 2n ** 64n - 1n;
      const text = `FRAME_ERROR - content body size ${size} exceeds maximum allowed size 536870912`;
      await client.expectConnectionError(501, text, 'basic.publish');
    },
  );
}

function bodies(test: Define): void {
  test('a body is cut into frames of frame-max less 8 octets', { rules: ['CON-40'] }, async (t) => {
    const queue = await t.queue();
    const { client, number } = await lonely(t, { frameMax: 8192 });
    const body = Buffer.from(Array.from({ length: 20_000 }, (_, index) => index % 251));
    await t.send(queue, body);
    client.send(number, 'basic.get', { queue, noAck: true });
    await client.expect(number, 'basic.get-ok');
    assert.equal((await client.frame(number)).payload.readBigUInt64BE(4), 20_000n);
    const parts = [await client.frame(number), await client.frame(number), await client.frame(number)];
    assert.deepEqual(
      parts.map(({ type, payload }) => [type, payload.length]),
      [
        [frames.body, 8184],
        [frames.body, 8184],
        [frames.body, 3632],
      ],
    );
    assert.deepEqual(Buffer.concat(parts.map(({ payload }) => payload)), body);
  });

  test('each client gets frames of the size that it asked for', { rules: ['CON-40'] }, async (t) => {
    const queue = await t.queue();
    for (const body of ['a', 'b']) await t.send(queue, body.repeat(12_000));
    for (const [frameMax, sizes] of [
      [8192, [8184, 3816]],
      [131_072, [12_000]],
    ] as const) {
      const { client, number } = await lonely(t, { frameMax });
      client.send(number, 'basic.get', { queue, noAck: true });
      await client.expect(number, 'basic.get-ok');
      await client.frame(number);
      for (const size of sizes) assert.equal((await client.frame(number)).payload.length, size);
      await client.expectSilence(number);
    }
  });

  for (const size of [1, 8183, 8184, 8185, 16_368, 131_064, 500_000]) {
    test(`a body of ${size} octets comes back whole in small frames`, { rules: ['CON-40'] }, async (t) => {
      const queue = await t.queue();
      const body = Buffer.alloc(size, 'abcdefg');
      const { client, number } = await publishing(t, size, queue);
      for (let at = 0; at < size; at += 100_000) {
        client.sendFrame(frames.body, number, body.subarray(at, at + 100_000));
      }
      await client.expectSilence(number);
      const small = await lonely(t, { frameMax: 8192 });
      const message = await small.get(queue);
      assert.equal(message?.bytes.equals(body), true);
    });
  }
}

function mixed(test: Define): void {
  test('messages of two channels may be mixed frame by frame', { rules: ['CON-41'] }, async (t) => {
    const queue = await t.queue();
    const client = await t.connect();
    const [one, two, other] = [await t.channel(client), await t.channel(client), await t.channel(client)];
    for (const channel of [one, two]) channel.send('basic.publish', { routingKey: queue });
    for (const { number } of [two, one]) client.sendFrame(frames.header, number, contentHeader(4));
    for (const { number } of [one, two]) client.sendFrame(frames.body, number, Buffer.from(`${number}a`));
    await other.settled();
    for (const { number } of [two, one]) client.sendFrame(frames.body, number, Buffer.from(`${number}b`));
    for (const channel of [one, two]) await channel.settled();
    assert.deepEqual((await t.takeBodies(queue, 2)).sort(), ['1a1b', '2a2b']);
  });

  test(
    'a channel may be used and closed in the middle of a message of another',
    { rules: ['CON-41'] },
    async (t) => {
      const queue = await t.queue();
      const client = await t.connect();
      const [one, two] = [await t.channel(client), await t.channel(client)];
      one.send('basic.publish', { routingKey: queue });
      await two.call('queue.declare', { queue, passive: true });
      client.sendFrame(frames.header, one.number, contentHeader(5));
      await two.close();
      client.sendFrame(frames.body, one.number, HELLO);
      assert.equal((await t.take(queue)).body, 'hello');
    },
  );

  test(
    'a connection may be closed in the middle of a message',
    { rules: ['CON-41', 'CON-52'] },
    async (t) => {
      const queue = await t.queue();
      const { client, number } = await publishing(t, 5, queue);
      client.sendFrame(frames.body, number, Buffer.from('he'));
      await client.close();
      assert.equal(await t.count(queue), 0);
    },
  );

  test('deliveries of two channels come whole, however they are mixed', { rules: ['CON-41'] }, async (t) => {
    const queues = [await t.queue(), await t.queue()] as const;
    for (const queue of queues) await t.send(queue, queue.at(-1)?.repeat(60_000));
    const client = await t.connect({ frameMax: 8192 });
    const consumers = [await t.consume(queues[0], {}, client), await t.consume(queues[1], {}, client)];
    for (const [index, consumer] of consumers.entries()) {
      assert.equal((await consumer.next()).body, queues[index]?.at(-1)?.repeat(60_000));
    }
  });
}
