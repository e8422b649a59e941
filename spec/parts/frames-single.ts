import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { encodeFrame } from '../support/client.ts';
import { codeOfEnd, endsSilently, fails, lonely } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import { contentHeader } from '../support/content.ts';
import { encodeMethod, frames, PROTOCOL_HEADER } from '../support/protocol.ts';

const NOTHING = Buffer.alloc(0);

/** A frame by itself: its parts, its size, its place. */
export function singleFrameCases(test: Define): void {
  pieces(test);
  sizes(test);
  ends(test);
  garbage(test);
  unknown(test);
  misplaced(test);
}

function pieces(test: Define): void {
  test('frames may arrive octet by octet', { rules: ['CON-30'] }, async (t) => {
    const queue = await t.queue();
    const { client, number } = await lonely(t);
    const bytes = Buffer.concat([
      encodeFrame(frames.method, number, encodeMethod('basic.publish', { routingKey: queue })),
      encodeFrame(frames.header, number, contentHeader(5)),
      encodeFrame(frames.body, number, Buffer.from('hello')),
      encodeFrame(frames.heartbeat, 0, NOTHING),
      encodeFrame(frames.method, number, encodeMethod('basic.get', { queue, noAck: true })),
    ]);
    for (const octet of bytes) client.sendBytes(Buffer.of(octet));
    assert.equal((await client.message(number, 'basic.get-ok')).body, 'hello');
  });

  test('many frames may arrive in one piece', { rules: ['CON-30'] }, async (t) => {
    const queue = await t.queue();
    const { client, number } = await lonely(t);
    const message = Buffer.concat([
      encodeFrame(frames.method, number, encodeMethod('basic.publish', { routingKey: queue })),
      encodeFrame(frames.header, number, contentHeader(5)),
      encodeFrame(frames.body, number, Buffer.from('hello')),
    ]);
    client.sendBytes(Buffer.concat(Array.from({ length: 200 }, () => message)));
    await t.untilCount(queue, 200);
  });

  test(
    'a client may send heartbeats at any time, also where none were agreed',
    { rules: ['CON-30'] },
    async (t) => {
      const { client, number } = await lonely(t);
      for (let n = 0; n < 10; n++) client.sendFrame(frames.heartbeat, 0, NOTHING);
      await client.expectSilence(number);
    },
  );

  test('a heartbeat may come in the middle of a message', { rules: ['CON-30', 'CON-41'] }, async (t) => {
    const queue = await t.queue();
    const { client, number } = await lonely(t);
    client.send(number, 'basic.publish', { routingKey: queue });
    client.sendFrame(frames.heartbeat, 0, NOTHING);
    client.sendFrame(frames.header, number, contentHeader(4));
    client.sendFrame(frames.heartbeat, 0, NOTHING);
    client.sendFrame(frames.body, number, Buffer.from('whole'.slice(0, 4)));
    assert.equal((await t.take(queue)).body, 'whol');
  });
}

function sizes(test: Define): void {
  test('a payload may have as many octets as frame-max says', { rules: ['CON-31'] }, async (t) => {
    const queue = await t.queue();
    const { client, number } = await lonely(t, { frameMax: 8192 });
    client.send(number, 'basic.publish', { routingKey: queue });
    client.sendFrame(frames.header, number, contentHeader(8192));
    client.sendFrame(frames.body, number, Buffer.alloc(8192, 'a'));
    assert.equal((await t.take(queue)).body, 'a'.repeat(8192));
  });

  for (const [frameMax, size] of [
    [8192, 8193],
    [131_072, 131_073],
    [131_072, 200_000],
    [131_072, 0xff_ff_ff_ff],
  ] as const) {
    test(
      `with a frame-max of ${frameMax} a frame of ${size} octets is refused before they came`,
      { rules: ['CON-31', 'GEN-03'] },
      async (t) => {
        const { client, number } = await lonely(t, { frameMax });
        client.sendBytes(Buffer.from([frames.body, 0, number, ...uint32(size)]));
        const fault = `{frame_too_large,${size},${frameMax - 8}}`;
        await fails(client, 501, `FRAME_ERROR - type 3, all octets = <<>>: ${fault}`);
      },
    );
  }

  for (const [what, bytes] of [
    ['was too large', Buffer.from([frames.method, 0, 1, ...uint32(0xff_00_00_00)])],
    ['had no end', encodeFrame(frames.method, 1, encodeMethod('basic.get', {}), 0)],
  ] as const) {
    test(
      `a client whose frame ${what} is not listened to, and dropped after 3 seconds`,
      { rules: ['CON-33'], realTime: true },
      async (t) => {
        const { client } = await lonely(t);
        const elapsed = t.stopwatch();
        client.sendBytes(bytes);
        await client.expect(0, 'connection.close');
        client.send(0, 'connection.close');
        client.send(0, 'connection.close-ok');
        await endsSilently(client);
        assert.ok(elapsed() >= 2_999, `dropped after ${elapsed()} ms`);
      },
    );
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function ends(test: Define): void {
  test('a frame must end with the octet 206', { rules: ['CON-32', 'GEN-03'] }, async (t) => {
    const { client, number } = await lonely(t);
    client.sendBytes(encodeFrame(frames.method, number, Buffer.of(0, 60, 0, 70), 207));
    const fault = '{invalid_frame_end_marker,207}';
    await fails(client, 501, `FRAME_ERROR - type 1, all octets = <<0,60,0,70>>: ${fault}`);
  });

  test('a heartbeat must end with the octet 206', { rules: ['CON-32'] }, async (t) => {
    const { client } = await lonely(t);
    client.sendBytes(encodeFrame(frames.heartbeat, 0, NOTHING, 0));
    const fault = '{invalid_frame_end_marker,0}';
    await fails(client, 501, `FRAME_ERROR - type 8, all octets = <<>>: ${fault}`);
  });

  test('a frame whose size is wrong has no end', { rules: ['CON-32'] }, async (t) => {
    const { client, number } = await lonely(t);
    const frame = encodeFrame(frames.body, number, Buffer.from('hello'));
    frame.writeUInt32BE(4, 3);
    client.sendBytes(frame);
    const fault = '{invalid_frame_end_marker,111}';
    await fails(client, 501, `FRAME_ERROR - type 3, all octets = <<"hell">>: ${fault}`);
  });

  test('what was sent before a broken frame is still done', { rules: ['CON-32', 'CON-33'] }, async (t) => {
    const queue = await t.queue();
    const { client, number } = await lonely(t);
    client.publish(number, { routingKey: queue }, 'before');
    client.sendBytes(encodeFrame(frames.method, number, Buffer.of(0, 60, 0, 70), 0));
    await client.expect(0, 'connection.close');
    assert.equal((await t.take(queue)).body, 'before');
  });
}

function garbage(test: Define): void {
  test(
    'words on an open connection are a frame that is too large',
    { rules: ['CON-31', 'CON-34'] },
    async (t) => {
      const { client } = await lonely(t);
      client.sendBytes(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
      const fault = '{frame_too_large,539959368,131064}';
      await fails(client, 501, `FRAME_ERROR - type 71, all octets = <<>>: ${fault}`);
    },
  );

  test(
    'a second protocol header is a frame that is too large',
    { rules: ['CON-31', 'CON-34'] },
    async (t) => {
      const { client } = await lonely(t);
      client.sendBytes(PROTOCOL_HEADER);
      const fault = '{frame_too_large,1342177289,131064}';
      await fails(client, 501, `FRAME_ERROR - type 65, all octets = <<>>: ${fault}`);
    },
  );

  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    test(
      `the noise of generator ${seed} ends one connection and no other`,
      { rules: ['CON-34'] },
      async (t) => {
        const queue = await t.queue();
        const { client } = await lonely(t);
        client.sendBytes(noise(seed, 4096));
        const code = await codeOfEnd(client);
        assert.ok(code === undefined || code === 501 || code === 505, `closed with ${code}`);
        await t.send(queue, 'as ever');
        assert.equal((await t.take(queue)).body, 'as ever');
      },
    );
  }

  test('a frame that is never finished is never executed', { rules: ['CON-30', 'CON-61'] }, async (t) => {
    const queue = await t.queue();
    const { client, number } = await lonely(t);
    const frame = encodeFrame(frames.method, number, encodeMethod('queue.delete', { queue }));
    client.sendBytes(frame.subarray(0, -1));
    await client.expectNothing(number);
    client.stream.end();
    await client.ended();
    assert.equal(await t.hasQueue(queue), true);
  });
}

/** The same octets for the same seed; the first is no type of a frame. */
function noise(seed: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt8(state >>> 24, at);
  }
  bytes.writeUInt8(9 + seed, 0);
  return bytes;
}

function unknown(test: Define): void {
  const sixteen = 'x'.repeat(16);
  for (const [what, type, payload, shown] of [
    ['a frame of type 4', 4, 'hello', 'type 4, all octets = <<"hello">>'],
    ['a frame of type 0', 0, '', 'type 0, all octets = <<>>'],
    ['a frame of type 255', 255, '\x01\x02', 'type 255, all octets = <<1,2>>'],
    ['an unknown frame of 16 octets', 9, sixteen, `type 9, all octets = <<"${sixteen}">>`],
    ['an unknown frame of 17 octets', 9, `${sixteen}y`, `type 9, first 16 octets = <<"${sixteen}">>`],
    ['a heartbeat with a payload', 8, '\x01', 'type 8, all octets = <<1>>'],
    ['a method without any id', 1, '', 'type 1, all octets = <<>>'],
    ['a method without a whole id', 1, '\x00\x3c\x00', 'type 1, all octets = <<0,60,0>>'],
    ['a content header without a size', 2, '\x00\x3c', 'type 2, all octets = <<0,60>>'],
    [
      'a content header without a whole size',
      2,
      `\x00\x3c${'\0'.repeat(9)}`,
      'type 2, all octets = <<0,60,0,0,0,0,0,0,0,0,0>>',
    ],
  ] as const) {
    test(`${what} is an unknown frame`, { rules: ['CON-34', 'GEN-03'] }, async (t) => {
      const { client, number } = await lonely(t);
      client.sendFrame(type, type === frames.heartbeat ? 0 : number, Buffer.from(payload));
      await fails(client, 501, `FRAME_ERROR - ${shown}: unknown_frame`);
    });
  }
}

function misplaced(test: Define): void {
  const header = contentHeader(0);
  for (const [what, type, isOnZero, payload, shown] of [
    ['a heartbeat on a channel', 8, false, NOTHING, 'type 8, all octets = <<>>'],
    [
      'a content header on channel 0',
      2,
      true,
      header,
      'type 2, all octets = <<0,60,0,0,0,0,0,0,0,0,0,0,0,0>>',
    ],
    ['a body on channel 0', 3, true, Buffer.from('hello'), 'type 3, all octets = <<"hello">>'],
    ['an empty body on channel 0', 3, true, NOTHING, 'type 3, all octets = <<>>'],
  ] as const) {
    test(`${what} is unexpected`, { rules: ['CON-35', 'GEN-03'] }, async (t) => {
      const { client, number } = await lonely(t);
      client.sendFrame(type, isOnZero ? 0 : number, payload);
      await fails(client, 505, `UNEXPECTED_FRAME - ${shown}`);
    });
  }
}
