import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { lonely } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import { contentHeader, encodeProperties } from '../support/content.ts';
import type { Properties } from '../support/content.ts';
import type { Context } from '../support/context.ts';
import { encodeShortstr, field } from '../support/fields.ts';
import { frames } from '../support/protocol.ts';

/** Every property, in the order of the flags: its bit, and a value as a client gives it and as octets. */
const PROPERTIES = [
  ['content-type', 15, { contentType: 'text/plain' }, '0a746578742f706c61696e'],
  ['content-encoding', 14, { contentEncoding: 'gzip' }, '04677a6970'],
  ['headers', 13, { headers: { a: field('I', 5) } }, '0000000701614900000005'],
  ['delivery-mode', 12, { deliveryMode: 2 }, '02'],
  ['priority', 11, { priority: 7 }, '07'],
  ['correlation-id', 10, { correlationId: 'id' }, '026964'],
  ['reply-to', 9, { replyTo: 'me' }, '026d65'],
  ['expiration', 8, { expiration: '60000' }, '053630303030'],
  ['message-id', 7, { messageId: 'one' }, '036f6e65'],
  ['timestamp', 6, { timestamp: 1_700_000_000 }, '000000006553f100'],
  ['type', 5, { type: 'event' }, '056576656e74'],
  ['user-id', 4, {}, ''],
  ['app-id', 3, { appId: 'spec' }, '0473706563'],
  ['cluster-id', 2, { clusterId: 'none' }, '046e6f6e65'],
] as const satisfies readonly (readonly [string, number, Properties, string])[];

/** What a message says beside its body. */
export function propertyCases(test: Define): void {
  oneByOne(test);
  together(test);
  flags(test);
}

/** Publishes a message without a body with properties of these octets; what comes out of its queue. */
async function passedOn(t: Context, octets: Buffer): Promise<Buffer> {
  const queue = await t.queue();
  const channel = await lonely(t);
  channel.send('basic.publish', { routingKey: queue });
  const header = Buffer.concat([contentHeader(0).subarray(0, 12), octets]);
  channel.client.sendFrame(frames.header, channel.number, header);
  const message = await channel.get(queue);
  assert.ok(message !== undefined, 'it is in the queue');
  return message.propertyBytes;
}

function oneByOne(test: Define): void {
  for (const [name, bit, properties, octets] of PROPERTIES) {
    test(`the property ${name} has bit ${bit} of the flags`, { rules: ['CON-50', 'CON-51'] }, async (t) => {
      const { user } = t.broker.login;
      const value = name === 'user-id' ? encodeShortstr(user) : Buffer.from(octets, 'hex');
      const flag = Buffer.alloc(2);
      flag.writeUInt16BE(2 ** bit);
      const alone = Buffer.concat([flag, value]);
      assert.deepEqual(encodeProperties(name === 'user-id' ? { userId: user } : properties), alone);
      assert.deepEqual(await passedOn(t, alone), alone);
    });
  }

  for (const [what, properties] of [
    [
      'an empty string',
      { contentType: '', correlationId: '', messageId: '', appId: '', clusterId: '', type: '' },
    ],
    ['255 octets', { messageId: 'i'.repeat(255), type: 't'.repeat(255) }],
    ['the smallest number', { priority: 0, timestamp: 0 }],
    ['the largest number', { priority: 255, timestamp: 2 ** 52 }],
    ['letters of the world', { messageId: 'žluťoučký', appId: '兔子' }],
  ] as const) {
    test(`a property may be ${what}`, { rules: ['CON-51'] }, async (t) => {
      const octets = encodeProperties(properties);
      assert.deepEqual(await passedOn(t, octets), octets);
    });
  }

  test('a property may be no UTF-8', { rules: ['GEN-12', 'CON-51'] }, async (t) => {
    const octets = Buffer.concat([Buffer.of(0x80, 0), encodeShortstr(Buffer.of(0xc3, 0x28, 0xff))]);
    assert.deepEqual(await passedOn(t, octets), octets);
  });
}

function together(test: Define): void {
  const all: Properties = Object.assign({}, ...PROPERTIES.map(([, , properties]) => properties));

  test('all properties are passed on together as they are', { rules: ['CON-50', 'CON-51'] }, async (t) => {
    const octets = encodeProperties({ ...all, userId: t.broker.login.user });
    assert.equal(octets.readUInt16BE(), 0xff_fc);
    assert.deepEqual(await passedOn(t, octets), octets);
  });

  test(
    'a message without properties is passed on without any',
    { rules: ['CON-50', 'CON-51'] },
    async (t) => {
      assert.deepEqual(await passedOn(t, Buffer.of(0, 0)), Buffer.of(0, 0));
    },
  );

  test('a consumer gets all properties as they are', { rules: ['CON-51'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'a', all);
    const message = await (await t.consume(queue, { noAck: true })).next();
    assert.deepEqual(message.propertyBytes, encodeProperties(all));
  });

  test('a message keeps its properties when it is requeued', { rules: ['CON-51'] }, async (t) => {
    const queue = await t.queue();
    await t.send(queue, 'a', all);
    const consumer = await t.consume(queue);
    consumer.nack(await consumer.next(), true);
    const again = await consumer.next();
    assert.equal(again.redelivered, true);
    assert.deepEqual(again.propertyBytes, encodeProperties(all));
  });

  test('each copy of a message has all its properties', { rules: ['CON-51'] }, async (t) => {
    const exchange = await t.exchange('fanout');
    const queues = [await t.queue(), await t.queue(), await t.queue()];
    for (const queue of queues) await t.bind(queue, exchange);
    await t.publish(exchange, '', 'a', all);
    for (const queue of queues) {
      assert.deepEqual((await t.take(queue)).propertyBytes, encodeProperties(all));
    }
  });

  test('the headers CC stay in a message, and BCC is taken out of it', { rules: ['CON-51'] }, async (t) => {
    const [queue, copy, blind] = [await t.queue(), await t.queue(), await t.queue()];
    await t.send(queue, 'a', { headers: { z: 1, BCC: [blind], CC: [copy], a: 2 } });
    const left = { z: field('I', 1), CC: field('A', [field('S', copy)]), a: field('I', 2) };
    for (const one of [queue, copy, blind]) assert.deepEqual((await t.take(one)).typedHeaders, left);
  });
}

function flags(test: Define): void {
  for (const [what, bits] of [
    ['bit 1', 2],
    ['bit 0, which would be a second word,', 1],
    ['bits 1 and 0', 3],
  ] as const) {
    test(`${what} of the flags is not looked at`, { rules: ['CON-50'] }, async (t) => {
      const octets = encodeProperties({ contentType: 'text/plain', type: 'event' });
      octets.writeUInt16BE(octets.readUInt16BE() + bits);
      const passed = await passedOn(t, octets);
      const flagged = passed.readUInt16BE();
      assert.equal(flagged & ~3, octets.readUInt16BE() & ~3);
      assert.deepEqual(passed.subarray(2), octets.subarray(2));
    });
  }
}
