import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeathHeaders } from '../../src/broker/death-headers.ts';
import { isCycle, readHistory, recordDeath, writeHistory } from '../../src/broker/death.ts';
import type { Death } from '../../src/broker/death.ts';
import type { Queue } from '../../src/broker/queue.ts';
import {
  array,
  fieldTable,
  joinEntries,
  long,
  longstr,
  rawEntries,
  rawEntry,
  table,
  timestamp,
  writeTable,
} from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import type { Seen } from '../support/core.ts';
import { byte, deathLines, deathsOf } from '../support/deaths.ts';

type Values = Record<string, FieldValue>;

const NOW = 1_700_000_000_999;

function to(exchange: string, routingKey?: string): Values {
  const key = routingKey === undefined ? {} : { 'x-dead-letter-routing-key': longstr(routingKey) };
  return { 'x-dead-letter-exchange': longstr(exchange), ...key };
}
const ttl = (milliseconds: number): Values => ({ 'x-message-ttl': byte(milliseconds) });
const aCore = (): Core => new Core(undefined, undefined, NOW);

function reject(core: Core, queue: Queue): void {
  const next = core.get(queue);
  if (next !== undefined) queue.reject(next.entry);
  core.settle();
}

/** The one message of a queue, which stays. */
function only(core: Core, queue: Queue): Seen {
  const [seen, ...rest] = core.look(queue);
  expect(rest).toEqual([]);
  if (seen === undefined) throw new Error(`nothing in ${queue.name}`);
  return seen;
}

/** The keys of the headers as they stand on the wire. */
function headerNames({ properties }: Seen): string[] {
  return rawEntries(writeTable(properties.headers ?? new Map())).map(({ key }) => key.toString());
}

function header({ properties }: Seen, name: string): string | undefined {
  const value = properties.headers?.get(name);
  return value?.tag === 'S' ? value.value.toString() : undefined;
}

describe('x-death', () => {
  test('an entry has these fields, of these types, in this order, to the byte [XD-01, XD-02, XD-03]', () => {
    const core = aCore();
    const dead = core.queue('dead');
    const queue = core.queue('q', to('', 'dead'));
    core.send('q', 'a', { expiration: '0060' });
    core.send('q', 'b');
    reject(core, queue);
    reject(core, queue);
    const common: Values = {
      count: long(1),
      reason: longstr('rejected'),
      queue: longstr('q'),
      time: timestamp(1_700_000_000),
      exchange: longstr(''),
      'routing-keys': array([longstr('q')]),
    };
    const bytesOf = (entry: Values): Buffer => writeTable(fieldTable({ 'x-death': array([table(entry)]) }));
    const found = core.drain(dead).map(({ properties }) => {
      const history = properties.headers?.get('x-death') as FieldValue;
      return writeTable(fieldTable({ 'x-death': history })).toString('hex');
    });
    expect(found).toEqual([
      bytesOf({ 'original-expiration': longstr('60'), ...common }).toString('hex'),
      bytesOf(common).toString('hex'),
    ]);
  });

  test('the headers on the wire are sorted by name, byte by byte, those of the publisher too [XD-10]', () => {
    const core = aCore();
    const dead = core.queue('dead');
    const queue = core.queue('q', to('', 'dead'));
    const headers = fieldTable({ z: byte(1), '\u00e9': byte(2), a: byte(3), Z: byte(4), 'x-e': byte(5) });
    core.send('q', 'a', { headers });
    reject(core, queue);
    const seen = only(core, dead);
    expect(headerNames(seen)).toEqual([
      'Z',
      'a',
      'x-death',
      'x-e',
      'x-first-death-exchange',
      'x-first-death-queue',
      'x-first-death-reason',
      'x-last-death-exchange',
      'x-last-death-queue',
      'x-last-death-reason',
      'z',
      '\u00e9',
    ]);
    expect(seen.properties.headers?.get('z')).toEqual(byte(1));
  });

  test('exchange and keys are those by which the message came into the queue, CC and not BCC [XD-04, XD-05]', () => {
    const core = aCore();
    const third = core.queue('third');
    core.exchange('x', 'topic');
    core.exchange('dx', 'fanout');
    const first = core.queue('first', to('dx', 'own'));
    const second = core.queue('second', to('', 'third'));
    core.bind('x', 'first', '#');
    core.bind('dx', 'second');
    const keys = (...values: string[]): FieldValue => array(values.map(longstr));
    core.publish('x', 'main', 'a', { headers: fieldTable({ CC: keys('c1', 'c2'), BCC: keys('b') }) });
    reject(core, first);
    reject(core, second);
    expect(deathsOf(only(core, third))).toMatchObject([
      { queue: 'second', exchange: 'dx', routingKeys: ['own'] },
      { queue: 'first', exchange: 'x', routingKeys: ['main', 'c1', 'c2'] },
    ]);
  });

  test('without a dead-letter routing key the keys go on with the message [XD-05, DLX-15]', () => {
    const core = aCore();
    const dead = core.queue('dead', to('dx2'));
    core.exchange('dx', 'fanout');
    core.exchange('dx2', 'fanout');
    core.bind('dx', 'dead');
    core.bind('dx2', core.queue('last').name);
    const queue = core.queue('q', to('dx'));
    core.publish('', 'q', 'a', { headers: fieldTable({ CC: array([longstr('none')]) }) });
    reject(core, queue);
    reject(core, dead);
    expect(deathsOf(only(core, core.queue('last')))).toMatchObject([
      { queue: 'dead', exchange: 'dx', routingKeys: ['q', 'none'] },
      { queue: 'q', exchange: '', routingKeys: ['q', 'none'] },
    ]);
  });

  test('the same queue and reason again: the count grows, the rest stays as first recorded [XD-06]', () => {
    const core = aCore();
    const dead = core.queue('dead', to('', 'q'));
    const queue = core.queue('q', to('', 'dead'));
    core.bind('amq.fanout', 'q');
    core.publish('amq.fanout', 'key', 'a', { expiration: '5000' });
    reject(core, queue);
    core.advance(10_000);
    reject(core, dead);
    reject(core, queue);
    const [newest, older] = deathsOf(only(core, dead));
    expect(newest).toEqual({
      count: 2,
      reason: 'rejected',
      queue: 'q',
      time: Math.floor(NOW / 1000),
      exchange: 'amq.fanout',
      routingKeys: ['key'],
      originalExpiration: '5000',
    });
    expect(older).toMatchObject({ queue: 'dead', time: Math.floor((NOW + 10_000) / 1000), count: 1 });
    expect(older?.originalExpiration).toBeUndefined();
  });

  test('another reason in the same queue makes another entry [XD-06]', () => {
    const core = aCore();
    const dead = core.queue('dead', to('', 'q'));
    const queue = core.queue('q', { ...to('', 'dead'), ...ttl(50) });
    core.send('q', 'a');
    reject(core, queue);
    reject(core, dead);
    core.advance(50);
    expect(deathLines(only(core, dead))).toEqual(['q expired 1', 'dead rejected 1', 'q rejected 1']);
  });

  test('entries stand by recency, newest first [XD-07]', () => {
    const core = aCore();
    const names = ['q1', 'q2', 'q3', 'q4', 'end'];
    const queues = names.map((name, n) => core.queue(name, to('', names[n + 1] ?? 'nowhere')));
    core.send('q1', 'a');
    for (const queue of queues.slice(0, 4)) reject(core, queue);
    expect(deathLines(only(core, queues[4] as Queue))).toEqual([
      'q4 rejected 1',
      'q3 rejected 1',
      'q2 rejected 1',
      'q1 rejected 1',
    ]);
  });

  test('the first death is noted once, the last one at each death [XD-08, XD-09]', () => {
    const core = aCore();
    core.exchange('dx', 'fanout');
    const first = core.queue('first', to('dx'));
    const second = core.queue('second', { ...to('', 'third'), ...ttl(50) });
    const third = core.queue('third');
    core.bind('dx', 'second');
    core.bind('amq.fanout', 'first');
    core.publish('amq.fanout', '', 'a');
    reject(core, first);
    const noted = (seen: Seen, which: string): (string | undefined)[] =>
      ['exchange', 'queue', 'reason'].map((what) => header(seen, `x-${which}-death-${what}`));
    expect(noted(only(core, second), 'first')).toEqual(['amq.fanout', 'first', 'rejected']);
    expect(noted(only(core, second), 'last')).toEqual(['amq.fanout', 'first', 'rejected']);
    core.advance(50);
    expect(noted(only(core, third), 'first')).toEqual(['amq.fanout', 'first', 'rejected']);
    expect(noted(only(core, third), 'last')).toEqual(['dx', 'second', 'expired']);
  });

  test('the last death is this one, where an entry keeps what was first recorded [XD-06, XD-09]', () => {
    const core = aCore();
    const dead = core.queue('dead', to('', 'q'));
    const queue = core.queue('q', to('', 'dead'));
    core.bind('amq.fanout', 'q');
    core.publish('amq.fanout', '', 'a');
    reject(core, queue);
    reject(core, dead);
    reject(core, queue);
    const seen = only(core, dead);
    expect(header(seen, 'x-last-death-exchange')).toBe('');
    expect(deathsOf(seen)[0]?.exchange).toBe('amq.fanout');
  });

  test('what a client says of deaths is shown to the first consumer, believed by nobody, replaced [XD-11]', () => {
    const core = aCore();
    const dead = core.queue('dead');
    const queue = core.queue('q', { ...to('', 'dead'), ...ttl(50) });
    const claimed = table({ queue: longstr('dead'), reason: longstr('expired'), count: long(7) });
    const headers = fieldTable({
      'x-death': array([claimed]),
      'x-first-death-queue': longstr('claimed'),
      'x-last-death-reason': byte(1),
    });
    core.send('q', 'a', { headers });
    expect(only(core, queue).properties.headers).toEqual(headers);
    core.advance(50);
    const seen = only(core, dead);
    expect(deathLines(seen)).toEqual(['q expired 1']);
    expect(header(seen, 'x-first-death-queue')).toBe('q');
    expect(header(seen, 'x-last-death-reason')).toBe('expired');
    expect(headerNames(seen).filter((name) => name === 'x-death')).toHaveLength(1);
  });

  test.each([longstr('nonsense'), byte(1), array([byte(1)])])(
    'a claimed x-death of any shape breaks nothing [XD-11, XD-12]',
    (value) => {
      const core = aCore();
      const dead = core.queue('dead');
      const queue = core.queue('q', to('', 'dead'));
      core.send('q', 'a', { headers: fieldTable({ 'x-death': value }) });
      reject(core, queue);
      expect(deathLines(only(core, dead))).toEqual(['q rejected 1']);
    },
  );

  test('the expiration goes at every death, into the entry if that is new [XD-13, XD-14]', () => {
    const core = aCore();
    const dead = core.queue('dead');
    const args = { ...to('', 'dead'), ...ttl(50), 'x-max-length': byte(1) };
    const queue = core.queue('q', args);
    core.send('q', 'dropped', { expiration: '+20' });
    core.send('q', 'expired by the queue', { expiration: '999999' });
    core.advance(50);
    core.send('q', 'rejected', { expiration: '007' });
    reject(core, queue);
    core.send('q', 'without');
    core.advance(50);
    const seen = core.drain(dead);
    expect(seen.map(({ properties }) => properties.expiration)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    const lines = seen.map((one) => [deathsOf(one)[0]?.reason, deathsOf(one)[0]?.originalExpiration]);
    expect(lines).toEqual([
      ['maxlen', '20'],
      ['expired', '999999'],
      ['rejected', '7'],
      ['expired', undefined],
    ]);
  });

  test('copies in several queues begin alike and go their own ways [XD-15]', () => {
    const core = aCore();
    core.exchange('dx', 'fanout');
    const [one, two] = [core.queue('one', to('', 'last')), core.queue('two')];
    core.bind('dx', 'one');
    core.bind('dx', 'two');
    const last = core.queue('last');
    const queue = core.queue('q', to('dx'));
    core.send('q', 'a');
    reject(core, queue);
    expect(only(core, one)).toEqual(only(core, two));
    reject(core, one);
    expect(deathLines(only(core, last))).toEqual(['one rejected 1', 'q rejected 1']);
    expect(deathLines(only(core, two))).toEqual(['q rejected 1']);
  });
});

describe('a cycle', () => {
  test('is looked for in each target: the others get their copy [CYC-01]', () => {
    const core = aCore();
    core.exchange('dx', 'fanout');
    const other = core.queue('other');
    core.bind('dx', 'other');
    const queue = core.queue('q', { ...to('dx'), ...ttl(50) });
    core.bind('dx', 'q');
    core.send('q', 'a');
    core.advance(50);
    expect([queue.ready.length, other.ready.length]).toEqual([0, 1]);
    expect(core.lost).toEqual(['q expired: cycle']);
  });

  test('of one queue by TTL or length ends at the first death [CYC-04]', () => {
    const core = aCore();
    const expiring = core.queue('expiring', { ...to(''), ...ttl(50) });
    core.send('expiring', 'a');
    core.advance(50);
    core.advance(50);
    const short = core.queue('short', { ...to(''), 'x-max-length': byte(1) });
    core.send('short', 'b');
    core.send('short', 'c');
    expect([core.bodies(expiring), core.bodies(short)]).toEqual([[], ['c']]);
    expect(core.lost).toEqual(['expiring expired: cycle', 'short maxlen: cycle']);
  });

  test('by reject goes on without limit, and counts [CYC-02, CYC-05]', () => {
    const core = aCore();
    const queue = core.queue('q', to(''));
    core.send('q', 'a');
    for (let n = 1; n <= 40; n++) {
      reject(core, queue);
      expect(deathLines(only(core, queue))).toEqual([`q rejected ${n}`]);
    }
  });

  test('of two queues, both by TTL, ends after one round [CYC-06]', () => {
    const core = aCore();
    const q1 = core.queue('q1', { ...to('', 'q2'), ...ttl(50) });
    const q2 = core.queue('q2', { ...to('', 'q1'), ...ttl(50) });
    core.send('q1', 'a');
    core.advance(50);
    expect(core.bodies(q2)).toEqual(['a']);
    core.advance(50);
    expect([q1.ready.length, q2.ready.length]).toEqual([0, 0]);
    expect(core.lost).toEqual(['q2 expired: cycle']);
  });

  test('that a reject once led into is still a cycle [CYC-08]', () => {
    const core = aCore();
    const q1 = core.queue('q1', to('', 'q2'));
    const q2 = core.queue('q2', { ...to('', 'q3'), ...ttl(50) });
    const q3 = core.queue('q3', { ...to('', 'q2'), ...ttl(50) });
    core.send('q1', 'a');
    reject(core, q1);
    core.advance(50);
    expect(core.bodies(q3)).toEqual(['a']);
    core.advance(50);
    expect([q2.ready.length, q3.ready.length]).toEqual([0, 0]);
  });

  test('of one queue by TTL is one even after a reject in it [CYC-09]', () => {
    const core = aCore();
    const queue = core.queue('q', { ...to(''), ...ttl(50) });
    core.send('q', 'a');
    reject(core, queue);
    expect(core.bodies(queue)).toEqual(['a']);
    core.advance(50);
    expect(core.bodies(queue)).toEqual([]);
    expect(core.lost).toEqual(['q expired: cycle']);
  });

  test('is told once for each queue and reason [CYC-10]', () => {
    const core = aCore();
    const queue = core.queue('q', { ...to(''), ...ttl(50) });
    for (let n = 0; n < 3; n++) core.send('q', 'a');
    core.advance(50);
    expect(core.lost).toEqual(['q expired: cycle']);
    expect(queue.deaths?.losses('expired', 'cycle')).toBe(3);
  });
});

describe('the history', () => {
  const queueName = fc.constantFrom('q1', 'q2', 'q3');
  const reason = fc.constantFrom('rejected', 'expired', 'maxlen');
  const events = fc.array(fc.record({ queue: queueName, reason }), { maxLength: 30 });

  function historyOf(deaths: readonly { queue: string; reason: string }[]): Death[] {
    const rest = { count: 1n, time: 0n, exchange: '', routingKeys: [], originalExpiration: undefined };
    return deaths.reduce<Death[]>((history, death) => recordDeath(history, { ...death, ...rest }), []);
  }

  test('has one entry for each queue and reason, by recency, with the number of times [XD-06, XD-07]', () => {
    fc.assert(
      fc.property(events, (deaths) => {
        const lines = deaths.map(({ queue, reason: why }) => `${queue} ${why}`);
        const newestFirst = [...new Set([...lines].reverse())];
        expect(historyOf(deaths).map((d) => [`${d.queue} ${d.reason}`, Number(d.count)])).toEqual(
          newestFirst.map((line) => [line, lines.filter((other) => other === line).length]),
        );
      }),
    );
  });

  test('holds a cycle if nobody rejected since the last death in the target [CYC-03]', () => {
    fc.assert(
      fc.property(events, queueName, (deaths, target) => {
        const history = historyOf(deaths);
        const back = history.findIndex(({ queue }) => queue === target);
        const way = back < 0 ? [] : history.slice(0, back + 1);
        const wanted = way.length > 0 && !way.some(({ reason: why }) => why === 'rejected');
        expect(isCycle(history, target)).toBe(wanted);
      }),
    );
  });
});

describe('headers put together from bytes', () => {
  const name = fc.constantFrom('q', 'other', 'caf\u00e9', 'q'.repeat(200));
  const death = fc.record({
    queue: name,
    reason: fc.constantFrom('expired', 'rejected', 'maxlen', 'delivery_limit'),
    count: fc.constant(1n),
    time: fc.constantFrom(0n, 1_777_629_600n),
    exchange: fc.constantFrom('', 'x'),
    routingKeys: fc.constantFrom(['k'], ['k', 'cc'], ['\u00e9'], []),
    originalExpiration: fc.option(fc.nat().map(String), { nil: undefined }),
  });
  const key = fc.constantFrom(
    '',
    'a',
    'b',
    'x',
    'x-',
    'x-death',
    'x-death-',
    'x-first-death-queue',
    'x-g',
    'z',
  );
  const odd = fc.constantFrom('x-first-death-nobody', 'x-last-death-r', 'x-last-death-reason', '\u00e9');
  const value = fc.constantFrom(longstr('v'), longstr(''), byte(3), array([table({ queue: longstr('q') })]));
  const entry = fc.tuple(fc.oneof({ weight: 9, arbitrary: key }, odd), value);
  /** Also the same name twice, unsorted, or more than are sorted here. */
  const headers = fc
    .oneof(fc.array(entry, { maxLength: 6 }), fc.array(entry, { minLength: 30, maxLength: 40 }))
    .map((entries) => joinEntries(entries.map(([one, what]) => rawEntry(one, what))));

  test('are those of `writeHistory`, death after death [XD-01 to XD-14, CYC-03]', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(headers, fc.array(death, { minLength: 1 }))), (messages) => {
        const writer = new DeathHeaders();
        for (const [sent, deaths] of messages) {
          let before = sent;
          for (const [n, one] of deaths.entries()) {
            const history = recordDeath(n === 0 ? [] : readHistory(before), one);
            const whole = writeHistory(before, history, one, n === 0);
            const written = Buffer.from(writer.write(before, one, n > 0));
            expect(written.toString('latin1')).toBe(whole.toString('latin1'));
            for (const queue of ['q', 'other', 'caf\u00e9', 'cafe', 'nobody'])
              expect(writer.isCycle(queue)).toBe(isCycle(history, queue));
            before = written;
          }
        }
      }),
    );
  });

  test('count on from any number, and take lines in another order as they are', () => {
    const one = { queue: 'q', reason: 'expired', time: 0n, exchange: '', routingKeys: ['k'] };
    const last = { ...one, count: 1n, originalExpiration: undefined };
    for (const count of [255n, 65_535n, 4_294_967_294n, 4_294_967_295n, 4_294_967_296n]) {
      const before = writeHistory(Buffer.alloc(0), [{ ...last, count }], last, true);
      const after = new DeathHeaders().write(before, last, true);
      expect(readHistory(after)).toEqual([{ ...last, count: count + 1n }]);
    }
    const line = table({ reason: longstr('expired'), queue: longstr('q'), count: long(3) });
    const odd = joinEntries([rawEntry('x-death', array([line]))]);
    expect(readHistory(new DeathHeaders().write(odd, last, true))).toMatchObject([{ queue: 'q', count: 4n }]);
    const noTable = joinEntries([rawEntry('x-death', array([byte(1)]))]);
    expect(readHistory(new DeathHeaders().write(noTable, last, true))).toEqual([last]);
  });
});
