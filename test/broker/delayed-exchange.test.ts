import { describe, expect, test } from 'vitest';
import { deleteExchange } from '../../src/broker/declare.ts';
import { NOTHING_RECOVERED } from '../../src/broker/journal.ts';
import { Outcome } from '../../src/broker/publish.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { fieldTable, long, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import type { Properties } from '../../src/wire/properties.ts';
import { Core } from '../support/core.ts';
import { LedgerJournal } from '../support/ledger-journal.ts';
import { refusal } from '../support/refusal.ts';

const LONGEST = 2 ** 32 - 1;

function delay(value: FieldValue | number, more: Properties = {}): Properties {
  const delayed = typeof value === 'number' ? long(value) : value;
  return { headers: fieldTable({ 'x-delay': delayed }), ...more };
}

/** A core with a delayed exchange `x`, bound to the queue `q`, and the books of what is held. */
function delaying(args: Record<string, FieldValue> = {}, flags: Parameters<Core['exchange']>[3] = {}) {
  const journal = new LedgerJournal();
  const core = new Core(journal, NOTHING_RECOVERED);
  const exchange = core.exchange(
    'x',
    'x-delayed-message',
    { 'x-delayed-type': longstr('fanout'), ...args },
    flags,
  );
  const queue = core.queue('q');
  core.bind('x', 'q');
  return { core, journal, exchange, queue };
}

function typed(core: Core, queue: Queue): FieldValue | undefined {
  return core.look(queue)[0]?.properties.headers?.get('x-delay');
}

describe('a delayed exchange', () => {
  test('holds a message for its delay, to the millisecond, up to 2^32-1 ms [DLM-05]', () => {
    const { core, queue, exchange } = delaying();
    core.publish('x', '', 'long', delay(LONGEST));
    core.publish('x', '', 'too long', delay(LONGEST + 1));
    expect([core.bodies(queue), exchange.delayedCount]).toEqual([['too long'], 1]);
    core.advance(LONGEST - 1);
    expect(core.bodies(queue)).toEqual(['too long']);
    core.advance(1);
    expect([core.bodies(queue), exchange.delayedCount]).toEqual([['too long', 'long'], 0]);
  });

  test.each([
    ['a signed byte', { tag: 'b', value: 127 }, 127n],
    ['an unsigned byte', { tag: 'B', value: 200 }, 200n],
    ['an unsigned 64-bit integer', { tag: 'L', value: 100n }, 100n],
    ['a float, truncated', { tag: 'd', value: 99.9 }, 99n],
    ['a string', longstr('+80'), 80n],
  ] as const)('takes %s, and consumers see a negated 64-bit integer [DLM-06, DLM-12]', (_, value, ms) => {
    const { core, queue } = delaying();
    core.publish('x', '', 'a', delay(value));
    core.advance(Number(ms) - 1);
    expect(core.bodies(queue)).toEqual([]);
    core.advance(1);
    expect(typed(core, queue)).toEqual(long(-ms));
  });

  test.each([
    ['text', longstr('300x')],
    ['nothing', longstr('')],
    ['a decimal', { tag: 'D', value: { scale: 0, digits: 5 } }],
    ['void', { tag: 'V', value: null }],
  ] as const)('refuses %s as a delay, but passes it on as a dead letter [DLM-07]', (_, value) => {
    const { core, queue } = delaying();
    expect(refusal(() => core.publish('x', '', 'a', delay(value)))).toMatch(
      /^406 PRECONDITION_FAILED - invalid x-delay/,
    );
    core.queue('source', { 'x-dead-letter-exchange': longstr('x'), 'x-message-ttl': long(0) });
    core.send('source', 'dead', delay(value));
    expect(core.bodies(queue)).toEqual(['dead']);
  });

  test('a delayed message counts as unroutable, and is on disk before its confirm, whatever its delivery mode [DLM-09, DLM-10]', () => {
    const { core } = delaying();
    expect(core.publish('x', '', 'a', delay(1, { deliveryMode: 2 }))).toBe(Outcome.DURABLE);
    expect(core.publish('x', '', 'a', delay(1))).toBe(Outcome.DURABLE);
    expect(core.publish('x', '', 'a', delay(0))).toBe(Outcome.ROUTED);
  });

  test('any delivery mode is recorded in a durable exchange, none in a transient one [DLM-16]', () => {
    for (const [durable, places] of [
      [true, 2],
      [false, 0],
    ] as const) {
      const { core, journal } = delaying({}, { durable });
      core.publish('x', '', 'a', delay(10, { deliveryMode: 2 }));
      core.publish('x', '', 'b', delay(10));
      expect([journal.placed.size, journal.live.size]).toEqual([places, 2]);
      core.advance(10);
      core.drain(core.queue('q'));
      expect([journal.placed.size, journal.live.size, journal.faults]).toEqual([0, 0, []]);
    }
  });

  test('messages come in the order they are due, and those due at once in that of publishing [DLM-14]', () => {
    const { core, queue } = delaying();
    const bodies = Array.from({ length: 1_000 }, (_, n) => `${n}`);
    for (const body of bodies) core.publish('x', '', body, delay(1_000 - Number(body)));
    core.advance(2_000);
    expect(core.bodies(queue)).toEqual(bodies.toReversed());
    for (const body of bodies) core.publish('x', '', body, delay(5));
    queue.purge();
    core.advance(5);
    expect(core.bodies(queue)).toEqual(bodies);
  });

  test('what waits is dropped with its exchange, and another of that name knows nothing of it [DLM-08]', () => {
    const { core, journal, queue } = delaying();
    core.publish('x', '', 'lost', delay(10, { deliveryMode: 2 }));
    deleteExchange(core.vhost, 'x', false, core.actor);
    expect([journal.live.size, journal.faults]).toEqual([0, []]);
    core.exchange('x', 'x-delayed-message', { 'x-delayed-type': longstr('fanout') });
    core.bind('x', 'q');
    core.advance(20);
    expect(core.bodies(queue)).toEqual([]);
  });

  test('a message without a route goes to the alternate exchange when it is due, not before [DLM-11]', () => {
    const { core, queue } = delaying({ 'alternate-exchange': longstr('other') });
    core.exchange('other', 'fanout');
    const stray = core.queue('stray');
    core.bind('other', 'stray');
    core.unbind('x', 'q');
    core.publish('x', '', 'a', delay(10));
    expect(core.bodies(stray)).toEqual([]);
    core.advance(10);
    expect([core.bodies(stray), core.bodies(queue)]).toEqual([['a'], []]);
  });

  test('one that is reached over a binding delays too, and all other ways lead on at once [DLM-12]', () => {
    const { core, queue } = delaying();
    core.exchange('front', 'fanout');
    core.bind('front', 'x', '', 'exchange');
    const direct = core.queue('direct');
    core.bind('front', 'direct');
    expect(core.publish('front', '', 'a', delay(10)) & Outcome.ROUTED).toBe(Outcome.ROUTED);
    expect([core.bodies(direct), core.bodies(queue)]).toEqual([['a'], []]);
    core.advance(10);
    expect(core.look(queue)).toMatchObject([{ body: 'a', exchange: 'front' }]);
    expect(typed(core, direct)).toEqual(long(10));
  });

  test('as DLX it delays the first death only, and the history stays [DLM-13]', () => {
    const { core, queue } = delaying();
    const source = core.queue('source', { 'x-dead-letter-exchange': longstr('x') });
    core.send('source', 'a', delay(10));
    source.reject(core.get(source)?.entry as never);
    expect(core.bodies(queue)).toEqual([]);
    core.advance(10);
    const [seen] = core.look(queue);
    expect(seen?.properties.headers?.get('x-first-death-queue')).toEqual(longstr('source'));
    core.send('source', 'b', seen?.properties ?? {});
    source.reject(core.get(source)?.entry as never);
    expect(core.bodies(queue)).toEqual(['a', 'b']);
  });

  test('as DLX it takes a dead letter once, which is not lost, and at least once from a quorum queue [DLM-13]', () => {
    const { core, exchange, queue } = delaying();
    core.queue('classic', { 'x-dead-letter-exchange': longstr('x'), 'x-message-ttl': long(0) });
    core.queue('quorum', {
      'x-queue-type': longstr('quorum'),
      'x-dead-letter-exchange': longstr('x'),
      'x-message-ttl': long(0),
      'x-dead-letter-strategy': longstr('at-least-once'),
      'x-overflow': longstr('reject-publish'),
    });
    for (const name of ['classic', 'quorum']) core.send(name, name, delay(1_000_000));
    core.advance(999_999);
    expect([exchange.delayedCount, core.lost]).toEqual([2, []]);
    core.advance(1);
    expect(core.bodies(queue)).toEqual(['classic', 'quorum']);
  });

  test('expiration begins in the queue [DLM-15]', () => {
    const { core, queue } = delaying();
    core.publish('x', '', 'a', delay(1_000, { expiration: '50' }));
    core.advance(1_049);
    expect(core.bodies(queue)).toEqual(['a']);
    core.advance(1);
    expect(core.bodies(queue)).toEqual([]);
  });

  test('may stand for any other type, with the checks of that [DLM-01, DLM-03]', () => {
    const { core } = delaying();
    core.exchange('h', 'x-delayed-message', { 'x-delayed-type': longstr('headers') });
    const bind = () => core.bind('h', 'q', '', 'queue', { 'x-match': longstr('some') });
    expect(refusal(bind)).toMatch(/^406 /);
    core.exchange('history', 'x-delayed-message', { 'x-delayed-type': longstr('x-recent-history') });
    core.publish('history', '', 'a', delay(10));
    core.advance(10);
    core.bind('history', core.queue('late').name);
    expect(core.bodies(core.queue('late'))).toEqual(['a']);
  });
});
