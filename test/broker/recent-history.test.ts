import { describe, expect, test } from 'vitest';
import { deleteExchange } from '../../src/broker/declare.ts';
import { NOTHING_RECOVERED } from '../../src/broker/journal.ts';
import { Outcome } from '../../src/broker/publish.ts';
import { bool, fieldTable, long, longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { LedgerJournal } from '../support/ledger-journal.ts';
import { refusal } from '../support/refusal.ts';

/** A core whose exchange `x` keeps so many messages, and the books of what it holds. */
function keeping(length: bigint, flags: Parameters<Core['exchange']>[3] = {}) {
  const journal = new LedgerJournal();
  const core = new Core(journal, NOTHING_RECOVERED);
  core.exchange('x', 'x-recent-history', { 'x-recent-history-length': long(length) }, flags);
  return { core, journal };
}

describe('x-recent-history', () => {
  test('keeps a message that reaches no queue, which is unroutable all the same', () => {
    const { core } = keeping(2n);
    expect(core.publish('x', '', 'a') & Outcome.ROUTED).toBe(0);
    core.bind('x', core.queue('q').name);
    expect(core.bodies(core.queue('q'))).toEqual(['a']);
  });

  test('what it no longer keeps is gone once no queue holds it', () => {
    const { core, journal } = keeping(2n);
    const queue = core.queue('q');
    core.bind('x', 'q');
    for (const body of ['a', 'b', 'c']) core.publish('x', '', body, { deliveryMode: 2 });
    expect(journal.live.size).toBe(3);
    core.drain(queue);
    expect([journal.live.size, journal.placed.size, journal.faults]).toEqual([2, 2, []]);
    deleteExchange(core.vhost, 'x', false, core.actor);
    expect([journal.live.size, journal.faults]).toEqual([0, []]);
  });

  test('a durable one keeps transient messages on disk too, a transient one none', () => {
    for (const [durable, places] of [
      [true, 2],
      [false, 0],
    ] as const) {
      const { core, journal } = keeping(5n, { durable });
      core.publish('x', '', 'transient');
      const outcome = core.publish('x', '', 'persistent', { deliveryMode: 2 });
      expect(journal.placed.size).toBe(places);
      expect(outcome).toBe(durable ? Outcome.DURABLE : 0);
    }
  });

  test('a message is kept for ever, and its lifetime begins when it is sent again', () => {
    const { core } = keeping(5n);
    core.publish('x', '', 'a', { expiration: '1000' });
    core.advance(5_000);
    core.bind('x', core.queue('q').name);
    core.advance(999);
    expect(core.look(core.queue('q'))).toMatchObject([{ body: 'a', properties: { expiration: '1000' } }]);
    core.advance(1);
    expect(core.bodies(core.queue('q'))).toEqual([]);
  });

  test('every new binding gets it once more, the same binding again does not', () => {
    const { core } = keeping(5n);
    core.publish('x', 'key', 'a');
    core.queue('q');
    for (const key of ['1', '2', '2']) core.bind('x', 'q', key);
    expect(core.bodies(core.queue('q'))).toEqual(['a', 'a']);
    expect(core.look(core.queue('q'))).toMatchObject([{ exchange: 'x', routingKey: 'key' }, {}]);
  });

  test('an exchange bound to it routes what it kept, oldest first, and what it does not route is left out', () => {
    const { core } = keeping(5n);
    for (const [key, body] of [
      ['k', 'a'],
      ['other', 'b'],
      ['k', 'c'],
    ] as const) {
      core.publish('x', key, body);
    }
    core.exchange('y', 'direct');
    core.bind('y', core.queue('q').name, 'k');
    core.bind('x', 'y', '', 'exchange');
    expect(core.bodies(core.queue('q'))).toEqual(['a', 'c']);
  });

  test('a way that leads back into it sends every message once', () => {
    const { core, journal } = keeping(3n);
    for (const body of ['a', 'b', 'c']) core.publish('x', '', body);
    core.exchange('y', 'fanout');
    core.bind('y', core.queue('q').name);
    core.bind('y', 'x', '', 'exchange');
    core.bind('x', 'y', '', 'exchange');
    expect(core.bodies(core.queue('q'))).toEqual(['a', 'b', 'c']);
    core.bind('x', core.queue('late').name);
    expect(core.bodies(core.queue('late'))).toEqual(['a', 'b', 'c']);
    expect(journal.faults).toEqual([]);
  });

  test('as a dead-letter exchange it keeps the death', () => {
    const { core, journal } = keeping(3n);
    const args = { 'x-dead-letter-exchange': longstr('x'), 'x-message-ttl': long(10n) };
    core.queue('source', args);
    core.send('source', 'a');
    core.advance(10);
    core.bind('x', core.queue('q').name);
    const [dead] = core.look(core.queue('q'));
    expect(dead?.properties.headers?.get('x-first-death-queue')).toEqual(longstr('source'));
    expect(core.lost).toEqual(['source expired: no route']);
    expect([journal.live.size, journal.faults]).toEqual([2, []]);
  });

  test('a dead letter that is tried again until a queue takes it is kept once', () => {
    const { core, journal } = keeping(3n);
    const source = core.queue('source', {
      'x-queue-type': longstr('quorum'),
      'x-dead-letter-exchange': longstr('x'),
      'x-dead-letter-strategy': longstr('at-least-once'),
      'x-overflow': longstr('reject-publish'),
      'x-message-ttl': long(10n),
    });
    core.send('source', 'a');
    core.advance(60_000);
    core.bind('x', core.queue('q').name);
    core.advance(60_000);
    expect(core.bodies(core.queue('q'))).toEqual(['a', 'a']); // replayed, and then routed
    core.bind('x', core.queue('late').name);
    expect(core.bodies(core.queue('late'))).toEqual(['a']);
    expect([source.kept?.length, journal.faults]).toEqual([0, []]);
  });

  test('only the boolean true keeps a message out', () => {
    const { core } = keeping(5n);
    const headers = (value: Parameters<typeof fieldTable>[0][string]) => ({
      headers: fieldTable({ 'x-recent-history-no-store': value }),
    });
    core.publish('x', '', 'out', headers(bool(true)));
    core.publish('x', '', 'in', headers(bool(false)));
    core.publish('x', '', 'text', headers(longstr('true')));
    core.bind('x', core.queue('q').name);
    expect(core.bodies(core.queue('q'))).toEqual(['in', 'text']);
  });

  test.each([
    [{ tag: 'I', value: 0 }, '0'],
    [{ tag: 'i', value: 5 }, '5'],
    [longstr('abc'), '<<"abc">>'],
    [{ tag: 'V', value: null }, 'undefined'],
  ] as const)('a bad length is refused: %j', (value, printed) => {
    const core = new Core();
    expect(refusal(() => core.exchange('x', 'x-recent-history', { 'x-recent-history-length': value }))).toBe(
      `406 PRECONDITION_FAILED - Invalid argument ${printed}, 'x-recent-history-length' must be a positive integer`,
    );
  });
});
