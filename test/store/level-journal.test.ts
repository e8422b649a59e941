import { describe, expect, test } from 'vitest';
import { deleteExchange } from '../../src/broker/declare.ts';
import { fieldTable, long, longstr } from '../../src/wire/table.ts';
import type { FieldTable } from '../../src/wire/table.ts';
import { bodies, crash, fresh, queueOf, restart, start } from '../support/durable.ts';

describe('what survives a restart', () => {
  test('persistent messages of a durable queue, in order, with properties and address [QUE-31, QUE-32]', async () => {
    let node = await fresh();
    node.core.queue('q');
    node.core.exchange('x');
    node.core.bind('x', 'q', 'k');
    for (let i = 0; i < 100; i++)
      node.core.publish('x', 'k', `m${i}`, { deliveryMode: 2, messageId: `id${i}` });
    node = await restart(node);
    const messages = node.core.drain(queueOf(node, 'q'));
    expect(messages.map(({ body }) => body)).toEqual(Array.from({ length: 100 }, (_, i) => `m${i}`));
    expect(messages[7]).toMatchObject({ exchange: 'x', routingKey: 'k', redelivered: false });
    expect(messages[7]?.properties).toMatchObject({ messageId: 'id7', deliveryMode: 2 });
  });

  test('transient messages are gone, and so are transient queues [QUE-31, TTL-14]', async () => {
    let node = await fresh();
    node.core.queue('durable');
    node.core.queue('transient', {}, { durable: false });
    node.core.publish('', 'durable', 'forgotten');
    node.core.send('durable', 'kept');
    node.core.send('transient', 'gone');
    node = await restart(node);
    expect(bodies(node, 'durable')).toEqual(['kept']);
    expect(node.core.vhost.queues.has('transient')).toBe(false);
  });

  test('exchanges, bindings, users and arguments [EXC-17, BND-08]', async () => {
    let node = await fresh();
    node.core.exchange('x', 'topic', { 'alternate-exchange': longstr('y') });
    node.core.exchange('y', 'fanout');
    node.core.queue('q', { 'x-message-ttl': long(5_000_000_000) });
    node.core.bind('x', 'q', 'a.#');
    node.core.bind('y', 'q');
    node.core.broker.addUser('ann', 'secret', ['monitoring']);
    node = await restart(node);
    const { core } = node;
    core.queue('q', { 'x-message-ttl': long(5_000_000_000) }); // equivalent, so no error
    core.publish('x', 'a.b', 'by topic', { deliveryMode: 2 });
    core.publish('x', 'zzz', 'by alternate', { deliveryMode: 2 });
    expect(bodies(node, 'q')).toEqual(['by topic', 'by alternate']);
    expect(core.broker.users.authenticate('ann', 'secret')).toBe(true);
    expect(core.broker.users.authenticate('ann', 'wrong')).toBe(false);
  });

  test('what was deleted stays deleted', async () => {
    let node = await fresh();
    const { core } = node;
    core.exchange('x');
    const queue = core.queue('q');
    core.bind('x', 'q', 'k');
    core.send('q', 'dropped');
    core.vhost.remove(queue);
    core.queue('q');
    core.send('q', 'new');
    node = await restart(node);
    expect(bodies(node, 'q')).toEqual(['new']);
    expect(node.core.publish('x', 'k', 'unbound')).toBe(0);
  });

  test('acks, rejects and purges are remembered', async () => {
    let node = await fresh();
    const queue = node.core.queue('q');
    for (const body of ['acked', 'rejected', 'kept']) node.core.send('q', body);
    queue.ack(node.core.get(queue)!.entry);
    queue.reject(node.core.get(queue)!.entry);
    const other = node.core.queue('purged');
    node.core.send('purged', 'x');
    other.purge();
    node = await restart(node);
    expect(bodies(node, 'q')).toEqual(['kept']);
    expect(bodies(node, 'purged')).toEqual([]);
  });

  test('messages that were handed out come back to their place, as redelivered [QUE-32, QUE-33]', async () => {
    let node = await fresh();
    const queue = node.core.queue('q');
    for (const body of ['a', 'b', 'c']) node.core.send('q', body);
    node.core.get(queue);
    node.core.get(queue);
    node = await restart(node);
    const messages = node.core.drain(queueOf(node, 'q'));
    expect(messages.map(({ body, redelivered }) => [body, redelivered])).toEqual([
      ['a', true],
      ['b', true],
      ['c', false],
    ]);
  });

  test('the ids of messages that were handed out are not used again: what comes later is not redelivered [QUE-32]', async () => {
    let node = await fresh();
    const queue = node.core.queue('q');
    for (let n = 0; n < 3; n++) node.core.send('q', 'done');
    node.core.drain(queue);
    node = await restart(node);
    node.core.send('q', 'later');
    node = await restart(node);
    expect(node.core.get(queueOf(node, 'q'))).toMatchObject({ body: 'later', redelivered: false });
  });

  test('priorities and what was delivered of each', async () => {
    let node = await fresh();
    const queue = node.core.queue('q', { 'x-max-priority': long(5) });
    for (const [body, priority] of [
      ['low', 1],
      ['high', 5],
      ['high too', 9],
    ] as const) {
      node.core.send('q', body, { priority });
    }
    node.core.get(queue);
    node = await restart(node);
    const messages = node.core.drain(queueOf(node, 'q'));
    expect(messages.map(({ body, redelivered }) => [body, redelivered])).toEqual([
      ['high', true],
      ['high too', false],
      ['low', false],
    ]);
  });

  test('deadlines: who fell due meanwhile dies before anyone gets it, the rest keeps its time [TTL-14]', async () => {
    let node = await fresh();
    node.core.queue('dead');
    node.core.queue('q', {
      'x-dead-letter-exchange': longstr(''),
      'x-dead-letter-routing-key': longstr('dead'),
    });
    node.core.send('q', 'due', { expiration: '1000' });
    node.core.send('q', 'later', { expiration: '60000' });
    await node.store.close();
    const again = await start(node.directory, node.core.clock.now() + 30_000);
    const queue = queueOf(again, 'q');
    expect(again.core.get(queue)?.body).toBe('later');
    again.core.settle();
    expect(queue.load).toEqual({ unackedBytes: 5, recordedCount: 1, recordedBytes: 5 });
    expect(bodies(again, 'dead')).toEqual(['due']);
    node = again;
    node.core.advance(40_000);
    expect(queue.unackedCount).toBe(1); // held by a client, so it does not expire
  });

  test('the history of a dead-lettered message goes on where it was [XD-15]', async () => {
    let node = await fresh();
    const args = (to: string): Record<string, ReturnType<typeof longstr>> => ({
      'x-dead-letter-exchange': longstr(''),
      'x-dead-letter-routing-key': longstr(to),
    });
    node.core.queue('work', args('wait'));
    node.core.queue('wait', { ...args('work'), 'x-message-ttl': long(1000) });
    node.core.send('work', 'm', { expiration: '99999' });
    for (let round = 1; round <= 3; round++) {
      const work = queueOf(node, 'work');
      const seen = node.core.get(work)!;
      const deaths = seen.properties.headers?.get('x-death');
      const counts =
        deaths?.tag === 'A' ? deaths.value.map((d) => (d.tag === 'F' ? d.value.get('count')?.value : 0)) : [];
      expect(counts).toEqual(round === 1 ? [] : [BigInt(round - 1), BigInt(round - 1)]);
      work.reject(seen.entry);
      node = await restart(node);
      node.core.advance(1000);
    }
  });

  test('a body shared by several queues is settled in each by itself', async () => {
    let node = await fresh();
    node.core.exchange('fan', 'fanout');
    for (const name of ['a', 'b', 'c']) {
      node.core.queue(name);
      node.core.bind('fan', name);
    }
    node.core.publish('fan', '', 'shared', { deliveryMode: 2 });
    node.core.send('a', 'own');
    expect(bodies(node, 'a')).toEqual(['shared', 'own']);
    node = await restart(node);
    expect(bodies(node, 'a')).toEqual([]);
    expect(bodies(node, 'b')).toEqual(['shared']);
    node = await restart(node);
    expect(bodies(node, 'b')).toEqual([]);
    expect(bodies(node, 'c')).toEqual(['shared']);
  });
});

describe('a crash', () => {
  test('what was committed is there, what was not is gone as a whole', async () => {
    const node = await fresh();
    node.core.queue('q');
    for (let i = 0; i < 50; i++) node.core.send('q', `committed ${i}`);
    await node.store.journal.flush();
    for (let i = 0; i < 50; i++) node.core.send('q', `late ${i}`);
    const after = await crash(node);
    const found = bodies(after, 'q');
    expect(found.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => `committed ${i}`));
    expect([50, 100]).toContain(found.length);
  });

  test('a dead-letter move is in the source or on every target, never on neither or both', async () => {
    const node = await fresh();
    const { core, store } = node;
    core.exchange('dlx', 'fanout');
    for (const name of ['dead1', 'dead2']) {
      core.queue(name);
      core.bind('dlx', name);
    }
    core.queue('source', { 'x-dead-letter-exchange': longstr('dlx'), 'x-message-ttl': long(1000) });
    for (let i = 0; i < 300; i++) core.send('source', `m${i}`);
    await store.journal.flush();
    core.advance(1000);
    for (let attempt = 0; attempt < 4; attempt++) {
      const after = await crash(node);
      const [source, dead1, dead2] = ['source', 'dead1', 'dead2'].map(
        (name) => queueOf(after, name).ready.length,
      );
      expect(dead1).toBe(dead2);
      expect((source ?? 0) + (dead1 ?? 0)).toBe(300);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await store.journal.flush();
    const after = await crash(node);
    expect(bodies(after, 'dead1')).toHaveLength(300);
    expect(bodies(after, 'dead2')).toHaveLength(300);
  });

  test('a queue that was deleted does not come back with its messages', async () => {
    const node = await fresh();
    const queue = node.core.queue('q');
    node.core.send('q', 'm');
    await node.store.journal.flush();
    node.core.vhost.remove(queue);
    await node.store.journal.flush();
    const after = await crash(node);
    expect(after.core.vhost.queues.has('q')).toBe(false);
    const again = after.core.queue('q');
    expect(again.ready.length).toBe(0);
    expect(again.identity.id).toBeGreaterThan(queue.identity.id); // a number is never used again
  });
});

describe('group commit', () => {
  test('listeners hear of the batch that holds what they recorded, not before it is on disk', async () => {
    const node = await fresh();
    const { journal } = node.store;
    node.core.queue('q');
    node.core.send('q', 'm');
    const batch = journal.gathering;
    expect(journal.committed).toBeLessThan(batch);
    const heard = await new Promise<number>((resolve) => {
      journal.onCommit({ committed: resolve });
    });
    expect(heard).toBeGreaterThanOrEqual(batch);
    expect(journal.committed).toBe(heard);
  });

  test('a message that came and went within a batch never reaches the disk', async () => {
    const node = await fresh();
    const queue = node.core.queue('q');
    await node.store.journal.flush();
    node.core.send('q', 'short-lived '.repeat(1000));
    queue.purge();
    await node.store.journal.flush();
    const after = await crash(node);
    expect(after.store.recovered.places.size).toBe(0);
    expect(after.store.recovered.nextMessageId).toBe(1); // not even its record
  });
});

test('an answer to a declaration waits for the batch that holds it [QUE-34]', async () => {
  const node = await fresh();
  const { journal } = node.store;
  await journal.flush();
  node.core.queue('q');
  expect(journal.defined).toBe(journal.gathering);
  await journal.flush();
  expect(journal.committed).toBeGreaterThanOrEqual(journal.defined);
  node.core.vhost.remove(queueOf(node, 'q'));
  expect(journal.defined).toBe(journal.gathering);
});

test('a copy whose queue was deleted before its original left the disk is forgotten', async () => {
  let node = await fresh();
  const { core } = node;
  core.queue('dead');
  const source = core.queue('source', {
    'x-dead-letter-exchange': longstr(''),
    'x-dead-letter-routing-key': longstr('dead'),
  });
  core.send('source', 'too long to be copied '.repeat(100));
  await node.store.journal.flush();
  core.send('source', 'stays');
  source.reject(core.get(source)!.entry);
  core.vhost.remove(queueOf(node, 'dead'));
  node = await restart(node);
  expect(bodies(node, 'source')).toEqual(['stays']);
});

describe('what an x-recent-history exchange keeps', () => {
  test('comes back after a restart and after a crash, bound and unbound, and is bounded as before', async () => {
    let node = await fresh();
    node.core.exchange('x', 'x-recent-history', { 'x-recent-history-length': long(3n) });
    node.core.exchange('gone', 'x-recent-history', {}, { durable: false });
    node.core.queue('early');
    node.core.bind('x', 'early');
    for (const n of [1, 2, 3, 4]) node.core.publish('x', 'key', `${n}`, { deliveryMode: n === 3 ? 1 : 2 });
    node.core.publish('gone', '', 'lost', { deliveryMode: 2 });
    expect(bodies(node, 'early')).toEqual(['1', '2', '3', '4']);

    node = await restart(node);
    node.core.queue('late');
    node.core.bind('x', 'late');
    expect(bodies(node, 'late')).toEqual(['2', '3', '4']);
    node.core.publish('x', 'key', '5', { deliveryMode: 2 });
    await node.store.journal.flush();

    node = await crash(node);
    expect(bodies(node, 'early')).toEqual(['5']);
    node.core.queue('later');
    node.core.bind('x', 'later');
    expect(node.core.look(queueOf(node, 'later'))).toMatchObject([
      { body: '3', exchange: 'x', routingKey: 'key' },
      { body: '4' },
      { body: '5' },
    ]);
  });

  test('goes with the exchange, and another of that name starts empty', async () => {
    let node = await fresh();
    node.core.exchange('x', 'x-recent-history');
    node.core.publish('x', '', 'old', { deliveryMode: 2 });
    deleteExchange(node.core.vhost, 'x', false, node.core.actor);
    node.core.exchange('x', 'x-recent-history');
    node.core.publish('x', '', 'new', { deliveryMode: 2 });
    node = await restart(node);
    node.core.queue('q');
    node.core.bind('x', 'q');
    expect(bodies(node, 'q')).toEqual(['new']);
  });

  test('an exchange of an old store, which has no number, is read as before', async () => {
    let node = await fresh();
    const definition = { kind: 'exchange', vhost: '/', name: 'x', type: 'fanout' } as const;
    node.store.journal.define({ ...definition, autoDelete: false, internal: false, arguments: new Map() });
    node = await restart(node);
    node.core.queue('q');
    node.core.bind('x', 'q');
    node.core.publish('x', '', 'a');
    expect(bodies(node, 'q')).toEqual(['a']);
    expect(node.core.vhost.exchanges.get('x')?.identity.declaredBy).toBe('rmq-internal');
  });

  test('an exchange is still of the user who declared it [API-30]', async () => {
    let node = await fresh();
    node.core.exchange('x');
    node = await restart(node);
    expect(node.core.vhost.exchanges.get('x')?.identity.declaredBy).toBe('guest');
  });
});

describe('what a delayed exchange holds back', () => {
  const delay = (ms: number): FieldTable => fieldTable({ 'x-delay': long(ms) });

  test('is due when it was to be, after restarts and crashes, whatever its delivery mode [DLM-16]', async () => {
    let node = await fresh();
    node.core.exchange('x', 'x-delayed-message', { 'x-delayed-type': longstr('direct') });
    node.core.exchange(
      'gone',
      'x-delayed-message',
      { 'x-delayed-type': longstr('direct') },
      { durable: false },
    );
    node.core.queue('q');
    node.core.bind('x', 'q', 'k');
    node.core.publish('x', 'k', 'second', { deliveryMode: 2, headers: delay(2_000), expiration: '5000' });
    node.core.publish('x', 'k', 'first', { headers: delay(1_000) });
    node.core.publish('gone', 'k', 'lost', { deliveryMode: 2, headers: delay(1_000) });
    await node.store.journal.flush();

    node = await crash(node);
    expect(node.core.vhost.exchanges.get('x')?.delayedCount).toBe(2);
    node.core.advance(999);
    expect(bodies(node, 'q')).toEqual([]);
    node.core.advance(1);
    expect(bodies(node, 'q')).toEqual(['first']);

    node = await restart(node);
    node.core.advance(999);
    expect(bodies(node, 'q')).toEqual([]);
    node.core.advance(1);
    const [second] = node.core.look(queueOf(node, 'q'));
    expect(second).toMatchObject({ body: 'second', exchange: 'x', properties: { expiration: '5000' } });
    expect(second?.properties.headers).toEqual(delay(-2_000));

    node = await restart(node);
    expect(node.core.vhost.exchanges.get('x')?.delayedCount).toBe(0);
    node.core.advance(10_000);
    expect(bodies(node, 'q')).toEqual([]);
  });

  test('and fell due meanwhile is routed at the start, in order [DLM-16]', async () => {
    let node = await fresh();
    node.core.exchange('x', 'x-delayed-message', { 'x-delayed-type': longstr('fanout') });
    node.core.queue('q');
    node.core.bind('x', 'q');
    for (const ms of [3_000, 1_000, 2_000, 9_000]) {
      node.core.publish('x', '', `${ms}`, { deliveryMode: 2, headers: delay(ms) });
    }
    await node.store.close();
    node = await start(node.directory, node.core.clock.now() + 5_000);
    node.core.advance(0);
    expect(bodies(node, 'q')).toEqual(['1000', '2000', '3000']);
  });

  test('is gone from the disk with the exchange', async () => {
    let node = await fresh();
    const declare = (): unknown =>
      node.core.exchange('x', 'x-delayed-message', { 'x-delayed-type': longstr('fanout') });
    declare();
    node.core.publish('x', '', 'old', { deliveryMode: 2, headers: delay(10) });
    await node.store.journal.flush();
    deleteExchange(node.core.vhost, 'x', false, node.core.actor);
    declare();
    node = await restart(node);
    expect(node.core.vhost.exchanges.get('x')?.delayedCount).toBe(0);
  });
});
