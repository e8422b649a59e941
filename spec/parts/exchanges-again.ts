import assert from 'node:assert/strict';
import {
  alternate,
  badAlternate,
  differs,
  exchangeLabel,
  inequivalent,
  samples,
  typeNames,
} from '../support/declaring-texts.ts';
import { field } from '../support/fields.ts';
import type { ExchangeFlags } from '../support/context.ts';
import type { Table } from '../support/fields.ts';
import type { Define } from '../support/suite.ts';

/** What is compared when an exchange is declared that exists, and what its alternate exchange may be. */
export function declaringExchangesAgain(test: Define): void {
  again(test);
  alternateExchange(test);
}

function again(test: Define): void {
  const flips: readonly [
    was: string,
    is: string,
    before: ExchangeFlags,
    after: ExchangeFlags,
    name: string,
  ][] = [
    ['transient', 'durable', {}, { durable: true }, 'durable'],
    ['durable', 'transient', { durable: true }, {}, 'durable'],
    ['not auto-delete', 'auto-delete', {}, { autoDelete: true }, 'auto_delete'],
    ['auto-delete', 'not auto-delete', { autoDelete: true }, {}, 'auto_delete'],
    ['not internal', 'internal', {}, { internal: true }, 'internal'],
    ['internal', 'not internal', { internal: true }, {}, 'internal'],
  ];
  for (const [was, is, before, after, name] of flips) {
    test(`an exchange that is ${was} cannot be declared again as ${is}`, { rules: ['EXC-07'] }, async (t) => {
      const exchange = await t.exchange('direct', {}, before);
      const isNow = Object.keys(after).length > 0;
      const text = inequivalent(name, exchangeLabel(exchange), differs(`${isNow}`, `${!isNow}`));
      await t.refuses('exchange.declare', { exchange, type: 'direct', ...after }, 406, text);
    });
  }

  test(
    'an exchange of one type cannot be declared again as one of another type',
    { rules: ['EXC-07'] },
    async (t) => {
      const exchange = await t.exchange('direct');
      const text = inequivalent('type', exchangeLabel(exchange), differs('fanout', 'direct'));
      await t.refuses('exchange.declare', { exchange, type: 'fanout' }, 406, text);
    },
  );

  const other = {
    type: 'fanout',
    durable: true,
    autoDelete: true,
    internal: true,
    arguments: alternate('a'),
  };
  const inOrder = ['type', 'durable', 'auto_delete', 'internal', 'alternate-exchange'] as const;
  const equal = { type: 'direct', durable: false, autoDelete: false, internal: false };
  const compared = Object.keys(other) as (keyof typeof other)[];
  for (const [index, name] of inOrder.slice(0, -1).entries()) {
    const next = inOrder[index + 1] as string;
    test(
      `when an exchange declared again differs in ${name} and ${next}, the refusal names ${name}`,
      { rules: ['EXC-07'] },
      async (t) => {
        const exchange = await t.exchange('direct');
        const differing = Object.fromEntries(
          compared.slice(index, index + 2).map((key) => [key, other[key]]),
        );
        const received = name === 'type' ? 'fanout' : 'true';
        const current = name === 'type' ? 'direct' : 'false';
        const text = inequivalent(name, exchangeLabel(exchange), differs(received, current));
        await t.refuses('exchange.declare', { exchange, ...equal, ...differing }, 406, text);
      },
    );
  }

  test('declaring an exchange again as it is changes nothing', { rules: ['EXC-07'] }, async (t) => {
    const flags = { durable: true, autoDelete: true };
    const exchange = await t.exchange('topic', alternate('amq.fanout'), flags);
    const queue = await t.queue();
    await t.bind(queue, exchange, 'k');
    await t.exchange('topic', alternate('amq.fanout'), { exchange, ...flags });
    await t.publish(exchange, 'k', 'a');
    assert.deepEqual(await t.drain(queue), ['a']);
  });

  test(
    'arguments of an exchange that mean nothing to it are not compared',
    { rules: ['EXC-07'] },
    async (t) => {
      const exchange = await t.exchange('direct', { 'x-mine': 'a' });
      await t.exchange('direct', { 'x-mine': field('b', 1), 'x-new': true }, { exchange });
      await t.exchange('direct', {}, { exchange });
    },
  );

  const none = 'current is none';
  const rows: readonly [what: string, before: Table, after: Table, difference: string][] = [
    ['another alternate exchange', alternate('foo'), alternate('foo2'), differs('foo2', 'foo')],
    [
      'an alternate exchange it did not have',
      {},
      alternate('foo'),
      `received the value 'foo' of type 'longstr' but ${none}`,
    ],
    [
      'no alternate exchange any more',
      alternate('foo'),
      {},
      "received none but current is the value 'foo' of type 'longstr'",
    ],
    [
      'a number for an alternate exchange',
      alternate('5'),
      { 'alternate-exchange': samples.byte },
      differs('5', '5'),
    ],
    ['an empty alternate exchange', alternate('foo'), alternate(''), differs('', 'foo')],
  ];
  for (const [what, before, after, difference] of rows) {
    test(`an exchange declared again with ${what} is refused`, { rules: ['EXC-08'] }, async (t) => {
      const exchange = await t.exchange('direct', before);
      const text = inequivalent('alternate-exchange', exchangeLabel(exchange), difference);
      await t.refuses('exchange.declare', { exchange, type: 'direct', arguments: after }, 406, text);
    });
  }
}

function alternateExchange(test: Define): void {
  for (const type of typeNames.filter((name) => name !== 'longstr')) {
    test(`the name of an alternate exchange cannot be of type ${type}`, { rules: ['EXC-10'] }, async (t) => {
      const exchange = t.name('x');
      const declare = { exchange, type: 'direct', arguments: { 'alternate-exchange': samples[type] } };
      await t.refuses('exchange.declare', declare, 406, badAlternate(type, exchange));
      assert.equal(await t.hasExchange(exchange), false);
    });
  }

  test(
    'an alternate exchange need not exist: what would go there is unroutable',
    { rules: ['EXC-10'] },
    async (t) => {
      const exchange = await t.exchange('direct', alternate(t.name('x')));
      const publisher = await t.confirmChannel();
      const publish = { exchange, routingKey: 'k', mandatory: true };
      publisher.client.publish(publisher.number, publish, 'a');
      assert.equal((await publisher.returned()).body, 'a');
      assert.equal(await publisher.confirm(), 'ack');
    },
  );

  test(
    'an alternate exchange may be declared after the exchange that names it',
    { rules: ['EXC-10'] },
    async (t) => {
      const later = t.name('x');
      const exchange = await t.exchange('direct', alternate(later));
      await t.exchange('fanout', {}, { exchange: later });
      const queue = await t.queue();
      await t.bind(queue, later);
      await t.publish(exchange, 'nobody', 'a');
      assert.deepEqual(await t.drain(queue), ['a']);
    },
  );
}
