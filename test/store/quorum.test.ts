import { join } from 'node:path';
import { Level } from 'level';
import { describe, expect, test } from 'vitest';
import type { Queue } from '../../src/broker/queue.ts';
import { keyRange } from '../../src/store/keys.ts';
import { long, longstr } from '../../src/wire/table.ts';
import { deathLines } from '../support/deaths.ts';
import { bodies, crash, fresh, queueOf, restart } from '../support/durable.ts';
import type { Durable } from '../support/durable.ts';

describe('what a quorum queue remembers', () => {
  const quorum = { 'x-queue-type': longstr('quorum') };

  /** Takes the next message and gives it back. */
  function giveBack({ core }: Durable, queue: Queue): void {
    queue.requeue([core.get(queue)!.entry]);
    core.settle();
  }

  test('transient messages, beside classic queues that forget them [QUE-31]', async () => {
    let node = await fresh();
    node.core.exchange('x', 'fanout');
    node.core.queue('q', quorum);
    node.core.queue('classic');
    for (const name of ['q', 'classic']) node.core.bind('x', name);
    node.core.publish('x', '', 'transient', { deliveryMode: 1 });
    node = await restart(node);
    expect([bodies(node, 'q'), bodies(node, 'classic')]).toEqual([['transient'], []]);
  });

  test('how often each message came back, and the one in which the broker died, too [DLV-02, DLV-05]', async () => {
    let node = await fresh();
    const queue = node.core.queue('q', quorum);
    for (const body of ['twice', 'held', 'twice and held', 'never']) node.core.send('q', body);
    const [, , third] = [1, 2, 3].map(() => node.core.get(queue)!.entry);
    queue.requeue([third!]);
    queue.requeue([node.core.get(queue)!.entry]);
    node.core.get(queue);
    await node.store.journal.flush();
    node = await crash(node);
    const counts = (): unknown[] => {
      const all = queueOf(node, 'q').ready.clear();
      for (const entry of all) queueOf(node, 'q').ready.push(entry);
      return all.map((entry) => [node.core.see(entry).body, entry.returns]);
    };
    expect(counts()).toEqual([
      ['twice', 1],
      ['held', 1],
      ['twice and held', 3],
      ['never', 0],
    ]);
    giveBack(node, queueOf(node, 'q'));
    node = await restart(node);
    expect(counts()[0]).toEqual(['twice', 2]);
  });

  test('what exceeds its limit by a crash is dead-lettered at the start [DLV-02]', async () => {
    let node = await fresh();
    const dlx = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('dead') };
    node.core.queue('dead');
    const queue = node.core.queue('q', { ...quorum, ...dlx, 'x-delivery-limit': long(1) });
    node.core.send('q', 'a');
    giveBack(node, queue);
    node.core.get(queue);
    await node.store.journal.flush();
    node = await crash(node);
    node.core.settle();
    expect([bodies(node, 'q'), bodies(node, 'dead')]).toEqual([[], ['a']]);
  });

  test('dead letters that nobody took, and of what they died [DLX-14]', async () => {
    let node = await fresh();
    const args = {
      ...quorum,
      'x-dead-letter-strategy': longstr('at-least-once'),
      'x-overflow': longstr('reject-publish'),
      'x-dead-letter-exchange': longstr('missing'),
    };
    const queue = node.core.queue('q', args);
    for (const body of ['rejected', 'ready']) node.core.send('q', body);
    queue.reject(node.core.get(queue)!.entry);
    await node.store.journal.flush();
    node = await crash(node);
    node.core.settle();
    expect(queueOf(node, 'q').kept?.length).toBe(1);
    expect(node.core.bodies(queueOf(node, 'q'))).toEqual(['ready']);
    node.core.queue('dead');
    node.core.exchange('missing', 'fanout');
    node.core.bind('missing', 'dead');
    node.core.advance(60_000);
    node = await restart(node);
    expect(node.core.look(queueOf(node, 'dead')).map(deathLines)).toEqual([['q rejected 1']]);
    expect(bodies(node, 'q')).toEqual(['ready']);
  });

  test('nothing of messages and queues that are gone', async () => {
    let node = await fresh();
    const [acked, deleted] = [node.core.queue('acked', quorum), node.core.queue('deleted', quorum)];
    for (const queue of [acked, deleted]) {
      node.core.send(queue.name, 'a');
      giveBack(node, queue);
      giveBack(node, queue);
    }
    await node.store.journal.flush();
    node.core.drain(acked);
    node.core.vhost.remove(deleted);
    await node.store.close();
    const db = new Level<Buffer, Buffer>(join(node.directory, 'level'), { keyEncoding: 'buffer' });
    expect(await db.keys(keyRange('note')).all()).toEqual([]);
    await db.close();
  });
});
