import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/broker/message.ts';
import { Outcome } from '../../src/broker/publish.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte, deathsOf } from '../support/deaths.ts';
import { LedgerJournal } from '../support/ledger-journal.ts';

const TO_DEAD = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('dead') };

interface Limited {
  readonly core: Core;
  readonly queue: Queue;
  readonly dead: () => string[];
}

function limited(args: Record<string, FieldValue>, overflow?: string): Limited {
  const core = new Core();
  const grave = core.queue('dead');
  const more = overflow === undefined ? {} : { 'x-overflow': longstr(overflow) };
  const queue = core.queue('q', { ...TO_DEAD, ...args, ...more });
  const dead = (): string[] =>
    core.look(grave).map((seen) => `${seen.body} ${deathsOf(seen)[0]?.reason ?? 'alive'}`);
  return { core, queue, dead };
}

const length = (value: number): Record<string, FieldValue> => ({ 'x-max-length': byte(value) });
const bytes = (value: number): Record<string, FieldValue> => ({ 'x-max-length-bytes': byte(value) });
const isRefused = (outcome: number): boolean => (outcome & Outcome.REFUSED) !== 0;

describe('drop-head', () => {
  test('exactly the limit is allowed, one more drops the oldest, and the publish is accepted [LEN-04, LEN-05, IDM-09]', () => {
    for (const overflow of [undefined, 'drop-head']) {
      const { core, queue, dead } = limited(length(2), overflow);
      for (const body of ['a', 'b']) core.send('q', body);
      expect(dead()).toEqual([]);
      expect(isRefused(core.send('q', 'c'))).toBe(false);
      expect(core.bodies(queue)).toEqual(['b', 'c']);
      expect(dead()).toEqual(['a maxlen']);
    }
  });

  test('either limit triggers [LEN-01]', () => {
    const { core, queue } = limited({ ...length(3), ...bytes(10) });
    for (const body of ['aaaa', 'bbbb', 'cccc']) core.send('q', body);
    expect(core.bodies(queue)).toEqual(['bbbb', 'cccc']);
    for (const body of ['d', 'e']) core.send('q', body);
    expect(core.bodies(queue)).toEqual(['cccc', 'd', 'e']);
  });

  test('what is handed out does not count [LEN-02]', () => {
    const { core, queue, dead } = limited(length(1));
    core.send('q', 'a');
    core.get(queue);
    core.send('q', 'b');
    expect(core.bodies(queue)).toEqual(['b']);
    expect(dead()).toEqual([]);
  });

  test('bytes are those of bodies, not of properties [LEN-03, LEN-04]', () => {
    const { core, queue } = limited(bytes(4));
    core.send('q', 'aa', { messageId: 'x'.repeat(200) });
    core.send('q', 'bb', { messageId: 'x'.repeat(200) });
    expect([queue.ready.length, queue.ready.bytes]).toEqual([2, 4]);
    core.send('q', 'c');
    expect(core.bodies(queue)).toEqual(['bb', 'c']);
  });

  test('several that go at once go oldest first [LEN-05]', () => {
    const { core, queue, dead } = limited(bytes(4));
    for (const body of ['a', 'b', 'c', 'd', 'eee']) core.send('q', body);
    expect(dead()).toEqual(['a maxlen', 'b maxlen', 'c maxlen']);
    expect(core.bodies(queue)).toEqual(['d', 'eee']);
  });

  test('a message above the byte limit empties the queue and goes itself [LEN-06]', () => {
    const { core, queue, dead } = limited(bytes(4));
    for (const body of ['a', 'b']) core.send('q', body);
    expect(isRefused(core.send('q', 'ccccc'))).toBe(false);
    expect(dead()).toEqual(['a maxlen', 'b maxlen', 'ccccc maxlen']);
    expect([queue.ready.length, queue.ready.bytes]).toEqual([0, 0]);
  });

  test('with a limit of 0 a ready consumer gets the message, else it goes at once [LEN-07]', () => {
    const { core, queue, dead } = limited(length(0));
    const consumer = core.consume(queue, Infinity, { prefetch: 1 });
    for (const body of ['taken', 'gone']) expect(isRefused(core.send('q', body))).toBe(false);
    expect(consumer.bodies).toEqual(['taken']);
    expect(dead()).toEqual(['gone maxlen']);
  });

  test('what a consumer is about to take does not count', () => {
    const { core, queue, dead } = limited(length(2));
    for (const body of ['a', 'b']) core.send('q', body);
    const consumer = core.consume(queue, 0);
    consumer.credit = 3;
    consumer.subscription?.resume(); // nothing has happened yet
    core.send('q', 'c');
    expect(consumer.bodies).toEqual(['a', 'b', 'c']);
    expect(dead()).toEqual([]);
  });

  test('requeued above the limit it is the message itself that goes [LEN-08]', () => {
    const { core, queue, dead } = limited(length(2));
    core.send('q', 'a');
    const { entry } = core.get(queue) as { entry: Entry };
    for (const body of ['b', 'c']) core.send('q', body);
    queue.requeue([entry]);
    core.settle();
    expect(dead()).toEqual(['a maxlen']);
    expect(core.bodies(queue)).toEqual(['b', 'c']);
  });

  test('the limit comes before a waiting consumer, and before expiry, when a message is requeued [LEN-08]', () => {
    const waiting = limited(length(0));
    const consumer = waiting.core.consume(waiting.queue);
    waiting.core.send('q', 'a');
    consumer.requeue(...consumer.entries);
    expect(consumer.bodies).toEqual(['a']);
    expect(waiting.dead()).toEqual(['a maxlen']);

    const { core, queue, dead } = limited(length(2));
    core.send('q', 'expired', { expiration: '10' });
    core.send('q', 'not');
    const held = [core.get(queue)?.entry, core.get(queue)?.entry] as [Entry, Entry];
    for (const body of ['c', 'd']) core.send('q', body);
    core.advance(100);
    queue.requeue(held);
    core.settle();
    expect(dead()).toEqual(['expired maxlen', 'not maxlen']);
  });

  test('what a consumer is about to take does not count when a message is requeued [LEN-08]', () => {
    const { core, queue, dead } = limited(length(2));
    core.send('q', 'a');
    const { entry } = core.get(queue) as { entry: Entry };
    for (const body of ['b', 'c']) core.send('q', body);
    const consumer = core.consume(queue, 0);
    consumer.credit = 1;
    consumer.subscription?.resume(); // nothing has happened yet
    queue.requeue([entry]);
    core.settle();
    expect(consumer.bodies).toEqual(['b']);
    expect(core.bodies(queue)).toEqual(['a', 'c']);
    expect(dead()).toEqual([]);
  });

  test('in a priority queue the highest goes first [LEN-09]', () => {
    const { core, queue, dead } = limited({ ...length(2), 'x-max-priority': byte(5) });
    core.send('q', 'low', { priority: 0 });
    core.send('q', 'high', { priority: 5 });
    core.send('q', 'middle', { priority: 3 });
    expect(dead()).toEqual(['high maxlen']);
    core.send('q', 'gone', { priority: 5, expiration: '0' });
    expect(dead()).toEqual(['high maxlen', 'gone maxlen']);
    expect(core.bodies(queue)).toEqual(['middle', 'low']);
  });
});

describe('reject-publish', () => {
  test('a publish that would be too much is refused; nothing is dead-lettered [LEN-10, LEN-12, IDM-10, CNF-04]', () => {
    const { core, queue, dead } = limited(length(2), 'reject-publish');
    expect(['a', 'b', 'c'].map((body) => isRefused(core.send('q', body)))).toEqual([false, false, true]);
    expect(core.bodies(queue)).toEqual(['a', 'b']);
    expect(dead()).toEqual([]);
  });

  test('a refused message was routed all the same [LEN-10, TXC-01]', () => {
    const { core } = limited(length(0), 'reject-publish');
    expect(core.send('q', 'a') & Outcome.ROUTED).toBe(Outcome.ROUTED);
  });

  test('a refusal by bytes does not keep out a smaller one [LEN-10]', () => {
    const { core, queue } = limited(bytes(4), 'reject-publish');
    expect(['aa', 'bbb', 'cc', 'd'].map((body) => isRefused(core.send('q', body)))).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(core.bodies(queue)).toEqual(['aa', 'cc']);
  });

  test('with a limit of 0 everything is refused, though a consumer waits [LEN-11]', () => {
    const { core, queue } = limited(length(0), 'reject-publish');
    const consumer = core.consume(queue);
    expect(isRefused(core.send('q', 'a'))).toBe(true);
    expect(consumer.entries).toEqual([]);
  });

  test('requeues may push the queue above its limit [LEN-12]', () => {
    const { core, queue, dead } = limited(length(1), 'reject-publish');
    core.send('q', 'a');
    const { entry } = core.get(queue) as { entry: Entry };
    core.send('q', 'b');
    queue.requeue([entry]);
    core.settle();
    expect(core.bodies(queue)).toEqual(['a', 'b']);
    expect(dead()).toEqual([]);
    expect(isRefused(core.send('q', 'c'))).toBe(true);
  });

  test('the other queues keep their copy [LEN-13]', () => {
    const { core, queue } = limited(length(0), 'reject-publish');
    const other = core.queue('other');
    for (const name of ['q', 'other']) core.bind('amq.fanout', name);
    expect(core.publish('amq.fanout', '', 'a')).toBe(Outcome.ROUTED | Outcome.REFUSED);
    expect([queue.ready.length, other.ready.length]).toEqual([0, 1]);
  });

  test('what a consumer is about to take does not count', () => {
    const { core, queue } = limited(length(1), 'reject-publish');
    core.send('q', 'a');
    const consumer = core.consume(queue, 0);
    consumer.credit = 1;
    consumer.subscription?.resume();
    expect(isRefused(core.send('q', 'b'))).toBe(false);
    expect(consumer.bodies).toEqual(['a']);
  });
});

describe('reject-publish-dlx', () => {
  test('the refused message is dead-lettered, the queued ones stay [LEN-14, DLX-02]', () => {
    const { core, queue, dead } = limited(length(1), 'reject-publish-dlx');
    expect(['a', 'b'].map((body) => isRefused(core.send('q', body)))).toEqual([false, true]);
    expect(core.bodies(queue)).toEqual(['a']);
    expect(dead()).toEqual(['b maxlen']);
  });

  test('its expiration is noted in the history [LEN-14, XD-14]', () => {
    const { core } = limited(length(0), 'reject-publish-dlx');
    core.send('q', 'a', { expiration: '060' });
    const [seen] = core.drain(core.queue('dead'));
    expect(seen === undefined ? [] : deathsOf(seen)).toMatchObject([
      { reason: 'maxlen', originalExpiration: '60' },
    ]);
  });
});

describe('a full queue among others', () => {
  const kinds: readonly [string, Record<string, FieldValue>][] = [
    ['drops it', length(0)],
    ['refuses it', { ...length(0), 'x-overflow': longstr('reject-publish') }],
    [
      'refuses and dead-letters it',
      { ...length(0), 'x-overflow': longstr('reject-publish-dlx'), ...TO_DEAD },
    ],
    ['lets it expire', { 'x-message-ttl': byte(0) }],
  ];
  test.each(kinds)('%s, and the bytes stay for the queues that follow', (_what, args) => {
    const journal = new LedgerJournal();
    const core = new Core(journal);
    core.queue('dead');
    core.queue('q', args);
    const other = core.queue('other');
    for (const name of ['q', 'other']) core.bind('amq.fanout', name);
    for (const body of ['a', 'b']) core.publish('amq.fanout', '', body, { deliveryMode: 2 });
    expect(core.drain(other).map(({ body }) => body)).toEqual(['a', 'b']);
    core.drain(core.queue('dead'));
    expect(journal.faults).toEqual([]);
    expect([journal.live.size, journal.placed.size]).toEqual([0, 0]);
  });
});
