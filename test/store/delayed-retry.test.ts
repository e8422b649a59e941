import { join } from 'node:path';
import { Level } from 'level';
import { expect, test } from 'vitest';
import type { Queue } from '../../src/broker/queue.ts';
import { keyRange } from '../../src/store/keys.ts';
import { long, longstr } from '../../src/wire/table.ts';
import { bodies, crash, fresh, queueOf, restart, start } from '../support/durable.ts';
import type { Durable } from '../support/durable.ts';

const delaying = {
  'x-queue-type': longstr('quorum'),
  'x-delayed-retry-type': longstr('all'),
  'x-delayed-retry-min': long(1000),
  'x-delayed-retry-max': long(10_000),
};

/** Takes the next message and gives it back. */
function giveBack({ core }: Durable, queue: Queue, hasFailed = true): void {
  queue.requeue([core.get(queue)!.entry], hasFailed);
  core.settle();
}

test.each([
  ['a restart', restart],
  ['a crash', crash],
])(
  'what waits goes on waiting over %s, until the moment it waited for before [DLV-09]',
  async (_what, again) => {
    let node = await fresh();
    const queue = node.core.queue('q', delaying);
    for (const body of ['a', 'b']) node.core.send('q', body);
    giveBack(node, queue);
    node.core.advance(400);
    await node.store.journal.flush();
    node = await again(node);
    expect(node.core.bodies(queueOf(node, 'q'))).toEqual(['b']);
    node.core.advance(599);
    expect(node.core.bodies(queueOf(node, 'q'))).toEqual(['b']);
    node.core.advance(1);
    expect(bodies(node, 'q')).toEqual(['a', 'b']);
  },
);

test('what was due while the broker was stopped is ready when it starts [DLV-09]', async () => {
  let node = await fresh();
  node.core.send(node.core.queue('q', delaying).name, 'a');
  giveBack(node, queueOf(node, 'q'));
  await node.store.close();
  node = await start(node.directory, node.core.clock.now() + 1000);
  expect(bodies(node, 'q')).toEqual(['a']);
});

test('failures are remembered over a crash, and those who only gave it back are told apart [DLV-05, DLV-09]', async () => {
  let node = await fresh();
  node.core.send(node.core.queue('q', delaying).name, 'a');
  giveBack(node, queueOf(node, 'q'));
  node.core.advance(1000);
  giveBack(node, queueOf(node, 'q'), false);
  await node.store.journal.flush();
  node = await crash(node);
  node.core.advance(1000);
  const { entry } = node.core.get(queueOf(node, 'q'))!;
  expect(queueOf(node, 'q').returnCounts(entry)).toEqual({ failures: 1, all: 2 });
  queueOf(node, 'q').requeue([entry], true);
  node.core.advance(1999);
  expect(queueOf(node, 'q').messageCount).toBe(0);
  node.core.advance(1);
  expect(queueOf(node, 'q').messageCount).toBe(1);
});

test('a crash while somebody has a message is a failure [DLV-04, DLV-09]', async () => {
  let node = await fresh();
  node.core.send(node.core.queue('q', delaying).name, 'a');
  giveBack(node, queueOf(node, 'q'), false);
  node.core.advance(1000);
  node.core.get(queueOf(node, 'q'));
  await node.store.journal.flush();
  node = await crash(node);
  const { entry } = node.core.get(queueOf(node, 'q'))!;
  expect(queueOf(node, 'q').returnCounts(entry)).toEqual({ failures: 1, all: 2 });
});

test('nothing is left on disk of a message that waited and was acked [DLV-09]', async () => {
  const node = await fresh();
  node.core.send(node.core.queue('q', delaying).name, 'a');
  giveBack(node, queueOf(node, 'q'));
  node.core.advance(1000);
  expect(bodies(node, 'q')).toEqual(['a']);
  await node.store.close();
  const db = new Level<Buffer, Buffer>(join(node.directory, 'level'), { keyEncoding: 'buffer' });
  const keys = await db.keys(keyRange('note')).all();
  await db.close();
  expect(keys).toEqual([]);
});
