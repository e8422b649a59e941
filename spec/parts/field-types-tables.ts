import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { codeOfEnd, lonely } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import { contentHeader } from '../support/content.ts';
import type { Context } from '../support/context.ts';
import { decodeTable, encodeLongstr, encodeTable, Field, field, plain } from '../support/fields.ts';
import type { Fields, Table } from '../support/fields.ts';
import { frames } from '../support/protocol.ts';

/** Every type: its tag, the name in error texts, and octets of it. */
const TYPES = [
  ['t', 'bool', ['00', '01', '02', 'ff']],
  ['b', 'byte', ['00', '7f', '80', 'ff']],
  ['B', 'unsignedbyte', ['00', '7f', '80', 'ff']],
  ['s', 'short', ['0000', '7fff', '8000', 'ffff']],
  ['u', 'unsignedshort', ['0000', '7fff', '8000', 'ffff']],
  ['I', 'signedint', ['00000000', '7fffffff', '80000000', 'ffffffff']],
  ['i', 'unsignedint', ['00000000', '7fffffff', '80000000', 'ffffffff']],
  ['l', 'long', ['0000000000000000', '7fffffffffffffff', '8000000000000000', 'ffffffffffffffff']],
  ['L', 'long', ['0000000000000005', '8000000000000000', 'ffffffffffffffff']],
  ['f', 'float', ['00000000', '3f000000', 'c0490fdb', '7f7fffff']],
  ['d', 'double', ['0000000000000000', '3fb999999999999a', 'c00921fb54442d18', '7fefffffffffffff']],
  ['D', 'decimal', ['0000000000', '02000004d2', 'ffffffffff']],
  ['S', 'longstr', ['00000000', '0000000568656c6c6f', '00000003c328ff']],
  ['x', 'binary', ['00000000', '0000000200ff']],
  ['T', 'timestamp', ['0000000000000000', '000000006553f100', 'ffffffffffffffff']],
  ['A', 'array', ['00000000', '000000027401', '00000009530000000461626364']],
  ['F', 'table', ['00000000', '0000000401617401', '00000006016156016256']],
  ['V', 'void', ['']],
] as const;

/** A table that holds every type, nested in a table and in an array too. */
const VALUES: Table = {
  bool: true,
  byte: field('b', -5),
  unsignedbyte: field('B', 200),
  short: field('s', -300),
  unsignedshort: field('u', 60_000),
  signedint: field('I', -70_000),
  unsignedint: field('i', 4_000_000_000),
  long: field('l', -5_000_000_000),
  longToo: field('L', 5_000_000_000),
  float: field('f', 0.5),
  double: field('d', 0.1),
  decimal: field('D', { scale: 2, digits: 1234 }),
  longstr: 'hello',
  binary: Buffer.of(0, 255),
  timestamp: field('T', 1_700_000_000),
  void: null,
};
export const EVERYTHING: Table = {
  ...VALUES,
  array: [...Object.values(VALUES), [], {}, Object.values(VALUES)],
  table: { ...VALUES, nested: { ...VALUES } },
};

/** What stands in tables, in both directions. */
export function tableCases(test: Define): void {
  headers(test);
  unknownTypes(test);
  ofTheServer(test);
}

/** The content header of a message without a body whose headers are these octets. */
function headerOf(inside: Buffer): Buffer {
  return Buffer.concat([contentHeader(0).subarray(0, 12), Buffer.of(0x20, 0), encodeLongstr(inside)]);
}

/**
 * Publishes a message with headers of these octets, and fetches it: its properties must be the same octets, or the
 * tidied ones where a broker may tidy them.
 */
async function echoes(t: Context, inside: Buffer, tidied: Buffer = inside): Promise<void> {
  const queue = await t.queue();
  const channel = await lonely(t);
  channel.send('basic.publish', { routingKey: queue });
  channel.client.sendFrame(frames.header, channel.number, headerOf(inside));
  const message = await channel.get(queue);
  const isTidied = t.broker.since('4.0') && message?.propertyBytes.equals(headerOf(tidied).subarray(12));
  if (isTidied === true) return;
  assert.equal(message?.propertyBytes.toString('hex'), headerOf(inside).subarray(12).toString('hex'));
}

/** These are the headers that were sent. Their order does not count, nor that of the two types of long since 4.0. */
function agree(t: Context, actual: Fields, sent: Table): void {
  const expected = decodeTable(encodeTable(sent));
  if (t.broker.since('4.0')) assert.deepEqual(withOneLong(actual), withOneLong(expected));
  else assert.deepEqual(actual, expected);
}

function withOneLong(value: unknown): unknown {
  if (value instanceof Field) return field(value.tag === 'L' ? 'l' : value.tag, withOneLong(value.value));
  if (Array.isArray(value)) return value.map(withOneLong);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inside]) => [key, withOneLong(inside)]));
}

/** Types that a broker may tidy since 4.0: their tag and octets after it. */
const TIDIED: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  t: ['t', ['00', '01', '01', '01']],
  L: ['l', ['0000000000000005', '8000000000000000', 'ffffffffffffffff']],
};

function entries(tag: string, all: readonly string[]): Buffer {
  const heads = all.map((_, at) => Buffer.from(`\x02k${at}${tag}`));
  return Buffer.concat(all.flatMap((octets, at) => [heads[at] as Buffer, Buffer.from(octets, 'hex')]));
}

function headers(test: Define): void {
  for (const [tag, name, all] of TYPES) {
    test(
      `a header of the type ${tag}, ${name}, is passed on as it is`,
      { rules: ['CON-47', 'CON-51'] },
      async (t) => {
        await echoes(t, entries(tag, all), entries(...(TIDIED[tag] ?? [tag, all])));
      },
    );
  }

  test(
    'every type may stand in a table and in an array, at any depth',
    { rules: ['CON-47', 'CON-51'] },
    async (t) => {
      const queue = await t.queue();
      await t.send(queue, 'a', { headers: EVERYTHING });
      agree(t, (await t.take(queue)).typedHeaders, EVERYTHING);
    },
  );

  test('headers may be nested twenty deep', { rules: ['CON-47'] }, async (t) => {
    let nested: Table = { end: true };
    for (let depth = 0; depth < 20; depth++) nested = { inside: depth % 2 === 0 ? nested : [nested] };
    await echoes(t, encodeTable(nested));
  });

  test(
    'headers keep their order and keys that are there twice, or are sorted since 4.0',
    { rules: ['CON-51'] },
    async (t) => {
      const sent = [{ z: 1 }, { a: 'two' }, { m: true }, { z: 2 }, { '': 3 }];
      const sorted = { '': 3, a: 'two', m: true, z: 1 };
      await echoes(t, Buffer.concat(sent.map((part) => encodeTable(part))), encodeTable(sorted));
    },
  );

  test('headers without any entry are passed on', { rules: ['CON-51', 'CON-50'] }, async (t) => {
    await echoes(t, Buffer.alloc(0));
  });

  test('the name of a header may have 255 octets', { rules: ['CON-47', 'GEN-12'] }, async (t) => {
    await echoes(t, encodeTable({ ['k'.repeat(255)]: 'long' }));
  });

  test('the name of a header may be no UTF-8', { rules: ['GEN-12'] }, async (t) => {
    await echoes(t, Buffer.from('\x03\xc3\x28\xfft\x01', 'latin1'));
  });

  test('the value of a header may have 100000 octets', { rules: ['CON-47', 'GEN-12'] }, async (t) => {
    await echoes(t, encodeTable({ long: 'x'.repeat(100_000) }));
  });

  test(
    'headers reach a consumer as they reach one who fetches',
    { rules: ['CON-47', 'CON-51'] },
    async (t) => {
      const queue = await t.queue();
      await t.send(queue, 'a', { headers: EVERYTHING });
      const { typedHeaders } = await (await t.consume(queue, { noAck: true })).next();
      agree(t, typedHeaders, EVERYTHING);
    },
  );

  test('headers are returned as they came', { rules: ['CON-51'] }, async (t) => {
    const channel = await lonely(t);
    const args = { routingKey: t.name('nowhere'), mandatory: true };
    channel.client.publish(channel.number, args, 'a', { headers: EVERYTHING });
    agree(t, (await channel.returned()).typedHeaders, EVERYTHING);
  });
}

function unknownTypes(test: Define): void {
  const known = new Set<string>(TYPES.map(([tag]) => tag));
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0\0\xff'.split('');
  for (const tag of letters.filter((letter) => !known.has(letter))) {
    const shown = /\w/.test(tag) ? tag : `of octet ${tag.charCodeAt(0)}`;
    test(`there is no type ${shown} of headers`, { rules: ['CON-48', 'CON-45'] }, async (t) => {
      const channel = await lonely(t);
      channel.send('basic.publish', { routingKey: t.name('nowhere') });
      const value = Buffer.from(`\x01k${tag}\0\0\0\0\0\0\0\0`, 'latin1');
      channel.client.sendFrame(frames.header, channel.number, headerOf(value));
      const code = await codeOfEnd(channel.client);
      assert.ok(code === 502 || code === 541, `closed with ${code}`);
    });
  }
}

function ofTheServer(test: Define): void {
  test(
    'what the broker says of itself are strings, booleans and a table',
    { rules: ['CON-49', 'CON-06'] },
    async (t) => {
      const { serverProperties } = await t.connect();
      const tags = new Set(Object.values(serverProperties).map(({ tag }) => tag));
      assert.deepEqual([...tags].sort(), ['F', 'S']);
      const capabilities = serverProperties['capabilities']?.value as Fields;
      for (const [name, { tag }] of Object.entries(capabilities)) assert.equal(tag, 't', name);
    },
  );

  test(
    'the history of a dead letter is written with the types of the broker',
    { rules: ['CON-49', 'CON-51'] },
    async (t) => {
      const dead = await t.queue();
      const queue = await t.deadLetteringTo(dead, { 'x-message-ttl': 50 });
      await t.send(queue, 'a', { headers: { mine: field('b', 5) } });
      const { typedHeaders } = await t.take(dead);
      const deaths = typedHeaders['x-death'];
      assert.equal(deaths?.tag, 'A');
      const [death] = (deaths?.value ?? []) as Field[];
      assert.equal(death?.tag, 'F');
      const entry = (death?.value ?? {}) as Fields;
      const tags = Object.entries(entry).map(([key, { tag }]) => [key, tag]);
      assert.deepEqual(Object.fromEntries(tags), {
        count: 'l',
        reason: 'S',
        queue: 'S',
        time: 'T',
        exchange: 'S',
        'routing-keys': 'A',
      });
      const keys = (entry['routing-keys']?.value ?? []) as Field[];
      assert.deepEqual([keys.map(({ tag }) => tag), plain(keys)], [['S'], [queue]]);
      assert.deepEqual(typedHeaders['mine'], field('b', 5));
    },
  );
}
