import type { Message } from 'amqplib';
import { expect, test } from 'vitest';
import { copyOf, isCopy } from '../../src/cli/copy.ts';

function aMessage(properties: object, body = 'body'): Message {
  return { content: Buffer.from(body), properties, fields: {} } as unknown as Message;
}

test('a copy keeps the properties and the headers', () => {
  const headers = {
    a: 1,
    nested: { when: { '!': 'timestamp', value: 1 } },
    'x-death': [],
    'x-first-death-queue': 'q',
  };
  const properties = { expiration: '5000', deliveryMode: 2, priority: 0, timestamp: 7, headers };
  expect(copyOf(aMessage(properties), false).properties).toEqual(properties);
});

test('a fresh copy has no death history, but every other header', () => {
  const headers = {
    'x-death': [],
    'x-first-death-queue': 'q',
    'x-last-death-reason': 'expired',
    'x-deathly': 1,
  };
  expect(copyOf(aMessage({ headers }), true).properties.headers).toEqual({ 'x-deathly': 1 });
});

test('headers that would send copies to other queues are left out', () => {
  expect(
    copyOf(aMessage({ headers: { CC: ['other'], BCC: ['hidden'], a: 1 } }), false).properties.headers,
  ).toEqual({
    a: 1,
  });
});

test('a message that could not be sent as it came is not copied at all', () => {
  expect(() => copyOf(aMessage({ headers: { deep: [{ n: 2 ** 60 }] } }), false)).toThrow(
    "its header 'deep' holds a number too large",
  );
  expect(() => copyOf(aMessage({ clusterId: 'c' }), false)).toThrow('cluster-id');
});

test('a returned message is told by its body, properties and headers', () => {
  const copy = copyOf(aMessage({ messageId: '1', headers: undefined }), false);
  expect(isCopy(copy, aMessage({ messageId: '1', headers: {}, type: undefined }))).toBe(true);
  expect(isCopy(copy, aMessage({ messageId: '2', headers: {} }))).toBe(false);
  expect(isCopy(copy, aMessage({ messageId: '1', headers: { a: 1 } }))).toBe(false);
  expect(isCopy(copy, aMessage({ messageId: '1', headers: {} }, 'other'))).toBe(false);
});
