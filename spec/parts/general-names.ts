import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { lonely, opening, TUNED, tuning } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import type { Args } from '../support/protocol.ts';

/** Names of queues and exchanges, and arguments that mean nothing. */
export function nameCases(test: Define): void {
  lineEnds(test);
  lastDeclared(test);
  reserved(test);
  characters(test);
}

/** The same name with line ends in it. */
function broken(name: string): string {
  return `\r\n${name.slice(0, 4)}\r${name.slice(4)}\n`;
}

function lineEnds(test: Define): void {
  test(
    'line ends are taken out of the name of a queue that is declared',
    { rules: ['GEN-06'] },
    async (t) => {
      const queue = t.name('q');
      const control = await t.control();
      const declared = await control.call('queue.declare', { queue: broken(queue), durable: true });
      assert.equal(declared.queue, queue);
      assert.equal(await t.hasQueue(queue), true);
    },
  );

  test('line ends are taken out of the name of a queue that is deleted', { rules: ['GEN-06'] }, async (t) => {
    const queue = await t.queue();
    await (await t.control()).call('queue.delete', { queue: broken(queue) });
    assert.equal(await t.hasQueue(queue), false);
  });

  test('line ends are taken out of the name of an exchange', { rules: ['GEN-06'] }, async (t) => {
    const exchange = t.name('x');
    const control = await t.control();
    await control.call('exchange.declare', { exchange: broken(exchange), type: 'direct' });
    assert.equal(await t.hasExchange(exchange), true);
    await control.call('exchange.delete', { exchange: broken(exchange) });
    assert.equal(await t.hasExchange(exchange), false);
  });

  test('line ends are taken out of the names in a binding of a queue', { rules: ['GEN-06'] }, async (t) => {
    const [queue, exchange] = [await t.queue(), await t.exchange('fanout')];
    await t.bind(broken(queue), broken(exchange));
    await t.publish(exchange, '', 'a');
    assert.equal((await t.take(queue)).body, 'a');
    await t.unbind(broken(queue), broken(exchange));
    await t.publish(exchange, '', 'b');
    assert.equal(await t.get(queue), undefined);
  });

  test(
    'line ends are taken out of the names in a binding of an exchange',
    { rules: ['GEN-06'] },
    async (t) => {
      const queue = await t.queue();
      const [source, destination] = [await t.exchange('fanout'), await t.exchange('fanout')];
      await t.bind(queue, destination);
      const control = await t.control();
      const binding = { source: broken(source), destination: broken(destination) };
      await control.call('exchange.bind', binding);
      await t.publish(source, '', 'a');
      assert.equal((await t.take(queue)).body, 'a');
      await control.call('exchange.unbind', binding);
      await t.publish(source, '', 'b');
      assert.equal(await t.get(queue), undefined);
    },
  );

  for (const name of ['basic.consume', 'basic.get', 'queue.purge'] as const) {
    test(`${name} takes the name of a queue with its line ends`, { rules: ['GEN-06'] }, async (t) => {
      const queue = await t.queue();
      await t.refuses(name, { queue: `${queue}\n` }, 404, /^NOT_FOUND - no queue '/);
    });
  }

  test('basic.publish takes names with their line ends', { rules: ['GEN-06'] }, async (t) => {
    const [queue, exchange] = [await t.queue(), await t.exchange('fanout')];
    await t.send(`${queue}\n`, 'to nobody');
    await t.refusesPublish({ exchange: `${exchange}\r` }, {}, 404, /^NOT_FOUND - no exchange '/);
    assert.equal(await t.get(queue), undefined);
  });
}

function lastDeclared(test: Define): void {
  test('without a name a queue is fetched from that was declared last', { rules: ['GEN-09'] }, async (t) => {
    const channel = await lonely(t);
    const [first, last] = [await t.queue({}, {}, channel), await t.queue({}, {}, channel)];
    await t.send(first, 'first');
    await t.send(last, 'last');
    assert.equal((await channel.get(''))?.body, 'last');
  });

  test('a passive declaration counts as one', { rules: ['GEN-09'] }, async (t) => {
    const channel = await lonely(t);
    const [first] = [await t.queue({}, {}, channel), await t.queue({}, {}, channel)];
    await channel.call('queue.declare', { queue: first, passive: true });
    await t.send(first, 'first');
    assert.equal((await channel.get(''))?.body, 'first');
  });

  test('a declaration with no-wait counts as one', { rules: ['GEN-09', 'GEN-07'] }, async (t) => {
    const channel = await lonely(t);
    const queue = t.name('q');
    channel.send('queue.declare', { queue, durable: true, noWait: true });
    channel.publish('', queue, 'a');
    assert.equal((await channel.get(''))?.body, 'a');
  });

  test(
    'without a name the queue declared last is consumed, purged and deleted',
    { rules: ['GEN-09'] },
    async (t) => {
      const channel = await lonely(t);
      const queue = await t.queue({}, {}, channel);
      await t.send(queue, 'a');
      assert.equal((await channel.call('queue.purge')).messageCount, 1);
      const { consumerTag } = await channel.call('basic.consume', { noAck: true });
      await t.send(queue, 'b');
      assert.equal((await channel.delivery()).body, 'b');
      await channel.call('basic.cancel', { consumerTag });
      await channel.call('queue.delete');
      assert.equal(await t.hasQueue(queue), false);
    },
  );

  test('the queue declared last is one of this channel', { rules: ['GEN-09'] }, async (t) => {
    const client = await t.connect();
    await t.queue({}, {}, await t.channel(client));
    const text = 'NOT_FOUND - no previously declared queue';
    await t.refuses('basic.get', {}, 404, text, client);
  });

  for (const [name, args] of [
    ['queue.bind', { exchange: 'amq.direct', routingKey: 'key' }],
    ['queue.unbind', { exchange: 'amq.direct', routingKey: 'key' }],
    ['queue.purge', {}],
    ['queue.delete', {}],
    ['basic.consume', {}],
    ['basic.get', {}],
  ] as const) {
    test(`${name} without a name needs a queue that was declared`, { rules: ['GEN-09'] }, async (t) => {
      const text = 'NOT_FOUND - no previously declared queue';
      await t.refuses(name, args as Args<typeof name>, 404, text);
    });
  }

  test('queue.declare without a name makes another queue each time', { rules: ['GEN-09'] }, async (t) => {
    const channel = await lonely(t);
    const names = [];
    for (let n = 0; n < 2; n++) names.push((await channel.call('queue.declare', { exclusive: true })).queue);
    assert.notEqual(names[0], names[1]);
  });

  test(
    'a binding without queue and key takes the queue declared last for both',
    { rules: ['GEN-10'] },
    async (t) => {
      const exchange = await t.exchange();
      const channel = await lonely(t);
      const queue = await t.queue({}, {}, channel);
      await channel.call('queue.bind', { exchange });
      await t.publish(exchange, '', 'not bound with this');
      await t.publish(exchange, queue, 'a');
      assert.deepEqual(await t.drain(queue), ['a']);
      await channel.call('queue.unbind', { exchange });
      await t.publish(exchange, queue, 'b');
      assert.equal(await t.get(queue), undefined);
    },
  );

  test('a binding without a queue keeps its key', { rules: ['GEN-10', 'GEN-09'] }, async (t) => {
    const exchange = await t.exchange();
    const channel = await lonely(t);
    const queue = await t.queue({}, {}, channel);
    await channel.call('queue.bind', { exchange, routingKey: 'key' });
    await t.publish(exchange, queue, 'not bound with this');
    await t.publish(exchange, 'key', 'a');
    assert.deepEqual(await t.drain(queue), ['a']);
  });

  test('a binding with a queue and without a key has the empty key', { rules: ['GEN-10'] }, async (t) => {
    const exchange = await t.exchange();
    const channel = await lonely(t);
    const queue = await t.queue({}, {}, channel);
    await channel.call('queue.bind', { queue, exchange });
    await t.publish(exchange, queue, 'not bound with this');
    await t.publish(exchange, '', 'a');
    assert.deepEqual(await t.drain(queue), ['a']);
  });
}

function reserved(test: Define): void {
  test('access.request is granted with ticket 1', { rules: ['GEN-11'] }, async (t) => {
    const channel = await lonely(t);
    const asked = { realm: '/no/such/realm', exclusive: true, write: true, read: true };
    assert.equal((await channel.call('access.request', asked)).ticket, 1);
  });

  test('tickets are not looked at', { rules: ['GEN-11'] }, async (t) => {
    const channel = await lonely(t);
    const [queue, exchange] = [t.name('q'), t.name('x')];
    const ticket = 65_535;
    await channel.call('queue.declare', { ticket, queue, durable: true });
    await channel.call('exchange.declare', { ticket, exchange, type: 'fanout' });
    await channel.call('queue.bind', { ticket, queue, exchange });
    channel.client.publish(channel.number, { ticket, exchange }, 'a');
    channel.send('basic.get', { ticket, queue, noAck: true });
    assert.equal((await channel.client.message(channel.number, 'basic.get-ok')).body, 'a');
    await channel.call('queue.delete', { ticket, queue });
  });

  test('what connection.open asks for beside a vhost is not looked at', { rules: ['GEN-11'] }, async (t) => {
    const client = await tuning(t);
    client.send(0, 'connection.tune-ok', TUNED);
    const asked = { virtualHost: '/', capabilities: 'time travel', insist: true };
    assert.equal((await client.call(0, 'connection.open', asked)).knownHosts, '');
  });

  test(
    'channel.open may say something out of band, and its answer is empty',
    { rules: ['GEN-11'] },
    async (t) => {
      const client = await opening(t);
      await client.call(0, 'connection.open', { virtualHost: '/' });
      const { channelId } = await client.call(1, 'channel.open', { outOfBand: 'psst' });
      assert.equal(channelId.length, 0);
    },
  );

  test('get-empty has no cluster id', { rules: ['GEN-11'] }, async (t) => {
    const channel = await lonely(t);
    channel.send('basic.get', { queue: await t.queue() });
    assert.equal((await channel.expect('basic.get-empty')).clusterId, '');
  });
}

function characters(test: Define): void {
  test('names that differ in upper and lower case are two names', { rules: ['GEN-13'] }, async (t) => {
    const queue = t.name('q');
    const upper = queue.toUpperCase();
    t.owns(upper);
    await t.queue({}, { queue });
    assert.equal(await t.hasQueue(upper), false);
    await t.queue({}, { queue: upper });
    await t.send(upper, 'a');
    assert.deepEqual([await t.get(queue), (await t.get(upper))?.body], [undefined, 'a']);
  });

  for (const [what, odd] of [
    ['blanks', ' a b '],
    ['slashes and per cents', '/a/%2F%'],
    ['quotes', `'"\``],
    ['wildcards', '*.#'],
    ['octets that cannot be seen', '\0\t\u007f'],
    ['letters of the world', 'žluťoučký 兔 🐇'],
  ] as const) {
    test(`a name may hold ${what}`, { rules: ['GEN-13', 'GEN-12'] }, async (t) => {
      const name = `${t.name('q')}${odd}`;
      t.owns(name);
      assert.equal(await t.queue({}, { queue: name }), name);
      await t.exchange('fanout', {}, { exchange: name });
      await t.bind(name, name, odd);
      await t.publish(name, odd, 'a');
      const message = await t.take(name);
      assert.deepEqual([message.exchange, message.routingKey], [name, odd]);
    });
  }

  test('a name and a routing key may have 255 bytes', { rules: ['GEN-12'] }, async (t) => {
    const queue = t.name('q').padEnd(255, 'x');
    const exchange = await t.exchange();
    t.owns(queue);
    await t.queue({}, { queue });
    await t.bind(queue, exchange, 'k'.repeat(255));
    await t.publish(exchange, 'k'.repeat(255), 'a');
    const consumer = await t.consume(queue, { consumerTag: 't'.repeat(255) });
    const message = await consumer.next();
    assert.deepEqual([message.routingKey, message.consumerTag], ['k'.repeat(255), 't'.repeat(255)]);
  });

  test('a body may hold any octets', { rules: ['GEN-12'] }, async (t) => {
    const queue = await t.queue();
    const body = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
    await t.send(queue, body);
    assert.deepEqual((await t.take(queue)).bytes, body);
  });
}
