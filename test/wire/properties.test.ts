import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeProperties,
  encodeProperties,
  PropertyScan,
  replaceHeaders,
  withExpiration,
  withHeaders,
  type Properties,
} from '../../src/wire/properties.ts';
import { fieldTable, long, readTable, writeTable } from '../../src/wire/table.ts';
import * as arbitrary from './support.ts';
import { refusal } from './support.ts';

const known: readonly [string, Properties, string][] = [
  ['nothing', {}, '0000'],
  ['contentType', { contentType: 'a' }, '80000161'],
  ['contentEncoding', { contentEncoding: 'a' }, '40000161'],
  ['headers', { headers: fieldTable({ k: { tag: 'V', value: null } }) }, '200000000003016b56'],
  ['deliveryMode', { deliveryMode: 2 }, '100002'],
  ['priority', { priority: 9 }, '080009'],
  ['correlationId', { correlationId: 'a' }, '04000161'],
  ['replyTo', { replyTo: 'a' }, '02000161'],
  ['expiration', { expiration: '60000' }, '0100053630303030'],
  ['messageId', { messageId: 'a' }, '00800161'],
  ['timestamp', { timestamp: 1_700_000_000n }, '0040000000006553f100'],
  ['type', { type: 'a' }, '00200161'],
  ['userId', { userId: 'a' }, '00100161'],
  ['appId', { appId: 'a' }, '00080161'],
  ['clusterId', { clusterId: 'a' }, '00040161'],
  ['two of them', { deliveryMode: 1, priority: 0 }, '18000100'],
];

const scanOf = (bytes: Buffer): PropertyScan => new PropertyScan().scan(bytes, 0, bytes.length);

/** The same bytes somewhere in the middle of others, as in a frame. */
const amid = (bytes: Buffer): [Buffer, PropertyScan] => {
  const frame = Buffer.concat([Buffer.alloc(7, 0xee), bytes, Buffer.alloc(5, 0xee)]);
  return [frame, new PropertyScan().scan(frame, 7, 7 + bytes.length)];
};

describe('properties', () => {
  test.each(known)('%s: the known encoding [CON-50]', (_name, properties, hex) => {
    expect(encodeProperties(properties).toString('hex')).toBe(hex);
    expect(decodeProperties(Buffer.from(hex, 'hex'))).toEqual(properties);
  });

  test('what was encoded is decoded again', () => {
    fc.assert(
      fc.property(arbitrary.properties, (properties) => {
        expect(decodeProperties(encodeProperties(properties))).toEqual(properties);
      }),
    );
  });

  test('a property that is undefined is absent', () => {
    expect(encodeProperties({ deliveryMode: 2, priority: undefined })).toEqual(
      encodeProperties({ deliveryMode: 2 }),
    );
  });

  test('the two lowest flags mean nothing [CON-50]', () => {
    const bytes = Buffer.from('100302', 'hex');
    expect(decodeProperties(bytes)).toEqual({ deliveryMode: 2 });
    expect(scanOf(bytes).persistent).toBe(true);
  });

  test('text that is not UTF-8 is let through [GEN-12]', () => {
    const bytes = Buffer.from('02000261ff', 'hex');
    expect(decodeProperties(bytes).replyTo).toBe('a\ufffd');
    expect(scanOf(bytes).replyTo).toBe('a\ufffd');
  });

  test('data that is too short or too long is refused as a fault of basic.publish [CON-45]', () => {
    const expected = { reply: 'SYNTAX_ERROR', at: { classId: 60, methodId: 40 } };
    fc.assert(
      fc.property(arbitrary.properties, fc.nat(), (properties, cut) => {
        const bytes = encodeProperties(properties);
        const short = bytes.subarray(0, cut % bytes.length);
        const long = Buffer.concat([bytes, Buffer.alloc(1)]);
        for (const wrong of [short, long]) {
          expect(refusal(() => decodeProperties(wrong))).toMatchObject(expected);
          expect(refusal(() => scanOf(wrong))).toMatchObject(expected);
        }
      }),
    );
  });

  test('an unknown type in the headers is refused as a fault of basic.publish [CON-45]', () => {
    expect(refusal(() => decodeProperties(Buffer.from('200000000003016b55', 'hex')))).toMatchObject({
      message: 'SYNTAX_ERROR - unknown type tag "U"',
      at: { classId: 60, methodId: 40 },
    });
  });
});

describe('PropertyScan', () => {
  test('it finds what the full decode finds', () => {
    fc.assert(
      fc.property(arbitrary.properties, (properties) => {
        const [frame, scan] = amid(encodeProperties(properties));
        expect({
          deliveryMode: scan.deliveryMode,
          persistent: scan.persistent,
          priority: scan.priority,
          expiration: scan.expiration,
          userId: scan.userId,
          replyTo: scan.replyTo,
        }).toEqual({
          deliveryMode: properties.deliveryMode ?? 0,
          persistent: properties.deliveryMode === 2,
          priority: properties.priority ?? -1,
          expiration: properties.expiration,
          userId: properties.userId,
          replyTo: properties.replyTo,
        });
        const headers = frame.subarray(scan.headersStart, scan.headersEnd);
        expect(scan.headersStart < 0 ? undefined : readTable(headers)).toEqual(properties.headers);
        const expiration = frame.subarray(scan.expirationStart + 1, scan.expirationEnd).toString();
        expect(scan.expirationStart < 0 ? undefined : expiration).toEqual(properties.expiration);
      }),
    );
  });

  test('nothing of an earlier scan is left', () => {
    const full = encodeProperties({
      headers: new Map(),
      deliveryMode: 2,
      priority: 1,
      replyTo: 'r',
      expiration: '1',
      userId: 'u',
    });
    const bare = encodeProperties({});
    const scan = new PropertyScan();
    scan.scan(full, 0, full.length);
    expect(scan.scan(bare, 0, bare.length)).toEqual(scanOf(bare));
    expect(scanOf(bare)).toMatchObject({
      headersStart: -1,
      headersEnd: -1,
      expirationStart: -1,
      expirationEnd: -1,
    });
  });

  test('an expiration that is empty is there', () => {
    expect(scanOf(encodeProperties({ expiration: '' })).expiration).toBe('');
  });

  test('anything is either scanned or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        const bytes = Buffer.from(octets);
        const decoded = refusal(() => decodeProperties(bytes));
        const scanned = refusal(() => scanOf(bytes));
        if (!(decoded instanceof Error)) expect(scanned).toBeInstanceOf(PropertyScan);
        if (scanned instanceof Error) expect(scanned).toMatchObject({ reply: 'SYNTAX_ERROR' });
      }),
      { numRuns: 1000 },
    );
  });
});

describe('edited properties', () => {
  const headers = fieldTable({ 'x-death': long(1) });
  const inside = writeTable(headers);

  test('other headers and no expiration: as if decoded and encoded again [CON-51]', () => {
    fc.assert(
      fc.property(arbitrary.properties, (properties) => {
        const [frame, scan] = amid(encodeProperties(properties));
        const expected = encodeProperties({ ...properties, headers, expiration: undefined });
        expect(replaceHeaders(frame, scan, inside)).toEqual(expected);
      }),
    );
  });

  test('other headers alone: as if decoded and encoded again [CON-51]', () => {
    fc.assert(
      fc.property(arbitrary.properties, (properties) => {
        const [frame, scan] = amid(encodeProperties(properties));
        expect(withHeaders(frame, scan, inside)).toEqual(encodeProperties({ ...properties, headers }));
      }),
    );
  });

  test('another expiration: as if decoded and encoded again [CON-51]', () => {
    fc.assert(
      fc.property(arbitrary.properties, arbitrary.shortText, (properties, expiration) => {
        const [frame, scan] = amid(encodeProperties({ ...properties, expiration: '1' }));
        expect(withExpiration(frame, scan, expiration)).toEqual(
          encodeProperties({ ...properties, expiration }),
        );
      }),
    );
    const bare = encodeProperties({});
    expect(() => withExpiration(bare, scanOf(bare), '1')).toThrow(RangeError);
  });
});
