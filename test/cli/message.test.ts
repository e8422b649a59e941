import type { Message } from 'amqplib';
import { describe, expect, test } from 'vitest';
import { messageRecord, messageText } from '../../src/cli/message.ts';

const FIELDS = { deliveryTag: 1, redelivered: false, exchange: 'orders', routingKey: 'created' };

function aMessage(body: Buffer | string, properties: object = {}, fields: object = {}): Message {
  const content = Buffer.isBuffer(body) ? body : Buffer.from(body);
  return { content, properties, fields: { ...FIELDS, ...fields } } as Message;
}

const DEATH = {
  count: 3,
  reason: 'expired',
  queue: 'work',
  exchange: '',
  'routing-keys': ['work'],
  time: { '!': 'timestamp', value: 1_767_225_600 },
  'original-expiration': '90000',
};

describe('as JSON', () => {
  test('a body of text is text, and any other is base64', () => {
    expect(messageRecord('q', aMessage('héllo'))).toMatchObject({ body: 'héllo' });
    expect(messageRecord('q', aMessage('héllo'))).not.toHaveProperty('encoding');
    const bytes = Buffer.from([0xff, 0xfe]);
    expect(messageRecord('q', aMessage(bytes))).toMatchObject({ body: '//4=', encoding: 'base64' });
  });

  test('the properties that are there carry the names of the HTTP API', () => {
    const properties = {
      contentType: 'text/plain',
      deliveryMode: 2,
      timestamp: 1_767_225_600,
      replyTo: undefined,
    };
    expect(messageRecord('q', aMessage('', properties)).properties).toEqual({
      content_type: 'text/plain',
      delivery_mode: 2,
      timestamp: '2026-01-01T00:00:00Z',
    });
  });

  test('headers of every type can be printed', () => {
    const headers = {
      when: { '!': 'timestamp', value: 0 },
      price: { '!': 'decimal', value: { places: 2, digits: 1999 } },
      text: Buffer.from('a'),
      bytes: Buffer.from([0xff]),
      nested: { list: [1, null, NaN] },
      far: { '!': 'timestamp', value: 1e15 },
    };
    expect(messageRecord('q', aMessage('', { headers })).headers).toEqual({
      when: '1970-01-01T00:00:00Z',
      price: 19.99,
      text: 'a',
      bytes: { base64: '/w==' },
      nested: { list: [1, null, 'NaN'] },
      far: 1e15,
    });
  });

  test('x-death becomes a list of deaths and is not repeated among the headers', () => {
    const record = messageRecord('q', aMessage('', { headers: { 'x-death': [DEATH], a: 1 } }));
    expect(record.headers).toEqual({ a: 1 });
    expect(record.deaths).toEqual([
      {
        queue: 'work',
        reason: 'expired',
        count: 3,
        exchange: '',
        routing_keys: ['work'],
        time: '2026-01-01T00:00:00Z',
        original_expiration: '90000',
      },
    ]);
  });

  test('an x-death that is no death history stays a header', () => {
    const record = messageRecord('q', aMessage('', { headers: { 'x-death': ['?'] } }));
    expect(record).toMatchObject({ deaths: [], headers: { 'x-death': ['?'] } });
  });
});

describe('as text', () => {
  test('everything stands in its line and the body comes last', () => {
    const headers = { tenant: 'acme', 'x-death': [DEATH], 'x-first-death-queue': 'work' };
    const properties = { contentType: 'text/plain', expiration: '10000', headers };
    const record = messageRecord('q', aMessage('hello\n', properties, { redelivered: true }));
    expect(messageText(record, 1, 4)).toBe(
      [
        '#1  exchange "orders", key "created", redelivered, 4 left',
        '    content-type   text/plain',
        '    expiration     10s',
        '    header tenant  "acme"',
        '    died           3x in work (expired, expiration was 1m30s), first 2026-01-01T00:00:00Z, ' +
          'via exchange "", key "work"',
        '    body           6 bytes',
        'hello',
      ].join('\n'),
    );
  });

  test('bytes that are no text are not printed', () => {
    const record = messageRecord('q', aMessage(Buffer.from([0xff])));
    expect(messageText(record, 1)).toContain('1 byte, not text: --json prints it as base64');
  });

  test('control characters in names and properties cannot reach the terminal', () => {
    const record = messageRecord('q', aMessage('', { appId: '\u001b[2J', headers: { '\u0007': '\u009b' } }));
    // oxlint-disable-next-line no-control-regex -- that is what is tested
    expect(messageText(record, 1)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});
