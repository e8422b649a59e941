import { setImmediate as turn } from 'node:timers/promises';
import { Writable } from 'node:stream';
import type { Duplex } from 'node:stream';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Output } from '../../src/server/output.ts';
import type { ContentBytes } from '../../src/server/output.ts';
import { encodeMethod, shortstrBytes } from '../../src/wire/codec.ts';
import { FrameType } from '../../src/wire/constants.ts';
import { encodeFrame } from '../../src/wire/frames.ts';

const FRAME_MAX = 8192;

/** Looks at what it was given only when it says that it is done with it, as the system may. */
class SlowPeer extends Writable {
  readonly got: Buffer[] = [];
  readonly #isSlow: () => boolean;

  constructor(isSlow: () => boolean) {
    super({ highWaterMark: 1024 });
    this.#isSlow = isSlow;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#take([{ chunk }], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#take(chunks, done);
  }

  #take(chunks: { chunk: Buffer }[], done: () => void): void {
    const take = (): void => {
      for (const { chunk } of chunks) this.got.push(Buffer.from(chunk));
      done();
    };
    if (this.#isSlow()) setImmediate(take);
    else take();
  }
}

function openOutput(peer: Writable): Output {
  const output = new Output(
    peer as Duplex,
    () => {},
    () => {},
  );
  output.frameMax = FRAME_MAX;
  return output;
}

function contentOf(length: number, octet: number): ContentBytes {
  const properties = Buffer.from([0x10, 0, 2]);
  const body = Buffer.alloc(length + 20, octet);
  return { properties, propertiesAt: 0, propertiesLength: 3, body, bodyAt: 10, bodyLength: length };
}

function deliver(output: Output, tag: number, content: ContentBytes): void {
  output.deliver(1, shortstrBytes('c'), tag, false, 'exchange', 'key', content);
}

/** What a delivery is on the wire. */
function expected(deliveryTag: number, { properties, body, bodyAt, bodyLength }: ContentBytes): Buffer {
  const method = encodeMethod({
    name: 'basic.deliver',
    consumerTag: 'c',
    deliveryTag,
    redelivered: false,
    exchange: 'exchange',
    routingKey: 'key',
  });
  const header = Buffer.alloc(12);
  header.writeUInt16BE(60);
  header.writeUInt32BE(bodyLength, 8);
  const frames = [
    encodeFrame(FrameType.METHOD, 1, method),
    encodeFrame(FrameType.HEADER, 1, Buffer.concat([header, properties])),
  ];
  for (let at = 0; at < bodyLength; at += FRAME_MAX - 8) {
    const end = bodyAt + Math.min(bodyLength, at + FRAME_MAX - 8);
    frames.push(encodeFrame(FrameType.BODY, 1, body.subarray(bodyAt + at, end)));
  }
  return Buffer.concat(frames);
}

test('memory of output is used again only when the peer has what was in it', async () => {
  const lengths = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 100_000 }));
  const steps = fc.array(
    fc.record({ to: fc.nat({ max: 2 }), length: lengths, isSlow: fc.boolean(), endsTurn: fc.boolean() }),
    { minLength: 1, maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      let isSlow = false;
      const peers = [0, 1, 2].map(() => new SlowPeer(() => isSlow));
      const outputs = peers.map((peer) => openOutput(peer));
      const sent: Buffer[][] = [[], [], []];
      for (const [i, { to, length, isSlow: slow, endsTurn }] of plan.entries()) {
        isSlow = slow;
        const content = contentOf(length, i + 1);
        deliver(outputs[to] as Output, i, content);
        sent[to]?.push(expected(i, content));
        if (endsTurn) await Promise.resolve();
      }
      while (peers.some((peer) => peer.writableLength > 0) || outputs.some((output) => output.hasGathered)) {
        await turn();
      }
      for (const [i, peer] of peers.entries()) {
        expect(Buffer.concat(peer.got).equals(Buffer.concat(sent[i] ?? []))).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

test('memory of which a stream still has a part is not used again because a fault takes the rest', async () => {
  const peers = [new SlowPeer(() => true), new SlowPeer(() => false)] as const;
  const [afflicted, other] = [openOutput(peers[0]), openOutput(peers[1])];
  deliver(afflicted, 1, contentOf(100, 1));
  await Promise.resolve();
  afflicted.sink = { length: 0, write: () => {} };
  for (let tag = 2; tag < 5; tag++) deliver(afflicted, tag, contentOf(30_000, 2));
  await Promise.resolve();
  deliver(other, 1, contentOf(1000, 3));
  await Promise.resolve();
  await turn();
  expect(Buffer.concat(peers[0].got).equals(expected(1, contentOf(100, 1)))).toBe(true);
});

test('who waits until a fault has let go of what it held hears of it', () => {
  let drained = 0;
  const peer = new SlowPeer(() => false) as Writable as Duplex;
  const onDrain = (): void => void drained++;
  const output = new Output(peer, () => {}, onDrain);
  output.sink = { length: 3 * 1024 * 1024, write: () => {} };
  expect(output.isFull).toBe(true);
  output.sink = undefined;
  expect([output.isFull, drained]).toEqual([false, 1]);
});

test('a long body is sent from where it lies, in frames, and not copied', async () => {
  const given: Buffer[] = [];
  const peer = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      given.push(chunk);
      done();
    },
  });
  const content = contentOf(10 * FRAME_MAX, 7);
  deliver(openOutput(peer), 1, content);
  await turn();
  const views = given.filter(({ buffer }) => buffer === content.body.buffer);
  expect(views.reduce((sum, { length }) => sum + length, 0)).toBe(content.bodyLength);
  expect(Math.max(...views.map(({ length }) => length))).toBe(FRAME_MAX - 8);
  expect(Buffer.concat(given).equals(expected(1, content))).toBe(true);
});

test('a peer that never has everything does not keep memory for ever', async () => {
  const memory = new Set<ArrayBufferLike>();
  let taken = (): void => {};
  const peer = new Writable({
    highWaterMark: 1,
    writev: (chunks: { chunk: Buffer }[], done) => {
      for (const { chunk } of chunks) memory.add(chunk.buffer);
      taken = done;
    },
  });
  const output = openOutput(peer);
  for (let tag = 1; tag <= 100; tag++) {
    for (let i = 0; i < 3; i++) deliver(output, tag, contentOf(30_000, 7));
    await turn();
    if (tag > 1) taken();
    expect(peer.writableLength).toBeGreaterThan(0);
  }
  expect(memory.size).toBeLessThan(20);
});
