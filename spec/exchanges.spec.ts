import assert from 'node:assert/strict';
import { declaringExchangesAgain } from './parts/exchanges-again.ts';
import { declaringExchanges } from './parts/exchanges-declaring.ts';
import { noExchange, notOnDefault } from './support/declaring-texts.ts';
import { topic } from './support/suite.ts';
import type { Context } from './support/context.ts';
import type { Define } from './support/suite.ts';

export const exchanges = topic('exchanges', 'Exchanges', (test) => {
  declaringExchanges(test);
  declaringExchangesAgain(test);
  deleting(test);
  autoDeleting(test);
  internal(test);
});

function deleting(test: Define): void {
  test('deleting an exchange that is not there succeeds', { rules: ['EXC-11'] }, async (t) => {
    await t.deleteExchange(t.name('x'));
  });

  test('the default exchange cannot be deleted', { rules: ['EXC-12'] }, async (t) => {
    await t.refuses('exchange.delete', { exchange: '' }, 403, notOnDefault);
  });

  const systemNames = ['amq.direct', 'amq.fanout', 'amq.topic', 'amq.headers', 'amq.match', 'amq.missing'];
  for (const exchange of systemNames) {
    test(`${exchange} cannot be deleted, whether it is there or not`, { rules: ['EXC-12'] }, async (t) => {
      const text = `ACCESS_REFUSED - deletion of system exchange '${exchange}' in vhost '/' not allowed`;
      await t.refuses('exchange.delete', { exchange }, 403, text);
    });
  }

  test(
    'deleting an exchange if unused is refused while a queue is bound to it',
    { rules: ['EXC-13'] },
    async (t) => {
      const exchange = await t.exchange();
      await t.bind(await t.queue(), exchange, 'k');
      await t.refuses('exchange.delete', { exchange, ifUnused: true }, 406, inUse(exchange));
      assert.equal(await t.hasExchange(exchange), true);
    },
  );

  test(
    'deleting an exchange if unused is refused while another exchange is bound to it',
    { rules: ['EXC-13'] },
    async (t) => {
      const exchange = await t.exchange();
      await t.bindExchange(await t.exchange(), exchange, 'k');
      await t.refuses('exchange.delete', { exchange, ifUnused: true }, 406, inUse(exchange));
    },
  );

  test(
    'deleting an exchange if unused is refused while it is bound to itself',
    { rules: ['EXC-13', 'BND-06'] },
    async (t) => {
      const exchange = await t.exchange();
      await t.bindExchange(exchange, exchange, 'k');
      await t.refuses('exchange.delete', { exchange, ifUnused: true }, 406, inUse(exchange));
    },
  );

  test(
    'an exchange that is only the destination of a binding is unused, and may be deleted as such',
    { rules: ['EXC-13'] },
    async (t) => {
      const exchange = await t.exchange();
      await t.bindExchange(exchange, await t.exchange(), 'k');
      const control = await t.control();
      await control.call('exchange.delete', { exchange, ifUnused: true });
      assert.equal(await t.hasExchange(exchange), false);
    },
  );

  test(
    'an exchange whose last binding was removed may be deleted if unused',
    { rules: ['EXC-13'] },
    async (t) => {
      const exchange = await t.exchange();
      const queue = await t.queue();
      await t.bind(queue, exchange, 'k');
      await t.unbind(queue, exchange, 'k');
      await (await t.control()).call('exchange.delete', { exchange, ifUnused: true });
      assert.equal(await t.hasExchange(exchange), false);
    },
  );

  test(
    'an exchange that is deleted and declared again has no queues bound to it',
    { rules: ['EXC-14'] },
    async (t) => {
      const exchange = await t.exchange('fanout');
      const queue = await t.queue();
      await t.bind(queue, exchange);
      await t.deleteExchange(exchange);
      await t.exchange('fanout', {}, { exchange });
      await t.publish(exchange, '', 'lost');
      assert.deepEqual(await t.drain(queue), []);
    },
  );

  test(
    'an exchange that is deleted and declared again is not bound to others any more',
    { rules: ['EXC-14'] },
    async (t) => {
      const source = await t.exchange('fanout');
      const exchange = await t.exchange('fanout');
      await t.bindExchange(exchange, source);
      await t.deleteExchange(exchange);
      await t.exchange('fanout', {}, { exchange });
      const queue = await t.queue();
      await t.bind(queue, exchange);
      await t.publish(source, '', 'lost');
      assert.deepEqual(await t.drain(queue), []);
      await (await t.control()).call('exchange.delete', { exchange: source, ifUnused: true });
    },
  );

  test(
    'a publisher keeps its channel when its exchange is deleted, until it publishes again',
    { rules: ['EXC-18'] },
    async (t) => {
      const exchange = await t.exchange('fanout');
      const publisher = await t.confirmChannel();
      await publisher.publishConfirmed(exchange, '', 'a');
      await t.deleteExchange(exchange);
      await publisher.client.expectSilence(publisher.number);
      publisher.publish(exchange, '', 'b');
      await publisher.refused(404, noExchange(exchange), 'basic.publish');
    },
  );
}

function autoDeleting(test: Define): void {
  test(
    'an auto-delete exchange stays while one of its bindings is left, and goes with the last one',
    { rules: ['EXC-15'] },
    async (t) => {
      const exchange = await autoDeleteExchange(t);
      const queue = await t.queue();
      for (const key of ['a', 'b']) await t.bind(queue, exchange, key);
      await t.unbind(queue, exchange, 'a');
      assert.equal(await t.hasExchange(exchange), true);
      await t.unbind(queue, exchange, 'b');
      assert.equal(await t.hasExchange(exchange), false);
    },
  );

  test('an auto-delete exchange goes when its last queue is deleted', { rules: ['EXC-15'] }, async (t) => {
    const exchange = await autoDeleteExchange(t);
    const queue = await t.queue();
    await t.bind(queue, exchange, 'k');
    await t.deleteQueue(queue);
    assert.equal(await t.hasExchange(exchange), false);
  });

  test(
    'an auto-delete exchange goes when the last exchange bound to it is deleted',
    { rules: ['EXC-15'] },
    async (t) => {
      const source = await autoDeleteExchange(t);
      const destination = await t.exchange();
      await t.bindExchange(destination, source, 'k');
      await t.deleteExchange(destination);
      assert.equal(await t.hasExchange(source), false);
    },
  );

  test(
    'an auto-delete exchange goes when the last exchange bound to it is unbound',
    { rules: ['EXC-15'] },
    async (t) => {
      const source = await autoDeleteExchange(t);
      const destination = await t.exchange();
      await t.bindExchange(destination, source, 'k');
      await (await t.control()).call('exchange.unbind', { destination, source, routingKey: 'k' });
      assert.equal(await t.hasExchange(source), false);
    },
  );

  test(
    'an auto-delete exchange goes with the exclusive queue of a connection that ends',
    { rules: ['EXC-15', 'QUE-29'] },
    async (t) => {
      const exchange = await autoDeleteExchange(t);
      const owner = await t.connect();
      const queue = await t.queue({}, { exclusive: true }, await t.channel(owner));
      const channel = await t.channel(owner);
      await channel.call('queue.bind', { queue, exchange, routingKey: 'k' });
      await owner.close();
      await t.eventually(async () => !(await t.hasExchange(exchange)), 'the exchange is gone');
    },
  );

  test(
    'auto-delete exchanges in a row go one after the other when the queue at the end is deleted',
    { rules: ['EXC-15'] },
    async (t) => {
      const [first, second] = [await autoDeleteExchange(t), await autoDeleteExchange(t)];
      const queue = await t.queue();
      await t.bindExchange(second, first, 'k');
      await t.bind(queue, second, 'k');
      await t.deleteQueue(queue);
      assert.equal(await t.hasExchange(second), false);
      assert.equal(await t.hasExchange(first), false);
    },
  );

  test('an auto-delete exchange that was never bound stays', { rules: ['EXC-15'] }, async (t) => {
    const exchange = await autoDeleteExchange(t);
    await t.publish(exchange, 'k', 'lost');
    assert.equal(await t.hasExchange(exchange), true);
  });

  test(
    'an auto-delete exchange that was only the destination of a binding stays when that goes',
    { rules: ['EXC-15'] },
    async (t) => {
      const exchange = await autoDeleteExchange(t);
      const source = await t.exchange();
      await t.bindExchange(exchange, source, 'k');
      await t.deleteExchange(source);
      assert.equal(await t.hasExchange(exchange), true);
    },
  );
}

function internal(test: Define): void {
  test('an internal exchange refuses what a client publishes', { rules: ['EXC-16'] }, async (t) => {
    const exchange = await t.exchange('fanout', {}, { internal: true });
    const text = `ACCESS_REFUSED - cannot publish to internal exchange '${exchange}' in vhost '/'`;
    await t.refusesPublish({ exchange }, {}, 403, text);
  });

  test(
    'an internal exchange routes what reaches it through a binding from another exchange',
    { rules: ['EXC-16'] },
    async (t) => {
      const source = await t.exchange('fanout');
      const exchange = await t.exchange('fanout', {}, { internal: true });
      const queue = await t.queue();
      await t.bindExchange(exchange, source);
      await t.bind(queue, exchange);
      await t.publish(source, '', 'through');
      assert.deepEqual(await t.drain(queue), ['through']);
    },
  );
}

function autoDeleteExchange(t: Context): Promise<string> {
  return t.exchange('direct', {}, { autoDelete: true });
}

function inUse(exchange: string): string {
  return `PRECONDITION_FAILED - exchange '${exchange}' in vhost '/' in use`;
}
