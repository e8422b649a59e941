import assert from 'node:assert/strict';
import { deathLines, expireOnly, reject, rejectOnly } from '../support/deaths.ts';
import type { Feature } from '../support/features.ts';
import type { Define } from '../support/suite.ts';

/** Where dead letters can go, and when they come to nobody. */
export function losing(test: Define): void {
  test(
    'while the dead-letter exchange is missing dead messages are lost, and from its declaration on they are not',
    { rules: ['DLX-03'] },
    async (t) => {
      const [exchange, dead] = [t.name('later'), await t.queue()];
      const source = await t.queue({ 'x-dead-letter-exchange': exchange });
      await t.send(source, 'lost');
      await rejectOnly(t, source);
      await t.exchange('fanout', {}, { exchange });
      await t.bind(dead, exchange);
      await t.send(source, 'found');
      await rejectOnly(t, source);
      assert.deepEqual(await t.takeBodies(dead, 1), ['found']);
      assert.equal(await t.get(dead), undefined);
    },
  );

  test(
    'a dead-letter exchange may be deleted while queues name it, and another of its name and another type takes its place',
    { rules: ['DLX-03'] },
    async (t) => {
      const exchange = await t.exchange('fanout');
      const [dead, source] = [await t.queue(), await t.queue({ 'x-dead-letter-exchange': exchange })];
      await t.bind(dead, exchange);
      await t.deleteExchange(exchange);
      await t.send(source, 'lost');
      await rejectOnly(t, source);
      await t.exchange('topic', {}, { exchange });
      await t.bind(dead, exchange, '#');
      await t.send(source, 'found');
      await rejectOnly(t, source);
      assert.deepEqual(await t.takeBodies(dead, 1), ['found']);
      assert.equal(await t.get(dead), undefined);
    },
  );

  const types: readonly (readonly [string, string, Feature?])[] = [
    ['direct', 'key'],
    ['fanout', ''],
    ['topic', 'key.*.#'],
    ['headers', ''],
    ['x-consistent-hash', '1', 'consistent-hash-exchange'],
    ['x-modulus-hash', '', 'modulus-hash-exchange'],
  ];
  for (const [type, bindingKey, feature] of types) {
    const needs = feature === undefined ? [] : [feature];
    test(`a dead-letter exchange may be of type ${type}`, { rules: ['DLX-03'], needs }, async (t) => {
      const exchange = await t.exchange(type);
      const key = type === 'topic' ? 'key.one.two' : 'key';
      const args = { 'x-dead-letter-exchange': exchange, 'x-dead-letter-routing-key': key };
      const [dead, source] = [await t.queue(), await t.queue(args)];
      await t.bind(dead, exchange, bindingKey, type === 'headers' ? { 'x-match': 'all', kind: 'good' } : {});
      await t.send(source, 'a', { headers: { kind: 'good' } });
      await rejectOnly(t, source);
      const message = await t.take(dead);
      assert.deepEqual([message.body, message.exchange, message.routingKey], ['a', exchange, key]);
      assert.deepEqual(deathLines(message), [`${source} rejected 1`]);
    });
  }

  test('a dead-letter exchange may be internal', { rules: ['DLX-03'] }, async (t) => {
    const exchange = await t.exchange('fanout', {}, { internal: true });
    const [dead, source] = [await t.queue(), await t.queue({ 'x-dead-letter-exchange': exchange })];
    await t.bind(dead, exchange);
    await t.refusesPublish({ exchange }, {}, 403, /^ACCESS_REFUSED/);
    await t.send(source, 'a');
    await rejectOnly(t, source);
    assert.equal((await t.take(dead)).exchange, exchange);
  });

  test(
    'dead letters go on through exchanges bound to the dead-letter exchange',
    { rules: ['DLX-03'] },
    async (t) => {
      const [first, second] = [await t.exchange('fanout'), await t.exchange('topic')];
      const args = { 'x-dead-letter-exchange': first, 'x-dead-letter-routing-key': 'some.key' };
      const [dead, source] = [await t.queue(), await t.queue(args)];
      await t.bindExchange(second, first);
      await t.bind(dead, second, 'some.*');
      await t.send(source, 'a');
      await rejectOnly(t, source);
      const message = await t.take(dead);
      assert.deepEqual([message.exchange, message.routingKey], [first, 'some.key']);
    },
  );

  test('without a dead-letter exchange a rejected message is discarded', { rules: ['DLX-09'] }, async (t) => {
    const queue = await t.queue();
    for (const body of ['rejected', 'next']) await t.send(queue, body);
    await reject(t, queue);
    assert.deepEqual(await t.drain(queue), ['next']);
  });

  test('without a dead-letter exchange an expired message is discarded', { rules: ['DLX-09'] }, async (t) => {
    const queue = await t.queue({ 'x-message-ttl': 50 });
    await t.send(queue, 'expires');
    await expireOnly(t, queue, 50);
    assert.equal(await t.get(queue), undefined);
  });

  test('without a dead-letter exchange a dropped head is discarded', { rules: ['DLX-09'] }, async (t) => {
    const queue = await t.queue({ 'x-max-length': 1 });
    for (const body of ['dropped', 'stays']) await t.send(queue, body);
    assert.deepEqual(await t.drain(queue), ['stays']);
  });

  test(
    'a full target that refuses publishes loses a dead letter for good, and other targets get theirs',
    { rules: ['DLX-10'] },
    async (t) => {
      const exchange = await t.exchange('fanout');
      const full = await t.queue({ 'x-max-length': 1, 'x-overflow': 'reject-publish' });
      const [other, source] = [await t.queue(), await t.queue({ 'x-dead-letter-exchange': exchange })];
      for (const queue of [full, other]) await t.bind(queue, exchange);
      await t.send(full, 'there before');
      await t.send(source, 'a');
      await rejectOnly(t, source);
      assert.deepEqual(await t.takeBodies(other, 1), ['a']);
      assert.deepEqual(await t.drain(full), ['there before']);
      await t.staysEmpty(full);
      assert.equal(await t.get(source), undefined);
    },
  );

  test(
    'a target that was deleted loses dead letters, and one of its name gets those that follow',
    { rules: ['DLX-10'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      await t.deleteQueue(dead);
      await t.send(source, 'lost');
      await rejectOnly(t, source);
      await t.queue({}, { queue: dead });
      await t.send(source, 'found');
      await rejectOnly(t, source);
      assert.deepEqual(await t.takeBodies(dead, 1), ['found']);
      assert.equal(await t.get(dead), undefined);
    },
  );

  test(
    'the confirm of a publish does not depend on what becomes of its dead letter',
    { rules: ['DLX-22', 'DLX-10'] },
    async (t) => {
      const refusing = await t.queue({ 'x-max-length': 0, 'x-overflow': 'reject-publish' });
      const source = await t.deadLetteringTo(refusing, { 'x-max-length': 0 });
      const publisher = await t.publisher();
      assert.equal(await t.send(source, 'dies at once'), 'ack');
      assert.equal(await t.send(refusing, 'refused at once'), 'nack');
      await publisher.client.expectSilence(publisher.number);
      assert.deepEqual([await t.count(source), await t.count(refusing)], [0, 0]);
    },
  );
}
