import assert from 'node:assert/strict';
import { publishChecks } from './parts/publishing-checks.ts';
import { field, plain } from './support/fields.ts';
import { topic } from './support/suite.ts';

export const publishing = topic('publishing', 'Publishing', (test) => {
  test('a message that reaches no queue is dropped and acked', { rules: ['PUB-06'] }, async (t) => {
    const exchange = await t.exchange();
    const channel = await t.confirmChannel();
    channel.publish(exchange, 'nowhere', 'a');
    assert.equal((await channel.expect('basic.ack')).deliveryTag, 1);
    await channel.client.expectSilence(channel.number);
  });

  test('a message that reaches no queue is dropped without a word', { rules: ['PUB-06'] }, async (t) => {
    const channel = await t.channel();
    channel.publish('', t.name('nowhere'), 'a');
    await channel.client.expectSilence(channel.number);
  });

  test(
    'a mandatory message that reaches no queue comes back unchanged, and before its ack',
    { rules: ['PUB-07'] },
    async (t) => {
      const exchange = await t.exchange();
      const { client, number } = await t.confirmChannel();
      const properties = {
        contentType: 'text/plain',
        headers: { text: 'b', short: field('s', 5), nested: { list: [1, true] } },
        deliveryMode: 2,
        expiration: '60000',
        messageId: 'm',
        timestamp: 1,
      };
      client.publish(number, { exchange, routingKey: 'key', mandatory: true }, 'body', properties);
      const { replyCode, replyText, ...returned } = await client.message(number, 'basic.return');
      assert.deepEqual([replyCode, replyText], [312, 'NO_ROUTE']);
      assert.deepEqual([returned.exchange, returned.routingKey], [exchange, 'key']);
      assert.equal(returned.body, 'body');
      assert.deepEqual(
        { ...returned.properties, headers: returned.headers },
        { ...properties, headers: plain(properties.headers) },
      );
      assert.equal(returned.typedHeaders['short']?.tag, 's');
      const { deliveryTag, multiple } = await client.expect(number, 'basic.ack');
      assert.deepEqual([deliveryTag, multiple], [1, false]);
    },
  );

  test(
    'a mandatory message comes back without confirm mode and without a body',
    { rules: ['PUB-07'] },
    async (t) => {
      const channel = await t.channel();
      const routingKey = t.name('nowhere');
      channel.client.publish(channel.number, { routingKey, mandatory: true });
      const returned = await channel.returned();
      assert.deepEqual([returned.exchange, returned.routingKey, returned.body], ['', routingKey, '']);
      await channel.client.expectSilence(channel.number);
    },
  );

  test(
    'a returned message has since 4.0 the properties with which it would have been delivered',
    { rules: ['PUB-07'] },
    async (t) => {
      const channel = await t.channel();
      const headers = { BCC: [t.name()], a: 1 };
      const properties = { expiration: '0100', headers };
      channel.client.publish(channel.number, { routingKey: t.name(), mandatory: true }, 'm', properties);
      const returned = await channel.returned();
      const isNew = t.broker.since('4.0');
      assert.equal(returned.properties.expiration, isNew ? '100' : '0100');
      assert.deepEqual(returned.headers, { a: 1 });
    },
  );

  test('a mandatory message that is routed does not come back', { rules: ['PUB-07'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.confirmChannel();
    channel.client.publish(channel.number, { routingKey: queue, mandatory: true }, 'a');
    await channel.expect('basic.ack');
    await channel.client.expectSilence(channel.number);
    assert.deepEqual(await t.drain(queue), ['a']);
  });

  test('reaching an exchange that leads nowhere is reaching nothing', { rules: ['PUB-08'] }, async (t) => {
    const [source, destination] = [await t.exchange('fanout'), await t.exchange('fanout')];
    await t.bindExchange(destination, source);
    const channel = await t.channel();
    channel.client.publish(channel.number, { exchange: source, mandatory: true });
    assert.equal((await channel.returned()).exchange, source);
  });

  test(
    'reaching an alternate exchange that leads nowhere is reaching nothing',
    { rules: ['PUB-08'] },
    async (t) => {
      const alternate = await t.exchange('fanout');
      const exchange = await t.exchange('direct', { 'alternate-exchange': alternate });
      const channel = await t.channel();
      channel.client.publish(channel.number, { exchange, routingKey: 'key', mandatory: true });
      assert.equal((await channel.returned()).exchange, exchange);
    },
  );

  for (const [what, isAlternate] of [
    ['an alternate exchange', true],
    ['a binding between exchanges', false],
  ] as const)
    test(`a message that reaches a queue by ${what} is routed`, { rules: ['PUB-08'] }, async (t) => {
      const [queue, last] = [await t.queue(), await t.exchange('fanout')];
      await t.bind(queue, last);
      const args = isAlternate ? { 'alternate-exchange': last } : {};
      const exchange = await t.exchange('direct', args);
      if (!isAlternate) await t.bindExchange(last, exchange, 'key');
      const channel = await t.confirmChannel();
      channel.client.publish(channel.number, { exchange, routingKey: 'key', mandatory: true }, 'a');
      await channel.expect('basic.ack');
      const message = await t.take(queue);
      assert.deepEqual([message.exchange, message.routingKey, message.body], [exchange, 'key', 'a']);
    });

  test(
    'in a transaction messages come back on commit, before commit-ok',
    { rules: ['PUB-09'] },
    async (t) => {
      const channel = await t.channel();
      await channel.call('tx.select');
      for (const routingKey of [t.name('one'), t.name('two')])
        channel.client.publish(channel.number, { routingKey, mandatory: true }, routingKey);
      await channel.client.expectSilence(channel.number);
      channel.send('tx.commit');
      for (let n = 0; n < 2; n++) {
        const { routingKey, body } = await channel.returned();
        assert.equal(routingKey, body);
      }
      await channel.expect('tx.commit-ok');
    },
  );

  test('messages of one channel keep their order, whatever they are', { rules: ['PUB-14'] }, async (t) => {
    const queue = await t.queue();
    const channel = await t.channel();
    for (let n = 0; n < 200; n++) channel.publish('', queue, `${n}`, { deliveryMode: 1 + (n % 2) });
    const consumer = await t.consume(queue, { noAck: true });
    assert.deepEqual(
      await consumer.bodies(200),
      Array.from({ length: 200 }, (_, n) => `${n}`),
    );
  });

  test('messages keep their order in every queue they are routed to', { rules: ['PUB-14'] }, async (t) => {
    const exchange = await t.exchange('topic');
    const queues = [await t.queue(), await t.queue()];
    for (const queue of queues) await t.bind(queue, exchange, '#');
    const channel = await t.channel();
    const bodies = Array.from({ length: 50 }, (_, n) => `${n}`);
    for (const body of bodies) channel.publish(exchange, `key.${body}`, body);
    for (const queue of queues) assert.deepEqual(await t.takeBodies(queue, 50), bodies);
  });

  test(
    'the default exchange routes to the queue named by the routing key',
    { rules: ['PUB-15'] },
    async (t) => {
      const [one, other] = [await t.queue(), await t.queue()];
      await t.send(one, 'a');
      const { exchange, routingKey, body } = await t.take(one);
      assert.deepEqual([exchange, routingKey, body], ['', one, 'a']);
      assert.equal(await t.count(other), 0);
    },
  );

  test('the default exchange routes to the queues named by CC and BCC', { rules: ['PUB-15'] }, async (t) => {
    const [to, cc, bcc] = [await t.queue(), await t.queue(), await t.queue()];
    await t.send(to, 'a', { headers: { CC: [cc], BCC: [bcc] } });
    for (const queue of [to, cc, bcc]) {
      const { routingKey, body } = await t.take(queue);
      assert.deepEqual([routingKey, body], [to, 'a']);
    }
  });

  test('there is no exchange of the name amq.default', { rules: ['PUB-15'] }, async (t) => {
    const publish = { exchange: 'amq.default', routingKey: await t.queue() };
    await t.refusesPublish(publish, {}, 404, "NOT_FOUND - no exchange 'amq.default' in vhost '/'");
  });

  publishChecks(test);
});
