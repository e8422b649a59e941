import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeOctets, encodeFrame, FrameDecoder, HEARTBEAT_FRAME } from '../../src/wire/frames.ts';
import { refusal } from './support.ts';

interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

/** A decoder and copies of everything it handed over. */
function aDecoder(limit = 131_072): { decoder: FrameDecoder; frames: Frame[] } {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder(limit, (type, channel, bytes, start, end) => {
    const payload = bytes.subarray(start, end);
    frames.push({ type, channel, payload: Buffer.from(payload) });
  });
  return { decoder, frames };
}

const encoded = (frames: readonly Frame[]): Buffer =>
  Buffer.concat(frames.map(({ type, channel, payload }) => encodeFrame(type, channel, payload)));
const body = (text: string): Buffer => encodeFrame(3, 1, Buffer.from(text));
const texts = (frames: readonly Frame[]): string[] => frames.map(({ payload }) => payload.toString());

const aFrame: fc.Arbitrary<Frame> = fc.record({
  type: fc.constantFrom(1, 2, 3),
  channel: fc.integer({ min: 1, max: 0xffff }),
  payload: fc
    .oneof(
      fc.uint8Array({ minLength: 12, maxLength: 50 }),
      fc.uint8Array({ minLength: 500, maxLength: 3000 }),
    )
    .map((octets) => Buffer.from(octets)),
});
const frameLists = fc.array(aFrame, { maxLength: 12 });
const cuts = fc.array(fc.nat(), { maxLength: 20 });

/** A stream in pieces, each of which is spoilt as soon as it was pushed. */
function pushInPieces(decoder: FrameDecoder, stream: Buffer, points: readonly number[]): void {
  const sorted = points.map((point) => point % (stream.length + 1)).toSorted((a, b) => a - b);
  let from = 0;
  for (const to of [...sorted, stream.length]) {
    const chunk = Buffer.from(stream.subarray(from, to));
    decoder.push(chunk);
    chunk.fill(0xff);
    from = to;
  }
}

describe('FrameDecoder', () => {
  test('frames come out the same however the stream is cut, and no chunk is kept [CON-30]', () => {
    fc.assert(
      fc.property(frameLists, cuts, (sent, points) => {
        const { decoder, frames } = aDecoder();
        pushInPieces(decoder, encoded(sent), points);
        expect(frames).toEqual(sent);
      }),
      { numRuns: 500 },
    );
  });

  test('frames come out the same one octet at a time', () => {
    fc.assert(
      fc.property(frameLists, (sent) => {
        const { decoder, frames } = aDecoder();
        for (const octet of encoded(sent)) decoder.push(Buffer.from([octet]));
        expect(frames).toEqual(sent);
      }),
      { numRuns: 20 },
    );
  });

  test('frames come out the same with pauses, and none during a pause', () => {
    fc.assert(
      fc.property(frameLists, cuts, fc.array(fc.boolean(), { minLength: 1 }), (sent, points, pauses) => {
        const frames: Frame[] = [];
        const decoder: FrameDecoder = new FrameDecoder(131_072, (type, channel, bytes, start, end) => {
          const payload = bytes.subarray(start, end);
          expect(decoder.paused).toBe(false);
          decoder.paused = pauses[frames.length % pauses.length] ?? false;
          frames.push({ type, channel, payload: Buffer.from(payload) });
        });
        pushInPieces(decoder, encoded(sent), points);
        for (let i = 0; i < sent.length; i++) decoder.resume();
        expect(frames).toEqual(sent);
      }),
      { numRuns: 300 },
    );
  });

  test('a resume from inside the call ends the pause at once', () => {
    const seen: string[] = [];
    const decoder: FrameDecoder = new FrameDecoder(4096, (_type, _channel, bytes, start, end) => {
      const payload = bytes.subarray(start, end);
      seen.push(payload.toString());
      decoder.paused = true;
      decoder.resume();
    });
    decoder.push(Buffer.concat([body('a'), body('b'), body('c')]));
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  test('what is pushed from inside the call comes behind the rest of the chunk', () => {
    const seen: string[] = [];
    const decoder: FrameDecoder = new FrameDecoder(4096, (_type, _channel, bytes, start, end) => {
      const payload = bytes.subarray(start, end);
      seen.push(payload.toString());
      if (seen.length === 1) decoder.push(body('late'));
    });
    decoder.push(Buffer.concat([body('a'), body('b')]));
    expect(seen).toEqual(['a', 'b', 'late']);
  });

  test('what onFrame throws passes through, and the next push goes on behind that frame', () => {
    const seen: string[] = [];
    const decoder = new FrameDecoder(4096, (_type, _channel, bytes, start, end) => {
      const payload = bytes.subarray(start, end);
      if (payload.toString() === 'bad') throw new Error('no');
      seen.push(payload.toString());
    });
    const stream = Buffer.concat([body('a'), body('bad'), body('b'), body('bad'), body('c')]);
    expect(() => decoder.push(stream)).toThrow('no');
    expect(() => decoder.push(body('d').subarray(0, 3))).toThrow('no');
    decoder.push(body('d').subarray(3));
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a payload that lies whole in its chunk is a view of it', () => {
    const chunk = body('hello');
    new FrameDecoder(4096, (_type, _channel, bytes, start, end) => {
      const payload = bytes.subarray(start, end);
      expect(payload.buffer).toBe(chunk.buffer);
      expect(payload.byteOffset).toBe(chunk.byteOffset + 7);
    }).push(chunk);
  });

  test('a stream in tiny pieces is read in linear time', () => {
    const { decoder, frames } = aDecoder(2 ** 25);
    const stream = encodeFrame(3, 1, Buffer.alloc(2 ** 24, 7));
    for (let at = 0; at < stream.length; at += 100) decoder.push(stream.subarray(at, at + 100));
    expect(frames).toHaveLength(1);
  });

  test('a payload of frame-max octets is accepted [CON-31]', () => {
    const { decoder, frames } = aDecoder(4096);
    decoder.push(encodeFrame(3, 1, Buffer.alloc(4096)));
    expect(frames).toHaveLength(1);
  });

  test('a payload larger than frame-max is refused when its header is seen [CON-31]', () => {
    const { decoder } = aDecoder(131_072);
    expect(
      refusal(() => decoder.push(encodeFrame(3, 1, Buffer.alloc(200_000)).subarray(0, 7))),
    ).toMatchObject({
      code: 501,
      message: 'FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,200000,131064}',
      at: { classId: 0, methodId: 0 },
    });
  });

  test('a new limit holds from the next frame on [CON-31]', () => {
    const frames: number[] = [];
    const decoder: FrameDecoder = new FrameDecoder(100, (_type, _channel, bytes, start, end) => {
      const payload = bytes.subarray(start, end);
      frames.push(payload.length);
      decoder.limit = 5000;
    });
    decoder.push(
      Buffer.concat([encodeFrame(3, 1, Buffer.alloc(100)), encodeFrame(3, 1, Buffer.alloc(5000))]),
    );
    expect(frames).toEqual([100, 5000]);
  });

  test('a wrong end octet is refused with the payload [CON-32]', () => {
    const { decoder } = aDecoder();
    const frame = encodeFrame(1, 0, Buffer.from([0, 20, 0, 10, 0]));
    frame[frame.length - 1] = 207;
    expect(refusal(() => decoder.push(frame))).toMatchObject({
      code: 501,
      message: 'FRAME_ERROR - type 1, all octets = <<0,20,0,10,0>>: {invalid_frame_end_marker,207}',
      at: { classId: 0, methodId: 0 },
    });
  });

  test('after these two faults nothing is read any more [CON-33]', () => {
    const large = encodeFrame(3, 1, Buffer.alloc(5000));
    const endless = body('a');
    endless[endless.length - 1] = 0;
    for (const fault of [large, endless]) {
      const { decoder, frames } = aDecoder(4096);
      expect(() => decoder.push(Buffer.concat([fault, body('b')]))).toThrow('FRAME_ERROR');
      decoder.push(body('c'));
      decoder.resume();
      expect(frames).toEqual([]);
    }
  });

  test.each([
    [4, 'hello', 'FRAME_ERROR - type 4, all octets = <<"hello">>: unknown_frame'],
    [0, '', 'FRAME_ERROR - type 0, all octets = <<>>: unknown_frame'],
    [8, '\u0000', 'FRAME_ERROR - type 8, all octets = <<0>>: unknown_frame'],
    [1, '\u0000\u0014\u0000', 'FRAME_ERROR - type 1, all octets = <<0,20,0>>: unknown_frame'],
    [2, '\u0000<\u0000\u0000', 'FRAME_ERROR - type 2, all octets = <<0,60,0,0>>: unknown_frame'],
    [255, 'x'.repeat(17), `FRAME_ERROR - type 255, first 16 octets = <<"${'x'.repeat(16)}">>: unknown_frame`],
  ])(
    'a frame of type %i with payload %j is unknown, and the next one is read [CON-34]',
    (type, payload, message) => {
      const { decoder, frames } = aDecoder();
      for (const channel of [0, 1]) {
        const frame = encodeFrame(type, channel, Buffer.from(payload));
        expect(refusal(() => decoder.push(frame))).toMatchObject({
          code: 501,
          message,
          at: { classId: 0, methodId: 0 },
        });
      }
      decoder.push(body('next'));
      expect(texts(frames)).toEqual(['next']);
    },
  );

  test.each([
    [8, 1, '', 'UNEXPECTED_FRAME - type 8, all octets = <<>>'],
    [
      2,
      0,
      '\u0000<'.padEnd(14, '\u0000'),
      'UNEXPECTED_FRAME - type 2, all octets = <<0,60,0,0,0,0,0,0,0,0,0,0,0,0>>',
    ],
    [3, 0, 'body', 'UNEXPECTED_FRAME - type 3, all octets = <<"body">>'],
  ])('a frame of type %i on channel %i is misplaced [CON-35]', (type, channel, payload, message) => {
    const { decoder } = aDecoder();
    const frame = encodeFrame(type, channel, Buffer.from(payload));
    expect(refusal(() => decoder.push(frame))).toMatchObject({
      code: 505,
      message,
      at: { classId: 0, methodId: 0 },
    });
  });

  test('a heartbeat is a frame like any other', () => {
    const { decoder, frames } = aDecoder();
    expect(HEARTBEAT_FRAME.toString('hex')).toBe('08000000000000ce');
    decoder.push(HEARTBEAT_FRAME);
    expect(frames).toEqual([{ type: 8, channel: 0, payload: Buffer.alloc(0) }]);
  });
});

describe('describeOctets', () => {
  test.each([
    ['', 'all octets = <<>>'],
    ['hello', 'all octets = <<"hello">>'],
    ['a"\\\r\n', 'all octets = <<"a\\"\\\\\\r\\n">>'],
    ['\u0000\u0014', 'all octets = <<0,20>>'],
    ['\u007f', 'all octets = <<127>>'],
    ['é', 'all octets = <<195,169>>'],
    ['0123456789abcdef', 'all octets = <<"0123456789abcdef">>'],
    ['0123456789abcdefg', 'first 16 octets = <<"0123456789abcdef">>'],
  ])('%j is described as Erlang would print it [CON-34]', (payload, text) => {
    expect(describeOctets(Buffer.from(payload))).toBe(text);
  });
});
