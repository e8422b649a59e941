import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  deliverSize,
  encodeMethod,
  shortstrBytes,
  writeAck,
  writeBody,
  writeContentHeader,
  writeDeliver,
  writeNack,
} from '../../src/wire/codec.ts';
import { FrameType } from '../../src/wire/constants.ts';
import { encodeFrame } from '../../src/wire/frames.ts';
import { encodeProperties } from '../../src/wire/properties.ts';
import * as arbitrary from './support.ts';

describe('hand-written frames', () => {
  const channels = fc.integer({ min: 0, max: 0xffff });
  const tags = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const written = (at: number, size: number, write: (target: Buffer, at: number) => number): Buffer => {
    const target = Buffer.alloc(at + size + 3, 0xee);
    const end = write(target, at);
    expect(target.subarray(0, at).every((octet) => octet === 0xee)).toBe(true);
    expect(target.subarray(end).equals(Buffer.alloc(target.length - end, 0xee))).toBe(true);
    return target.subarray(at, end);
  };

  test('a delivery is what the table encodes, and of the size announced', () => {
    const text = arbitrary.shortText;
    fc.assert(
      fc.property(
        channels,
        text,
        tags,
        fc.boolean(),
        text,
        text,
        fc.nat(9),
        (channel, tag, deliveryTag, redelivered, exchange, key, at) => {
          const names = [shortstrBytes(tag), shortstrBytes(exchange), shortstrBytes(key)] as const;
          const size = deliverSize(...names);
          const frame = written(at, size, (target, start) =>
            writeDeliver(target, start, channel, names[0], deliveryTag, redelivered, names[1], names[2]),
          );
          const method = {
            name: 'basic.deliver',
            consumerTag: tag,
            deliveryTag,
            redelivered,
            exchange,
            routingKey: key,
          } as const;
          expect(frame).toEqual(encodeFrame(FrameType.METHOD, channel, encodeMethod(method)));
          expect(frame).toHaveLength(size);
        },
      ),
    );
  });

  test('an ack and a nack are what the table encodes', () => {
    fc.assert(
      fc.property(channels, tags, fc.boolean(), fc.nat(9), (channel, deliveryTag, multiple, at) => {
        const ack = encodeMethod({ name: 'basic.ack', deliveryTag, multiple });
        const nack = encodeMethod({ name: 'basic.nack', deliveryTag, multiple, requeue: false });
        expect(
          written(at, 21, (target, start) => writeAck(target, start, channel, deliveryTag, multiple)),
        ).toEqual(encodeFrame(FrameType.METHOD, channel, ack));
        expect(
          written(at, 21, (target, start) => writeNack(target, start, channel, deliveryTag, multiple)),
        ).toEqual(encodeFrame(FrameType.METHOD, channel, nack));
      }),
    );
  });

  test('a content header holds class, weight, size and the properties of a range', () => {
    fc.assert(
      fc.property(channels, tags, arbitrary.properties, fc.nat(9), (channel, size, properties, at) => {
        const bytes = encodeProperties(properties);
        const amid = Buffer.concat([Buffer.alloc(3, 0xaa), bytes, Buffer.alloc(2, 0xaa)]);
        const frame = written(at, bytes.length + 20, (target, start) =>
          writeContentHeader(target, start, channel, size, amid, 3, 3 + bytes.length),
        );
        const head = Buffer.alloc(12);
        head.writeUInt16BE(60, 0);
        head.writeBigUInt64BE(BigInt(size), 4);
        expect(frame).toEqual(encodeFrame(FrameType.HEADER, channel, Buffer.concat([head, bytes])));
      }),
    );
  });

  test('a body frame holds a range of the body', () => {
    fc.assert(
      fc.property(
        channels,
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(),
        fc.nat(),
        (channel, octets, a, b) => {
          const body = Buffer.from(octets);
          const [x, y] = [a % (body.length + 1), b % (body.length + 1)];
          const [start, end] = [Math.min(x, y), Math.max(x, y)];
          const frame = written(2, end - start + 8, (target, at) =>
            writeBody(target, at, channel, body, start, end),
          );
          expect(frame).toEqual(encodeFrame(FrameType.BODY, channel, body.subarray(start, end)));
        },
      ),
    );
  });
});
