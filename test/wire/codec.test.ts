import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMethod, encodeMethod, PublishDecoder } from '../../src/wire/codec.ts';
import { methods, type Method } from '../../src/wire/methods.ts';
import { EMPTY_TABLE, fieldTable, longstr } from '../../src/wire/table.ts';
import * as arbitrary from './support.ts';
import { refusal } from './support.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

const known: readonly [Method, string][] = [
  [{ name: 'basic.ack', deliveryTag: 258, multiple: true }, '003c 0050 0000000000000102 01'],
  [{ name: 'basic.nack', deliveryTag: 1, multiple: false, requeue: true }, '003c 0078 0000000000000001 02'],
  [{ name: 'basic.qos', prefetchSize: 0, prefetchCount: 10, global: false }, '003c 000a 00000000 000a 00'],
  [
    { name: 'basic.publish', ticket: 0, exchange: 'e', routingKey: 'k', mandatory: true, immediate: false },
    '003c 0028 0000 0165 016b 01',
  ],
  [
    {
      name: 'basic.deliver',
      consumerTag: 'c',
      deliveryTag: 1,
      redelivered: true,
      exchange: '',
      routingKey: 'k',
    },
    '003c 003c 0163 0000000000000001 01 00 016b',
  ],
  [{ name: 'channel.open', outOfBand: '' }, '0014 000a 00'],
  [{ name: 'channel.open-ok', channelId: Buffer.alloc(0) }, '0014 000b 00000000'],
  [
    { name: 'channel.close', replyCode: 404, replyText: 'N', classId: 50, methodId: 10 },
    '0014 0028 0194 014e 0032 000a',
  ],
  [
    { name: 'connection.tune', channelMax: 2047, frameMax: 131072, heartbeat: 60 },
    '000a 001e 07ff 00020000 003c',
  ],
  [
    {
      name: 'connection.start-ok',
      clientProperties: EMPTY_TABLE,
      mechanism: 'P',
      response: hex('0061'),
      locale: 'e',
    },
    '000a 000b 00000000 0150 000000020061 0165',
  ],
  [
    {
      name: 'queue.declare',
      ticket: 0,
      queue: 'q',
      passive: false,
      durable: true,
      exclusive: false,
      autoDelete: true,
      noWait: false,
      arguments: fieldTable({ a: longstr('b') }),
    },
    '0032 000a 0000 0171 0a 00000008 0161 53 00000001 62',
  ],
  [{ name: 'exchange.unbind-ok' }, '0028 0033'],
  [{ name: 'confirm.select', noWait: false }, '0055 000a 00'],
  [{ name: 'connection.update-secret-ok' }, '000a 0047'],
];

describe('the method codec', () => {
  test.each(known)('$name has its known encoding', (method, encoding) => {
    expect(encodeMethod(method).toString('hex')).toBe(encoding.replaceAll(' ', ''));
    expect(decodeMethod(hex(encoding))).toEqual(method);
  });

  test.each(arbitrary.methodNames)('%s comes back as it was, whatever its arguments', (name) => {
    fc.assert(
      fc.property(arbitrary.methodOf(name), (method) => {
        expect(decodeMethod(encodeMethod(method))).toEqual(method);
      }),
      { numRuns: 50 },
    );
  });

  test.each(arbitrary.methodNames)('%s with too few octets or one too many is refused [CON-42]', (name) => {
    const { classId, methodId } = methods[name];
    fc.assert(
      fc.property(arbitrary.methodOf(name), fc.nat(), (method, cut) => {
        const payload = encodeMethod(method);
        const wrong: Buffer[] = [Buffer.concat([payload, Buffer.alloc(1)])];
        if (payload.length > 4) wrong.push(payload.subarray(0, 4 + (cut % (payload.length - 4))));
        for (const bytes of wrong) {
          const listed = bytes.subarray(4, 4 + 255).join(',');
          expect(refusal(() => decodeMethod(bytes))).toMatchObject({
            message: `FRAME_ERROR - cannot decode <<${listed}>>`,
            at: { classId, methodId },
          });
        }
      }),
      { numRuns: 20 },
    );
  });

  test('the octets that cannot be decoded are listed [CON-42]', () => {
    expect(refusal(() => decodeMethod(hex('003c 000a 0102')))).toMatchObject({
      code: 501,
      message: 'FRAME_ERROR - cannot decode <<1,2>>',
      at: { classId: 60, methodId: 10 },
    });
    expect(refusal(() => decodeMethod(hex('005a')))).toMatchObject({ reply: 'FRAME_ERROR' });
  });

  test('an unknown class or method is refused with its ids [CON-43]', () => {
    const cases: readonly [string, number, number][] = [
      ['003c 00ff', 60, 255],
      ['0063 000a', 99, 10],
      ['ffff ffff', 65535, 65535],
    ];
    for (const [payload, classId, methodId] of cases) {
      expect(refusal(() => decodeMethod(hex(payload)))).toMatchObject({
        code: 503,
        at: { classId, methodId },
      });
    }
  });

  test('an unknown type in an argument table is refused with the ids of the method [CON-43] [CON-48]', () => {
    expect(refusal(() => decodeMethod(hex('0032 000a 0000 00 00 00000005 016b 55 0001')))).toMatchObject({
      code: 502,
      message: 'SYNTAX_ERROR - unknown type tag "U"',
      at: { classId: 50, methodId: 10 },
    });
  });

  test('a table that ends in the middle of a value cannot be decoded [CON-42]', () => {
    expect(refusal(() => decodeMethod(hex('0032 000a 0000 00 00 00000004 016b 73 00')))).toMatchObject({
      message: 'FRAME_ERROR - cannot decode <<0,0,0,0,0,0,0,4,1,107,115,0>>',
    });
  });

  test('a name that is not UTF-8 is refused without ids [GEN-12]', () => {
    const expected = {
      message: 'FRAME_ERROR - Malformed UTF-8 in shortstr',
      at: { classId: 0, methodId: 0 },
    };
    expect(refusal(() => decodeMethod(hex('0032 001e 0000 01ff 00')))).toMatchObject(expected);
    expect(refusal(() => new PublishDecoder().decode(hex('003c 0028 0000 00 01ff 00')))).toMatchObject(
      expected,
    );
  });

  test('what was decoded outlives its payload', () => {
    fc.assert(
      fc.property(fc.constantFrom(...arbitrary.methodNames).chain(arbitrary.methodOf), (method) => {
        const payload = encodeMethod(method);
        const decoded = decodeMethod(payload);
        payload.fill(0xff);
        expect(decoded).toEqual(method);
      }),
    );
  });

  test('a text too long for a short string is the mistake of the caller', () => {
    const replyText = 'x'.repeat(256);
    expect(() =>
      encodeMethod({ name: 'channel.close', replyCode: 404, replyText, classId: 0, methodId: 0 }),
    ).toThrow(RangeError);
  });

  test('anything is either a method or refused', () => {
    const ids = fc.constantFrom(
      ...Object.values(methods).map(({ classId, methodId }) => (classId << 16) | methodId),
    );
    fc.assert(
      fc.property(ids, fc.uint8Array({ maxLength: 60 }), (id, octets) => {
        const payload = Buffer.concat([Buffer.alloc(4), octets]);
        payload.writeUInt32BE(id);
        const decoded = refusal(() => decodeMethod(payload));
        expect(decoded).toHaveProperty('name');
        if (decoded instanceof Error) expect(decoded.name).toBe('AmqpError');
      }),
      { numRuns: 2000 },
    );
  });
});

describe('PublishDecoder', () => {
  test('it decodes what the table decodes', () => {
    const fewExchanges = fc
      .tuple(arbitrary.methodOf('basic.publish'), fc.constantFrom('', 'a', 'ab', 'b'))
      .map(([publish, exchange]): Method => Object.assign(publish, { exchange }));
    const publishLists = fc.array(fc.oneof(arbitrary.methodOf('basic.publish'), fewExchanges), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(publishLists, (publishes) => {
        const decoder = new PublishDecoder();
        for (const publish of [...publishes, ...publishes]) {
          expect(decoder.decode(encodeMethod(publish))).toEqual(publish);
        }
      }),
    );
  });

  test('the same bytes give the same object, even when the payload was overwritten meanwhile', () => {
    const decoder = new PublishDecoder();
    const first = hex('003c 0028 0000 0165 016b 00');
    const method = decoder.decode(first);
    first.fill(0);
    expect(decoder.decode(hex('003c 0028 0000 0165 016b 00'))).toBe(method);
    expect(decoder.decode(hex('003c 0028 0000 0165 016b 01'))).toMatchObject({ mandatory: true });
    expect(decoder.decode(hex('003c 0028 0000 0165 016c 01'))).toMatchObject({ routingKey: 'l' });
    expect(decoder.decode(hex('003c 0028 0000 00 00 00'))).toMatchObject({ exchange: '', routingKey: '' });
  });

  test('arguments that cannot be decoded are refused, and the next publish is not hurt [CON-42]', () => {
    const decoder = new PublishDecoder();
    const good = hex('003c 0028 0000 0165 016b 00');
    const method = decoder.decode(good);
    for (const [wrong, listed] of [
      ['003c 0028 0000 0165', '0,0,1,101'],
      ['003c 0028 0000 0165 016b 00 00', '0,0,1,101,1,107,0,0'],
    ] as const) {
      expect(refusal(() => decoder.decode(hex(wrong)))).toMatchObject({
        message: `FRAME_ERROR - cannot decode <<${listed}>>`,
        at: { classId: 60, methodId: 40 },
      });
    }
    expect(decoder.decode(good)).toBe(method);
  });
});
