import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeMethod } from '../../src/wire/codec.ts';
import { FrameType } from '../../src/wire/constants.ts';
import { encodeFrame } from '../../src/wire/frames.ts';
import { methods } from '../../src/wire/methods.ts';
import type { Method } from '../../src/wire/methods.ts';
import { longstr } from '../../src/wire/table.ts';
import type { FieldTable, FieldValue } from '../../src/wire/table.ts';
import { PairedServer } from '../support/paired-server.ts';
import { contentHeader } from '../../spec/support/content.ts';
import type { Client } from '../../spec/support/client.ts';
import { fieldValue, methodNames, methodOf } from '../wire/support.ts';

const CHANNEL_CLOSE = (20 << 16) + 40;
const CONNECTION_CLOSE = (10 << 16) + 50;

/** Names that meet one another. */
const NAMES = ['', 'q', 'r', 'x', 'amq.direct', 'amq.fanout', 'amq.headers', 'direct', 'headers', 'c'];

/** What a client may send, without what only ends the connection. */
const sendable = methodNames.filter(
  (name) => methods[name].from !== 'server' && !/^(connection|tx|channel)\./.test(name),
);

const KNOWN_ARGUMENTS = [
  'x-message-ttl',
  'x-expires',
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-max-length',
  'x-max-length-bytes',
  'x-max-priority',
  'x-overflow',
  'x-priority',
  'x-match',
  'x-single-active-consumer',
  'alternate-exchange',
];

/** Mostly values that are taken. */
const argument: fc.Arbitrary<FieldValue> = fc.oneof(
  fc.integer({ min: 0, max: 300 }).map((value): FieldValue => ({ tag: 'I', value })),
  fc.constantFrom(...NAMES, 'reject-publish', 'all', 'any').map((text) => longstr(text)),
  fc.boolean().map((value): FieldValue => ({ tag: 't', value })),
  fieldValue,
);

const table: fc.Arbitrary<FieldTable> = fc
  .array(fc.tuple(fc.constantFrom(...KNOWN_ARGUMENTS), argument), { maxLength: 2 })
  .map((entries) => new Map(entries));

/** Any method with any arguments, most of them such that something happens. */
const anyMethod: fc.Arbitrary<Method> = fc
  .tuple(fc.constantFrom(...sendable), fc.array(fc.constantFrom(...NAMES)), table, fc.nat(5))
  .chain(([name, names, entries, number]) =>
    methodOf(name).map((method) => tamed(method, names, entries, number)),
  );

function tamed(method: Method, names: readonly string[], table: FieldTable, number: number): Method {
  let texts = 0;
  const entries = Object.entries(method).map(([key, value]: [string, unknown]) => {
    if (key === 'name') return [key, value];
    if (key === 'prefetchSize') return [key, 0];
    if (typeof value === 'string') return [key, names[texts++] ?? 'q'];
    if (typeof value === 'number') return [key, number];
    return [key, value instanceof Map ? table : value];
  });
  return Object.fromEntries(entries) as Method;
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((octets) => Buffer.from(octets));

const methodFrame = fc
  .tuple(fc.constantFrom(1, 1, 1, 2), anyMethod)
  .map(([channel, method]) => encodeFrame(FrameType.METHOD, channel, encodeMethod(method)));

const message = anyMethod.map((method) => {
  const routingKey = 'queue' in method ? method.queue : 'q';
  const publish = { ticket: 0, exchange: '', routingKey, mandatory: true, immediate: false };
  return Buffer.concat([
    encodeFrame(FrameType.METHOD, 1, encodeMethod({ name: 'basic.publish', ...publish })),
    encodeFrame(FrameType.HEADER, 1, contentHeader(1)),
    encodeFrame(FrameType.BODY, 1, Buffer.from('a')),
  ]);
});

const anyFrame = fc
  .tuple(fc.constantFrom(1, 2, 3, 4, 8), fc.constantFrom(0, 1, 2), bytes(40))
  .map(([type, channel, payload]) => encodeFrame(type, channel, payload));

/** Answers what the server closes, so that it goes on; false when the connection is over. */
function answerCloses(client: Client): boolean {
  let isOpen = !client.isEnded;
  for (const { type, channel, payload } of client.frames.splice(0)) {
    if (type !== FrameType.METHOD) continue;
    const ids = payload.readUInt32BE(0);
    if (ids === CONNECTION_CLOSE) isOpen = false;
    if (ids !== CHANNEL_CLOSE) continue;
    client.send(channel, 'channel.close-ok');
    client.send(channel, 'channel.open');
  }
  return isOpen;
}

async function open(server: PairedServer): Promise<Client> {
  const client = await server.open({ capabilities: ['consumer_cancel_notify'] });
  await client.call(2, 'channel.open');
  return client;
}

/** Sends everything; whatever it is, the server may refuse it, but must not stumble. */
async function expectNoBug(pieces: readonly Buffer[]): Promise<void> {
  const bugs: unknown[] = [];
  const server = new PairedServer({ onError: ({ stack }) => bugs.push(stack) });
  let client = await open(server);
  for (const queue of ['q', 'r']) await client.call(1, 'queue.declare', { queue });
  for (const piece of pieces) {
    client.sendBytes(piece);
    await server.advance(10);
    if (!answerCloses(client)) {
      client.stream.destroy();
      client = await open(server);
    }
  }
  client.stream.destroy();
  await server.settle();
  expect(bugs).toEqual([]);
  expect(server.connections).toEqual([]);
}

describe('whatever a client sends is answered or refused', () => {
  test('methods in any order with any arguments', async () => {
    const pieces = fc.array(fc.oneof(methodFrame, methodFrame, message), { minLength: 5, maxLength: 25 });
    await fc.assert(fc.asyncProperty(pieces, expectNoBug), { numRuns: 300 });
  });

  test('frames with anything in them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(anyFrame, message, bytes(20)), { maxLength: 6 }), expectNoBug),
      { numRuns: 300 },
    );
  });
});
