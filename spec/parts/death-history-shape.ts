import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { encodeProperties } from '../support/content.ts';
import { chain, deathLines, deathsOf, died, reject, rejectOnly } from '../support/deaths.ts';
import type { Taken } from '../support/deaths.ts';
import { field } from '../support/fields.ts';
import type { Field, Fields, Table } from '../support/fields.ts';
import type { Define } from '../support/suite.ts';

/** What the headers of a dead letter are on the wire. */
export function shape(test: Define): void {
  test(
    'a message without headers gets x-death and the headers of its first and last death',
    { rules: ['XD-01', 'XD-08', 'XD-09'] },
    async (t) => {
      const { message } = await died(t);
      const first = ['x-first-death-exchange', 'x-first-death-queue', 'x-first-death-reason'];
      const last = ['x-last-death-exchange', 'x-last-death-queue', 'x-last-death-reason'];
      const expected = t.broker.since('3.13') ? ['x-death', ...first, ...last] : ['x-death', ...first];
      assert.deepEqual(Object.keys(message.headers).sort(), expected);
    },
  );

  test('x-death is an array of tables', { rules: ['XD-01'] }, async (t) => {
    const { message } = await died(t);
    assert.equal(message.typedHeaders['x-death']?.tag, 'A');
    assert.deepEqual(
      entriesOf(message).map(({ tag }) => tag),
      ['F'],
    );
  });

  test('a death adds to the headers a message has', { rules: ['XD-01'] }, async (t) => {
    const { source, message } = await died(t, { headers: { own: 'header', 'x-own': 5 } });
    assert.equal(message.headers['own'], 'header');
    assert.deepEqual(message.typedHeaders['x-own'], field('I', 5));
    assert.deepEqual(deathLines(message), [`${source} rejected 1`]);
  });

  test('the fields of an entry have these types', { rules: ['XD-02'] }, async (t) => {
    const { source, message } = await died(t);
    assert.deepEqual(entryOf(message), {
      count: field('l', 1),
      reason: field('S', 'rejected'),
      queue: field('S', source),
      time: field('T', timeOf(message)),
      exchange: field('S', ''),
      'routing-keys': field('A', [field('S', source)]),
    });
  });

  test(
    'an entry for a message that had an expiration has that as a long string, and nothing else is other',
    { rules: ['XD-02'] },
    async (t) => {
      const { source, message } = await died(t, { expiration: '60000' });
      assert.deepEqual(entryOf(message), {
        count: field('l', 1),
        reason: field('S', 'rejected'),
        queue: field('S', source),
        time: field('T', timeOf(message)),
        exchange: field('S', ''),
        'routing-keys': field('A', [field('S', source)]),
        'original-expiration': field('S', '60000'),
      });
    },
  );

  test('the time of an entry is that of the death in seconds', { rules: ['XD-02'] }, async (t) => {
    const dead = await t.queue();
    const times: number[] = [];
    for (const wait of [0, 2_100]) {
      const source = await t.deadLetteringTo(dead);
      await t.send(source, 'a');
      await t.elapse(wait);
      await rejectOnly(t, source);
      times.push(timeOf(await t.take(dead)));
    }
    const [first = 0, second = 0] = times;
    const passed = second - first;
    assert.ok(passed >= 2 && passed < 30, `${passed} s between the deaths`);
    const hours = Math.abs(first - t.now() / 1_000) / 3_600;
    assert.ok(hours < 24, `${hours} h away from the clock of this machine`);
  });

  test(
    'the fields of the first entry stand in this order, which changed with 4.0',
    { rules: ['XD-03'] },
    async (t) => {
      const { message } = await died(t, { expiration: '60000' });
      const common = ['count', 'reason', 'queue', 'time', 'exchange', 'routing-keys'];
      const expected = t.broker.since('4.0')
        ? ['original-expiration', ...common]
        : [...common, 'original-expiration'];
      assert.deepEqual(Object.keys(entryOf(message)), expected);
    },
  );

  test(
    'the fields of later entries stand in the order of the first, and before 4.0 sorted by name',
    { rules: ['XD-03'] },
    async (t) => {
      const [q1 = '', q2 = '', q3 = ''] = await chain(t, 3);
      await t.send(q1, 'a', { expiration: '60000' });
      for (const queue of [q1, q2]) await rejectOnly(t, queue);
      const message = await t.take(q3);
      const common = ['count', 'reason', 'queue', 'time', 'exchange', 'routing-keys'];
      const sorted = ['count', 'exchange', 'queue', 'reason', 'routing-keys', 'time'];
      assert.deepEqual(Object.keys(entryOf(message)), t.broker.pick({ '3.10': sorted, '4.0': common }));
    },
  );

  test(
    'the fields of an entry that was counted on stand in the order of the first, and before 4.0 sorted by name',
    { rules: ['XD-03', 'XD-06'] },
    async (t) => {
      const source = await t.queue({ 'x-dead-letter-exchange': '' });
      await t.send(source, 'a', { expiration: '60000' });
      for (let n = 0; n < 3; n++) await reject(t, source);
      const message = await t.take(source);
      assert.deepEqual(deathLines(message), [`${source} rejected 3`]);
      const fields = ['original-expiration', 'count', 'reason', 'queue', 'time', 'exchange', 'routing-keys'];
      const expected = t.broker.since('4.0') ? fields : fields.sort();
      assert.deepEqual(Object.keys(entryOf(message)), expected);
    },
  );

  test(
    'the properties of a dead letter are these octets',
    { rules: ['XD-01', 'XD-02', 'XD-03', 'XD-08', 'XD-09', 'XD-10'] },
    async (t) => {
      const { source, message } = await died(t, { expiration: '60000' });
      const own = {
        count: field('l', 1),
        reason: 'rejected',
        queue: source,
        time: field('T', timeOf(message)),
        exchange: '',
        'routing-keys': [source],
      };
      const expiration = { 'original-expiration': '60000' };
      const headers: Table = {
        'x-death': [t.broker.since('4.0') ? { ...expiration, ...own } : { ...own, ...expiration }],
        'x-first-death-exchange': '',
        'x-first-death-queue': source,
        'x-first-death-reason': 'rejected',
        ...(t.broker.since('3.13') && {
          'x-last-death-exchange': '',
          'x-last-death-queue': source,
          'x-last-death-reason': 'rejected',
        }),
      };
      assert.equal(message.propertyBytes.toString('hex'), encodeProperties({ headers }).toString('hex'));
    },
  );

  test('the headers of a dead letter are sorted by name, octet by octet', { rules: ['XD-10'] }, async (t) => {
    const headers = { z: 1, '\u00e9': 2, a: 3, Z: 4, 'x-e': 5, 'x-death-': 6, '': 7, aa: 8 };
    const { message } = await died(t, { headers });
    const names = Object.keys(message.typedHeaders).filter((name) => !/^x-(first|last)-death-/.test(name));
    assert.deepEqual(names, ['', 'Z', 'a', 'aa', 'x-death', 'x-death-', 'x-e', 'z', '\u00e9']);
    const all = Object.keys(message.typedHeaders);
    assert.deepEqual(
      all,
      all.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  });
}

function entriesOf({ typedHeaders }: Taken): readonly Field[] {
  return (typedHeaders['x-death']?.value ?? []) as readonly Field[];
}

/** The first entry of x-death with its types. */
function entryOf(message: Taken): Fields {
  return entriesOf(message)[0]?.value as Fields;
}

function timeOf(message: Taken): number {
  return deathsOf(message)[0]?.time ?? 0;
}
