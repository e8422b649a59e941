import assert from 'node:assert/strict';
import { deathLines, deathsOf, hold, reject, rejectOnly } from '../support/deaths.ts';
import { field, plain } from '../support/fields.ts';
import type { Value } from '../support/fields.ts';
import type { Define } from '../support/suite.ts';

interface Claim {
  readonly name: string;
  /** What a client publishes as x-death, to this queue. */
  readonly value: (source: string) => Value;
  /** The history after one death before 4.0; without it RabbitMQ crashes a queue then. */
  readonly before?: (source: string) => readonly string[];
}

const fresh = (source: string): readonly string[] => [`${source} rejected 1`];

const malformed: readonly Claim[] = [
  { name: 'a string', value: () => 'nonsense', before: fresh },
  { name: 'a number', value: () => 5, before: fresh },
  { name: 'a boolean', value: () => true, before: fresh },
  { name: 'a table', value: (queue) => ({ queue, reason: 'rejected', count: 7 }), before: fresh },
  { name: 'nothing (void)', value: () => null, before: fresh },
  { name: 'an empty array', value: () => [], before: fresh },
  { name: 'an array of strings', value: () => ['a', 'b'] },
  { name: 'an array of numbers', value: () => [1, 2] },
  { name: 'an array of arrays', value: () => [[{ reason: 'rejected' }]] },
  { name: 'an array of a table and a number', value: (queue) => [{ queue, reason: 'rejected' }, 5] },
  {
    name: 'an array of empty tables',
    value: () => [{}],
    before: (queue) => [`${queue} rejected 1`, 'undefined undefined undefined'],
  },
  {
    name: 'an entry without a queue',
    value: () => [{ reason: 'rejected', count: field('l', 7) }],
    before: (queue) => [`${queue} rejected 1`, 'undefined rejected 7'],
  },
  {
    name: 'an entry without a reason',
    value: (queue) => [{ queue, count: field('l', 7) }],
    before: (queue) => [`${queue} rejected 1`, `${queue} undefined 7`],
  },
  {
    name: 'an entry whose queue is a number',
    value: () => [{ queue: 5, reason: 'rejected', count: field('l', 7) }],
    before: (queue) => [`${queue} rejected 1`, '5 rejected 7'],
  },
  {
    name: 'an entry whose reason is a boolean',
    value: (queue) => [{ queue, reason: true, count: field('l', 7) }],
    before: (queue) => [`${queue} rejected 1`, `${queue} true 7`],
  },
  {
    name: 'an entry of this queue whose count is a string',
    value: (queue) => [{ queue, reason: 'rejected', count: 'many' }],
  },
  {
    name: 'an entry of another queue whose count is a string',
    value: () => [{ queue: 'other', reason: 'rejected', count: 'many' }],
    before: (queue) => [`${queue} rejected 1`, 'other rejected many'],
  },
  {
    name: 'an entry whose routing-keys are a number and whose time is a string',
    value: () => [{ queue: 'other', reason: 'expired', count: 1, time: 'now', 'routing-keys': 5 }],
    before: (queue) => [`${queue} rejected 1`, 'other expired 1'],
  },
];

const wellFormed: readonly Claim[] = [
  {
    name: 'an entry of the queue it dies in',
    value: (queue) => [entry(queue, 'rejected', 7)],
    before: (queue) => [`${queue} rejected 8`],
  },
  {
    name: 'an entry of another queue',
    value: () => [entry('other', 'rejected', 7)],
    before: (queue) => [`${queue} rejected 1`, 'other rejected 7'],
  },
  {
    name: 'an entry of another reason',
    value: (queue) => [entry(queue, 'expired', 7)],
    before: (queue) => [`${queue} rejected 1`, `${queue} expired 7`],
  },
  {
    name: 'an entry without a count',
    value: (queue) => [{ queue, reason: 'rejected', exchange: 'claimed' }],
    before: (queue) => [`${queue} rejected 1`],
  },
];

/** What a client says of deaths. */
export function claiming(test: Define): void {
  for (const { name, value, before } of [...malformed, ...wellFormed]) {
    test(
      `x-death of a client: ${name} is shown as it was sent, and means nothing since 4.0`,
      { rules: ['XD-11', 'XD-12'], ...(before === undefined && { since: '4.0' }) },
      async (t) => {
        const dead = await t.queue();
        const source = await t.deadLetteringTo(dead);
        const claimed = value(source);
        await t.send(source, 'a', { headers: { 'x-death': claimed } });
        const shown = await rejectOnly(t, source);
        assert.deepEqual(plain(shown.typedHeaders['x-death']), plain(claimed));
        const message = await t.take(dead);
        const isNew = t.broker.since('4.0');
        assert.deepEqual(deathLines(message), isNew ? fresh(source) : before?.(source));
        assert.equal(message.headers['x-first-death-queue'], isNew ? source : undefined);
      },
    );
  }

  test(
    'the entry that replaces x-death of a client has nothing of it; before 4.0 it is counted on and keeps the rest',
    { rules: ['XD-11', 'XD-12'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      await t.send(source, 'a', { headers: { 'x-death': [entry(source, 'rejected', 7)] } });
      await rejectOnly(t, source);
      const [{ time, ...death } = { time: 0 }] = deathsOf(await t.take(dead));
      const own = { count: 1, reason: 'rejected', queue: source, exchange: '', 'routing-keys': [source] };
      const kept = { ...own, count: 8, exchange: 'claimed', 'routing-keys': ['claimed'] };
      assert.deepEqual(death, t.broker.pick({ '3.10': kept, '4.0': own }));
      assert.equal(time === 1, !t.broker.since('4.0'));
    },
  );

  test(
    'two entries of a client for one queue and reason become one',
    { rules: ['XD-12', 'XD-11'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      const claimed = [
        entry(source, 'rejected', 3),
        entry('other', 'expired', 1),
        entry(source, 'rejected', 2),
      ];
      await t.send(source, 'a', { headers: { 'x-death': claimed } });
      await rejectOnly(t, source);
      const lines = deathLines(await t.take(dead)).filter((line) => line.startsWith(source));
      assert.deepEqual(lines, [`${source} rejected ${t.broker.since('4.0') ? 1 : 4}`]);
    },
  );

  test(
    'headers of a first and a last death that a client made are overwritten at the first death',
    { rules: ['XD-11', 'XD-12'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      const headers = {
        'x-first-death-exchange': 'claimed',
        'x-first-death-queue': field('b', 1),
        'x-first-death-reason': ['claimed'],
        'x-last-death-exchange': 'claimed',
        'x-last-death-queue': field('b', 1),
        'x-last-death-reason': ['claimed'],
      };
      await t.send(source, 'a', { headers });
      const shown = await rejectOnly(t, source);
      assert.deepEqual(shown.headers, plain(headers));
      const { headers: after } = await t.take(dead);
      const ends = ['exchange', 'queue', 'reason'] as const;
      const first = ends.map((end) => after[`x-first-death-${end}`]);
      const last = ends.map((end) => after[`x-last-death-${end}`]);
      assert.deepEqual(first, ['', source, 'rejected']);
      assert.deepEqual(last, t.broker.pick({ '3.10': ['claimed', 1, ['claimed']], '3.13': first }));
    },
  );

  test(
    'what a client claims is gone after the first death and does not come back at the next',
    { rules: ['XD-11'], since: '4.0' },
    async (t) => {
      const last = await t.queue();
      const middle = await t.deadLetteringTo(last);
      const source = await t.deadLetteringTo(middle);
      const headers = { 'x-death': [entry(middle, 'rejected', 7), entry('other', 'expired', 1)] };
      await t.send(source, 'a', { headers });
      for (const queue of [source, middle]) await rejectOnly(t, queue);
      const message = await t.take(last);
      assert.deepEqual(deathLines(message), [`${middle} rejected 1`, `${source} rejected 1`]);
      assert.equal(message.headers['x-first-death-queue'], source);
    },
  );

  test(
    'x-death of a client makes no cycle since 4.0; before it does',
    { rules: ['XD-11', 'XD-12'] },
    async (t) => {
      const [dx, target, witness] = [await t.exchange('fanout'), await t.queue(), await t.queue()];
      const source = await t.queue({ 'x-dead-letter-exchange': dx });
      for (const queue of [witness, target]) await t.bind(queue, dx);
      const headers = { 'x-death': [entry(target, 'expired', 1)] };
      await t.send(source, 'a', { headers, expiration: '50' });
      assert.equal((await t.take(witness)).body, 'a');
      if (t.broker.since('4.0')) assert.equal((await t.take(target)).body, 'a');
      else await t.staysEmpty(target);
    },
  );

  test(
    'x-death of a client saves no message from a cycle since 4.0',
    { rules: ['XD-11'], since: '4.0' },
    async (t) => {
      const [dx, witness, source] = [await t.exchange('fanout'), await t.queue(), t.name('q')];
      await t.queue({ 'x-dead-letter-exchange': dx }, { queue: source });
      for (const queue of [witness, source]) await t.bind(queue, dx);
      const headers = { 'x-death': [entry(source, 'rejected', 1), entry('other', 'rejected', 1)] };
      await t.send(source, 'a', { headers, expiration: '50' });
      assert.equal((await t.take(witness)).body, 'a');
      assert.equal(await t.get(source), undefined);
    },
  );

  test(
    'a copy that is published with the headers of a dead letter has a new history since 4.0',
    { rules: ['XD-16'] },
    async (t) => {
      const dead = await t.queue();
      const source = await t.deadLetteringTo(dead);
      await t.send(source, 'a');
      for (let attempt = 1; attempt <= 3; attempt++) {
        await rejectOnly(t, source);
        const message = await t.take(dead);
        const count = t.broker.since('4.0') ? 1 : attempt;
        assert.deepEqual(deathLines(message), [`${source} rejected ${count}`]);
        await t.send(source, 'a', { headers: message.typedHeaders });
      }
    },
  );

  test(
    'a dead letter that is given back and not copied keeps its history',
    { rules: ['XD-16'] },
    async (t) => {
      const source = await t.queue({ 'x-dead-letter-exchange': '' });
      await t.send(source, 'a');
      for (let count = 1; count <= 3; count++) {
        await reject(t, source);
        const message = await hold(t, source);
        (await t.control()).nack(message.deliveryTag, true);
        assert.deepEqual(deathLines(message), [`${source} rejected ${count}`]);
      }
    },
  );
}

/** What RabbitMQ would write of a death. */
function entry(queue: string, reason: string, count: number): Value {
  return {
    count: field('l', count),
    reason,
    queue,
    time: field('T', 1),
    exchange: 'claimed',
    'routing-keys': ['claimed'],
  };
}
