import assert from 'node:assert/strict';
import { alternateExchange } from './parts/routing-alternate.ts';
import { headersExchange } from './parts/routing-headers.ts';
import { recentHistory } from './parts/routing-history.ts';
import { oneOfMany } from './parts/routing-one-of-many.ts';
import { topicExchange } from './parts/routing-topic.ts';
import { tracing } from './parts/routing-tracing.ts';
import { field } from './support/fields.ts';
import { topic } from './support/suite.ts';
import type { Define } from './support/suite.ts';

export const routing = topic('routing', 'Routing', (test) => {
  directAndFanout(test);
  alternateExchange(test);
  topicExchange(test);
  headersExchange(test);
  oneOfMany(test);
  recentHistory(test);
  senderSelected(test);
  tracing(test);
});

function directAndFanout(test: Define): void {
  test('a direct exchange compares keys byte for byte', { rules: ['RTE-01'] }, async (t) => {
    const [exchange, queue] = [await t.exchange(), await t.queue()];
    await t.bind(queue, exchange, 'key');
    for (const key of ['key', 'Key', 'key.', 'ke', '', '*', '#']) await t.publish(exchange, key, key);
    assert.deepEqual(await t.drain(queue), ['key']);
  });

  test(
    'the empty binding key of a direct exchange matches the empty routing key',
    { rules: ['RTE-01'] },
    async (t) => {
      const [exchange, queue] = [await t.exchange(), await t.queue()];
      await t.bind(queue, exchange, '');
      for (const key of ['', 'a']) await t.publish(exchange, key, `'${key}'`);
      assert.deepEqual(await t.drain(queue), ["''"]);
    },
  );

  test('wildcards mean nothing to a direct exchange', { rules: ['RTE-01'] }, async (t) => {
    const [exchange, queue] = [await t.exchange(), await t.queue()];
    await t.bind(queue, exchange, 'a.#');
    for (const key of ['a.#', 'a.b', 'a']) await t.publish(exchange, key, key);
    assert.deepEqual(await t.drain(queue), ['a.#']);
  });

  test('a direct exchange gives a copy to every queue with the key', { rules: ['RTE-01'] }, async (t) => {
    const [exchange, queues] = [await t.exchange(), [await t.queue(), await t.queue()]];
    for (const queue of queues) await t.bind(queue, exchange, 'key');
    await t.publish(exchange, 'key', 'm');
    for (const queue of queues) assert.deepEqual(await t.drain(queue), ['m']);
  });

  test('a fanout exchange looks at neither keys nor arguments', { rules: ['RTE-01'] }, async (t) => {
    const [exchange, queues] = [await t.exchange('fanout'), [await t.queue(), await t.queue()]];
    await t.bind(queues[0] ?? '', exchange, 'key', { a: 1 });
    await t.bind(queues[1] ?? '', exchange);
    await t.publish(exchange, 'other', 'm');
    for (const queue of queues) assert.deepEqual(await t.drain(queue), ['m']);
  });

  test('a queue gets one copy, however many bindings match', { rules: ['RTE-02'] }, async (t) => {
    const [exchange, queue] = [await t.exchange('topic'), await t.queue()];
    for (const key of ['a.*', '#', 'a.b']) await t.bind(queue, exchange, key);
    await t.publish(exchange, 'a.b', 'once');
    assert.deepEqual(await t.drain(queue), ['once']);
  });

  test(
    'a queue gets one copy, however many ways through exchanges lead to it',
    { rules: ['RTE-02'] },
    async (t) => {
      const [first, queue] = [await t.exchange('fanout'), await t.queue()];
      const between = [await t.exchange('fanout'), await t.exchange('topic')];
      for (const exchange of between) {
        await t.bindExchange(exchange, first);
        await t.bind(queue, exchange, '#');
      }
      await t.bind(queue, first);
      await t.publish(first, '', 'once');
      assert.deepEqual(await t.drain(queue), ['once']);
    },
  );

  test(
    'a queue gets one copy, however many keys of CC and BCC name it',
    { rules: ['RTE-02', 'RTE-30'] },
    async (t) => {
      const queue = await t.queue();
      await t.send(queue, 'once', { headers: { CC: [queue, queue], BCC: [queue] } });
      assert.deepEqual(await t.drain(queue), ['once']);
    },
  );
}

function senderSelected(test: Define): void {
  for (const header of ['CC', 'BCC']) {
    test(`${header} names more queues for the default exchange`, { rules: ['RTE-30'] }, async (t) => {
      const queues = [await t.queue(), await t.queue(), await t.queue()];
      const [first = '', ...others] = queues;
      await t.send(first, 'm', { headers: { [header]: others } });
      for (const queue of queues) assert.deepEqual(await t.drain(queue), ['m']);
    });

    test(`${header} adds routing keys for a direct exchange`, { rules: ['RTE-30'] }, async (t) => {
      const [exchange, queue] = [await t.exchange(), await t.queue()];
      await t.bind(queue, exchange, 'other');
      await t.publish(exchange, 'key', 'yes', { headers: { [header]: ['no', 'other'] } });
      await t.publish(exchange, 'key', 'no', { headers: { [header]: ['no', 'Other'] } });
      assert.deepEqual(await t.drain(queue), ['yes']);
    });

    test(`${header} adds routing keys for a topic exchange`, { rules: ['RTE-30'] }, async (t) => {
      const [exchange, queue] = [await t.exchange('topic'), await t.queue()];
      await t.bind(queue, exchange, 'a.*');
      await t.publish(exchange, 'key', 'yes', { headers: { [header]: ['b.c', 'a.b'] } });
      await t.publish(exchange, 'key', 'no', { headers: { [header]: ['a.b.c'] } });
      assert.deepEqual(await t.drain(queue), ['yes']);
    });

    test(
      `a mandatory message that only ${header} routes is not returned`,
      { rules: ['RTE-30'] },
      async (t) => {
        const [queue, routingKey, channel] = [await t.queue(), t.name(), await t.confirmChannel()];
        const headers = { [header]: [queue] };
        channel.client.publish(channel.number, { routingKey, mandatory: true }, 'm', { headers });
        assert.equal(await channel.confirm(), 'ack');
        assert.deepEqual(await t.drain(queue), ['m']);
      },
    );
  }

  test(
    'CC stays in a message, BCC does not, and the routing key is that of the publish',
    { rules: ['RTE-30'] },
    async (t) => {
      const queues = [await t.queue(), await t.queue(), await t.queue()];
      const [first = '', cc = '', bcc = ''] = queues;
      await t.send(first, 'm', { headers: { CC: [cc], BCC: [bcc], other: 1 } });
      for (const queue of queues) {
        const { headers, routingKey } = await t.take(queue);
        assert.deepEqual([routingKey, headers], [first, { CC: [cc], other: 1 }]);
      }
    },
  );

  test('a header is CC or BCC only in capitals', { rules: ['RTE-30'] }, async (t) => {
    const [first, other] = [await t.queue(), await t.queue()];
    const headers = { cc: [other], Bcc: [other] };
    await t.send(first, 'm', { headers });
    assert.deepEqual((await t.take(first)).headers, headers);
    await t.staysEmpty(other);
  });

  test(
    'elements of CC that are no strings are ignored, and stay in the header',
    { rules: ['RTE-30', 'TXC-06'] },
    async (t) => {
      const [first, other] = [await t.queue(), await t.queue()];
      const CC = [5, true, other, null];
      await t.send(first, 'm', { headers: { CC } });
      for (const queue of [first, other]) assert.deepEqual((await t.take(queue)).headers, { CC });
    },
  );

  for (const [header, value, shown] of [
    ['CC', 'key', 'longstr'],
    ['BCC', field('b', 5), 'byte'],
    ['CC', { key: 'a' }, 'table'],
    ['BCC', true, 'bool'],
  ] as const) {
    test(`${header} may not be of type ${shown}`, { rules: ['TXC-06'] }, async (t) => {
      const text = `PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"${header}",${shown}}`;
      const routingKey = await t.queue();
      await t.refusesPublish({ routingKey }, { headers: { [header]: value } }, 406, text);
      await t.staysEmpty(routingKey);
    });
  }
}
