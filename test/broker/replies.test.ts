import { expect, test } from 'vitest';
import { findQueue } from '../../src/broker/declare.ts';
import { Outcome, Publisher } from '../../src/broker/publish.ts';
import { REPLY_PREFIX } from '../../src/broker/replies.ts';
import type { ReplyQueue } from '../../src/broker/replies.ts';
import { Subscription } from '../../src/broker/consumers.ts';
import { encodeProperties } from '../../src/wire/properties.ts';
import { EMPTY_TABLE } from '../../src/wire/table.ts';
import { Core, TestConsumer } from '../support/core.ts';
import { LedgerJournal } from '../support/ledger-journal.ts';
import { refusal } from '../support/refusal.ts';

const settings = {
  consumerTag: 'c',
  noAck: true,
  exclusive: false,
  priority: 0,
  prefetch: 0,
  hasChannelLimit: false,
  arguments: EMPTY_TABLE,
};

/** A requester that takes so many answers. */
function aRequester(core: Core, credit = Infinity): { queue: ReplyQueue; consumer: TestConsumer } {
  const queue = core.vhost.replies.open((bytes) => core.broker.secret(bytes));
  const consumer = new TestConsumer(core, credit);
  consumer.subscription = new Subscription(queue, consumer, settings);
  queue.serve(consumer.subscription);
  return { queue, consumer };
}

test('a name is made of 24 bytes of the injected secrets [RTO-05]', () => {
  const core = new Core();
  const asked: number[] = [];
  const queue = core.vhost.replies.open((bytes) => {
    asked.push(bytes);
    return Buffer.alloc(bytes, 0xff);
  });
  expect([asked, queue.name]).toEqual([[24], REPLY_PREFIX + '_'.repeat(32)]);
});

test('requesters are in no list of queues, and nothing about them is recorded [RTO-13]', () => {
  const journal = new LedgerJournal();
  const core = new Core(journal);
  const { queue, consumer } = aRequester(core);
  expect(core.send(queue.name, 'a', { expiration: '0' })).toBe(Outcome.ROUTED);
  expect(consumer.bodies).toEqual(['a']);
  expect([core.vhost.queues.size, journal.placed.size, journal.live.size]).toEqual([0, 0, 0]);
});

test('an answer is with the channel when the publish returns, without a turn of the queue [RTO-06]', () => {
  const core = new Core();
  const { queue, consumer } = aRequester(core);
  const publisher = new Publisher(core.vhost, core.actor);
  publisher.publish({ exchange: '', routingKey: queue.name }, encodeProperties({}), Buffer.from('a'));
  expect(consumer.bodies).toEqual(['a']);
});

test('answers wait for a requester that takes nothing for the moment, in order and however long [RTO-06]', () => {
  const core = new Core();
  const { queue, consumer } = aRequester(core, 1);
  for (const body of ['a', 'b', 'c']) core.send(queue.name, body, { expiration: '10' });
  core.advance(60_000);
  expect(consumer.bodies).toEqual(['a']);
  consumer.allow(5);
  expect(consumer.bodies).toEqual(['a', 'b', 'c']);
});

test('answers that a slow requester has no room for are dropped, taken for delivered, and counted [RTO-06]', () => {
  const core = new Core();
  const { queue, consumer } = aRequester(core, 0);
  const mebibyte = 'x'.repeat(1024 * 1024);
  const dropped: string[] = [];
  core.broker.events.observe((event) => {
    if (event.type === 'dropped') dropped.push(`${event.why} ${event.reason} ${event.message.body.length}`);
  });
  for (let n = 0; n < 18; n++) expect(core.send(queue.name, mebibyte)).toBe(Outcome.ROUTED);
  expect(dropped).toEqual(['slow requester maxlen 1048576', 'slow requester maxlen 1048576']);
  expect([queue.ready.length, queue.deaths?.losses('maxlen', 'slow requester')]).toEqual([16, 2]);
  expect(core.lost).toEqual([`${queue.name} maxlen: slow requester`]);
  consumer.allow(1);
  core.send(queue.name, mebibyte);
  consumer.allow(Infinity);
  expect(consumer.entries.length).toBe(17);
});

test('small answers that wait are limited in number [RTO-06]', () => {
  const core = new Core();
  const { queue, consumer } = aRequester(core, 0);
  for (let n = 0; n < 20_005; n++) core.send(queue.name, '');
  consumer.allow(Infinity);
  expect([consumer.entries.length, queue.deaths?.losses('maxlen', 'slow requester')]).toEqual([20_000, 5]);
});

test('an answer that is larger than what may wait is delivered to who takes it [RTO-06]', () => {
  const core = new Core();
  const { queue, consumer } = aRequester(core);
  core.send(queue.name, 'x'.repeat(17 * 1024 * 1024));
  expect(consumer.entries.length).toBe(1);
});

test('what a requester had not taken goes with it, and later answers vanish [RTO-07, RTO-08]', () => {
  const core = new Core();
  const { queue, consumer } = aRequester(core, 0);
  core.send(queue.name, 'a');
  core.vhost.replies.close(queue.name);
  consumer.cancel();
  expect(queue.ready.length).toBe(0);
  expect(core.send(queue.name, 'b')).toBe(Outcome.ROUTED);
  expect([queue.ready.length, consumer.bodies]).toEqual([0, []]);
});

test('a name from before a restart is well-formed and reaches nobody; others are no route [RTO-08]', () => {
  const core = new Core();
  expect(core.send(REPLY_PREFIX + 'A'.repeat(32), 'a')).toBe(Outcome.ROUTED);
  for (const token of ['', 'A'.repeat(31), 'A'.repeat(33), `${'A'.repeat(31)}/`, `${'A'.repeat(32)}\n`]) {
    expect(core.send(REPLY_PREFIX + token, 'a')).toBe(0);
  }
});

test('nobody else gets in, and nothing can be fetched or purged [RTO-11]', () => {
  const core = new Core();
  const { queue, consumer } = aRequester(core, 0);
  core.send(queue.name, 'a');
  const found = findQueue(core.vhost, queue.name, core.actor);
  const only = `PRECONDITION_FAILED - only creator channel may consume from ${queue.label}`;
  expect(refusal(() => core.consume(found))).toBe(`406 ${only}`);
  const text = `NOT_IMPLEMENTED - basic.get not supported by volatile ${queue.label}`;
  expect(refusal(() => found.get())).toBe(`540 ${text}`);
  expect(found.purge()).toBe(0);
  consumer.allow(1);
  expect(consumer.bodies).toEqual(['a']);
});

test('a requester is known in its own vhost only [RTO-13]', () => {
  const core = new Core();
  const { queue } = aRequester(core);
  const other = core.broker.addVhost('other');
  expect([core.vhost.replies.has(queue.name), other.replies.has(queue.name)]).toEqual([true, false]);
});
