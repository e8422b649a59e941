import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeMethod } from '../../src/wire/codec.ts';
import { FrameType } from '../../src/wire/constants.ts';
import { ContentAssembler } from '../../src/wire/content.ts';
import type { Method } from '../../src/wire/methods.ts';
import { encodeProperties } from '../../src/wire/properties.ts';
import { refusal } from './support.ts';

const { METHOD, HEADER, BODY } = FrameType;

const publish: Method = {
  name: 'basic.publish',
  ticket: 0,
  exchange: 'e',
  routingKey: 'k',
  mandatory: false,
  immediate: false,
};
const PUBLISH = encodeMethod(publish);
const NO_PROPERTIES = encodeProperties({});

function header(size: number | bigint, properties = NO_PROPERTIES, classId = 60, weight = 0): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(classId, 0);
  head.writeUInt16BE(weight, 2);
  head.writeBigUInt64BE(BigInt(size), 4);
  return Buffer.concat([head, properties]);
}

interface Command {
  readonly method: Method;
  readonly size: number | undefined;
  readonly properties: string | undefined;
  readonly body: string | undefined;
}

/** An assembler and copies of everything it handed over. */
function anAssembler(largestBody = 1_000_000): { assembler: ContentAssembler; commands: Command[] } {
  const commands: Command[] = [];
  const assembler = new ContentAssembler(largestBody, (method, content) => {
    commands.push({
      method,
      size: content?.size,
      properties: content?.properties.toString('hex'),
      body: content?.body?.toString('latin1'),
    });
  });
  return { assembler, commands };
}

describe('ContentAssembler', () => {
  test('a method without content is a command of its own', () => {
    const { assembler, commands } = anAssembler();
    const ack: Method = { name: 'basic.ack', deliveryTag: 1, multiple: false };
    assembler.accept(METHOD, encodeMethod(ack));
    expect(commands).toEqual([{ method: ack, size: undefined, properties: undefined, body: undefined }]);
  });

  test('a body comes out whole however it was split, and its frames may be overwritten [CON-41]', () => {
    const messages = fc.array(
      fc.record({
        properties: fc.uint8Array({ minLength: 2, maxLength: 400 }).map((octets) => Buffer.from(octets)),
        frames: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(messages, (sent) => {
        const { assembler, commands } = anAssembler();
        const accept = (type: number, payload: Uint8Array): void => {
          const passing = Buffer.from(payload);
          assembler.accept(type, passing);
          passing.fill(0xff);
        };
        const expected = sent.map(({ properties, frames }) => {
          const body = Buffer.concat(frames);
          accept(METHOD, PUBLISH);
          accept(HEADER, header(body.length, properties));
          let left = body.length;
          for (const frame of frames) {
            if (left > 0) accept(BODY, frame);
            left -= frame.length;
          }
          return {
            method: publish,
            size: body.length,
            properties: properties.toString('hex'),
            body: body.toString('latin1'),
          };
        });
        expect(commands).toEqual(expected);
      }),
    );
  });

  test('a body in one frame is passed on without a copy', () => {
    const frame = Buffer.from('hello');
    const bodies: (Buffer | undefined)[] = [];
    const assembler = new ContentAssembler(100, (_method, content) => bodies.push(content?.body));
    assembler.accept(METHOD, PUBLISH);
    assembler.accept(HEADER, header(5));
    assembler.accept(BODY, frame);
    expect(bodies[0]).toEqual(frame);
    expect(bodies[0]?.buffer).toBe(frame.buffer);
    expect(bodies[0]?.byteOffset).toBe(frame.byteOffset);
  });

  test('a size of 0 completes the message, and a body frame behind it is one too many [CON-37]', () => {
    const { assembler, commands } = anAssembler();
    assembler.accept(METHOD, PUBLISH);
    assembler.accept(HEADER, header(0));
    expect(commands).toEqual([{ method: publish, size: 0, properties: '0000', body: '' }]);
    expect(refusal(() => assembler.accept(BODY, Buffer.alloc(0)))).toMatchObject({
      message: 'UNEXPECTED_FRAME - expected method frame, got non method frame instead',
    });
  });

  test('an empty body frame is harmless while octets are due [CON-37]', () => {
    const { assembler, commands } = anAssembler();
    assembler.accept(METHOD, PUBLISH);
    assembler.accept(HEADER, header(2));
    for (const part of ['', 'a', '', 'b']) assembler.accept(BODY, Buffer.from(part));
    expect(commands.map(({ body }) => body)).toEqual(['ab']);
  });

  test('a body larger than allowed is read and thrown away [PUB-03]', () => {
    const { assembler, commands } = anAssembler(4);
    for (const frames of [['12345'], ['12', '345'], ['1234']]) {
      assembler.accept(METHOD, PUBLISH);
      assembler.accept(HEADER, header(frames.join('').length));
      for (const frame of frames) assembler.accept(BODY, Buffer.from(frame));
    }
    expect(commands.map(({ size, body }) => [size, body])).toEqual([
      [5, undefined],
      [5, undefined],
      [4, '1234'],
    ]);
  });

  test('memory is taken for what has arrived, not for what was announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const { assembler } = anAssembler(536_870_912);
    assembler.accept(METHOD, PUBLISH);
    assembler.accept(HEADER, header(536_870_912));
    assembler.accept(BODY, Buffer.alloc(1000));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });

  test('what the server sends is assembled the same way', () => {
    const { assembler, commands } = anAssembler();
    const deliver: Method = {
      name: 'basic.deliver',
      consumerTag: 'c',
      deliveryTag: 7,
      redelivered: false,
      exchange: '',
      routingKey: 'q',
    };
    assembler.accept(METHOD, encodeMethod(deliver));
    assembler.accept(HEADER, header(1));
    assembler.accept(BODY, Buffer.from('x'));
    expect(commands).toEqual([{ method: deliver, size: 1, properties: '0000', body: 'x' }]);
  });
});

describe('content out of order', () => {
  const due = {
    method: [],
    header: [[METHOD, PUBLISH]],
    body: [
      [METHOD, PUBLISH],
      [HEADER, header(5)],
    ],
  } as const;
  const noMethod = { classId: 0, methodId: 0 };
  const published = { classId: 60, methodId: 40 };
  const cases: readonly (readonly [string, keyof typeof due, number, Buffer, string, object])[] = [
    [
      'a header',
      'method',
      HEADER,
      header(1),
      'expected method frame, got non method frame instead',
      noMethod,
    ],
    [
      'a body',
      'method',
      BODY,
      Buffer.from('a'),
      'expected method frame, got non method frame instead',
      noMethod,
    ],
    [
      'a method',
      'header',
      METHOD,
      PUBLISH,
      'expected content header for class 60, got non content header frame instead',
      published,
    ],
    [
      'a body',
      'header',
      BODY,
      Buffer.from('a'),
      'expected content header for class 60, got non content header frame instead',
      published,
    ],
    [
      'a header with a weight',
      'header',
      HEADER,
      header(1, NO_PROPERTIES, 60, 1),
      'expected content header for class 60, got non content header frame instead',
      published,
    ],
    [
      'a header of class 50',
      'header',
      HEADER,
      header(1, NO_PROPERTIES, 50),
      'expected content header for class 60, got one for class 50 instead',
      published,
    ],
    [
      'a method',
      'body',
      METHOD,
      PUBLISH,
      'expected content body, got non content body frame instead',
      published,
    ],
    [
      'a header',
      'body',
      HEADER,
      header(1),
      'expected content body, got non content body frame instead',
      published,
    ],
  ];

  test.each(cases)('%s where a %s is due is refused [CON-36]', (_what, state, type, payload, text, at) => {
    const { assembler } = anAssembler();
    for (const [before, bytes] of due[state]) assembler.accept(before, bytes);
    expect(refusal(() => assembler.accept(type, payload))).toMatchObject({
      code: 505,
      message: `UNEXPECTED_FRAME - ${text}`,
      at,
    });
  });

  test('more body than announced is refused [CON-38]', () => {
    const { assembler } = anAssembler();
    assembler.accept(METHOD, PUBLISH);
    assembler.accept(HEADER, header(5));
    assembler.accept(BODY, Buffer.from('1234'));
    expect(refusal(() => assembler.accept(BODY, Buffer.from('56')))).toMatchObject({
      code: 501,
      message: 'FRAME_ERROR - content body frame exceeds remaining content size',
      at: published,
    });
  });

  test.each([536_870_913n, 2n ** 64n - 1n])(
    'a body announced with %d octets is refused at once [CON-39]',
    (size) => {
      const { assembler } = anAssembler();
      assembler.accept(METHOD, PUBLISH);
      expect(refusal(() => assembler.accept(HEADER, header(size)))).toMatchObject({
        code: 501,
        message: `FRAME_ERROR - content body size ${size} exceeds maximum allowed size 536870912`,
        at: published,
      });
    },
  );
});
