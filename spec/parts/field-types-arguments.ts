import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { EVERYTHING } from './field-types-tables.ts';
import type { Define } from '../support/suite.ts';
import { Cursor, encodeTable, field } from '../support/fields.ts';
import type { Table } from '../support/fields.ts';

/** Tables among the arguments of methods. */
export function argumentCases(test: Define): void {
  queueArguments(test);
  otherArguments(test);
}

/** A value of every type that is no number, and how error texts call it. */
const NO_NUMBERS = [
  ['bool', true],
  ['float', field('f', 60_000)],
  ['double', field('d', 60_000)],
  ['longstr', '60000'],
  ['binary', Buffer.from('60000')],
  ['timestamp', field('T', 60_000)],
  ['array', [60_000]],
  ['table', { ms: 60_000 }],
  ['void', null],
] as const;

function queueArguments(test: Define): void {
  for (const tag of ['b', 'B', 's', 'u', 'I', 'i', 'l', 'L'] as const) {
    test(
      `a number among the arguments of a queue may be of the type ${tag}`,
      { rules: ['CON-47'] },
      async (t) => {
        const queue = await t.queue({ 'x-max-length': field(tag, 2) });
        for (const body of ['a', 'b', 'c']) await t.send(queue, body);
        assert.deepEqual(await t.takeBodies(queue, 2), ['b', 'c']);
      },
    );
  }

  for (const [tag, name] of [
    ['b', 'byte'],
    ['B', 'unsignedbyte'],
    ['s', 'short'],
    ['u', 'unsignedshort'],
    ['I', 'signedint'],
    ['i', 'unsignedint'],
    ['l', 'long'],
    ['L', 'long'],
  ] as const) {
    test(`a refusal calls the type ${tag} ${name}`, { rules: ['CON-47'] }, async (t) => {
      const queue = t.name('q');
      const wrong = { 'x-dead-letter-exchange': field(tag, 5) };
      const where = `for arg 'x-dead-letter-exchange' in queue '${queue}' in vhost '/'`;
      const text = `PRECONDITION_FAILED - invalid type '${name}' ${where}`;
      await t.refuses('queue.declare', { queue, durable: true, arguments: wrong }, 406, text);
    });
  }

  for (const [name, value] of NO_NUMBERS) {
    test(`a refusal calls a value that is no number ${name}`, { rules: ['CON-47'] }, async (t) => {
      const queue = t.name('q');
      const args = { queue, durable: true, arguments: { 'x-message-ttl': value } };
      const fault = `invalid arg 'x-message-ttl' for queue '${queue}' in vhost '/': `;
      await t.refuses(
        'queue.declare',
        args,
        406,
        new RegExp(`^PRECONDITION_FAILED - ${fault}.*\\b${name}\\b`),
      );
    });
  }

  test('a queue may have arguments of every type that nobody knows', { rules: ['CON-47'] }, async (t) => {
    const queue = await t.queue({ 'my-arguments': EVERYTHING, ...EVERYTHING });
    await t.send(queue, 'a');
    assert.equal((await t.take(queue)).body, 'a');
  });

  test('of an argument that is there twice one counts', { rules: ['CON-47'] }, async (t) => {
    const queue = t.name('q');
    const channel = await t.control();
    const args = Buffer.concat([encodeTable({ 'x-max-length': 1 }), encodeTable({ 'x-max-length': 1 })]);
    await channel.call('queue.declare', { queue, durable: true, arguments: rawTable(args) });
    for (const body of ['a', 'b']) await t.send(queue, body);
    assert.deepEqual(await t.takeBodies(queue, 1), ['b']);
  });
}

/** A table of these octets: one name, then the rest as a value of no type. */
function rawTable(inside: Buffer): Table {
  const cursor = new Cursor(inside);
  const key = cursor.shortstr();
  const tag = String.fromCharCode(cursor.unsigned(1));
  return { [key]: field(tag, inside.subarray(cursor.at)) };
}

function otherArguments(test: Define): void {
  test(
    'an exchange, a binding and a consumer may have arguments of every type',
    { rules: ['CON-47'] },
    async (t) => {
      const exchange = await t.exchange('direct', { mine: EVERYTHING });
      const queue = await t.queue();
      await t.bind(queue, exchange, 'key', { mine: EVERYTHING });
      await t.publish(exchange, 'key', 'a');
      const consumer = await t.consume(queue, { noAck: true, arguments: { mine: EVERYTHING } });
      assert.deepEqual(await consumer.bodies(1), ['a']);
      await t.unbind(queue, exchange, 'key', { mine: EVERYTHING });
    },
  );

  test('the properties of a client may be of every type', { rules: ['CON-47', 'CON-08'] }, async (t) => {
    const client = await t.connect({ clientProperties: EVERYTHING });
    await client.call(1, 'channel.open');
  });

  test('bindings whose arguments differ in a type are two bindings', { rules: ['CON-47'] }, async (t) => {
    const exchange = await t.exchange();
    const queue = await t.queue();
    await t.bind(queue, exchange, 'key', { mine: 'text' });
    await t.bind(queue, exchange, 'key', { mine: Buffer.from('text') });
    await t.unbind(queue, exchange, 'key', { mine: 'text' });
    await t.publish(exchange, 'key', 'a');
    assert.equal((await t.take(queue)).body, 'a');
  });
}
