import assert from 'node:assert/strict';
import { bindingEnds } from './parts/bindings-ends.ts';
import { topic } from './support/suite.ts';
import type { Table } from './support/fields.ts';
import type { Define } from './support/suite.ts';

export const bindings = topic('bindings', 'Bindings', (test) => {
  identity(test);
  ofUnequalEnds(test);
  unbinding(test);
  betweenExchanges(test);
  bindingEnds(test);
});

function identity(test: Define): void {
  test(
    'binding a queue twice the same way makes one binding: one copy arrives, and one unbind ends it',
    { rules: ['BND-01'] },
    async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange()];
      for (let n = 0; n < 2; n++) await t.bind(queue, exchange, 'k');
      await t.publish(exchange, 'k', 'a');
      assert.deepEqual(await t.drain(queue), ['a']);
      await t.unbind(queue, exchange, 'k');
      await t.publish(exchange, 'k', 'b');
      assert.deepEqual(await t.drain(queue), []);
    },
  );

  test(
    'binding a queue twice the same way is listed once',
    { rules: ['BND-01'], needs: ['management'] },
    async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange()];
      await t.bind(queue, exchange, 'k', { a: '1', b: '2' });
      await t.bind(queue, exchange, 'k', { b: '2', a: '1' });
      const { json } = await t.admin.must('GET', `/exchanges/%2F/${exchange}/bindings/source`);
      assert.equal((json as unknown[]).length, 1);
    },
  );

  test(
    'the order of the arguments of a binding does not matter',
    { rules: ['BND-01', 'BND-02'] },
    async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange()];
      await t.bind(queue, exchange, 'k', { a: '1', b: '2' });
      await t.unbind(queue, exchange, 'k', { b: '2', a: '1' });
      await t.publish(exchange, 'k', 'lost');
      assert.deepEqual(await t.drain(queue), []);
    },
  );

  const others: readonly [what: string, key: string, args: Table][] = [
    ['with another key', 'other', { a: '1' }],
    ['with other arguments', 'k', { a: '2' }],
    ['with one more argument', 'k', { a: '1', b: '2' }],
    ['without arguments', 'k', {}],
  ];
  for (const [what, key, args] of others) {
    test(
      `binding a queue again ${what} makes another binding, and unbinding that one leaves the first`,
      { rules: ['BND-01', 'BND-02'] },
      async (t) => {
        const [queue, exchange] = [await t.queue(), await t.exchange()];
        await t.bind(queue, exchange, 'k', { a: '1' });
        await t.bind(queue, exchange, key, args);
        await t.unbind(queue, exchange, key, args);
        await t.publish(exchange, 'k', 'a');
        assert.deepEqual(await t.drain(queue), ['a']);
      },
    );
  }

  test(
    'a queue gets one copy of a message however many of its bindings match',
    { rules: ['BND-01'] },
    async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange('topic')];
      for (const key of ['a.b', 'a.*', '#']) await t.bind(queue, exchange, key);
      for (const a of ['1', '2']) await t.bind(queue, exchange, 'a.b', { a });
      await t.publish(exchange, 'a.b', 'once');
      assert.deepEqual(await t.drain(queue), ['once']);
    },
  );

  test('a queue and an exchange of one name are two destinations', { rules: ['BND-01'] }, async (t) => {
    const [queue, source] = [await t.queue(), await t.exchange()];
    await t.exchange('fanout', {}, { exchange: queue });
    const behind = await t.queue();
    await t.bind(behind, queue);
    await t.bind(queue, source, 'k');
    await t.bindExchange(queue, source, 'k');
    await t.publish(source, 'k', 'a');
    assert.deepEqual([await t.drain(queue), await t.drain(behind)], [['a'], ['a']]);
    const control = await t.control();
    await control.call('exchange.unbind', { destination: queue, source, routingKey: 'k' });
    await t.publish(source, 'k', 'b');
    assert.deepEqual([await t.drain(queue), await t.drain(behind)], [['b'], []]);
  });
}

function ofUnequalEnds(test: Define): void {
  test(
    'a queue that is not durable may be bound to a durable exchange, and a durable one to a transient exchange',
    { rules: ['BND-08'] },
    async (t) => {
      for (const isDurable of [true, false]) {
        const exchange = await t.exchange('fanout', {}, { durable: isDurable });
        const queue = await t.queue({}, { exclusive: isDurable });
        await t.bind(queue, exchange);
        await t.publish(exchange, '', 'a');
        assert.deepEqual(await t.drain(queue), ['a']);
      }
    },
  );
}

function unbinding(test: Define): void {
  test('a binding that is not there may be unbound', { rules: ['BND-02'] }, async (t) => {
    await t.unbind(await t.queue(), await t.exchange(), 'k');
  });

  test('a queue may be unbound from an exchange that is not there', { rules: ['BND-02'] }, async (t) => {
    await t.unbind(await t.queue(), t.name('x'), 'k');
  });

  test('a queue that is not there may be unbound', { rules: ['BND-02'] }, async (t) => {
    await t.unbind(t.name('q'), await t.exchange(), 'k');
  });

  for (const missing of ['source', 'destination'] as const) {
    test(`exchanges may be unbound when the ${missing} is not there`, { rules: ['BND-02'] }, async (t) => {
      const ends = { source: await t.exchange(), destination: await t.exchange(), [missing]: t.name('x') };
      await (await t.control()).call('exchange.unbind', { ...ends, routingKey: 'k' });
    });
  }

  const wrong: readonly [what: string, key: string, args: Table][] = [
    ['another key', 'other', { a: '1' }],
    ['a key of another case', 'K', { a: '1' }],
    ['no arguments', 'k', {}],
    ['another value of its argument', 'k', { a: '2' }],
    ['more arguments', 'k', { a: '1', b: '2' }],
  ];
  for (const [what, key, args] of wrong) {
    test(`unbinding with ${what} leaves a binding as it is`, { rules: ['BND-02'] }, async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange()];
      await t.bind(queue, exchange, 'k', { a: '1' });
      await t.unbind(queue, exchange, key, args);
      await t.publish(exchange, 'k', 'a');
      assert.deepEqual(await t.drain(queue), ['a']);
    });
  }

  test(
    'exchanges may be bound and unbound with no-wait, which is not answered',
    { rules: ['BND-11'] },
    async (t) => {
      const [source, destination] = [await t.exchange('fanout'), await t.exchange('fanout')];
      const queue = await t.queue();
      await t.bind(queue, destination);
      const channel = await t.channel();
      channel.send('exchange.bind', { source, destination, noWait: true });
      await channel.client.expectSilence(channel.number);
      await t.publish(source, '', 'a');
      channel.send('exchange.unbind', { source, destination, noWait: true });
      await channel.client.expectSilence(channel.number);
      await t.publish(source, '', 'b');
      assert.deepEqual(await t.drain(queue), ['a']);
    },
  );

  test(
    'a queue may be bound with no-wait, and unbinding it is always answered',
    { rules: ['BND-11'] },
    async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange('fanout')];
      const channel = await t.channel();
      channel.send('queue.bind', { queue, exchange, noWait: true });
      await channel.client.expectSilence(channel.number);
      await t.publish(exchange, '', 'a');
      assert.deepEqual(await t.drain(queue), ['a']);
      await channel.call('queue.unbind', { queue, exchange });
    },
  );
}

function betweenExchanges(test: Define): void {
  test(
    'a binding between exchanges leads on what matches it, and each exchange routes in its own way',
    { rules: ['BND-06'] },
    async (t) => {
      const source = await t.exchange('topic');
      const middle = await t.exchange('fanout');
      const last = await t.exchange('direct');
      const queue = await t.queue();
      await t.bindExchange(middle, source, 'a.*');
      await t.bindExchange(last, middle, 'ignored by a fanout exchange');
      await t.bind(queue, last, 'a.b');
      for (const key of ['a.b', 'a.c', 'b.b', 'a.b.c']) await t.publish(source, key, key);
      assert.deepEqual(await t.drain(queue), ['a.b']);
    },
  );

  test(
    'a message that passed through several exchanges still says where and how it was published',
    { rules: ['BND-07'] },
    async (t) => {
      const [source, middle, last] = [
        await t.exchange('topic'),
        await t.exchange('fanout'),
        await t.exchange('fanout'),
      ];
      const queue = await t.queue();
      await t.bindExchange(middle, source, '#');
      await t.bindExchange(last, middle, 'middle');
      await t.bind(queue, last, 'last');
      await t.publish(source, 'a.b', 'fetched');
      const { exchange, routingKey } = await t.take(queue);
      assert.deepEqual({ exchange, routingKey }, { exchange: source, routingKey: 'a.b' });
      const consumer = await t.consume(queue);
      await t.publish(source, 'a.c', 'delivered');
      const delivery = await consumer.next();
      assert.deepEqual([delivery.exchange, delivery.routingKey], [source, 'a.c']);
    },
  );

  test(
    'exchanges may be bound in a circle: a message visits each once, and each queue gets one copy',
    { rules: ['BND-06'] },
    async (t) => {
      const ring = [await t.exchange('fanout'), await t.exchange('fanout'), await t.exchange('fanout')];
      const found: string[] = [];
      for (const [index, source] of ring.entries()) {
        await t.bindExchange(ring[(index + 1) % ring.length] as string, source);
        const queue = await t.queue();
        await t.bind(queue, source);
        found.push(queue);
      }
      const everywhere = await t.queue();
      for (const exchange of ring) await t.bind(everywhere, exchange);
      await t.publish(ring[1] as string, '', 'a');
      for (const queue of [...found, everywhere]) assert.deepEqual(await t.drain(queue), ['a']);
    },
  );

  test('an exchange may be bound to itself, which changes nothing', { rules: ['BND-06'] }, async (t) => {
    const exchange = await t.exchange('fanout');
    const queue = await t.queue();
    await t.bindExchange(exchange, exchange);
    await t.bind(queue, exchange);
    await t.publish(exchange, '', 'a');
    assert.deepEqual(await t.drain(queue), ['a']);
  });

  test('a queue that is reached through two exchanges gets one copy', { rules: ['BND-06'] }, async (t) => {
    const source = await t.exchange('fanout');
    const queue = await t.queue();
    for (let n = 0; n < 2; n++) {
      const way = await t.exchange('fanout');
      await t.bindExchange(way, source);
      await t.bind(queue, way);
    }
    await t.bind(queue, source);
    await t.publish(source, '', 'a');
    assert.deepEqual(await t.drain(queue), ['a']);
  });

  test('what reaches no queue behind a bound exchange is unroutable', { rules: ['BND-06'] }, async (t) => {
    const [source, destination] = [await t.exchange('fanout'), await t.exchange('fanout')];
    await t.bindExchange(destination, source);
    const channel = await t.channel();
    channel.client.publish(channel.number, { exchange: source, mandatory: true }, 'a');
    const { exchange, replyCode } = await channel.returned();
    assert.deepEqual({ exchange, replyCode }, { exchange: source, replyCode: 312 });
  });
}
