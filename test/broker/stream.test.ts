import { describe, expect, test } from 'vitest';
import { Outcome } from '../../src/broker/publish.ts';
import { withOffset } from '../../src/broker/stream-headers.ts';
import { decodeProperties, encodeProperties, PropertyScan } from '../../src/wire/properties.ts';
import { array, bool, long, longstr, timestamp } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { ManualJournal } from '../support/manual-journal.ts';
import { aStream, StreamConsumer } from '../support/streams.ts';

const FIRST = { 'x-stream-offset': longstr('first') };

function numbered(core: Core, from: number, to: number, size = 0): void {
  for (let n = from; n < to; n++) core.publish('', 's', `m${n}`.padEnd(size, '.'));
}

function names(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `m${from + i}`);
}

describe('reading a stream', () => {
  test('every consumer reads everything, in order and at its own pace [STR-01, STR-10]', () => {
    const core = new Core();
    const stream = aStream(core);
    const [fast, slow] = [
      new StreamConsumer(core, stream, FIRST),
      new StreamConsumer(core, stream, FIRST, 2),
    ];
    numbered(core, 0, 500);
    expect(fast.take()).toEqual(names(0, 500));
    expect(slow.seen).toEqual(['0 m0', '1 m1']);
    slow.ack(1);
    expect(slow.seen).toEqual(['0 m0', '1 m1', '2 m2']);
    expect(stream.messageCount).toBe(500);
  });

  test('a consumer whose socket is full goes on where it was [STR-10]', () => {
    const core = new Core();
    const consumer = new StreamConsumer(core, aStream(core), FIRST);
    numbered(core, 0, 2);
    consumer.isOpen = false;
    numbered(core, 2, 5);
    expect(consumer.take()).toEqual(names(0, 2));
    consumer.isOpen = true;
    consumer.resume();
    expect(consumer.take()).toEqual(names(2, 5));
  });

  test('one that was cancelled gets nothing more, wherever it stood', () => {
    const core = new Core();
    const stream = aStream(core);
    const [resting, blocked] = [new StreamConsumer(core, stream), new StreamConsumer(core, stream, {}, 1)];
    numbered(core, 0, 2);
    resting.cancel();
    blocked.cancel();
    blocked.ack(1);
    numbered(core, 2, 4);
    expect([resting.take(), blocked.take()]).toEqual([names(0, 2), names(0, 1)]);
    expect(stream.consumers.count).toBe(0);
  });

  test('consumers of a stream that is deleted are cancelled', () => {
    const core = new Core();
    const consumer = new StreamConsumer(core, aStream(core));
    core.vhost.remove(consumer.subscription.queue);
    core.settle();
    expect(consumer.isCancelled).toBe(true);
    consumer.resume();
    expect(core.publish('', 's', 'nobody')).toBe(0);
  });

  test('a message is handed out when it is on disk, and confirmed whatever its delivery-mode [STR-14]', () => {
    const journal = new ManualJournal();
    const core = new Core(journal);
    const consumer = new StreamConsumer(core, aStream(core), FIRST);
    expect(core.publish('', 's', 'a')).toBe(Outcome.ROUTED | Outcome.DURABLE);
    journal.cut();
    core.publish('', 's', 'b');
    expect(consumer.take()).toEqual([]);
    journal.finish();
    core.settle();
    expect(consumer.take()).toEqual(['a']);
    journal.commit();
    core.settle();
    expect(consumer.take()).toEqual(['b']);
  });

  test('an offset the publisher sent is replaced, other headers stay [STR-09]', () => {
    const headers = new Map([
      ['x-stream-offset', longstr('mine')],
      ['a', longstr('1')],
    ]);
    const published = encodeProperties({ headers, messageId: 'id' });
    const marked = withOffset(published, new PropertyScan().scan(published, 0, published.length), 2 ** 33);
    expect(marked.includes('mine')).toBe(false);
    expect(decodeProperties(marked)).toEqual({
      headers: new Map([
        ['a', longstr('1')],
        ['x-stream-offset', long(2 ** 33)],
      ]),
      messageId: 'id',
    });
  });

  test('a dead letter may go to a stream, with its history [DLX-12]', () => {
    const core = new Core();
    const consumer = new StreamConsumer(core, aStream(core), FIRST);
    core.queue('q', { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('s') });
    core.send('q', 'late', { expiration: '1000' });
    core.advance(1000);
    expect(consumer.seen).toEqual(['0 late']);
  });
});

describe('where a consumer begins', () => {
  function begins(offset?: Parameters<typeof longstr>[0] | number | { seconds: number }): string[] {
    const core = new Core();
    const stream = aStream(core);
    for (const name of ['a', 'b', 'c']) {
      core.publish('', 's', name);
      core.advance(10_000);
    }
    const value =
      typeof offset === 'number'
        ? long(offset)
        : offset !== undefined && typeof offset === 'object' && 'seconds' in offset
          ? timestamp(1_000_000_000 + offset.seconds)
          : offset === undefined
            ? undefined
            : longstr(offset);
    const consumer = new StreamConsumer(
      core,
      stream,
      value === undefined ? {} : { 'x-stream-offset': value },
    );
    core.publish('', 's', 'd');
    return consumer.take();
  }

  test('by name, by offset, by time, by age [STR-08]', () => {
    expect(begins('first')).toEqual(['a', 'b', 'c', 'd']);
    expect(begins('last')).toEqual(['c', 'd']);
    expect(begins('next')).toEqual(['d']);
    expect(begins()).toEqual(['d']);
    expect(begins(1)).toEqual(['b', 'c', 'd']);
    expect(begins(-7)).toEqual(['a', 'b', 'c', 'd']);
    expect(begins(4)).toEqual([]);
    expect(begins({ seconds: 10 })).toEqual(['b', 'c', 'd']);
    expect(begins({ seconds: 11 })).toEqual(['c', 'd']);
    expect(begins({ seconds: 21 })).toEqual(['d']);
    expect(begins('10s')).toEqual(['c', 'd']);
    expect(begins('1m')).toEqual(['a', 'b', 'c', 'd']);
  });

  test('of an empty stream there is only what comes', () => {
    for (const name of ['first', 'last', 'next', '1h']) {
      const core = new Core();
      const consumer = new StreamConsumer(core, aStream(core), { 'x-stream-offset': longstr(name) });
      core.publish('', 's', 'a');
      expect(consumer.take()).toEqual(['a']);
    }
  });
});

describe('what a stream keeps', () => {
  const SMALL = { 'x-stream-max-segment-size-bytes': long(1000) };

  test('whole segments go when it is too large, and those who wanted them read on behind [STR-03]', () => {
    const core = new Core();
    const stream = aStream(core, 's', { ...SMALL, 'x-max-length-bytes': long(3000) });
    const held = new StreamConsumer(core, stream, FIRST, 1);
    numbered(core, 0, 100, 100);
    expect(stream.messageCount).toBeLessThan(40);
    expect(stream.messageCount).toBeGreaterThan(15);
    const first = 100 - stream.messageCount;
    expect(held.seen.length).toBe(1);
    held.ack(1);
    expect(held.seen[1]).toBe(`${first} ${`m${first}`.padEnd(100, '.')}`);
    const consumer = new StreamConsumer(core, stream, { 'x-stream-offset': long(3) });
    expect(consumer.seen.length).toBe(stream.messageCount);
  });

  test('segments go when they are too old, but for the last one; nobody has to publish [STR-02, STR-03]', () => {
    const core = new Core();
    const stream = aStream(core, 's', { ...SMALL, 'x-max-age': longstr('10s') });
    numbered(core, 0, 25, 100);
    core.advance(5000);
    numbered(core, 25, 50, 100);
    expect(stream.messageCount).toBe(50);
    core.advance(4999);
    expect(stream.messageCount).toBe(50);
    core.advance(1);
    expect(stream.messageCount).toBeLessThan(25 + 10);
    core.advance(1_000_000);
    expect(stream.messageCount).toBeGreaterThan(0);
    expect(stream.messageCount).toBeLessThan(10);
    const consumer = new StreamConsumer(core, stream, FIRST);
    expect(consumer.seen.at(-1)).toMatch(/^49 m49/);
  });
});

describe('filters', () => {
  function filtered(args: Parameters<typeof aStream>[2]): string[] {
    const core = new Core();
    const consumer = new StreamConsumer(core, aStream(core), { ...FIRST, ...args });
    for (const value of ['v1', 'v2', 'v3']) {
      core.publish('', 's', value, { headers: new Map([['x-stream-filter-value', longstr(value)]]) });
    }
    core.publish('', 's', 'none', { headers: new Map([['other', longstr('x-stream-filter-value')]]) });
    core.publish('', 's', 'number', { headers: new Map([['x-stream-filter-value', long(1)]]) });
    return consumer.take();
  }

  test('only what has one of the values, and on demand what has none [STR-15]', () => {
    expect(filtered({ 'x-stream-filter': longstr('v2') })).toEqual(['v2']);
    expect(filtered({ 'x-stream-filter': array([longstr('v1'), long(1), longstr('v3')]) })).toEqual([
      'v1',
      'v3',
    ]);
    const unfiltered = { 'x-stream-match-unfiltered': bool(true) };
    expect(filtered({ 'x-stream-filter': longstr('v2'), ...unfiltered })).toEqual(['v2', 'none', 'number']);
    expect(filtered(unfiltered)).toHaveLength(5);
    expect(filtered({ 'x-stream-filter': long(1) })).toHaveLength(5);
  });

  test('what a filter leaves out takes no credit', () => {
    const core = new Core();
    const args = { ...FIRST, 'x-stream-filter': longstr('v') };
    const consumer = new StreamConsumer(core, aStream(core), args, 1);
    numbered(core, 0, 1000);
    core.publish('', 's', 'mine', { headers: new Map([['x-stream-filter-value', longstr('v')]]) });
    expect(consumer.seen).toEqual(['1000 mine']);
  });
});
