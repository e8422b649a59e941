import assert from 'node:assert/strict';
import type { Define } from '../support/suite.ts';

/** Exchanges that remember what they routed. */
export function recentHistory(test: Define): void {
  const history = { needs: ['recent-history-exchange'] } as const;

  test(
    'x-recent-history gives its last messages to a queue that is bound later, oldest first',
    { rules: ['RTE-25'], ...history },
    async (t) => {
      const exchange = await t.exchange('x-recent-history', { 'x-recent-history-length': 3 });
      const [early, late] = [await t.queue(), await t.queue()];
      await t.bind(early, exchange);
      for (const body of ['a', 'b', 'c', 'd']) await t.publish(exchange, '', body);
      await t.bind(late, exchange);
      assert.deepEqual(await t.takeBodies(late, 3), ['b', 'c', 'd']);
      assert.deepEqual(await t.drain(early), ['a', 'b', 'c', 'd']);
    },
  );

  test('x-recent-history keeps 20 messages unless told', { rules: ['RTE-25'], ...history }, async (t) => {
    const [exchange, queue] = [await t.exchange('x-recent-history'), await t.queue()];
    const bodies = Array.from({ length: 25 }, (_, index) => `${index}`);
    for (const body of bodies) await t.publish(exchange, '', body);
    await t.bind(queue, exchange);
    assert.deepEqual(await t.takeBodies(queue, 20), bodies.slice(5));
    await t.staysEmpty(queue);
  });

  test('a message can be kept out of x-recent-history', { rules: ['RTE-25'], ...history }, async (t) => {
    const [exchange, queue] = [await t.exchange('x-recent-history'), await t.queue()];
    await t.publish(exchange, '', 'forgotten', { headers: { 'x-recent-history-no-store': true } });
    await t.publish(exchange, '', 'kept');
    await t.bind(queue, exchange);
    assert.deepEqual(await t.takeBodies(queue, 1), ['kept']);
    await t.staysEmpty(queue);
  });

  test('x-recent-history refuses a bad length', { rules: ['RTE-25'], ...history }, async (t) => {
    const args = { 'x-recent-history-length': -1 };
    const declare = { exchange: t.name('x'), type: 'x-recent-history', arguments: args };
    const text = /Invalid argument -1, 'x-recent-history-length' must be a positive integer/;
    await t.refuses('exchange.declare', declare, 406, text);
  });

  for (const [what, length, printed] of [
    ['0', 0, '0'],
    ['a string', 'abc', '<<"abc">>'],
    ['a boolean', true, 'true'],
    ['a float', 1.5, '1.5'],
  ] as const) {
    test(
      `the length of an x-recent-history cannot be ${what}`,
      { rules: ['RTE-25'], ...history },
      async (t) => {
        const args = { 'x-recent-history-length': length };
        const declare = { exchange: t.name('x'), type: 'x-recent-history', arguments: args };
        const text = `Invalid argument ${printed}, 'x-recent-history-length' must be a positive integer`;
        await t.refuses('exchange.declare', declare, 406, `PRECONDITION_FAILED - ${text}`);
      },
    );
  }

  test(
    'what x-recent-history gives later has the exchange, key and properties of its publish',
    { rules: ['RTE-25', 'RTE-30'], ...history },
    async (t) => {
      const [exchange, queue] = [await t.exchange('x-recent-history'), await t.queue()];
      const headers = { BCC: ['hidden'], CC: ['copy'], kind: 'good' };
      await t.publish(exchange, 'key', 'a', { headers, deliveryMode: 2, priority: 3, expiration: '60000' });
      await t.bind(queue, exchange, 'another');
      const message = await t.take(queue);
      assert.deepEqual([message.exchange, message.routingKey, message.redelivered], [exchange, 'key', false]);
      assert.deepEqual(message.headers, { CC: ['copy'], kind: 'good' });
      const { deliveryMode, priority, expiration } = message.properties;
      assert.deepEqual([deliveryMode, priority, expiration], [2, 3, '60000']);
    },
  );

  test(
    'x-recent-history gives its messages with every new binding, but not when one is repeated',
    { rules: ['RTE-25', 'BND-01'], ...history },
    async (t) => {
      const [exchange, queue] = [await t.exchange('x-recent-history'), await t.queue()];
      await t.publish(exchange, '', 'a');
      for (const key of ['one', 'two', 'two']) await t.bind(queue, exchange, key);
      assert.deepEqual(await t.takeBodies(queue, 2), ['a', 'a']);
      await t.staysEmpty(queue);
    },
  );

  test(
    'x-recent-history keeps a message that no queue got, which goes to the alternate exchange',
    { rules: ['RTE-25', 'RTE-03'], ...history },
    async (t) => {
      const [other, unrouted, late] = [await t.exchange('fanout'), await t.queue(), await t.queue()];
      await t.bind(unrouted, other);
      const exchange = await t.exchange('x-recent-history', { 'alternate-exchange': other });
      await t.publish(exchange, '', 'a');
      assert.equal((await t.take(unrouted)).body, 'a');
      await t.bind(late, exchange);
      assert.equal((await t.take(late)).body, 'a');
    },
  );

  test(
    'the expiration of a message does not count while x-recent-history keeps it',
    { rules: ['RTE-25', 'TTL-10'], ...history },
    async (t) => {
      const [exchange, queue] = [await t.exchange('x-recent-history'), await t.queue()];
      await t.publish(exchange, '', 'a', { expiration: '300' });
      await t.elapse(500);
      await t.bind(queue, exchange);
      assert.equal((await t.take(queue)).body, 'a');
    },
  );

  for (const value of [false, 'true', 1]) {
    test(
      `x-recent-history keeps a message whose x-recent-history-no-store is ${JSON.stringify(value)}`,
      { rules: ['RTE-25'], ...history },
      async (t) => {
        const [exchange, queue] = [await t.exchange('x-recent-history'), await t.queue()];
        await t.publish(exchange, '', 'a', { headers: { 'x-recent-history-no-store': value } });
        await t.bind(queue, exchange);
        assert.equal((await t.take(queue)).body, 'a');
      },
    );
  }

  test(
    'x-recent-history keeps the dead letters that are sent to it',
    { rules: ['RTE-25', 'DLX-03'], ...history },
    async (t) => {
      const [exchange, queue] = [await t.exchange('x-recent-history'), await t.queue()];
      const source = await t.queue({ 'x-dead-letter-exchange': exchange, 'x-message-ttl': 0 });
      await t.send(source, 'a');
      await t.eventually(async () => (await t.count(source)) === 0, 'the message has died');
      await t.bind(queue, exchange);
      const message = await t.take(queue);
      assert.deepEqual([message.body, message.headers['x-first-death-queue']], ['a', source]);
    },
  );

  test(
    'an x-recent-history that is declared anew has forgotten what it kept',
    { rules: ['RTE-25'], ...history },
    async (t) => {
      const [exchange, queue] = [await t.exchange('x-recent-history'), await t.queue()];
      await t.publish(exchange, '', 'a');
      await t.deleteExchange(exchange);
      await t.exchange('x-recent-history', {}, { exchange });
      await t.bind(queue, exchange);
      await t.staysEmpty(queue);
    },
  );
}
