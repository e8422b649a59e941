import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../src/store/open.ts';
import { long, longstr, timestamp } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { openTestStore, temporaryDirectory } from '../support/store.ts';
import { aStream, StreamConsumer } from '../support/streams.ts';

interface Node {
  readonly core: Core;
  readonly store: Store;
  readonly directory: string;
}

async function start(directory: string, now?: number): Promise<Node> {
  const store = await openTestStore(directory, { memoryLimit: 1_000_000 });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= store.close());
  onTestFinished(close);
  return { core: new Core(store.journal, store.recovered, now), store: { ...store, close }, directory };
}

async function restart({ core, store, directory }: Node): Promise<Node> {
  await store.close();
  return start(directory, core.clock.now());
}

/** The files as they are at this moment, with nothing closed: what was done in this turn is not in them. */
function crash({ core, directory }: Node): Promise<Node> {
  const copy = mkdtempSync(join(tmpdir(), 'leveret-test-'));
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  const filter = (path: string): boolean => !path.endsWith('LOCK');
  cpSync(join(directory, 'level'), join(copy, 'level'), { recursive: true, filter });
  return start(copy, core.clock.now());
}

async function flush({ core, store }: Node): Promise<void> {
  await store.journal.flush();
  core.settle();
}

/** What the stream `s` has from this offset on. */
function read({ core }: Node, offset: FieldValue = longstr('first')): string[] {
  const stream = core.vhost.queues.get('s');
  if (stream === undefined) throw new Error('there is no stream s');
  const consumer = new StreamConsumer(core, stream, { 'x-stream-offset': offset }, 65_535);
  consumer.cancel();
  return consumer.seen;
}

/** How many keys of streams are on disk, when nobody has the directory open. */
async function keysOf(directory: string): Promise<Record<string, number>> {
  const db = new Level<Buffer, Buffer>(join(directory, 'level'), { keyEncoding: 'buffer' });
  const count = { chunks: 0, infos: 0 };
  for await (const key of db.keys()) {
    if (key[0] === 0x73) count.chunks++;
    if (key[0] === 0x69) count.infos++;
  }
  await db.close();
  return count;
}

const SMALL = { 'x-stream-max-segment-size-bytes': long(1000) };

test('messages, offsets and times outlive a restart and a crash, and offsets go on [QUE-31, STR-14]', async () => {
  let node = await start(await temporaryDirectory());
  aStream(node.core);
  for (const [n, deliveryMode] of [1, 2].entries()) {
    node.core.publish('amq.direct', 'no', 'nobody');
    node.core.publish('', 's', `m${n}`, { deliveryMode, messageId: `id${n}` });
    await flush(node);
    node.core.advance(10_000);
  }
  expect(read(node)).toEqual(['0 m0', '1 m1']);
  node = await restart(node);
  node.core.publish('', 's', 'm2');
  await flush(node);
  node = await crash(node);
  expect(read(node)).toEqual(['0 m0', '1 m1', '2 m2']);
  expect(read(node, timestamp(1_000_000_010))).toEqual(['1 m1', '2 m2']);
  expect(read(node, longstr('last'))).toEqual(['2 m2']);
});

test('a crash takes a message that is not on disk, and nobody has seen its offset', async () => {
  let node = await start(await temporaryDirectory());
  aStream(node.core);
  node.core.publish('', 's', 'kept');
  await flush(node);
  const consumer = new StreamConsumer(
    node.core,
    node.core.declare('s', { 'x-queue-type': longstr('stream') }),
  );
  node.core.publish('', 's', 'lost');
  node = await crash(node);
  expect(consumer.seen).toEqual([]);
  node.core.publish('', 's', 'other');
  await flush(node);
  expect(read(node)).toEqual(['0 kept', '1 other']);
});

test('a dead letter is in its queue or in the stream, never in both or neither [DLX-12]', async () => {
  const node = await start(await temporaryDirectory());
  aStream(node.core);
  const args = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('s') };
  const queue = node.core.queue('q', args);
  node.core.send('q', 'a');
  await flush(node);
  const seen = node.core.get(queue);
  if (seen !== undefined) queue.reject(seen.entry);
  const before = await crash(node);
  expect([before.core.bodies(before.core.queue('q', args)), read(before)]).toEqual([['a'], []]);
  await flush(node);
  const after = await crash(node);
  expect([after.core.bodies(after.core.queue('q', args)), read(after)]).toEqual([[], ['0 a']]);
});

test('a long stream is read back from disk, by many at once', async () => {
  let node = await start(await temporaryDirectory());
  aStream(node.core);
  const filler = 'x'.repeat(1000);
  for (let n = 0; n < 5000; n++) {
    node.core.publish('', 's', `${n} ${filler}`);
    if (n % 100 === 0) await flush(node);
  }
  node = await restart(node);
  const [all, late] = [read(node), read(node, long(4321))];
  expect(all.map((line) => line.replace(` ${filler}`, ''))).toEqual(
    Array.from({ length: 5000 }, (_, n) => `${n} ${n}`),
  );
  expect(late.length).toBe(679);
});

test('a message larger than a chunk stands alone', async () => {
  let node = await start(await temporaryDirectory());
  aStream(node.core);
  for (const length of [10, 1_000_000, 10]) node.core.publish('', 's', 'b'.repeat(length));
  node = await restart(node);
  expect(read(node).map((line) => line.length - 2)).toEqual([10, 1_000_000, 10]);
});

test('what was trimmed is gone from disk, and what is kept is the same after a crash [STR-03]', async () => {
  let node = await start(await temporaryDirectory());
  aStream(node.core, 's', { ...SMALL, 'x-max-length-bytes': long(3000) });
  for (let n = 0; n < 200; n++) {
    node.core.publish('', 's', `${n} `.padEnd(100, '.'));
    if (n % 3 === 0) await flush(node);
  }
  await flush(node);
  const kept = read(node);
  expect(kept.length).toBeLessThan(40);
  node = await crash(node);
  expect(read(node)).toEqual(kept);
  await node.store.close();
  const { chunks, infos } = await keysOf(node.directory);
  expect(chunks).toBe(infos);
  expect(chunks).toBeLessThan(kept.length);
});

test('a trim and a crash before its commit leave the stream as it was: its offsets never begin anew', async () => {
  let node = await start(await temporaryDirectory());
  aStream(node.core, 's', { ...SMALL, 'x-max-length-bytes': long(1) });
  for (let n = 0; n < 10; n++) node.core.publish('', 's', `${n}`.padEnd(100, '.'));
  await flush(node);
  node.core.publish('', 's', 'rolls');
  node = await crash(node);
  expect(read(node)).not.toEqual([]);
  node.core.publish('', 's', 'next');
  await flush(node);
  expect(read(node).at(-1)).toBe('10 next');
});

test('what grew too old while nobody was there goes at the start [STR-02]', async () => {
  let node = await start(await temporaryDirectory());
  aStream(node.core, 's', { ...SMALL, 'x-max-age': longstr('10s') });
  for (let n = 0; n < 30; n++) {
    node.core.publish('', 's', `${n}`.padEnd(100, '.'));
    await flush(node);
  }
  await node.store.close();
  node = await start(node.directory, node.core.clock.now() + 10_000);
  expect(read(node).length).toBeLessThan(10);
  expect(read(node).at(-1)).toMatch(/^29 29/);
});

test('a stream that is deleted leaves nothing, and one of the same name is new [STR-13]', async () => {
  let node = await start(await temporaryDirectory());
  const stream = aStream(node.core);
  for (let n = 0; n < 50; n++) {
    node.core.publish('', 's', 'old');
    await flush(node);
  }
  node.core.vhost.remove(stream);
  aStream(node.core);
  node.core.publish('', 's', 'new');
  await node.store.close();
  expect(await keysOf(node.directory)).toEqual({ chunks: 1, infos: 1 });
  node = await start(node.directory, node.core.clock.now());
  expect(read(node)).toEqual(['0 new']);
});

test('what a crash left of a deletion is deleted at the next start', async () => {
  const node = await start(await temporaryDirectory());
  const stream = aStream(node.core);
  aStream(node.core, 't', {});
  for (const name of ['s', 't']) {
    for (let n = 0; n < 5; n++) {
      node.core.publish('', name, `${n}`);
      await flush(node);
    }
  }
  await node.store.close();
  const db = new Level<Buffer, Buffer>(join(node.directory, 'level'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  for await (const [key, value] of db.iterator()) {
    if (key[0] === 0x64 && value.includes('"name":"s"')) await db.del(key); // the definition of s
    const [kind, id, offset] = [key[0], key.readUInt8(4 % key.length), Number(key.at(-1))];
    if (kind === 0x69 && id === stream.identity.id + 1 && offset < 2) await db.del(key); // half a trim of t
  }
  await db.close();
  const again = await start(node.directory);
  const consumer = new StreamConsumer(again.core, aStream(again.core, 't'), {
    'x-stream-offset': longstr('first'),
  });
  expect(consumer.seen).toEqual(['2 2', '3 3', '4 4']);
  await again.store.close();
  expect(await keysOf(node.directory)).toEqual({ chunks: 3, infos: 3 });
});
