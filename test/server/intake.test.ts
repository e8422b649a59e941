import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Client } from '../../spec/support/client.ts';
import type { DeclaredQueue } from '../../src/broker/declared-queue.ts';
import { encodeMethod } from '../../src/wire/codec.ts';
import { encodeFrame } from '../../src/wire/frames.ts';
import { PairedServer } from '../support/paired-server.ts';

/** What a socket hands over at once. */
const READ = 64 * 1024;
const BODY = Buffer.alloc(1000, 'x');
const COUNT = 4000;

function publishes(routingKey: string, count: number): Buffer {
  const publish = { ticket: 0, exchange: '', routingKey, mandatory: false, immediate: false } as const;
  const header = Buffer.alloc(14);
  header.writeUInt16BE(60);
  header.writeUInt32BE(BODY.length, 8);
  const frames = [
    encodeFrame(1, 1, encodeMethod({ name: 'basic.publish', ...publish })),
    encodeFrame(2, 1, header),
    encodeFrame(3, 1, BODY),
  ];
  return Buffer.concat(Array.from({ length: count }, () => Buffer.concat(frames)));
}

/** Sends messages as they come from a socket that has many: one read after the other, in one turn. */
function flood({ stream }: Client, routingKey: string): void {
  const bytes = publishes(routingKey, COUNT);
  for (let at = 0; at < bytes.length; at += READ) stream.write(bytes.subarray(at, at + READ));
}

async function declare(server: PairedServer, client: Client, queue: string): Promise<DeclaredQueue> {
  await client.call(1, 'queue.declare', { queue });
  return server.broker.vhosts.get('/')?.queues.get(queue) as DeclaredQueue;
}

test('who brings very much waits for the next turn, in which others get theirs', async () => {
  const server = new PairedServer();
  const [greedy, modest] = [await server.open(), await server.open()];
  const { counts } = await declare(server, modest, 'greedy');
  await declare(server, modest, 'modest');
  await modest.call(1, 'basic.consume', { queue: 'modest', noAck: true });
  flood(greedy, 'greedy');
  await turn();
  modest.publish(1, { routingKey: 'modest' }, 'mine');
  expect((await modest.message(1, 'basic.deliver')).body).toBe('mine');
  expect(counts.publish).toBeGreaterThan(0);
  expect(counts.publish).toBeLessThan(COUNT / 2);
  while (counts.publish < COUNT) await turn();
});

test('what a large read brought is handed on before the next read', async () => {
  const server = new PairedServer();
  const [publisher, consumer] = [await server.open(), await server.open()];
  const queue = await declare(server, consumer, 'q');
  await consumer.call(1, 'basic.consume', { queue: 'q', noAck: true });
  flood(publisher, 'q');
  let most = 0;
  while (queue.counts.deliverNoAck < COUNT) {
    await Promise.resolve();
    most = Math.max(most, queue.messageCount);
    if (queue.messageCount === 0) await turn();
  }
  expect(most).toBeLessThanOrEqual(READ / BODY.length);
});
