import { describe, expect, test } from 'vitest';
import { withReturnCounts } from '../../src/broker/delivery-count.ts';
import type { Entry } from '../../src/broker/message.ts';
import { Outcome } from '../../src/broker/publish.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { decodeProperties, encodeProperties } from '../../src/wire/properties.ts';
import { bool, fieldTable, long, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte, deathLines } from '../support/deaths.ts';
import { LedgerJournal } from '../support/ledger-journal.ts';
import { refusal } from '../support/refusal.ts';

const QUORUM = { 'x-queue-type': longstr('quorum') };
const AT_LEAST_ONCE = {
  ...QUORUM,
  'x-dead-letter-strategy': longstr('at-least-once'),
  'x-overflow': longstr('reject-publish'),
};

function to(exchange: string, routingKey?: string): Record<string, FieldValue> {
  const key = routingKey === undefined ? {} : { 'x-dead-letter-routing-key': longstr(routingKey) };
  return { 'x-dead-letter-exchange': longstr(exchange), ...key };
}

function take(core: Core, queue: Queue): Entry {
  return (core.get(queue) as { entry: Entry }).entry;
}

/** Takes the next message and gives it back. */
function giveBack(core: Core, queue: Queue): void {
  queue.requeue([take(core, queue)]);
  core.settle();
}

/** Takes the next message and refuses it for good. */
function refuse(core: Core, queue: Queue): void {
  queue.reject(take(core, queue));
  core.settle();
}

describe('deliveries of a quorum queue', () => {
  test('two of high priority leave for each of normal priority while both wait [QUE-37]', () => {
    const core = new Core();
    const queue = core.queue('q', QUORUM);
    const priorities = [0, 4, undefined, 5, 255, 9, 6, 5];
    priorities.forEach((priority, n) => core.send('q', `${n}:${priority ?? ''}`, { priority }));
    expect(core.drain(queue).map(({ body }) => body)).toEqual([
      '3:5',
      '4:255',
      '0:0',
      '5:9',
      '6:6',
      '1:4',
      '7:5',
      '2:',
    ]);
  });

  test('what comes back has its old place in its level and says how often it came [DLV-05, DLV-07]', () => {
    const core = new Core();
    const queue = core.queue('q', QUORUM);
    for (const body of ['a', 'b', 'c']) core.send('q', body);
    const [a, b] = [take(core, queue), take(core, queue)];
    queue.requeue([b]);
    queue.requeue([a]);
    giveBack(core, queue);
    expect(core.look(queue).map(({ body, redelivered }) => [body, redelivered])).toEqual([
      ['a', true],
      ['b', true],
      ['c', false],
    ]);
    expect([a.returns, b.returns]).toEqual([2, 1]);
  });

  test('returns beyond the limit die together, in order, and the others stay [DLV-02, ACK-04]', () => {
    const core = new Core();
    const dead = core.queue('dead');
    const queue = core.queue('q', { ...QUORUM, 'x-delivery-limit': byte(1), ...to('', 'dead') });
    for (const body of ['a', 'b', 'c']) core.send('q', body);
    giveBack(core, queue);
    const all = [take(core, queue), take(core, queue), take(core, queue)];
    queue.requeue(all);
    core.settle();
    expect(core.bodies(queue)).toEqual(['b', 'c']);
    expect(core.look(dead).map(deathLines)).toEqual([['q delivery_limit 1']]);
    const again = [take(core, queue), take(core, queue)];
    queue.requeue(again);
    core.settle();
    expect(core.bodies(dead)).toEqual(['a', 'b', 'c']);
    expect(queue.unackedCount).toBe(0);
  });

  test('a header of a client of the same name gives way, the others stay [DLV-05]', () => {
    const headers = fieldTable({ 'x-delivery-count': longstr('mine'), own: byte(1) });
    const before = encodeProperties({ headers, deliveryMode: 1, expiration: '5' });
    const after = decodeProperties(withReturnCounts(before, { failures: 3, all: undefined }));
    expect(after).toEqual({
      headers: fieldTable({ own: byte(1), 'x-delivery-count': long(3) }),
      deliveryMode: 1,
      expiration: '5',
    });
  });

  test('every message is kept durably, whatever its delivery mode [QUE-31]', () => {
    const journal = new LedgerJournal();
    const core = new Core(journal);
    const queue = core.queue('q', QUORUM);
    core.queue('classic');
    core.exchange('x', 'fanout');
    for (const name of ['q', 'classic']) core.bind('x', name);
    const outcome = core.publish('x', '', 'a', { deliveryMode: 1 });
    expect(outcome & Outcome.DURABLE).toBe(Outcome.DURABLE);
    expect(journal.placed.size).toBe(1);
    core.drain(queue);
    expect(journal.placed.size).toBe(0);
    expect(journal.faults).toEqual([]);
  });

  test('with reject-publish a full queue takes what a consumer takes from it at once [LEN-11, LEN-16]', () => {
    const core = new Core();
    const queue = core.queue('q', {
      ...QUORUM,
      'x-overflow': longstr('reject-publish'),
      'x-max-length': byte(1),
    });
    const outcomes = ['a', 'b'].map((body) => core.send('q', body) & Outcome.REFUSED);
    expect(outcomes).toEqual([0, Outcome.REFUSED]);
    const consumer = core.consume(queue, 2);
    expect(core.send('q', 'c') & Outcome.REFUSED).toBe(0);
    expect(consumer.bodies).toEqual(['a', 'c']);
    expect(core.send('q', 'd') & Outcome.REFUSED).toBe(0);
    expect(core.send('q', 'e') & Outcome.REFUSED).toBe(Outcome.REFUSED);
  });

  test('a challenger that goes leaves the active consumer where it is [CNS-31]', () => {
    const core = new Core();
    const queue = core.queue('q', { ...QUORUM, 'x-single-active-consumer': bool(true) });
    const active = core.consume(queue);
    core.send('q', 'a');
    const [high, higher] = [core.consume(queue, 9, { priority: 1 }), core.consume(queue, 9, { priority: 2 })];
    core.send('q', 'b');
    expect(active.bodies).toEqual(['a']);
    higher.cancel();
    expect([active.bodies, high.bodies]).toEqual([['a'], []]);
    high.cancel();
    expect(active.bodies).toEqual(['a', 'b']);
    const late = core.consume(queue, 9, { priority: 3 });
    active.ack(...active.entries);
    core.send('q', 'c');
    expect([active.bodies, late.bodies]).toEqual([['a', 'b'], ['c']]);
  });

  test('the arguments and properties of a stream are checked in order [ARG-01]', () => {
    const core = new Core();
    const stream = { 'x-queue-type': longstr('stream') };
    const text = (rest: string): string =>
      `406 PRECONDITION_FAILED - invalid ${rest}`.replace('Q', "queue 'q' in vhost '/'");
    const declared = (args: Record<string, FieldValue>, flags = {}): string | undefined =>
      refusal(() => core.queue('q', { ...stream, ...args }, flags));
    expect(declared({ 'x-max-age': longstr('0D') })).toBe(text("arg 'x-max-age' for Q: invalid_max_age"));
    expect(declared({ 'x-expires': byte(1) })).toBe(
      text("arg 'x-expires' for Q of queue type rabbit_stream_queue"),
    );
    expect(declared({}, { autoDelete: true })).toBe(text("property 'auto-delete' for Q"));
    expect(declared({ 'x-max-age': longstr('1D') })).toBeUndefined();
  });
});

describe('at-least-once dead-lettering', () => {
  test('waits for an exchange, for a binding, and then delivers once [DLX-14]', () => {
    const journal = new LedgerJournal();
    const core = new Core(journal);
    const queue = core.queue('q', { ...AT_LEAST_ONCE, ...to('later') });
    core.send('q', 'a');
    refuse(core, queue);
    expect([queue.ready.length, queue.kept?.length, queue.kept?.bytes]).toEqual([0, 1, 1]);
    core.exchange('later', 'fanout');
    core.advance(1_000);
    expect(queue.kept?.length).toBe(1);
    const dead = core.queue('dead');
    core.bind('later', 'dead');
    core.advance(1_000);
    expect(core.look(dead).map(deathLines)).toEqual([['q rejected 1']]);
    expect(queue.kept?.length).toBe(0);
    core.exchange('another');
    core.advance(60_000);
    expect(core.bodies(dead)).toEqual(['a']);
    expect(journal.live.size).toBe(1);
    expect(journal.faults).toEqual([]);
    expect(core.lost).toEqual([]);
  });

  test('a target that refuses gets it when it has room, those that took it get it no more [DLX-14]', () => {
    const core = new Core();
    const full = core.queue('full', { 'x-max-length': byte(1), 'x-overflow': longstr('reject-publish') });
    const free = core.queue('free');
    core.exchange('x', 'fanout');
    for (const name of ['full', 'free']) core.bind('x', name);
    const queue = core.queue('q', { ...AT_LEAST_ONCE, ...to('x') });
    core.send('full', 'in the way');
    core.send('q', 'a');
    refuse(core, queue);
    core.advance(30_000);
    expect([core.bodies(full), core.bodies(free)]).toEqual([['in the way'], ['a']]);
    expect(queue.kept?.length).toBe(1);
    core.drain(full);
    core.advance(30_000);
    expect([core.bodies(full), core.bodies(free)]).toEqual([['a'], ['a']]);
    expect(queue.kept?.length).toBe(0);
  });

  test('the dead count toward the limits and are not ready; a purge leaves them [DLX-14]', () => {
    const core = new Core();
    const args = {
      ...AT_LEAST_ONCE,
      ...to('missing'),
      'x-max-length': byte(3),
      'x-max-length-bytes': byte(8),
    };
    const queue = core.queue('q', args);
    core.send('q', 'four');
    refuse(core, queue);
    expect(core.send('q', 'five!') & Outcome.REFUSED).toBe(Outcome.REFUSED);
    core.send('q', 'b', { expiration: '10' });
    core.advance(10);
    expect([queue.ready.length, queue.kept?.length]).toEqual([0, 2]);
    expect(core.send('q', 'c') & Outcome.REFUSED).toBe(0);
    expect(core.send('q', 'd') & Outcome.REFUSED).toBe(Outcome.REFUSED);
    expect(queue.purge()).toBe(1);
    expect(queue.kept?.length).toBe(2);
  });

  test('what is kept goes with its queue, also while it is tried [EXP-11]', () => {
    const journal = new LedgerJournal();
    const core = new Core(journal);
    const queue = core.queue('q', { ...AT_LEAST_ONCE, ...to('missing') });
    for (const body of ['a', 'b']) core.send('q', body);
    refuse(core, queue);
    core.vhost.holdBurials(() => {
      queue.reject(take(core, queue));
      core.vhost.remove(queue);
    });
    core.advance(60_000);
    expect(journal.live.size).toBe(0);
    expect(journal.faults.filter((fault) => !fault.includes('settled'))).toEqual([]);
  });

  test('many are tried again in slices, the oldest first', () => {
    const core = new Core();
    const queue = core.queue('q', { ...AT_LEAST_ONCE, ...to('', 'dead') });
    const bodies = Array.from({ length: 1_000 }, (_, n) => `${n}`);
    for (const body of bodies) core.send('q', body);
    for (const _ of bodies) refuse(core, queue);
    expect(queue.kept?.length).toBe(1_000);
    const dead = core.queue('dead');
    core.advance(1_000);
    expect(queue.kept?.length).toBe(0);
    expect(core.bodies(dead)).toEqual(bodies);
  });

  test('with drop-head or without an exchange nothing is kept [DLX-13]', () => {
    const core = new Core();
    const dropHead = { ...AT_LEAST_ONCE, 'x-overflow': longstr('drop-head') };
    expect(core.queue('a', { ...dropHead, ...to('missing') }).kept).toBeUndefined();
    expect(core.queue('b', AT_LEAST_ONCE).kept).toBeUndefined();
    expect(core.queue('c', { ...AT_LEAST_ONCE, ...to('missing') }).kept).toBeDefined();
  });
});
