import assert from 'node:assert/strict';
import {
  alternate,
  badAlternate,
  differs,
  exchangeLabel,
  inequivalent,
  noExchange,
  notOnDefault,
  samples,
} from '../support/declaring-texts.ts';
import type { Context } from '../support/context.ts';
import type { Feature } from '../support/features.ts';
import type { Define } from '../support/suite.ts';

/** What may be declared, and in which order that is checked. */
export function declaringExchanges(test: Define): void {
  types(test);
  names(test);
  order(test);
}

function types(test: Define): void {
  for (const [exchange, type, isInternal] of [
    ['amq.direct', 'direct', false],
    ['amq.fanout', 'fanout', false],
    ['amq.topic', 'topic', false],
    ['amq.headers', 'headers', false],
    ['amq.match', 'headers', false],
    ['amq.rabbitmq.trace', 'topic', true],
  ] as const) {
    test(
      `${exchange} is there from the beginning, and may be declared as it is`,
      { rules: ['EXC-01', 'EXC-06'] },
      async (t) => {
        const control = await t.control();
        await control.call('exchange.declare', { exchange, type, durable: true, internal: isInternal });
      },
    );
  }

  test(
    'the exchanges that are there from the beginning are durable and not auto-delete',
    { rules: ['EXC-01'] },
    async (t) => {
      const declare = { exchange: 'amq.direct', type: 'direct' };
      for (const [flags, name, received, current] of [
        [{ durable: false }, 'durable', 'false', 'true'],
        [{ durable: true, autoDelete: true }, 'auto_delete', 'true', 'false'],
      ] as const) {
        const text = inequivalent(name, exchangeLabel('amq.direct'), differs(received, current));
        await t.refuses('exchange.declare', { ...declare, ...flags }, 406, text);
      }
    },
  );

  test(
    'the default exchange is direct: it leads to the queue named by the routing key',
    { rules: ['EXC-01'] },
    async (t) => {
      const [queue, other] = [await t.queue(), await t.queue()];
      await t.publish('', queue, 'a');
      assert.deepEqual([await t.drain(queue), await t.drain(other)], [['a'], []]);
    },
  );

  for (const type of ['direct', 'fanout', 'topic', 'headers']) {
    test(`an exchange may be of type ${type}`, { rules: ['EXC-02'] }, async (t) => {
      const exchange = await t.exchange(type);
      assert.equal(await t.hasExchange(exchange), true);
    });
  }

  for (const [type, feature] of [
    ['x-consistent-hash', 'consistent-hash-exchange'],
    ['x-random', 'random-exchange'],
    ['x-recent-history', 'recent-history-exchange'],
    ['x-modulus-hash', 'modulus-hash-exchange'],
    ['x-local-random', 'local-random-exchange'],
  ] as const satisfies readonly (readonly [string, Feature])[]) {
    test(`an exchange may be of type ${type}`, { rules: ['EXC-02'], needs: [feature] }, async (t) => {
      const exchange = await t.exchange(type);
      assert.equal(await t.hasExchange(exchange), true);
    });
  }

  test(
    'an exchange may be of type x-delayed-message, which takes another type as an argument',
    { rules: ['EXC-02'], needs: ['delayed-exchange'] },
    async (t) => {
      const exchange = await t.exchange('x-delayed-message', { 'x-delayed-type': 'direct' });
      assert.equal(await t.hasExchange(exchange), true);
    },
  );

  test('an exchange type nobody knows is refused', { rules: ['EXC-04'] }, async (t) => {
    await refusesType(t, { exchange: t.name('x'), type: 'x-nobody-knows' }, unknownType('x-nobody-knows'));
  });

  test('an exchange without a type is refused', { rules: ['EXC-04'] }, async (t) => {
    await refusesType(t, { exchange: t.name('x'), type: '' }, "invalid exchange type ''");
  });

  for (const type of ['Direct', 'TOPIC', 'queue']) {
    test(
      `${type} is no exchange type: it may be called unknown or invalid`,
      { rules: ['EXC-04'] },
      async (t) => {
        const text = new RegExp(` - (unknown|invalid) exchange type '${type}'$`);
        await refusesType(t, { exchange: t.name('x'), type }, text);
      },
    );
  }
}

function names(test: Define): void {
  for (const passive of [false, true]) {
    test(
      `the default exchange cannot be declared${passive ? ', not even passively' : ''}`,
      { rules: ['EXC-05'] },
      async (t) => {
        await t.refuses('exchange.declare', { exchange: '', type: 'direct', passive }, 403, notOnDefault);
      },
    );
  }

  test('a new exchange cannot have a name that begins with amq.', { rules: ['EXC-06'] }, async (t) => {
    const exchange = `amq.${t.name('x')}`;
    await t.refuses('exchange.declare', { exchange, type: 'direct' }, 403, reservedPrefix(exchange));
  });

  test('an exchange name may begin with amq without the dot', { rules: ['EXC-06'] }, async (t) => {
    const exchange = `amq-${t.name('x')}`;
    t.owns(exchange);
    await t.exchange('direct', {}, { exchange });
    assert.equal(await t.hasExchange(exchange), true);
  });

  test(
    'a passive declare asks only for the name of an exchange: type, flags and arguments may be anything',
    { rules: ['EXC-09'] },
    async (t) => {
      const exchange = await t.exchange('direct');
      const control = await t.control();
      const flags = { durable: true, autoDelete: true, internal: true };
      const args = { 'alternate-exchange': samples.byte };
      for (const type of ['', 'fanout', 'x-nobody-knows']) {
        const declare = { exchange, type, passive: true, ...flags, arguments: args };
        await control.call('exchange.declare', declare);
      }
      await control.call('exchange.declare', { exchange, type: 'direct' });
    },
  );

  test('a passive declare of an exchange that is not there is refused', { rules: ['EXC-09'] }, async (t) => {
    const exchange = t.name('x');
    await t.refuses(
      'exchange.declare',
      { exchange, type: 'direct', passive: true },
      404,
      noExchange(exchange),
    );
    assert.equal(await t.hasExchange(exchange), false);
  });

  test(
    'a passive declare of a missing exchange whose name begins with amq. says that it is not there',
    { rules: ['EXC-09', 'EXC-06'] },
    async (t) => {
      const exchange = `amq.${t.name('x')}`;
      await t.refuses('exchange.declare', { exchange, passive: true }, 404, noExchange(exchange));
    },
  );
}

function order(test: Define): void {
  test('the type of an exchange is looked at before its name', { rules: ['EXC-03'] }, async (t) => {
    await refusesType(t, { exchange: '', type: 'x-nobody-knows' }, unknownType('x-nobody-knows'));
  });

  test(
    'a reserved exchange name is refused before a bad alternate exchange is',
    { rules: ['EXC-03'] },
    async (t) => {
      const exchange = `amq.${t.name('x')}`;
      const args = { 'alternate-exchange': samples.byte };
      const declare = { exchange, type: 'direct', arguments: args };
      await t.refuses('exchange.declare', declare, 403, reservedPrefix(exchange));
    },
  );

  test(
    'an exchange that exists is only compared: a bad alternate exchange is a difference like any other',
    { rules: ['EXC-03', 'EXC-08'] },
    async (t) => {
      const exchange = await t.exchange();
      const declare = { exchange, type: 'direct', arguments: { 'alternate-exchange': samples.byte } };
      const difference = "received the value '5' of type 'byte' but current is none";
      const text = inequivalent('alternate-exchange', exchangeLabel(exchange), difference);
      await t.refuses('exchange.declare', declare, 406, text);
    },
  );

  test(
    'the default exchange is refused before the permission to declare is asked for',
    { rules: ['EXC-03'], needs: ['management'] },
    async (t) => {
      const client = await t.connect(await t.user({}));
      await t.refuses('exchange.declare', { exchange: '', type: 'direct' }, 403, notOnDefault, client);
    },
  );

  test(
    'who may not configure an exchange is refused before it is compared',
    { rules: ['EXC-03'], needs: ['management'] },
    async (t) => {
      const exchange = await t.exchange('direct');
      const client = await t.connect(await t.user({}));
      const text = /^ACCESS_REFUSED - (configure )?access to exchange '/;
      await t.refuses('exchange.declare', { exchange, type: 'fanout' }, 403, text, client);
    },
  );

  test(
    'who may not configure an exchange is refused before a reserved name is',
    { rules: ['EXC-03'], needs: ['management'] },
    async (t) => {
      const client = await t.connect(await t.user({}));
      const text = /^ACCESS_REFUSED - (configure )?access to exchange '/;
      const declare = { exchange: `amq.${t.name('x')}`, type: 'direct' };
      await t.refuses('exchange.declare', declare, 403, text, client);
    },
  );

  test(
    'an alternate exchange of a bad type is refused before the permissions for it are asked for',
    { rules: ['EXC-03'], needs: ['management'] },
    async (t) => {
      const exchange = t.name('x');
      const client = await t.connect(await t.user({ configure: '.*' }));
      const declare = { exchange, type: 'direct', arguments: { 'alternate-exchange': samples.byte } };
      await t.refuses('exchange.declare', declare, 406, badAlternate('byte', exchange), client);
    },
  );

  test(
    'an exchange with an alternate exchange takes the permission to read the one and to write to the other',
    { rules: ['EXC-03'], needs: ['management'] },
    async (t) => {
      const [exchange, other] = [t.name('x'), t.name('x')];
      const declare = { exchange, type: 'direct', arguments: alternate(other) };
      const login = await t.user({ configure: '.*', read: '', write: '.*' });
      const client = await t.connect(login);
      const noRead = new RegExp(`^ACCESS_REFUSED - (read )?access to exchange '${exchange}' `);
      await t.refuses('exchange.declare', declare, 403, noRead, client);
      await t.permit(login.user, { configure: '.*', read: '.*', write: '' });
      const noWrite = new RegExp(`^ACCESS_REFUSED - (write )?access to exchange '${other}' `);
      await t.refuses('exchange.declare', declare, 403, noWrite, client);
      await t.permit(login.user, { configure: '.*', read: exchange, write: other });
      await (await t.channel(client)).call('exchange.declare', declare);
    },
  );
}

/** A type that is not known is an error of the channel, and was one of the connection before 3.13. */
async function refusesType(
  t: Context,
  declare: { readonly exchange: string; readonly type: string },
  text: string | RegExp,
): Promise<void> {
  const isNew = t.broker.since('3.13');
  const whole = (start: string): string | RegExp => (typeof text === 'string' ? `${start} - ${text}` : text);
  if (isNew) await t.refuses('exchange.declare', declare, 406, whole('PRECONDITION_FAILED'));
  else await t.refusesConnection('exchange.declare', declare, 503, whole('COMMAND_INVALID'));
}

function unknownType(type: string): string {
  return `unknown exchange type '${type}'`;
}

function reservedPrefix(exchange: string): string {
  return `ACCESS_REFUSED - exchange name '${exchange}' contains reserved prefix 'amq.*'`;
}
