import assert from 'node:assert/strict';
import { noExchange, noQueue, notOnDefault } from '../support/declaring-texts.ts';
import { field } from '../support/fields.ts';
import type { Context } from '../support/context.ts';
import type { Value } from '../support/fields.ts';
import type { Define } from '../support/suite.ts';

/** What may be bound to what. */
export function bindingEnds(test: Define): void {
  defaultExchange(test);
  missing(test);
  ofTypes(test);
  replyQueues(test);
}

function defaultExchange(test: Define): void {
  for (const method of ['queue.bind', 'queue.unbind'] as const) {
    test(
      `the default exchange cannot be the source of a ${method}`,
      { rules: ['BND-03', 'BND-05'] },
      async (t) => {
        const queue = await t.queue();
        await t.refuses(method, { queue, exchange: '', routingKey: queue }, 403, notOnDefault);
        await t.send(queue, 'a');
        assert.deepEqual(await t.drain(queue), ['a']);
      },
    );
  }

  for (const method of ['exchange.bind', 'exchange.unbind'] as const) {
    for (const end of ['source', 'destination'] as const) {
      test(`the default exchange cannot be the ${end} of an ${method}`, { rules: ['BND-03'] }, async (t) => {
        const exchange = await t.exchange();
        const ends = { source: exchange, destination: exchange, [end]: '' };
        await t.refuses(method, { ...ends, routingKey: 'k' }, 403, notOnDefault);
      });
    }
  }

  test('amq.default is not the name of an exchange', { rules: ['BND-03'] }, async (t) => {
    const queue = await t.queue();
    const bind = { queue, exchange: 'amq.default', routingKey: queue };
    await t.refuses('queue.bind', bind, 404, noExchange('amq.default'));
  });

  test('every queue is bound to the default exchange by its name', { rules: ['BND-05'] }, async (t) => {
    const queue = await t.queue();
    await t.publish('', queue, 'a');
    const { exchange, routingKey, body } = await t.take(queue);
    assert.deepEqual([exchange, routingKey, body], ['', queue, 'a']);
  });

  test(
    'the binding of a queue to the default exchange is listed by the HTTP API',
    { rules: ['BND-05'], needs: ['management'] },
    async (t) => {
      const queue = await t.queue();
      const { json } = await t.admin.must('GET', `/queues/%2F/${queue}/bindings`);
      const listed = (json as { source: string; destination: string; routing_key: string }[]).map(
        ({ source, destination, routing_key }) => [source, destination, routing_key],
      );
      assert.deepEqual(listed, [['', queue, queue]]);
    },
  );
}

function missing(test: Define): void {
  test('a queue that is not there cannot be bound', { rules: ['BND-04'] }, async (t) => {
    const [queue, exchange] = [t.name('q'), await t.exchange()];
    await t.refuses('queue.bind', { queue, exchange }, 404, noQueue(queue));
  });

  test('a queue cannot be bound to an exchange that is not there', { rules: ['BND-04'] }, async (t) => {
    const [queue, exchange] = [await t.queue(), t.name('x')];
    await t.refuses('queue.bind', { queue, exchange }, 404, noExchange(exchange));
  });

  test(
    'when neither the queue nor the exchange of a binding is there, the exchange is named',
    { rules: ['BND-04'] },
    async (t) => {
      const [queue, exchange] = [t.name('q'), t.name('x')];
      await t.refuses('queue.bind', { queue, exchange }, 404, noExchange(exchange));
    },
  );

  for (const end of ['source', 'destination'] as const) {
    test(`exchanges cannot be bound when the ${end} is not there`, { rules: ['BND-04'] }, async (t) => {
      const [exchange, gone] = [await t.exchange(), t.name('x')];
      const ends = { source: exchange, destination: exchange, [end]: gone };
      await t.refuses('exchange.bind', ends, 404, noExchange(gone));
    });
  }

  test(
    'when neither exchange of a binding is there, the source is named',
    { rules: ['BND-04'] },
    async (t) => {
      const [source, destination] = [t.name('x'), t.name('x')];
      await t.refuses('exchange.bind', { source, destination }, 404, noExchange(source));
    },
  );

  test(
    'an exchange is not found as the destination of a queue binding, nor a queue as that of an exchange binding',
    { rules: ['BND-04'] },
    async (t) => {
      const [queue, exchange, other] = [await t.queue(), await t.exchange(), await t.exchange()];
      await t.refuses('queue.bind', { queue: other, exchange }, 404, noQueue(other));
      await t.refuses('exchange.bind', { source: exchange, destination: queue }, 404, noExchange(queue));
    },
  );
}

function ofTypes(test: Define): void {
  const bad: readonly [what: string, value: Value, text: string][] = [
    ["'foo'", 'foo', 'value <<"foo">>; expected all, any, all-with-x, or any-with-x'],
    ["'ALL'", 'ALL', 'value <<"ALL">>; expected all, any, all-with-x, or any-with-x'],
    ["''", '', 'value <<>>; expected all, any, all-with-x, or any-with-x'],
    ['of type byte', field('b', 5), 'type byte (value 5); expected longstr'],
    ['of type signedint', field('I', 5), 'type signedint (value 5); expected longstr'],
    ['of type long', field('l', 5), 'type long (value 5); expected longstr'],
    ['of type double', field('d', 5.5), 'type double (value 5.5); expected longstr'],
    ['of type bool', true, 'type bool (value true); expected longstr'],
    ['of type timestamp', field('T', 5), 'type timestamp (value 5); expected longstr'],
    ['of type void', null, 'type void (value undefined); expected longstr'],
    ['of type array', [], 'type array (value []); expected longstr'],
    ['of type table', {}, 'type table (value []); expected longstr'],
    ['of type binary', field('x', 'any'), 'type binary (value <<"any">>); expected longstr'],
  ];
  for (const [what, value, text] of bad) {
    test(`x-match of a binding to a headers exchange cannot be ${what}`, { rules: ['BND-09'] }, async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange('headers')];
      const bind = { queue, exchange, arguments: { 'x-match': value } };
      await t.refuses('queue.bind', bind, 406, invalidMatch(text));
    });
  }

  test(
    'x-match of a binding from a headers exchange to another exchange is looked at in the same way',
    { rules: ['BND-09'] },
    async (t) => {
      const [source, destination] = [await t.exchange('headers'), await t.exchange()];
      const bind = { source, destination, arguments: { 'x-match': field('b', 5) } };
      const text = 'type byte (value 5); expected longstr';
      await t.refuses('exchange.bind', bind, 406, invalidMatch(text));
    },
  );

  for (const value of ['all', 'any', 'all-with-x', 'any-with-x']) {
    test(`x-match of a binding to a headers exchange may be '${value}'`, { rules: ['BND-09'] }, async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange('headers')];
      await t.bind(queue, exchange, '', { 'x-match': value, a: '1' });
      await t.publish(exchange, '', 'a', { headers: { a: '1' } });
      assert.deepEqual(await t.drain(queue), ['a']);
    });
  }

  for (const type of ['direct', 'fanout', 'topic']) {
    test(`x-match means nothing in a binding to a ${type} exchange`, { rules: ['BND-09'] }, async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange(type)];
      await t.bind(queue, exchange, 'k', { 'x-match': field('b', 5) });
      await t.publish(exchange, 'k', 'a');
      assert.deepEqual(await t.drain(queue), ['a']);
    });
  }

  for (const [key, text] of [
    ['abc', 'The binding key must be an integer: <<"abc">>'],
    ['0', 'The binding key must be greater than 0'],
  ] as const) {
    test(
      `the weight of a binding to a consistent hash exchange cannot be '${key}'`,
      { rules: ['BND-09'], needs: ['consistent-hash-exchange'] },
      async (t) => {
        const [queue, exchange] = [await t.queue(), await t.exchange('x-consistent-hash')];
        const bind = { queue, exchange, routingKey: key };
        await t.refuses('queue.bind', bind, 406, `PRECONDITION_FAILED - ${text}`);
      },
    );
  }
}

function replyQueues(test: Define): void {
  test(
    'the queue of direct reply-to cannot be bound',
    { rules: ['BND-10'], needs: ['direct-reply-to'] },
    async (t) => {
      const queue = await replyQueue(t);
      const exchange = await t.exchange();
      const bind = { queue, exchange, routingKey: 'k' };
      const isKnown = t.broker.since('4.2');
      const text = 'ACCESS_REFUSED - cannot bind or unbind to a volatile (direct reply-to) queue';
      await t.refuses('queue.bind', bind, isKnown ? 403 : 404, isKnown ? text : noQueue(queue));
    },
  );
}

/** The name under which others may publish to a consumer of direct replies. */
async function replyQueue(t: Context): Promise<string> {
  const requester = await t.channel();
  await requester.call('basic.consume', { queue: 'amq.rabbitmq.reply-to', noAck: true });
  const requests = await t.queue();
  requester.publish('', requests, 'a', { replyTo: 'amq.rabbitmq.reply-to' });
  return (await t.take(requests)).properties.replyTo as string;
}

function invalidMatch(text: string): string {
  return `PRECONDITION_FAILED - Invalid x-match field ${text}`;
}
