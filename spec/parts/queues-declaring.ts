import assert from 'node:assert/strict';
import { inequivalent, noQueue, queueLabel, samples } from '../support/declaring-texts.ts';
import type { Define } from '../support/suite.ts';

/** What a declaration answers, and which names it takes. */
export function declaringQueues(test: Define): void {
  counting(test);
  names(test);
  passive(test);
  order(test);
  flags(test);
}

function counting(test: Define): void {
  test('declaring a new queue answers its name and that it is empty', { rules: ['QUE-01'] }, async (t) => {
    const queue = t.name('q');
    const answer = await (await t.control()).call('queue.declare', { queue, durable: true });
    assert.deepEqual(answer, { name: 'queue.declare-ok', queue, messageCount: 0, consumerCount: 0 });
  });

  test(
    'declaring a queue again counts its ready messages, and not the unacked ones',
    { rules: ['QUE-01'] },
    async (t) => {
      const queue = await t.queue();
      for (const body of ['a', 'b', 'c']) await t.send(queue, body);
      await (await t.channel()).get(queue, false);
      const control = await t.control();
      await t.eventually(async () => {
        const { messageCount } = await control.call('queue.declare', { queue, durable: true });
        return messageCount === 2;
      }, '2 ready messages are counted');
    },
  );

  test('declaring a queue again counts its consumers', { rules: ['QUE-01'] }, async (t) => {
    const queue = await t.queue();
    const control = await t.control();
    const untilConsumers = (count: number): Promise<void> =>
      t.eventually(async () => {
        const { consumerCount } = await control.call('queue.declare', { queue, passive: true });
        return consumerCount === count;
      }, `${count} consumers are counted`);
    const first = await t.consume(queue);
    await t.consume(queue);
    await untilConsumers(2);
    await first.cancel();
    await untilConsumers(1);
  });

  test('a declaration with no-wait is not answered, and made', { rules: ['QUE-01'] }, async (t) => {
    const queue = t.name('q');
    const channel = await t.channel();
    channel.send('queue.declare', { queue, durable: true, noWait: true });
    await channel.client.expectSilence(channel.number);
    assert.equal(await t.hasQueue(queue), true);
  });
}

function names(test: Define): void {
  test(
    'a queue declared without a name gets a new one each time, also when one was declared before',
    { rules: ['QUE-03'] },
    async (t) => {
      const channel = await t.channel();
      const before = await t.queue({}, {}, channel);
      const made = new Set<string>();
      for (let n = 0; n < 3; n++) {
        const { queue } = await channel.call('queue.declare', { exclusive: true });
        assert.match(queue, /^amq\.gen-[A-Za-z0-9_-]{22}$/);
        made.add(queue);
      }
      assert.equal(made.size, 3);
      assert.equal(made.has(before), false);
    },
  );

  test(
    'a queue that was named by the broker is used by that name like any other',
    { rules: ['QUE-03'] },
    async (t) => {
      const queue = await t.queue({}, { queue: '', exclusive: true });
      await t.send(queue, 'a');
      assert.deepEqual(await t.drain(queue), ['a']);
    },
  );

  test('a new queue cannot have a name that begins with amq.', { rules: ['QUE-04'] }, async (t) => {
    const queue = `amq.${t.name('q')}`;
    await t.refuses('queue.declare', { queue, durable: true }, 403, reservedPrefix(queue));
  });

  test(
    'a queue that was named by the broker cannot be declared again by that name, but passively',
    { rules: ['QUE-04'] },
    async (t) => {
      const queue = await t.queue({}, { queue: '', exclusive: true });
      await t.refuses('queue.declare', { queue, exclusive: true }, 403, reservedPrefix(queue));
      assert.equal(await t.hasQueue(queue), true);
    },
  );
}

function passive(test: Define): void {
  test(
    'a passive declare of a queue that is not there is refused, and makes none',
    { rules: ['QUE-05'] },
    async (t) => {
      const queue = t.name('q');
      const declare = { queue, passive: true, durable: true };
      for (let n = 0; n < 2; n++) await t.refuses('queue.declare', declare, 404, noQueue(queue));
    },
  );

  test(
    'a passive declare of a missing queue whose name begins with amq. says that it is not there',
    { rules: ['QUE-04', 'QUE-05'] },
    async (t) => {
      const queue = `amq.${t.name('q')}`;
      await t.refuses('queue.declare', { queue, passive: true }, 404, noQueue(queue));
    },
  );

  test(
    'a passive declare asks only for the name of a queue: flags and arguments may be anything',
    { rules: ['QUE-05'] },
    async (t) => {
      const queue = await t.queue();
      const args = { 'x-message-ttl': 'soon', 'x-queue-type': samples.byte, 'x-max-age': '1D' };
      const otherFlags = { durable: false, exclusive: true, autoDelete: true };
      const control = await t.control();
      await control.call('queue.declare', { queue, passive: true, ...otherFlags, arguments: args });
      await t.queue({}, { queue });
    },
  );

  test(
    'a passive declare without a name does not mean the queue declared last',
    { rules: ['QUE-06'] },
    async (t) => {
      const channel = await t.channel();
      await t.queue({}, {}, channel);
      channel.send('queue.declare', { passive: true });
      await channel.refused(404, noQueue(''), 'queue.declare');
    },
  );
}

function order(test: Define): void {
  test(
    'the name of direct reply-to may be declared by those who may configure nothing, and makes no queue',
    { rules: ['QUE-02'], needs: ['direct-reply-to', 'management'] },
    async (t) => {
      const queue = 'amq.rabbitmq.reply-to';
      const channel = await t.channel(await t.connect(await t.user({})));
      const answer = await channel.call('queue.declare', { queue });
      assert.deepEqual(answer, { name: 'queue.declare-ok', queue, messageCount: 0, consumerCount: 1 });
    },
  );

  test(
    'a reserved queue name is refused before the permission to declare is asked for',
    { rules: ['QUE-02'], needs: ['management'] },
    async (t) => {
      const queue = `amq.${t.name('q')}`;
      const client = await t.connect(await t.user({}));
      await t.refuses('queue.declare', { queue, durable: true }, 403, reservedPrefix(queue), client);
    },
  );

  test(
    'who may not configure a queue is refused before it is compared',
    { rules: ['QUE-02'], needs: ['management'] },
    async (t) => {
      const queue = await t.queue();
      const client = await t.connect(await t.user({}));
      const text = new RegExp(`^ACCESS_REFUSED - (configure )?access to queue '${queue}' `);
      await t.refuses('queue.declare', { queue, exclusive: true }, 403, text, client);
    },
  );

  test(
    'who may not configure a queue is refused before its arguments are looked at',
    { rules: ['QUE-02'], needs: ['management'] },
    async (t) => {
      const queue = t.name('q');
      const client = await t.connect(await t.user({}));
      const text = new RegExp(`^ACCESS_REFUSED - (configure )?access to queue '${queue}' `);
      const args = { 'x-dead-letter-exchange': samples.byte };
      await t.refuses('queue.declare', { queue, durable: true, arguments: args }, 403, text, client);
    },
  );
}

function flags(test: Define): void {
  const rows = [
    ['durable', 'transient', {}, { durable: false }, 'durable', "received 'false' but current is 'true'"],
    [
      'not auto-delete',
      'auto-delete',
      {},
      { durable: true, autoDelete: true },
      'auto_delete',
      "received 'true' but current is 'false'",
    ],
    [
      'auto-delete',
      'not auto-delete',
      { autoDelete: true },
      { durable: true },
      'auto_delete',
      "received 'false' but current is 'true'",
    ],
  ] as const;
  for (const [was, is, before, after, name, difference] of rows) {
    test(
      `a queue that is ${was} cannot be declared again as ${is}`,
      { rules: ['QUE-10', 'ARG-11'] },
      async (t) => {
        const queue = await t.queue({}, before);
        const text = inequivalent(name, queueLabel(queue), difference);
        await t.refuses('queue.declare', { queue, ...after }, 406, text);
      },
    );
  }

  test(
    'an exclusive queue is never durable: it may be declared again with either value of the flag',
    { rules: ['QUE-13', 'ARG-12'] },
    async (t) => {
      for (const first of [true, false]) {
        const queue = await t.queue({}, { exclusive: true, durable: first });
        for (const durable of [true, false]) await t.queue({}, { queue, exclusive: true, durable });
      }
    },
  );

  test(
    'the HTTP API shows an exclusive queue as not durable, even when it was declared durable',
    { rules: ['QUE-13'], needs: ['management'] },
    async (t) => {
      const queue = await t.queue({}, { exclusive: true, durable: true });
      const { json } = await t.admin.must('GET', `/queues/%2F/${queue}`);
      assert.equal((json as { durable: unknown }).durable, false);
    },
  );

  test(
    'declaring a queue again keeps its messages, bindings and consumers',
    { rules: ['QUE-30'] },
    async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange('fanout')];
      await t.bind(queue, exchange);
      const consumer = await t.consume(queue, { prefetch: 1 });
      for (const body of ['a', 'b']) await t.publish(exchange, '', body);
      await t.queue({}, { queue });
      await t.publish(exchange, '', 'c');
      const bodies: string[] = [];
      while (bodies.length < 3) {
        const message = await consumer.next();
        bodies.push(message.body);
        consumer.ack(message);
      }
      assert.deepEqual(bodies, ['a', 'b', 'c']);
    },
  );

  test(
    'an auto-delete queue that is declared again while it is used still goes with its last consumer',
    { rules: ['QUE-30', 'QUE-28'] },
    async (t) => {
      const queue = await t.queue({}, { autoDelete: true });
      const consumer = await t.consume(queue);
      await t.queue({}, { queue, autoDelete: true });
      await consumer.cancel();
      assert.equal(await t.hasQueue(queue), false);
    },
  );

  test(
    'an exclusive queue that is declared again on another channel does not go with that channel',
    { rules: ['QUE-30', 'QUE-29'] },
    async (t) => {
      const queue = await t.queue({}, { exclusive: true });
      const channel = await t.channel();
      await t.queue({}, { queue, exclusive: true }, channel);
      await channel.close();
      assert.equal(await t.hasQueue(queue), true);
    },
  );
}

function reservedPrefix(queue: string): string {
  return `ACCESS_REFUSED - queue name '${queue}' contains reserved prefix 'amq.*'`;
}
