import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/broker/message.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { array, fieldTable, long, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import type { Properties } from '../../src/wire/properties.ts';
import { Core } from '../support/core.ts';
import { byte, deathLines } from '../support/deaths.ts';
import { LedgerJournal } from '../support/ledger-journal.ts';

type Values = Record<string, FieldValue>;

const to = (exchange: string, routingKey?: string): Values => ({
  'x-dead-letter-exchange': longstr(exchange),
  ...(routingKey === undefined ? {} : { 'x-dead-letter-routing-key': longstr(routingKey) }),
});
const texts = (...values: string[]): FieldValue => array(values.map(longstr));

/** Rejects everything that is ready, in order. */
function rejectAll(core: Core, queue: Queue): void {
  for (let next = core.get(queue); next !== undefined; next = core.get(queue)) queue.reject(next.entry);
}

describe('dead-lettering', () => {
  test('happens if there is a dead-letter exchange, the default one included [DLX-01]', () => {
    const core = new Core();
    const dead = core.queue('dead');
    core.exchange('dx', 'fanout');
    core.bind('dx', 'dead');
    for (const args of [to('', 'dead'), to('dx')]) {
      const queue = core.queue(`q${dead.ready.length}`, args);
      core.send(queue.name, 'a');
      rejectAll(core, queue);
    }
    expect(core.bodies(dead)).toEqual(['a', 'a']);
  });

  test('has three reasons in a classic queue [DLX-02]', () => {
    const core = new Core();
    const dead = core.queue('dead');
    const queue = core.queue('q', { ...to('', 'dead'), 'x-max-length': byte(2) });
    core.send('q', 'oldest');
    core.send('q', 'expires', { expiration: '10' });
    core.send('q', 'rejected');
    core.advance(10);
    rejectAll(core, queue);
    expect(core.look(dead).map((seen) => [seen.body, ...deathLines(seen)])).toEqual([
      ['oldest', 'q maxlen 1'],
      ['expires', 'q expired 1'],
      ['rejected', 'q rejected 1'],
    ]);
  });

  test('looks the exchange up at each death: missing it loses, declared later it works [DLX-03]', () => {
    const core = new Core();
    const dead = core.queue('dead');
    const queue = core.queue('q', to('later'));
    core.send('q', 'lost');
    rejectAll(core, queue);
    core.exchange('later', 'fanout', {}, { internal: true });
    core.bind('later', 'dead');
    core.send('q', 'found');
    rejectAll(core, queue);
    expect(core.bodies(dead)).toEqual(['found']);
    expect(core.lost).toEqual(['q rejected: exchange missing']);
  });

  test('needs no right of anybody at the time of death [DLX-07]', () => {
    const core = new Core();
    const dead = core.queue('dead');
    const queue = core.queue('q', to('', 'dead'));
    core.send('q', 'a');
    core.broker.grant('guest', '/', { configure: '', write: '', read: '' });
    rejectAll(core, queue);
    expect(dead.ready.length).toBe(1);
  });

  test('follows the order of the rejects [DLX-08]', () => {
    const core = new Core();
    const dead = core.queue('dead');
    const queue = core.queue('q', to('', 'dead'));
    const consumer = core.consume(queue);
    for (const body of ['a', 'b', 'c']) core.send('q', body);
    const [a, b, c] = consumer.entries as [Entry, Entry, Entry];
    consumer.reject(c);
    consumer.reject(a, b);
    expect(core.bodies(dead)).toEqual(['c', 'a', 'b']);
  });

  test('without a dead-letter exchange the message is discarded and counted, nobody is told [DLX-09]', () => {
    const core = new Core();
    const queue = core.queue('q', { 'x-max-length': byte(1) });
    core.send('q', 'dropped');
    core.send('q', 'expires', { expiration: '5' });
    core.advance(5);
    core.send('q', 'rejected');
    rejectAll(core, queue);
    expect(core.lost).toEqual([]);
    for (const reason of ['maxlen', 'expired', 'rejected'] as const) {
      expect(queue.deaths?.losses(reason, 'no dead-letter exchange')).toBe(1);
      expect(queue.deaths?.deaths('disabled', reason)).toBe(1);
    }
  });

  test('a target that refuses loses the message, the others keep theirs [DLX-10]', () => {
    const core = new Core();
    const full = core.queue('full', { 'x-max-length': byte(0), 'x-overflow': longstr('reject-publish') });
    const other = core.queue('other');
    core.exchange('dx', 'fanout');
    for (const name of ['full', 'other']) core.bind('dx', name);
    const queue = core.queue('q', to('dx'));
    core.send('q', 'a');
    rejectAll(core, queue);
    expect([full.ready.length, other.ready.length]).toEqual([0, 1]);
    expect(core.lost).toEqual(['q rejected: refused']);
  });
});

describe('republishing', () => {
  test('goes by the dead-letter routing key alone, or by all keys, BCC included, one copy a queue [DLX-15]', () => {
    const core = new Core();
    const [main, cc, bcc, own] = ['main', 'cc', 'bcc', 'own'].map((name) => core.queue(`dead.${name}`));
    core.exchange('dx', 'topic');
    for (const name of ['main', 'cc', 'bcc', 'own']) core.bind('dx', `dead.${name}`, name);
    core.bind('dx', 'dead.cc', 'c*');
    core.bind('dx', 'dead.cc', 'bcc');
    const headers = fieldTable({ CC: texts('cc'), BCC: texts('bcc') });
    const keyless = core.queue('main', to('dx'));
    core.send('main', 'a', { headers });
    rejectAll(core, keyless);
    const lengths = (): (number | undefined)[] => [main, cc, bcc, own].map((queue) => queue?.ready.length);
    expect(lengths()).toEqual([1, 1, 1, 0]);
    const keyed = core.queue('keyed', to('dx', 'own'));
    core.send('keyed', 'a', { headers });
    rejectAll(core, keyed);
    expect(lengths()).toEqual([1, 1, 1, 1]);
  });

  test('shows the dead-letter exchange, and its key or the first key of the message [DLX-16]', () => {
    const core = new Core();
    const dead = core.queue('dead');
    core.exchange('dx', 'topic');
    core.bind('dx', 'dead', 'cc');
    core.bind('dx', 'dead', 'own');
    const headers = fieldTable({ CC: texts('cc') });
    for (const [name, args] of [['one', to('dx')] as const, ['two', to('dx', 'own')] as const]) {
      const queue = core.queue(name, args);
      core.send(name, name, { headers });
      rejectAll(core, queue);
    }
    expect(core.look(dead)).toMatchObject([
      { exchange: 'dx', routingKey: 'one' },
      { exchange: 'dx', routingKey: 'own' },
    ]);
  });

  test('with a key the CC header stays and does not route any more [DLX-17]', () => {
    const core = new Core();
    const cc = core.queue('cc');
    const first = core.queue('first', to('', 'second'));
    const second = core.queue('second', to('dx'));
    core.exchange('dx', 'direct');
    core.bind('dx', 'cc', 'cc');
    const dead = core.queue('dead');
    core.bind('dx', 'dead', 'second');
    core.publish('', 'first', 'a', { headers: fieldTable({ CC: texts('cc') }) });
    core.drain(cc);
    rejectAll(core, first);
    rejectAll(core, second);
    const [seen] = core.drain(dead);
    expect(seen?.properties.headers?.get('CC')).toEqual(texts('cc'));
    expect(cc.ready.length).toBe(0);
  });

  test('without a route it is lost in silence; an alternate exchange helps, under the first name [DLX-18]', () => {
    const core = new Core();
    core.exchange('nowhere');
    const lonely = core.queue('lonely', to('nowhere'));
    core.send('lonely', 'a');
    rejectAll(core, lonely);
    expect(core.lost).toEqual(['lonely rejected: no route']);
    core.exchange('alternate', 'fanout');
    core.bind('alternate', core.queue('dead').name);
    core.exchange('dx', 'direct', { 'alternate-exchange': longstr('alternate') });
    const queue = core.queue('q', to('dx'));
    core.send('q', 'b');
    rejectAll(core, queue);
    expect(core.look(core.queue('dead'))).toMatchObject([{ body: 'b', exchange: 'dx', routingKey: 'q' }]);
  });

  test('a headers exchange can ask for the first death and for this one [DLX-19, IDM-07]', () => {
    const core = new Core();
    core.exchange('dx', 'headers');
    const bound = (name: string, args: Values): Queue => {
      const queue = core.queue(name, to('dx'));
      core.bind('dx', name, '', 'queue', args);
      return queue;
    };
    const match = (text: string): Values => ({ 'x-match': longstr(text) });
    const rejected = bound('rejected', {
      ...match('all-with-x'),
      'x-first-death-reason': longstr('rejected'),
      'x-last-death-queue': longstr('q'),
    });
    const again = bound('again', { ...match('any-with-x'), 'x-last-death-queue': longstr('rejected') });
    const ignored = bound('ignored', { ...match('any'), 'x-first-death-reason': longstr('rejected') });
    const queue = core.queue('q', to('dx'));
    core.send('q', 'a');
    rejectAll(core, queue);
    expect([rejected.ready.length, again.ready.length, ignored.ready.length]).toEqual([1, 0, 0]);
    rejectAll(core, rejected);
    expect([rejected.ready.length, again.ready.length, ignored.ready.length]).toEqual([0, 1, 0]);
  });

  test('every property survives but the expiration [DLX-20, XD-13]', () => {
    const all: Properties = {
      contentType: 'text/plain',
      contentEncoding: 'gzip',
      deliveryMode: 2,
      priority: 7,
      correlationId: 'c',
      replyTo: 'r',
      messageId: 'm',
      timestamp: 1_700_000_000n,
      type: 't',
      userId: 'guest',
      appId: 'app',
    };
    for (const properties of [all, { messageId: 'm' }]) {
      const core = new Core();
      const dead = core.queue('dead');
      const queue = core.queue('q', to('', 'dead'));
      core.publish('', 'q', 'body', {
        ...properties,
        expiration: '60000',
        headers: fieldTable({ own: long(1) }),
      });
      rejectAll(core, queue);
      const [seen] = core.drain(dead);
      const { headers, ...others } = seen?.properties ?? {};
      expect(seen?.body).toBe('body');
      expect(others).toEqual(properties);
      expect(headers?.get('own')).toEqual(long(1));
    }
  });

  test('the target takes it as new: not redelivered, younger than what is there [DLX-21, DLV-06]', () => {
    const core = new Core();
    const dead = core.queue('dead');
    const queue = core.queue('q', to('', 'dead'));
    core.send('q', 'old');
    core.send('dead', 'direct');
    const first = core.get(queue)?.entry as Entry;
    queue.requeue([first]);
    rejectAll(core, queue);
    expect(core.look(dead)).toMatchObject([
      { body: 'direct', redelivered: false },
      { body: 'old', redelivered: false },
    ]);
  });

  test('a transient message stays transient, a persistent one persistent [DLX-22]', () => {
    const journal = new LedgerJournal();
    const core = new Core(journal);
    core.queue('dead');
    const queue = core.queue('q', to('', 'dead'));
    core.publish('', 'q', 'transient');
    rejectAll(core, queue);
    expect(journal.placed.size).toBe(0);
    core.send('q', 'persistent');
    rejectAll(core, queue);
    expect(journal.placed.size).toBe(1);
  });

  test('the copy is placed before the original is settled, and the bytes are let go once', () => {
    const journal = new LedgerJournal();
    const core = new Core(journal);
    const dead = core.queue('dead', { 'x-message-ttl': byte(50), ...to('', 'last') });
    const last = core.queue('last');
    const queue = core.queue('q', to('', 'dead'));
    for (const body of ['a', 'b', 'c']) core.send('q', body);
    rejectAll(core, queue);
    expect(journal.placed.size).toBe(3);
    core.advance(50);
    expect([dead.ready.length, last.ready.length]).toEqual([0, 3]);
    expect(core.drain(last).map(({ body }) => body)).toEqual(['a', 'b', 'c']);
    expect(journal.faults).toEqual([]);
    expect([journal.live.size, journal.placed.size]).toEqual([0, 0]);
  });

  test('a chain of a thousand queues needs no deep stack', () => {
    const core = new Core();
    for (let n = 0; n < 1000; n++) core.queue(`q${n}`, { ...to('', `q${n + 1}`), 'x-max-length': byte(0) });
    const last = core.queue('q1000');
    core.send('q0', 'a');
    expect(core.look(last).flatMap(deathLines)).toHaveLength(1000);
  });
});

describe('patterns built of it', () => {
  test('a retry with a delay goes round without end, and counts [IDM-03, CYC-07]', () => {
    const core = new Core();
    const work = core.queue('work', to('', 'retry'));
    core.queue('retry', { ...to('', 'work'), 'x-message-ttl': byte(100) });
    core.send('work', 'job');
    for (let attempt = 1; attempt <= 50; attempt++) {
      const job = core.get(work);
      expect(job === undefined ? [] : deathLines(job)).toEqual(
        attempt === 1 ? [] : [`retry expired ${attempt - 1}`, `work rejected ${attempt - 1}`],
      );
      work.reject(job?.entry as Entry);
      core.advance(100);
    }
  });

  test('a copy that a consumer publishes is a new message [IDM-04, IDM-05, XD-16]', () => {
    const core = new Core();
    const dead = core.queue('dead');
    const queue = core.queue('q', to('', 'dead'));
    core.send('q', 'a');
    rejectAll(core, queue);
    const [seen] = core.drain(dead);
    core.send('q', 'a', { headers: seen?.properties.headers });
    rejectAll(core, queue);
    expect(core.look(dead).map(deathLines)).toEqual([['q rejected 1']]);
  });
});
