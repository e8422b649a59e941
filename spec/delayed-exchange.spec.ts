import assert from 'node:assert/strict';
import { segment } from './support/admin.ts';
import type { Consumer } from './support/channel.ts';
import type { Context } from './support/context.ts';
import { field } from './support/fields.ts';
import type { Table, Value } from './support/fields.ts';
import { topic } from './support/suite.ts';

const DELAYED = { needs: ['delayed-exchange'] } as const;

/** A delay that is worth waiting for, and one that is over after every case, in milliseconds. */
const DELAY = 300;
const LONG = 60_000;

export const delayedExchange = topic('delayed-exchange', 'The delayed message exchange', (test) => {
  for (const [type, bindingKey, routingKey] of [
    ['direct', 'a.b', 'a.b'],
    ['topic', 'a.#', 'a.b'],
    ['fanout', '', 'anything'],
  ] as const) {
    test(
      `a delayed exchange routes as the ${type} exchange it stands for, after the delay and not before`,
      { rules: ['DLM-01', 'DLM-05'], ...DELAYED },
      async (t) => {
        const { exchange, consumer } = await delayed(t, { type, bindingKey });
        const elapsed = t.stopwatch();
        await t.publish(exchange, routingKey, 'late', delay(DELAY));
        assert.equal((await consumer.next()).body, 'late');
        assert.ok(elapsed() >= DELAY - 1, `it came after ${elapsed()} ms`);
      },
    );
  }

  const notAnExchangeType = "Invalid argument, 'x-delayed-type' must be an existing exchange type";
  const itself = "Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'";
  const impossible: readonly (readonly [string, Table, string])[] = [
    ['without x-delayed-type', {}, notAnExchangeType],
    ['whose x-delayed-type is no string', { 'x-delayed-type': 5 }, notAnExchangeType],
    ['that stands for a delayed exchange', { 'x-delayed-type': 'x-delayed-message' }, itself],
  ];
  for (const [what, args, text] of impossible) {
    test(`a delayed exchange ${what} is refused`, { rules: ['DLM-02'], ...DELAYED }, async (t) => {
      const declare = { exchange: t.name('x'), type: 'x-delayed-message', arguments: args };
      await t.refuses('exchange.declare', declare, 406, `PRECONDITION_FAILED - ${text}`);
    });
  }

  for (const [type, text] of [
    ['bogus', "unknown exchange type 'bogus'"],
    ['', "invalid exchange type ''"],
  ] as const) {
    test(
      `a delayed exchange that stands for the type ${JSON.stringify(type)} is refused`,
      { rules: ['DLM-03'], ...DELAYED },
      async (t) => {
        const args = { 'x-delayed-type': type };
        const declare = { exchange: t.name('x'), type: 'x-delayed-message', arguments: args };
        if (t.broker.since('3.13')) {
          await t.refuses('exchange.declare', declare, 406, `PRECONDITION_FAILED - ${text}`);
        } else {
          await t.refusesConnection('exchange.declare', declare, 503, `COMMAND_INVALID - ${text}`);
        }
      },
    );
  }

  test(
    'a delayed exchange may be declared again with another type to stand for, which is ignored',
    { rules: ['DLM-04'], ...DELAYED },
    async (t) => {
      const { exchange, consumer } = await delayed(t, { type: 'direct', bindingKey: 'k' });
      await t.exchange('x-delayed-message', { 'x-delayed-type': 'fanout' }, { exchange });
      await t.publish(exchange, 'other');
      await t.publish(exchange, 'k', 'still direct');
      assert.equal((await consumer.next()).body, 'still direct');
    },
  );

  test(
    'a message without x-delay, or with one that is no delay, is routed at once and unchanged',
    { rules: ['DLM-05', 'DLM-06'], ...DELAYED },
    async (t) => {
      const { exchange, consumer } = await delayed(t);
      const plain = await t.queue();
      const useless = [0, -DELAY, '-5', field('l', 2 ** 32), true, field('T', LONG), [LONG], { ms: LONG }];
      for (const headers of [{}, ...useless.map((value) => delay(value).headers)]) {
        await t.publish(exchange, '', 'now', { headers });
        await t.send(plain, 'now', { headers });
        assert.deepEqual((await consumer.next()).typedHeaders, (await t.take(plain)).typedHeaders);
      }
    },
  );

  test(
    'a delay may be an integer of any width, a float, or a string',
    { rules: ['DLM-06', 'DLM-05'], ...DELAYED },
    async (t) => {
      const { exchange, consumer } = await delayed(t);
      const integers = ['s', 'u', 'I', 'i', 'l'].map((tag) => field(tag, DELAY));
      const floats = [field('f', DELAY + 0.5), field('d', DELAY + 0.7)];
      for (const value of [field('B', 200), ...integers, ...floats, String(DELAY)]) {
        const elapsed = t.stopwatch();
        await t.publish(exchange, '', 'late', delay(value));
        await consumer.next();
        assert.ok(elapsed() >= 199, `it came after ${elapsed()} ms`);
      }
    },
  );

  test(
    'a delay may be a signed byte',
    { rules: ['DLM-06'], ...DELAYED, rabbitmqDefect: 'since 4.0 a signed byte is not seen as a number' },
    async (t) => {
      const { exchange, consumer } = await delayed(t);
      const elapsed = t.stopwatch();
      await t.publish(exchange, '', 'late', delay(field('b', 127)));
      await consumer.next();
      assert.ok(elapsed() >= 126, `it came after ${elapsed()} ms`);
    },
  );

  test(
    'a delay that is a decimal, void, or a string without a number closes the channel',
    { rules: ['DLM-07'], ...DELAYED, rabbitmqDefect: 'it closes the connection with 541 INTERNAL_ERROR' },
    async (t) => {
      const { exchange } = await delayed(t);
      for (const value of ['abc', '300x', ' 300', '', field('D', { scale: 1, digits: 3000 }), null]) {
        await t.refusesPublish({ exchange }, delay(value), 406, /^PRECONDITION_FAILED - /);
      }
    },
  );

  test(
    'a delayed exchange checks bindings as the type it stands for',
    { rules: ['DLM-01'], ...DELAYED },
    async (t) => {
      const exchange = await t.exchange('x-delayed-message', { 'x-delayed-type': 'headers' });
      const args = { queue: await t.queue(), exchange, arguments: { 'x-match': 'some' } };
      await t.refuses('queue.bind', args, 406, /^PRECONDITION_FAILED - Invalid x-match field/);
    },
  );

  test(
    'the delay of a message in a transaction begins with the commit',
    { rules: ['DLM-05', 'DLM-10'], ...DELAYED },
    async (t) => {
      const { exchange, consumer } = await delayed(t);
      const channel = await t.channel();
      await channel.call('tx.select');
      channel.client.publish(channel.number, { exchange, mandatory: true }, 'late', delay(DELAY));
      await channel.settled();
      await t.elapse(DELAY * 2);
      await consumer.nothing();
      const elapsed = t.stopwatch();
      channel.send('tx.commit');
      assert.equal((await channel.returned()).body, 'late');
      await channel.expect('tx.commit-ok');
      assert.equal((await consumer.next()).body, 'late');
      assert.ok(elapsed() >= DELAY - 1, `it came after ${elapsed()} ms`);
    },
  );

  test(
    'a delayed exchange that is reached over a binding delays, and other ways lead on at once',
    { rules: ['DLM-08'], ...DELAYED },
    async (t) => {
      const { exchange, consumer } = await delayed(t, { type: 'fanout' });
      const [front, queue] = [await t.exchange('fanout'), await t.queue()];
      await t.bindExchange(exchange, front);
      await t.bind(queue, front);
      const elapsed = t.stopwatch();
      await t.publish(front, '', 'a', delay(2_000));
      assert.equal((await t.take(queue)).body, 'a');
      const message = await consumer.next();
      assert.deepEqual([message.body, message.exchange], ['a', front]);
      assert.ok(elapsed() >= 1_999, `it came after ${elapsed()} ms`);
    },
  );

  test(
    'a delayed message is routed by the bindings there are when it is due',
    { rules: ['DLM-08'], ...DELAYED },
    async (t) => {
      const { exchange, queue } = await delayed(t);
      await t.publish(exchange, '', 'late', delay(1_000));
      await t.unbind(queue, exchange);
      const other = await t.queue();
      await t.bind(other, exchange);
      assert.equal((await t.take(other)).body, 'late');
      assert.equal(await t.get(queue), undefined);
    },
  );

  test(
    'a delayed message is dropped when its exchange is deleted before it is due',
    { rules: ['DLM-08'], ...DELAYED },
    async (t) => {
      const { exchange, consumer } = await delayed(t);
      await t.publish(exchange, '', 'lost', delay(DELAY));
      await t.deleteExchange(exchange);
      await consumer.nothing(DELAY * 2);
    },
  );

  test(
    'a delayed message is confirmed when it is accepted, and not when it is due',
    { rules: ['DLM-09'], ...DELAYED },
    async (t) => {
      const { exchange } = await delayed(t);
      const elapsed = t.stopwatch();
      assert.equal(await t.publish(exchange, '', 'late', delay(LONG)), 'ack');
      assert.ok(elapsed() < LONG / 2);
    },
  );

  test(
    'a delayed message that is mandatory is returned and acked at once, and comes nevertheless',
    { rules: ['DLM-10'], ...DELAYED },
    async (t) => {
      const { exchange, consumer } = await delayed(t);
      const channel = await t.confirmChannel();
      channel.client.publish(channel.number, { exchange, mandatory: true }, 'late', delay(DELAY));
      const { replyCode, replyText } = await channel.returned();
      assert.deepEqual([replyCode, replyText], [312, 'NO_ROUTE']);
      assert.equal(await channel.confirm(), 'ack');
      assert.equal((await consumer.next()).body, 'late');
    },
  );

  test(
    'a delayed message goes to the alternate exchange only when it is due and matches nothing',
    {
      rules: ['DLM-11', 'DLM-08'],
      ...DELAYED,
      rabbitmqDefect: 'the alternate exchange gets it at once, too',
    },
    async (t) => {
      const alternate = await t.exchange('fanout');
      const stray = await t.queue();
      await t.bind(stray, alternate);
      const { exchange, consumer } = await delayed(t, {
        bindingKey: 'k',
        args: { 'alternate-exchange': alternate },
      });
      await t.publish(exchange, 'k', 'routed', delay(DELAY));
      await t.publish(exchange, 'other', 'stray', delay(DELAY));
      assert.equal(await t.get(stray), undefined);
      assert.equal((await consumer.next()).body, 'routed');
      assert.deepEqual(await t.takeBodies(stray, 1), ['stray']);
      await t.staysEmpty(stray);
    },
  );

  test(
    'a delayed message arrives as it was published, but since version 4.0 with a negated x-delay',
    { rules: ['DLM-12'], ...DELAYED },
    async (t) => {
      const { exchange, consumer } = await delayed(t, { type: 'fanout' });
      const properties = { ...delay(String(DELAY)), messageId: 'm', deliveryMode: 2, priority: 3 };
      await t.publish(exchange, 'key', 'late', properties);
      const message = await consumer.next();
      assert.deepEqual([message.exchange, message.routingKey], [exchange, 'key']);
      const { messageId, deliveryMode, priority } = message.properties;
      assert.deepEqual([messageId, deliveryMode, priority], ['m', 2, 3]);
      if (t.broker.since('4.0')) assert.deepEqual(message.typedHeaders, { 'x-delay': field('l', -DELAY) });
    },
  );

  test(
    'a second delayed exchange on the way does not delay a message again',
    { rules: ['DLM-12'], ...DELAYED },
    async (t) => {
      const first = await t.exchange('x-delayed-message', { 'x-delayed-type': 'fanout' });
      const { exchange, consumer } = await delayed(t, { type: 'fanout' });
      await t.bindExchange(exchange, first);
      const elapsed = t.stopwatch();
      await t.publish(first, '', 'late', delay(2_000));
      await consumer.next();
      assert.ok(elapsed() >= 1_999 && elapsed() < 3_900, `it came after ${elapsed()} ms`);
    },
  );

  test(
    'a delayed exchange as DLX delays the first death of a message, and not the second',
    { rules: ['DLM-13'], ...DELAYED },
    async (t) => {
      const { exchange, consumer } = await delayed(t, { type: 'fanout' });
      const queue = await t.queue({ 'x-dead-letter-exchange': exchange, 'x-message-ttl': 0 });
      const elapsed = t.stopwatch();
      await t.send(queue, 'a', delay(2_000));
      const { properties, headers } = await consumer.next();
      assert.ok(elapsed() >= 1_999);
      const again = t.stopwatch();
      await t.send(queue, 'a', { ...properties, headers: { 'x-delay': Number(headers['x-delay']) } });
      await consumer.next();
      if (t.broker.since('4.0')) assert.ok(again() < 1_900, `it came after ${again()} ms`);
    },
  );

  test(
    'delayed messages come in the order in which they are due, and those of one time in that of publishing',
    { rules: ['DLM-14'], ...DELAYED },
    async (t) => {
      const { exchange, consumer } = await delayed(t);
      const channel = await t.channel();
      for (const [body, ms] of [
        ['c', 1_500],
        ['b', 1_000],
        ['a', 500],
      ] as const) {
        channel.publish(exchange, '', body, delay(ms));
      }
      assert.deepEqual(await consumer.bodies(3), ['a', 'b', 'c']);
      const bodies = Array.from({ length: 20 }, (_, n) => String(n));
      for (const body of bodies) channel.publish(exchange, '', body, delay(DELAY));
      assert.deepEqual(await consumer.bodies(20), bodies);
    },
  );

  test(
    'the expiration of a delayed message begins in the queue',
    { rules: ['DLM-15'], ...DELAYED },
    async (t) => {
      const { exchange, consumer } = await delayed(t);
      await t.publish(exchange, '', 'late', { ...delay(DELAY), expiration: '100' });
      const { body, properties } = await consumer.next();
      assert.deepEqual([body, properties.expiration], ['late', '100']);
    },
  );

  test(
    'a delayed exchange says how many messages wait in it',
    { rules: ['DLM-17'], needs: ['delayed-exchange', 'management'], slow: true },
    async (t) => {
      const { exchange } = await delayed(t);
      for (let n = 0; n < 3; n++) await t.publish(exchange, '', 'late', delay(LONG));
      await t.eventually(async () => {
        const { json } = await t.admin.get(`/exchanges/%2F/${segment(exchange)}`);
        return (json as { readonly messages_delayed?: number }).messages_delayed === 3;
      }, 'it says that 3 messages wait');
    },
  );
});

interface Delayed {
  readonly exchange: string;
  readonly queue: string;
  readonly consumer: Consumer;
}

/** A delayed exchange with one queue, and a consumer of that. */
async function delayed(
  t: Context,
  options: { readonly type?: string; readonly bindingKey?: string; readonly args?: Table } = {},
): Promise<Delayed> {
  const { type = 'direct', bindingKey = '', args = {} } = options;
  const exchange = await t.exchange('x-delayed-message', { 'x-delayed-type': type, ...args });
  const queue = await t.queue();
  await t.bind(queue, exchange, bindingKey);
  return { exchange, queue, consumer: await t.consume(queue) };
}

function delay(value: Value): { readonly headers: Table } {
  return { headers: { 'x-delay': value } };
}
