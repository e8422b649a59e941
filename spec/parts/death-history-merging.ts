import assert from 'node:assert/strict';
import { chain, deathLines, deathsOf, died, hold, reject, rejectOnly, ring } from '../support/deaths.ts';
import type { Define } from '../support/suite.ts';

/** Where a message died, and how it had come there. */
export function places(test: Define): void {
  test(
    'an entry names the queue of the death and the exchange that brought the message there',
    { rules: ['XD-04'] },
    async (t) => {
      const [exchange, dx] = [await t.exchange('topic'), await t.exchange('fanout')];
      const third = await t.queue();
      const second = await t.deadLetteringTo(third);
      const first = await t.queue({ 'x-dead-letter-exchange': dx });
      await t.bind(first, exchange, '#');
      await t.bind(second, dx);
      await t.publish(exchange, 'key', 'a');
      for (const queue of [first, second]) await rejectOnly(t, queue);
      const entries = deathsOf(await t.take(third)).map((death) => [death.queue, death.exchange]);
      assert.deepEqual(entries, [
        [second, dx],
        [first, exchange],
      ]);
    },
  );

  test('the default exchange has the empty name in an entry', { rules: ['XD-04'] }, async (t) => {
    const { message } = await died(t);
    assert.equal(deathsOf(message)[0]?.exchange, '');
  });

  test(
    'an entry names the dead-letter exchange, and not the alternate exchange that routed it',
    { rules: ['XD-04'] },
    async (t) => {
      const alternate = await t.exchange('fanout');
      const dx = await t.exchange('direct', { 'alternate-exchange': alternate });
      const last = await t.queue();
      const middle = await t.deadLetteringTo(last);
      const source = await t.queue({ 'x-dead-letter-exchange': dx });
      await t.bind(middle, alternate);
      await t.send(source, 'a');
      for (const queue of [source, middle]) await rejectOnly(t, queue);
      assert.equal(deathsOf(await t.take(last))[0]?.exchange, dx);
    },
  );

  test(
    'the routing-keys of an entry are the routing key and CC, in this order, and not BCC',
    { rules: ['XD-05'] },
    async (t) => {
      const { source, message } = await died(t, { headers: { CC: ['c2', 'c1'], BCC: ['b'] } });
      assert.deepEqual(deathsOf(message)[0]?.['routing-keys'], [source, 'c2', 'c1']);
    },
  );

  test(
    'the routing-keys of an entry for a message that came by its BCC are not that key',
    { rules: ['XD-05'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      await t.publish('', 'nowhere', 'a', { headers: { BCC: [source] } });
      await rejectOnly(t, source);
      assert.deepEqual(deathsOf(await t.take(dead))[0]?.['routing-keys'], ['nowhere']);
    },
  );

  test(
    'after a hop with a dead-letter routing key the routing-keys are that key alone',
    { rules: ['XD-05'] },
    async (t) => {
      const dx = await t.exchange('fanout');
      const third = await t.queue();
      const second = await t.deadLetteringTo(third);
      const first = await t.queue({ 'x-dead-letter-exchange': dx, 'x-dead-letter-routing-key': 'own' });
      await t.bind(second, dx);
      await t.send(first, 'a', { headers: { CC: ['cc'], BCC: ['bcc'] } });
      for (const queue of [first, second]) await rejectOnly(t, queue);
      const keys = deathsOf(await t.take(third)).map((death) => death['routing-keys']);
      assert.deepEqual(keys, [['own'], [first, 'cc']]);
    },
  );

  test(
    'after a hop without a dead-letter routing key the routing-keys are those of before',
    { rules: ['XD-05'] },
    async (t) => {
      const dx = await t.exchange('fanout');
      const third = await t.queue();
      const second = await t.deadLetteringTo(third);
      const first = await t.queue({ 'x-dead-letter-exchange': dx });
      await t.bind(second, dx);
      await t.send(first, 'a', { headers: { CC: ['cc'], BCC: ['bcc'] } });
      for (const queue of [first, second]) await rejectOnly(t, queue);
      const keys = deathsOf(await t.take(third)).map((death) => death['routing-keys']);
      assert.deepEqual(keys, [
        [first, 'cc'],
        [first, 'cc'],
      ]);
    },
  );
}

/** How deaths are counted, and in which order they stand. */
export function merging(test: Define): void {
  test('the newest death stands first', { rules: ['XD-01', 'XD-07'] }, async (t) => {
    const [q1 = '', q2 = '', q3 = ''] = await chain(t, 3);
    await t.send(q1, 'a');
    for (const queue of [q1, q2]) await rejectOnly(t, queue);
    assert.deepEqual(deathLines(await t.take(q3)), [`${q2} rejected 1`, `${q1} rejected 1`]);
  });

  const orders: readonly (readonly [number, readonly number[]])[] = [
    [3, [3, 1, 2]],
    [4, [4, 2, 1, 3]],
    [5, [5, 3, 1, 2, 4]],
  ];
  for (const [deaths, before] of orders) {
    test(
      `the entries of ${deaths} deaths stand by recency, and before 3.13.3 in another order`,
      { rules: ['XD-07'] },
      async (t) => {
        const queues = await chain(t, deaths + 1);
        await t.send(queues[0] ?? '', 'a');
        for (const queue of queues.slice(0, deaths)) await rejectOnly(t, queue);
        const message = await t.take(queues[deaths] ?? '');
        const recency = Array.from({ length: deaths }, (_, n) => deaths - n);
        const order = t.broker.pick({ '3.10': before, '3.13.3': recency });
        assert.deepEqual(
          deathsOf(message).map(({ queue }) => queues.indexOf(queue) + 1),
          order,
        );
        assert.ok(deathsOf(message).every(({ count }) => count === 1));
      },
    );
  }

  test(
    'the third and later deaths in one queue for one reason are counted in one entry',
    { rules: ['XD-06'] },
    async (t) => {
      const source = await t.queue({ 'x-dead-letter-exchange': '' });
      await t.send(source, 'a');
      for (let count = 1; count <= 6; count++) {
        await reject(t, source);
        const message = await hold(t, source);
        assert.deepEqual(deathLines(message), [`${source} rejected ${count}`]);
        (await t.control()).nack(message.deliveryTag, true);
      }
    },
  );

  test('an entry that is counted on comes to the front', { rules: ['XD-06', 'XD-07'] }, async (t) => {
    const [q1 = '', q2 = '', q3 = ''] = await ring(t, 3);
    await t.send(q1, 'a');
    for (const queue of [q1, q2, q3, q1]) await rejectOnly(t, queue);
    const lines = deathLines(await t.take(q2));
    assert.equal(lines[0], `${q1} rejected 2`);
    const others = [`${q3} rejected 1`, `${q2} rejected 1`];
    assert.deepEqual(t.broker.since('3.13.3') ? lines.slice(1) : lines.slice(1).sort().reverse(), others);
  });

  test(
    'an entry that is counted on keeps the time, exchange, keys and expiration of the first time',
    { rules: ['XD-06', 'XD-09'] },
    async (t) => {
      const exchange = await t.exchange('direct');
      const [q1 = '', q2 = ''] = await ring(t, 2);
      await t.bind(q1, exchange, 'key');
      await t.publish(exchange, 'key', 'a', { expiration: '60000', headers: { CC: ['cc'] } });
      await rejectOnly(t, q1);
      const [first] = deathsOf(await rejectOnly(t, q2));
      await t.elapse(1_100);
      await rejectOnly(t, q1);
      const message = await t.take(q2);
      assert.deepEqual(deathLines(message), [`${q1} rejected 2`, `${q2} rejected 1`]);
      assert.deepEqual(deathsOf(message)[0], {
        count: 2,
        reason: 'rejected',
        queue: q1,
        time: first?.time,
        exchange,
        'routing-keys': ['key', 'cc'],
        'original-expiration': '60000',
      });
      const last = t.broker.since('3.13') ? '' : undefined;
      assert.equal(message.headers['x-last-death-exchange'], last, 'the last death has its own exchange');
    },
  );

  test('another reason in the same queue makes another entry', { rules: ['XD-06'] }, async (t) => {
    const [source, dead] = [t.name('source'), t.name('dead')];
    await t.deadLetteringTo(dead, { 'x-message-ttl': 500 }, { queue: source });
    await t.deadLetteringTo(source, {}, { queue: dead });
    const consumer = await t.consume(source);
    await t.send(source, 'a');
    const message = await consumer.next();
    await consumer.cancel();
    consumer.nack(message, false);
    await reject(t, dead);
    const lines = deathLines(await t.take(dead));
    assert.equal(lines[0], `${source} expired 1`);
    assert.deepEqual(lines.slice(1).sort(), [`${dead} rejected 1`, `${source} rejected 1`]);
  });

  test(
    'messages that die together have each a history of their own',
    { rules: ['XD-04', 'XD-05', 'XD-14'] },
    async (t) => {
      const [x1, x2, dead] = [await t.exchange('fanout'), await t.exchange('fanout'), await t.queue()];
      const source = await t.deadLetteringTo(dead);
      for (const exchange of [x1, x2]) await t.bind(source, exchange);
      const sent = [
        { exchange: x1, key: 'key', expiration: '60000' },
        { exchange: x1, key: 'key', expiration: '900000' },
        { exchange: x1, key: 'key' },
        { exchange: x2, key: 'key' },
        { exchange: x2, key: 'key', expiration: '70000' },
        { exchange: x2, key: 'another key', expiration: '70000' },
        { exchange: x1, key: 'another key', expiration: '70000' },
      ];
      for (const { exchange, key, ...properties } of sent) {
        await t.publish(exchange, key, 'a', properties);
        await hold(t, source);
      }
      (await t.control()).nack(0, false, true);
      for (const { exchange, key, ...properties } of sent) {
        const [{ time: _, ...death } = { time: 0 }, ...others] = deathsOf(await t.take(dead));
        const { expiration } = properties;
        const kept = expiration === undefined ? {} : { 'original-expiration': expiration };
        const own = { count: 1, reason: 'rejected', queue: source, exchange, 'routing-keys': [key] };
        assert.deepEqual([death, ...others], [{ ...own, ...kept }]);
      }
    },
  );

  test(
    'copies of one message that die together in two queues name each its own queue',
    { rules: ['XD-04', 'XD-15'] },
    async (t) => {
      const [exchange, dead] = [await t.exchange('fanout'), await t.queue()];
      const sources = [await t.deadLetteringTo(dead), await t.deadLetteringTo(dead)];
      for (const source of sources) await t.bind(source, exchange);
      await t.publish(exchange, 'key', 'a');
      for (const source of sources) await hold(t, source);
      (await t.control()).nack(0, false, true);
      const lines = [...deathLines(await t.take(dead)), ...deathLines(await t.take(dead))];
      assert.deepEqual(lines.sort(), sources.map((source) => `${source} rejected 1`).sort());
    },
  );

  test(
    'messages that die in one queue at a time have each its own reason',
    { rules: ['XD-02', 'XD-06'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead, { 'x-max-length': 1 });
      const control = await t.control();
      await t.send(source, 'rejected');
      const { deliveryTag } = await hold(t, source);
      await t.send(source, 'maxlen');
      control.reject(deliveryTag, false);
      control.publish('', source, 'stays');
      const [one, two] = [await t.take(dead), await t.take(dead)];
      assert.deepEqual(
        { [one.body]: deathLines(one), [two.body]: deathLines(two) },
        { maxlen: [`${source} maxlen 1`], rejected: [`${source} rejected 1`] },
      );
    },
  );

  test(
    'copies of a dead letter in several queues begin alike, and each goes on with its own history',
    { rules: ['XD-15'] },
    async (t) => {
      const dx = await t.exchange('fanout');
      const last = await t.queue();
      const [one, two] = [await t.deadLetteringTo(last), await t.queue()];
      const source = await t.queue({ 'x-dead-letter-exchange': dx });
      for (const queue of [one, two]) await t.bind(queue, dx);
      await t.send(source, 'a', { headers: { own: 'header' } });
      await rejectOnly(t, source);
      const first = await rejectOnly(t, one);
      const copy = await t.take(two);
      assert.deepEqual(first.propertyBytes, copy.propertyBytes);
      assert.deepEqual(deathLines(copy), [`${source} rejected 1`]);
      assert.deepEqual(deathLines(await t.take(last)), [`${one} rejected 1`, `${source} rejected 1`]);
    },
  );
}
