import { describe, expect, test } from 'vitest';
import type { PolicyKind } from '../../src/broker/policies.ts';
import { Outcome } from '../../src/broker/publish.ts';
import { longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte, deathLines } from '../support/deaths.ts';
import { LedgerJournal } from '../support/ledger-journal.ts';

const QUORUM = { 'x-queue-type': longstr('quorum') };
const TO_DEAD = { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'dead' };

const isRefused = (outcome: number): boolean => (outcome & Outcome.REFUSED) !== 0;

describe('what a change does to a queue that is there', () => {
  test('a lower limit dead-letters at once what is too much, from the head, in order [POL-08]', () => {
    for (const args of [{}, QUORUM]) {
      const core = new Core();
      const dead = core.queue('dead');
      const queue = core.queue('q', args);
      for (const body of ['a', 'b', 'c', 'd']) core.send('q', body);
      core.policy('p', { 'max-length': 2, ...TO_DEAD });
      expect(core.bodies(queue)).toEqual(['c', 'd']);
      expect(core.bodies(dead)).toEqual(['a', 'b']);
      expect(core.look(dead).flatMap(deathLines)).toEqual(['q maxlen 1', 'q maxlen 1']);
    }
  });

  test('a queue that is full refuses the next message as soon as a policy says so, and drops nothing [POL-08]', () => {
    const core = new Core();
    const queue = core.queue('q', { 'x-max-length': byte(2) });
    for (const body of ['a', 'b']) core.send('q', body);
    core.policy('p', { overflow: 'reject-publish', 'max-length': 1 });
    expect(core.bodies(queue)).toEqual(['a', 'b']);
    expect(isRefused(core.send('q', 'c'))).toBe(true);
  });

  test('what one policy drops is taken by a queue that the same change made larger [POL-08]', () => {
    const core = new Core();
    core.policy('p', { 'max-length': 1, ...TO_DEAD }, { pattern: 'dead' });
    const dead = core.queue('dead');
    core.queue('q', { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('dead') });
    for (const body of ['a', 'b', 'c']) core.send('q', body);
    core.policy('p', { 'max-length': 1 });
    expect(core.bodies(dead)).toEqual(['a', 'b']);
  });

  test('a message dies to the DLX that is configured when it dies [POL-08]', () => {
    const core = new Core();
    const graves = [core.queue('one'), core.queue('two')];
    const queue = core.queue('q', { 'x-message-ttl': byte(100) });
    core.send('q', 'a');
    core.policy('p', { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'one' });
    core.policy('p', { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'two' });
    core.advance(100);
    expect(queue.messageCount).toBe(0);
    expect(graves.map((grave) => core.bodies(grave))).toEqual([[], ['a']]);
  });

  test('deadlines are those of the policy at the time of publishing [TTL-11]', () => {
    const core = new Core();
    const queue = core.queue('q');
    core.send('q', 'before');
    core.policy('p', { 'message-ttl': 50 });
    core.send('q', 'behind');
    core.advance(100);
    expect(core.bodies(queue)).toEqual(['before', 'behind']); // an unexpired head holds it (EXP-01)
    expect(core.drain(queue).map(({ body }) => body)).toEqual(['before']);
    core.send('q', 'doomed');
    core.vhost.policies.remove('policy', 'p');
    core.advance(49);
    expect(core.bodies(queue)).toEqual(['doomed']);
    core.advance(1);
    expect(core.bodies(queue)).toEqual([]);
  });

  test('a TTL may be as long as it likes [TTL-03]', () => {
    const core = new Core();
    const queue = core.queue('q');
    core.policy('p', { 'message-ttl': 1e15 });
    core.send('q', 'a');
    core.advance(315_360_000_001);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  test('its lease begins when the policy comes, and ends with it [QEX-01, QEX-08]', () => {
    const core = new Core();
    core.queue('q', { 'x-expires': byte(100) });
    core.advance(99);
    core.policy('p', { expires: 1000 });
    core.advance(99);
    expect(core.vhost.queues.has('q')).toBe(true);
    core.advance(1);
    expect(core.vhost.queues.has('q')).toBe(false);
    core.policy('p', { expires: 50 });
    core.queue('q');
    core.vhost.policies.remove('policy', 'p');
    core.advance(1000);
    expect(core.vhost.queues.has('q')).toBe(true);
  });

  test('a queue with a consumer expires only when that is gone, whatever policies do meanwhile [QEX-03]', () => {
    const core = new Core();
    const consumer = core.consume(core.queue('q'));
    core.policy('p', { expires: 50 });
    core.advance(100);
    expect(core.vhost.queues.has('q')).toBe(true);
    consumer.cancel();
    core.advance(50);
    expect(core.vhost.queues.has('q')).toBe(false);
  });

  test('a lower delivery limit holds when a message comes back the next time [DLV-02, POL-08]', () => {
    const core = new Core();
    const dead = core.queue('dead');
    const queue = core.queue('q', QUORUM);
    core.send('q', 'a');
    const giveBack = (): void => {
      const next = core.get(queue);
      if (next !== undefined) queue.requeue([next.entry]);
      core.settle();
    };
    for (let n = 0; n < 3; n++) giveBack();
    core.policy('p', { 'delivery-limit': 1, ...TO_DEAD });
    expect(core.bodies(queue)).toEqual(['a']);
    giveBack();
    expect(core.look(dead).flatMap(deathLines)).toEqual(['q delivery_limit 1']);
  });

  test('what expires under a limit it is above of has expired [DLX-02]', () => {
    const core = new Core();
    const dead = core.queue('dead');
    const queue = core.queue('q', { ...QUORUM, 'x-message-ttl': byte(100) });
    core.send('q', 'a');
    const next = core.get(queue);
    if (next !== undefined) queue.requeue([next.entry]);
    core.policy('p', { 'delivery-limit': 0, ...TO_DEAD });
    core.advance(100);
    expect(core.look(dead).flatMap(deathLines)).toEqual(['q expired 1']);
  });

  test('setting the same again changes nothing: the lease goes on', () => {
    const core = new Core();
    core.queue('q');
    core.policy('p', { expires: 100, 'max-length': 5 });
    core.advance(99);
    core.policy('p', { 'max-length': 5, expires: 100 });
    core.advance(1);
    expect(core.vhost.queues.has('q')).toBe(false);
  });

  test('nothing is left of a policy that is deleted, and of all when the vhost is', () => {
    const core = new Core();
    const queue = core.queue('q');
    core.policy('p', { 'max-length': 1 });
    expect(core.vhost.policies.remove('policy', 'p')).toBe(true);
    expect(core.vhost.policies.remove('policy', 'p')).toBe(false);
    expect(queue.settings.maxLength).toBe(Infinity);
    core.policy('p', { 'max-length': 1 });
    core.broker.deleteVhost('/');
    const again = core.broker.addVhost('/');
    for (const kind of ['policy', 'operator-policy'] satisfies PolicyKind[]) {
      expect(again.policies.list(kind)).toEqual([]);
    }
  });
});

describe('at-least-once dead-lettering by policy', () => {
  const AT_LEAST_ONCE = {
    'dead-letter-exchange': 'x',
    'dead-letter-strategy': 'at-least-once',
    overflow: 'reject-publish',
  };

  test('begins for what dies from then on [DLX-13]', () => {
    const core = new Core();
    const queue = core.queue('q', { ...QUORUM, 'x-message-ttl': byte(100) });
    core.send('q', 'lost');
    core.advance(100);
    core.policy('p', AT_LEAST_ONCE);
    core.send('q', 'kept');
    core.advance(100);
    expect(core.lost).toEqual([]);
    core.exchange('x', 'fanout');
    const dead = core.queue('dead');
    core.bind('x', 'dead');
    core.advance(10_000);
    expect(core.bodies(dead)).toEqual(['kept']);
    expect(queue.kept?.length).toBe(0);
  });

  test('ends with what is kept being dropped, each message once [DLX-13]', () => {
    const journal = new LedgerJournal();
    const core = new Core(journal);
    const queue = core.queue('q', { ...QUORUM, 'x-message-ttl': byte(100) });
    core.policy('p', AT_LEAST_ONCE);
    for (const body of ['a', 'b', 'c']) core.send('q', body);
    core.advance(100);
    expect(queue.kept?.length).toBe(3);
    core.vhost.policies.remove('policy', 'p');
    expect(queue.kept?.length).toBe(0);
    core.policy('p', AT_LEAST_ONCE);
    core.send('q', 'd');
    core.advance(100);
    expect(queue.kept?.length).toBe(1);
    core.vhost.policies.remove('policy', 'p');
    core.advance(60_000);
    expect([journal.faults, journal.live.size, journal.placed.size]).toEqual([[], 0, 0]);
  });

  test('what waits to be buried goes with its queue, each message once [EXP-11]', () => {
    const journal = new LedgerJournal();
    const core = new Core(journal);
    core.exchange('x', 'fanout');
    const dead = core.queue('dead');
    core.bind('x', 'dead');
    const queue = core.queue('q', QUORUM);
    core.policy('p', AT_LEAST_ONCE);
    for (const body of ['a', 'b', 'c']) core.send('q', body);
    const held = Array.from({ length: 3 }, () => core.get(queue)?.entry);
    core.vhost.holdBurials(() => {
      for (const entry of held) if (entry !== undefined) queue.reject(entry);
      core.vhost.remove(queue);
    });
    core.settle();
    expect(dead.messageCount).toBe(0);
    expect([journal.faults, journal.live.size]).toEqual([[], 0]);
  });

  test('a change between many deaths and their burials loses and doubles nothing', () => {
    for (const isOnFirst of [true, false]) {
      const journal = new LedgerJournal();
      const core = new Core(journal);
      core.exchange('x', 'fanout');
      const dead = core.queue('dead');
      core.bind('x', 'dead');
      const queue = core.queue('q', QUORUM);
      const other = { 'dead-letter-exchange': 'x' };
      core.policy('p', isOnFirst ? AT_LEAST_ONCE : other);
      for (let n = 0; n < 1000; n++) core.send('q', String(n));
      const held = Array.from({ length: 1000 }, () => core.get(queue)?.entry);
      core.vhost.holdBurials(() => {
        for (const entry of held) if (entry !== undefined) queue.reject(entry);
        core.vhost.policies.set('policy', 'p', {
          pattern: '^q',
          priority: 0,
          definition: isOnFirst ? other : AT_LEAST_ONCE,
        });
      });
      core.settle();
      expect(dead.messageCount).toBe(1000);
      expect(queue.kept?.length ?? 0).toBe(0);
      core.drain(dead);
      expect([journal.faults, journal.live.size, journal.placed.size]).toEqual([[], 0, 0]);
    }
  });
});
