import assert from 'node:assert/strict';
import type { Channel, Consumer } from './support/channel.ts';
import type { Client } from './support/client.ts';
import type { Context } from './support/context.ts';
import { topic } from './support/suite.ts';
import type { CaseOptions } from './support/suite.ts';

const REPLY_TO = 'amq.rabbitmq.reply-to';
const MALFORMED = `${REPLY_TO}.bogus`;

export const directReplyTo = topic('direct-reply-to', 'Direct reply-to', (define) => {
  const test = (
    name: string,
    { needs = [], ...options }: CaseOptions,
    run: (t: Context) => Promise<void>,
  ): void => define(name, { ...options, needs: ['direct-reply-to', ...needs] }, run);

  test('a reply consumer needs no declaration, and gets its own tag', { rules: ['RTO-01'] }, async (t) => {
    const channel = await t.channel();
    const consume = { queue: REPLY_TO, noAck: true };
    const { consumerTag } = await channel.call('basic.consume', { ...consume, consumerTag: 'replies' });
    assert.equal(consumerTag, 'replies');
    const other = await (await t.channel()).call('basic.consume', consume);
    assert.notEqual(other.consumerTag, '');
  });

  test(
    'exclusive, no-local and arguments mean nothing to a reply consumer',
    { rules: ['RTO-01'] },
    async (t) => {
      const options = { exclusive: true, noLocal: true, arguments: { 'x-unknown': 1 } };
      for (let n = 0; n < 2; n++) {
        const requester = await requesting(t, options);
        const name = await nameOf(t, requester);
        await t.send(name, 'reply');
        assert.equal((await requester.next()).body, 'reply');
      }
    },
  );

  test('a reply consumer needs no permission', { rules: ['RTO-01'], needs: ['management'] }, async (t) => {
    const queue = await t.queue();
    const client = await t.connect(await t.user({ write: '^amq\\.default$' }));
    const requester = await requesting(t, {}, client);
    requester.channel.publish('', queue, 'request', { replyTo: REPLY_TO });
    await t.send((await t.take(queue)).properties.replyTo ?? '', 'reply');
    assert.equal((await requester.next()).body, 'reply');
  });

  test('a reply consumer cannot ack', { rules: ['RTO-02'] }, async (t) => {
    const text = 'PRECONDITION_FAILED - reply consumer cannot acknowledge';
    await t.refuses('basic.consume', { queue: REPLY_TO }, 406, text);
  });

  test('a channel has one reply consumer', { rules: ['RTO-03'] }, async (t) => {
    for (const options of [{}, { consumerTag: 'replies' }]) {
      const { channel } = await requesting(t, options);
      channel.send('basic.consume', { queue: REPLY_TO, noAck: true, ...options });
      await channel.refused(406, 'PRECONDITION_FAILED - reply consumer already set', 'basic.consume');
    }
  });

  test(
    'a second reply consumer that would ack is told that first',
    { rules: ['RTO-02', 'RTO-03'] },
    async (t) => {
      const { channel } = await requesting(t);
      channel.send('basic.consume', { queue: REPLY_TO });
      const text = 'PRECONDITION_FAILED - reply consumer cannot acknowledge';
      await channel.refused(406, text, 'basic.consume');
    },
  );

  test('a reply consumer does not take the tag of another consumer', { rules: ['RTO-01'] }, async (t) => {
    const { channel } = await t.consume(await t.queue(), { consumerTag: 'c' }, await t.connect());
    channel.send('basic.consume', { queue: REPLY_TO, noAck: true, consumerTag: 'c' });
    const text = "NOT_ALLOWED - attempt to reuse consumer tag 'c'";
    await channel.client.expectConnectionError(530, text, 'basic.consume');
  });

  test(
    'the pseudo-queue in reply-to becomes the name of the requester, the same in each request',
    { rules: ['RTO-04'] },
    async (t) => {
      const requester = await requesting(t);
      const names = [await nameOf(t, requester), await nameOf(t, requester)];
      assert.match(names[0] ?? '', /^amq\.rabbitmq\.reply-to\../);
      assert.equal(names[1], names[0]);
    },
  );

  test('any other reply-to stays as it is', { rules: ['RTO-04'] }, async (t) => {
    const [queue, { channel }] = [await t.queue(), await requesting(t)];
    for (const replyTo of [`${REPLY_TO}.`, 'AMQ.rabbitmq.reply-to', 'elsewhere', '']) {
      channel.publish('', queue, 'request', { replyTo });
      assert.equal((await t.take(queue)).properties.replyTo, replyTo);
    }
  });

  test('a request on a channel without reply consumer is refused', { rules: ['RTO-04'] }, async (t) => {
    await requesting(t);
    const text = 'PRECONDITION_FAILED - fast reply consumer does not exist';
    await t.refusesPublish({ routingKey: await t.queue() }, { replyTo: REPLY_TO }, 406, text);
  });

  test('the name of a requester fits into a short string', { rules: ['RTO-05'] }, async (t) => {
    const name = await nameOf(t, await requesting(t));
    assert.ok(name.length > REPLY_TO.length + 16, name);
    assert.match(name, /^[\x21-\x7e]{1,255}$/);
  });

  test('a name that differs in its last characters reaches nobody', { rules: ['RTO-05'] }, async (t) => {
    const requester = await requesting(t);
    const name = await nameOf(t, requester);
    const [kept, changed] = [name.slice(0, -6), name.slice(-6)];
    await t.send(kept + changed.split('').reverse().join('').toUpperCase(), 'guessed');
    await t.send(kept, 'cut short');
    await t.send(name, 'reply');
    assert.equal((await requester.next()).body, 'reply');
    await requester.channel.client.expectSilence(requester.channel.number);
  });

  test(
    'a reply is delivered as any message, with the name as routing key',
    { rules: ['RTO-06'] },
    async (t) => {
      const requester = await requesting(t);
      const name = await nameOf(t, requester);
      await t.send(name, 'reply', { correlationId: 'c1', headers: { a: 1 } });
      const message = await requester.next();
      const { consumerTag, deliveryTag, redelivered, exchange, routingKey, properties, headers } = message;
      assert.deepEqual(
        [consumerTag, deliveryTag, redelivered, exchange, routingKey],
        [requester.tag, 1, false, '', name],
      );
      assert.deepEqual([message.body, properties.correlationId, headers], ['reply', 'c1', { a: 1 }]);
    },
  );

  test(
    'replies have delivery tags of their own since 4.2',
    { rules: ['RTO-06'], since: '4.2' },
    async (t) => {
      const requester = await requesting(t);
      const name = await nameOf(t, requester);
      for (const deliveryTag of [1, 2, 3]) {
        await t.send(name, 'reply');
        assert.equal((await requester.next()).deliveryTag, deliveryTag);
      }
    },
  );

  test('replies come in the order in which they were published', { rules: ['RTO-06'] }, async (t) => {
    const requester = await requesting(t);
    const name = await nameOf(t, requester);
    const channel = await t.channel();
    const bodies = Array.from({ length: 50 }, (_, index) => `${index}`);
    for (const body of bodies) channel.publish('', name, body);
    assert.deepEqual(await requester.bodies(50), bodies);
  });

  test('an expiration does not keep a reply from its requester', { rules: ['RTO-06'] }, async (t) => {
    const requester = await requesting(t);
    await t.send(await nameOf(t, requester), 'reply', { expiration: '0' });
    const { body, properties } = await requester.next();
    assert.deepEqual([body, properties.expiration], ['reply', '0']);
  });

  for (const header of ['CC', 'BCC'] as const) {
    test(`a requester that is named in ${header} gets the reply once`, { rules: ['RTO-06'] }, async (t) => {
      const requester = await requesting(t);
      const name = await nameOf(t, requester);
      await t.send(t.name(), 'reply', { headers: { [header]: [name, name] } });
      const { body, routingKey } = await requester.next();
      assert.equal(body, 'reply');
      assert.doesNotMatch(routingKey, /reply-to/);
      await requester.channel.client.expectSilence(requester.channel.number);
    });
  }

  test('a requester may be where dead letters go', { rules: ['RTO-06'] }, async (t) => {
    const requester = await requesting(t);
    const queue = await t.deadLetteringTo(await nameOf(t, requester), { 'x-message-ttl': 0 });
    await t.send(queue, 'died');
    const { body, headers } = await requester.next();
    assert.deepEqual([body, headers['x-first-death-queue']], ['died', queue]);
  });

  test('only the default exchange leads to a requester', { rules: ['RTO-06'] }, async (t) => {
    const requester = await requesting(t);
    const name = await nameOf(t, requester);
    const channel = await t.confirmChannel();
    channel.client.publish(
      channel.number,
      { exchange: 'amq.direct', routingKey: name, mandatory: true },
      'lost',
    );
    assert.equal((await channel.returned()).body, 'lost');
  });

  test('a reply in a transaction comes with its commit', { rules: ['RTO-06'], since: '4.2' }, async (t) => {
    const requester = await requesting(t);
    const name = await nameOf(t, requester);
    const channel = await t.channel();
    await channel.call('tx.select');
    channel.publish('', name, 'reply');
    await channel.settled();
    await requester.channel.client.expectSilence(requester.channel.number);
    await channel.call('tx.commit');
    assert.equal((await requester.next()).body, 'reply');
  });

  test('a requester may answer itself', { rules: ['RTO-04', 'RTO-06'] }, async (t) => {
    const requester = await requesting(t);
    const name = await nameOf(t, requester);
    requester.channel.publish('', name, 'request', { replyTo: REPLY_TO });
    assert.equal((await requester.next()).properties.replyTo, name);
  });

  test('a request that comes back carries the name of the requester', { rules: ['RTO-04'] }, async (t) => {
    const { channel } = await requesting(t);
    const name = await replyName(t, channel);
    channel.client.publish(channel.number, { routingKey: t.name(), mandatory: true }, 'request', {
      replyTo: REPLY_TO,
    });
    const { body, properties } = await channel.returned();
    assert.deepEqual([body, properties.replyTo], ['request', name]);
  });

  for (const [how, leave] of [
    ['has cancelled', (requester: Consumer) => requester.cancel()],
    ['has closed its channel', (requester: Consumer) => requester.channel.close()],
    ['has closed its connection', (requester: Consumer) => requester.channel.client.close()],
  ] as const) {
    test(`a reply to somebody who ${how} is dropped`, { rules: ['RTO-07', 'RTO-09'] }, async (t) => {
      const requester = await requesting(t, {}, await t.connect());
      const name = await nameOf(t, requester);
      await leave(requester);
      const channel = await t.confirmChannel();
      assert.equal(await channel.publishConfirmed('', name, 'too late'), 'ack');
      await channel.client.expectSilence(channel.number);
    });
  }

  test(
    'a mandatory reply is delivered, and before 4.2 returned as well',
    { rules: ['RTO-08'] },
    async (t) => {
      const requester = await requesting(t);
      const name = await nameOf(t, requester);
      await mandatory(t, name, { returned: !t.broker.since('4.2') });
      assert.equal((await requester.next()).body, 'm');
    },
  );

  test(
    'a mandatory reply to somebody who is gone is returned before 4.2, and not since',
    { rules: ['RTO-08'] },
    async (t) => {
      const requester = await requesting(t);
      const name = await nameOf(t, requester);
      await requester.cancel();
      await mandatory(t, name, { returned: !t.broker.since('4.2') });
    },
  );

  test('a mandatory reply to a malformed name is returned', { rules: ['RTO-08'] }, (t) =>
    mandatory(t, MALFORMED, { returned: true }),
  );

  test('a reply is confirmed', { rules: ['RTO-09'] }, async (t) => {
    const requester = await requesting(t);
    const name = await nameOf(t, requester);
    assert.equal(await t.send(name, 'reply', { deliveryMode: 2 }), 'ack');
  });

  for (const passive of [false, true]) {
    const declare = passive ? 'a passive declare' : 'a declare';

    test(
      `${declare} of the pseudo-queue or of a requester says 0 messages and 1 consumer`,
      { rules: ['RTO-10'] },
      async (t) => {
        const channel = await t.channel();
        for (const queue of [REPLY_TO, await nameOf(t, await requesting(t))]) {
          const answer = await channel.call('queue.declare', { queue, passive });
          assert.deepEqual([answer.queue, answer.messageCount, answer.consumerCount], [queue, 0, 1]);
        }
      },
    );

    test(
      `${declare} of the name of a requester that is gone finds no queue`,
      { rules: ['RTO-10'] },
      async (t) => {
        const requester = await requesting(t);
        const queue = await nameOf(t, requester);
        await requester.cancel();
        await t.refuses('queue.declare', { queue, passive }, 404, noQueue(queue));
      },
    );

    test(`${declare} of a malformed name of a requester finds no queue`, { rules: ['RTO-10'] }, async (t) => {
      if (t.broker.isRabbitMQ && t.broker.since('4.2')) t.skip('RabbitMQ fails with 541 since 4.2');
      await t.refuses('queue.declare', { queue: MALFORMED, passive }, 404, noQueue(MALFORMED));
    });
  }

  test(
    'the name of a requester can be consumed from by nobody else',
    { rules: ['RTO-11'], since: '4.2' },
    async (t) => {
      const requester = await requesting(t);
      const queue = await nameOf(t, requester);
      const text = `PRECONDITION_FAILED - only creator channel may consume from queue '${queue}' in vhost '/'`;
      for (const noAck of [true, false]) await t.refuses('basic.consume', { queue, noAck }, 406, text);
      await requester.cancel();
      await t.refuses('basic.consume', { queue, noAck: true }, 406, text);
    },
  );

  for (const name of ['basic.consume', 'basic.get', 'queue.purge'] as const)
    test(`${name} finds no queue behind a malformed name`, { rules: ['RTO-11'] }, (t) =>
      t.refuses(name, { queue: MALFORMED }, 404, noQueue(MALFORMED)),
    );

  for (const name of ['basic.get', 'queue.bind', 'queue.purge'] as const) {
    test(`${name} finds no queue behind the pseudo-queue`, { rules: ['RTO-11'] }, async (t) => {
      await requesting(t);
      const args = name === 'queue.bind' ? { exchange: await t.exchange() } : {};
      await t.refuses(name, { queue: REPLY_TO, ...args }, 404, noQueue(REPLY_TO));
    });

    test(
      `${name} finds no queue behind the name of a requester before 4.2`,
      { rules: ['RTO-11'], until: '4.2' },
      async (t) => {
        const queue = await nameOf(t, await requesting(t));
        const args = name === 'queue.bind' ? { exchange: await t.exchange() } : {};
        await t.refuses(name, { queue, ...args }, 404, noQueue(queue));
      },
    );
  }

  test(
    'basic.get from the name of a requester is not implemented',
    { rules: ['RTO-11'], since: '4.2' },
    async (t) => {
      const queue = await nameOf(t, await requesting(t));
      const text = `NOT_IMPLEMENTED - basic.get not supported by volatile queue '${queue}' in vhost '/'`;
      await t.refusesConnection('basic.get', { queue }, 540, text);
    },
  );

  test(
    'there is nothing to purge behind the name of a requester',
    { rules: ['RTO-11'], since: '4.2' },
    async (t) => assert.equal(await t.purge(await nameOf(t, await requesting(t))), 0),
  );

  for (const name of ['queue.bind', 'queue.unbind'] as const) {
    test(`${name} of the name of a requester is refused`, { rules: ['RTO-11'], since: '4.2' }, async (t) => {
      const queue = await nameOf(t, await requesting(t));
      const text = 'ACCESS_REFUSED - cannot bind or unbind to a volatile (direct reply-to) queue';
      for (const exchange of [await t.exchange(), t.name('none'), '']) {
        for (const reply of [queue, MALFORMED]) {
          await t.refuses(name, { queue: reply, exchange }, 403, text);
        }
      }
    });
  }

  test('queue.delete does nothing to a requester', { rules: ['RTO-11'] }, async (t) => {
    const requester = await requesting(t);
    const name = await nameOf(t, requester);
    for (const queue of [REPLY_TO, name, MALFORMED]) assert.equal(await t.deleteQueue(queue), 0);
    await t.send(name, 'reply');
    assert.equal((await requester.next()).body, 'reply');
  });

  test('after basic.cancel a request is refused', { rules: ['RTO-12'] }, async (t) => {
    const requester = await requesting(t);
    await requester.cancel();
    requester.channel.publish('', await t.queue(), 'request', { replyTo: REPLY_TO });
    const text = 'PRECONDITION_FAILED - fast reply consumer does not exist';
    await requester.channel.refused(406, text, 'basic.publish');
  });

  test('after basic.cancel another reply consumer may be set', { rules: ['RTO-12'] }, async (t) => {
    const { channel, ...first } = await requesting(t);
    await channel.call('basic.cancel', { consumerTag: first.tag });
    const { consumerTag } = await channel.call('basic.consume', { queue: REPLY_TO, noAck: true });
    const name = await replyName(t, channel);
    await t.send(name, 'reply');
    const message = await channel.delivery();
    assert.deepEqual([message.consumerTag, message.body], [consumerTag, 'reply']);
  });

  test(
    'requesters on different channels have different names',
    { rules: ['RTO-13', 'RTO-05'] },
    async (t) => {
      const [one, other] = [await requesting(t), await requesting(t)];
      const names = [await nameOf(t, one), await nameOf(t, other)];
      assert.notEqual(names[0], names[1]);
      for (const [index, requester] of [one, other].entries()) {
        await t.send(names[index] ?? '', `reply ${index}`);
        assert.equal((await requester.next()).body, `reply ${index}`);
      }
    },
  );

  test(
    'direct reply-to appears in no list of queues',
    { rules: ['RTO-13'], needs: ['management'] },
    async (t) => {
      await requesting(t);
      const { json } = await t.admin.must('GET', '/queues/%2F?disable_stats=true&enable_queue_totals=true');
      const names = (json as readonly { readonly name: string }[]).map((queue) => queue.name);
      assert.deepEqual(
        names.filter((queue) => queue.startsWith(REPLY_TO)),
        [],
      );
    },
  );
});

/** A reply consumer on a channel of its own. */
async function requesting(t: Context, options: object = {}, client?: Client): Promise<Consumer> {
  return t.consume(REPLY_TO, { noAck: true, ...options }, client);
}

function nameOf(t: Context, { channel }: Consumer): Promise<string> {
  return replyName(t, channel);
}

/** What the reply-to of a request on this channel becomes. */
async function replyName(t: Context, channel: Channel): Promise<string> {
  const queue = await t.queue();
  channel.publish('', queue, 'request', { replyTo: REPLY_TO });
  return (await t.take(queue)).properties.replyTo ?? assert.fail('a request without reply-to');
}

function noQueue(queue: string): string {
  return `NOT_FOUND - no queue '${queue}' in vhost '/'`;
}

/** A mandatory publish through the default exchange is returned or not, and acked in any case. */
async function mandatory(t: Context, routingKey: string, { returned }: { returned: boolean }): Promise<void> {
  const channel = await t.confirmChannel();
  channel.client.publish(channel.number, { routingKey, mandatory: true }, 'm');
  if (returned) {
    const { replyCode, replyText, body } = await channel.returned();
    assert.deepEqual([replyCode, replyText, body], [312, 'NO_ROUTE', 'm']);
  }
  assert.equal(await channel.confirm(), 'ack');
  await channel.client.expectSilence(channel.number);
}
