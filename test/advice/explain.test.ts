import { describe, expect, test } from 'vitest';
import { explainInDefinitions } from '../../src/advice/explain.ts';
import type { Question } from '../../src/advice/question.ts';
import type { Explanation, Hop, Stay } from '../../src/advice/explanation.ts';
import { fieldTable, long, longstr, array } from '../../src/wire/table.ts';
import { binding, dead, exchange, queue } from './fixtures.ts';
import type { Topology } from './fixtures.ts';

const NOW = 1_000_000_000_000;

function explain(topology: Topology, question: Partial<Question> = {}): Explanation {
  const asked = { vhost: '/', exchange: '', routingKey: 'q', properties: {}, rejects: 0, consumers: [] };
  return explainInDefinitions(topology, { ...asked, ...question }, NOW);
}

/** One line for each thing that happens, indented by how far the message has come. */
function lines({ time, exchange, routingKey, queues, lost, delay }: Hop, depth = 0): string[] {
  const indent = '  '.repeat(depth);
  const held = delay === undefined ? [] : [`${indent}held until +${delay.until - NOW}`];
  const released = delay?.released === undefined ? [] : lines(delay.released, depth + 1);
  return [
    `${indent}+${time - NOW} to '${exchange}' with '${routingKey}'`,
    ...held,
    ...released,
    ...queues.flatMap((stay) => stayLines(stay, depth)),
    ...lost.map(({ queue, why }) => `${indent}lost${queue === undefined ? '' : ` for ${queue}`}: ${why}`),
  ];
}

function stayLines({ queue, end, leaves, expiresBy, deadLetter, lost }: Stay, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const when = leaves === undefined ? '' : ` at +${leaves - NOW}`;
  return [
    `${indent}${queue}: ${end}${when}${expiresBy === undefined ? '' : ` by ${expiresBy}`}${lost === undefined ? '' : `, lost: ${lost}`}`,
    ...(deadLetter === undefined ? [] : lines(deadLetter, depth + 1)),
  ];
}

const told = (topology: Topology, question?: Partial<Question>): string[] =>
  lines(explain(topology, question).publish);

const wait = (ttl: number): Record<string, unknown> => ({ 'x-message-ttl': ttl });
const RETRY = { queues: [queue('q', dead('', 'wait')), queue('wait', { ...wait(5_000), ...dead('', 'q') })] };

test('a message for a queue stays there, for ever', () => {
  const { publish, ends } = explain({ queues: [queue('q')] });
  expect(lines(publish)).toEqual(["+0 to '' with 'q'", 'q: waiting']);
  expect(ends).toEqual([{ time: NOW, queue: 'q', end: 'waiting', why: undefined }]);
});

test('a message without a queue is lost at once', () => {
  const { publish, ends } = explain({});
  expect(lines(publish)).toEqual(["+0 to '' with 'q'", 'lost: no route']);
  expect(ends).toEqual([{ time: NOW, queue: undefined, end: 'lost', why: 'no route' }]);
});

test('the way over exchanges and alternate exchanges is named', () => {
  const { publish } = explain(
    {
      exchanges: [exchange('a', 'topic', { 'alternate-exchange': 'b' }), exchange('b', 'fanout')],
      queues: [queue('q')],
      bindings: [
        binding('a', 'q', 'x.*'),
        binding('b', 'amq.direct', '', 'exchange'),
        binding('amq.direct', 'q', 'y'),
      ],
    },
    { exchange: 'a', routingKey: 'y' },
  );
  expect(publish.way).toEqual([
    { alternate: 'b' },
    { source: 'b', bindingKey: '', to: 'exchange', destination: 'amq.direct' },
    { source: 'amq.direct', bindingKey: 'y', to: 'queue', destination: 'q' },
  ]);
});

describe('what sets the deadline (TTL-01)', () => {
  const both = { queues: [queue('q', { ...wait(1_000), ...dead('', 'late') }), queue('late')] };

  test('is the expiration of the message when that is shorter', () => {
    expect(told(both, { properties: { expiration: '400' } })).toEqual([
      "+0 to '' with 'q'",
      'q: expired at +400 by expiration',
      "  +400 to '' with 'late'",
      '  late: waiting',
    ]);
  });

  test('is the queue when that is shorter, or the only one', () => {
    expect(told(both, { properties: { expiration: '4000' } })[1]).toBe(
      'q: expired at +1000 by x-message-ttl',
    );
    expect(told(both)[1]).toBe('q: expired at +1000 by x-message-ttl');
  });
});

test('the death history grows from hop to hop, and loses the expiration (XD-13)', () => {
  const ladder = {
    queues: [queue('q', dead('', 'b')), queue('b', { ...wait(50), ...dead('', 'c') }), queue('c')],
  };
  const { publish } = explain(ladder, { properties: { expiration: '20' } });
  const last = publish.queues[0]?.deadLetter?.queues[0]?.deadLetter;
  expect(last?.deaths).toEqual([
    {
      queue: 'b',
      reason: 'expired',
      count: 1,
      exchange: '',
      routingKeys: ['b'],
      originalExpiration: undefined,
    },
    { queue: 'q', reason: 'expired', count: 1, exchange: '', routingKeys: ['q'], originalExpiration: '20' },
  ]);
});

describe('what is lost', () => {
  test.each([
    [
      'without a dead-letter exchange',
      { queues: [queue('q', wait(5))] },
      'q: expired at +5 by x-message-ttl, lost: no dead-letter exchange',
    ],
    [
      'with one that is missing',
      { queues: [queue('q', { ...wait(5), ...dead('x') })] },
      'q: expired at +5 by x-message-ttl, lost: exchange missing',
    ],
  ])('%s', (_name, topology, line) => {
    const { publish, ends } = explain(topology);
    expect(lines(publish)[1]).toBe(line);
    expect(ends).toMatchObject([{ time: NOW + 5, queue: 'q', end: 'lost' }]);
  });

  test('with one that has no way on', () => {
    expect(told({ queues: [queue('q', { ...wait(5), ...dead('amq.direct', 'k') })] })).toEqual([
      "+0 to '' with 'q'",
      'q: expired at +5 by x-message-ttl',
      "  +5 to 'amq.direct' with 'k'",
      '  lost: no route',
    ]);
  });

  test('on a way round on which nobody rejects (CYC-06)', () => {
    const cycle = {
      queues: [queue('q', { ...wait(5), ...dead('', 'b') }), queue('b', { ...wait(5), ...dead('', 'q') })],
    };
    expect(told(cycle)).toEqual([
      "+0 to '' with 'q'",
      'q: expired at +5 by x-message-ttl',
      "  +5 to '' with 'b'",
      '  b: expired at +10 by x-message-ttl',
      "    +10 to '' with 'q'",
      '    lost for q: cycle',
    ]);
  });

  test('for one target only, when the others are no cycle (CYC-01)', () => {
    const { publish, ends } = explain({
      queues: [queue('q', { ...wait(5), ...dead('amq.fanout') }), queue('late')],
      bindings: [binding('amq.fanout', 'q'), binding('amq.fanout', 'late')],
    });
    expect(lines(publish).slice(2)).toEqual([
      "  +5 to 'amq.fanout' with 'q'",
      '  late: waiting',
      '  lost for q: cycle',
    ]);
    expect(ends.map(({ queue: name, end, why }) => [name, end, why])).toEqual([
      ['q', 'lost', 'cycle'],
      ['late', 'waiting', undefined],
    ]);
  });

  test('with the queue, when that expires first (EXP-11)', () => {
    const { publish, ends } = explain({
      queues: [queue('q', { ...wait(500), 'x-expires': 200, ...dead('amq.fanout') })],
    });
    expect(lines(publish)[1]).toBe('q: queue deleted at +200 by x-message-ttl, lost: queue deleted');
    expect(ends).toMatchObject([{ time: NOW + 200, queue: 'q', end: 'lost', why: 'queue deleted' }]);
  });

  test('because a queue is full', () => {
    const full = { 'x-max-length': 0, 'x-overflow': 'reject-publish' };
    expect(told({ queues: [queue('q', full)] })).toEqual(["+0 to '' with 'q'", 'lost for q: refused']);
    expect(
      told({ queues: [queue('q', { ...wait(5), ...dead('', 'late') }), queue('late', full)] }).slice(2),
    ).toEqual(["  +5 to '' with 'late'", '  lost for late: refused']);
  });
});

test('what a full queue refuses may be dead-lettered without ever having been in it (LEN-14)', () => {
  const full = { 'x-max-length': 0, 'x-overflow': 'reject-publish-dlx', ...dead('', 'late') };
  expect(told({ queues: [queue('q', full), queue('late')] })).toEqual([
    "+0 to '' with 'q'",
    'q: refused at +0',
    "  +0 to '' with 'late'",
    '  late: waiting',
  ]);
});

describe('consumers that reject', () => {
  test('are assumed where it would wait for ever, and there only', () => {
    const { publish, assumptions, ends } = explain(RETRY, { rejects: 2 });
    expect(lines(publish)).toEqual([
      "+0 to '' with 'q'",
      'q: rejected at +0',
      "  +0 to '' with 'wait'",
      '  wait: expired at +5000 by x-message-ttl',
      "    +5000 to '' with 'q'",
      '    q: rejected at +5000',
      "      +5000 to '' with 'wait'",
      '      wait: expired at +10000 by x-message-ttl',
      "        +10000 to '' with 'q'",
      '        q: consumed at +10000',
    ]);
    expect(assumptions).toEqual(["Somebody consumes 'q' and takes it at once."]);
    expect(ends).toEqual([{ time: NOW + 10_000, queue: 'q', end: 'consumed', why: undefined }]);
  });

  test('may be named', () => {
    const { publish, assumptions } = explain(RETRY, {
      exchange: '',
      routingKey: 'wait',
      consumers: ['wait'],
    });
    expect(lines(publish)[1]).toBe('wait: consumed at +0 by x-message-ttl');
    expect(assumptions).toEqual(["Somebody consumes 'wait' and takes it at once."]);
  });

  test('that are asked for more than can come about are told', () => {
    const { assumptions } = explain({ queues: [queue('q')] }, { rejects: 2 });
    expect(assumptions).toContain('Of the rejects asked for, 1 did not come about: no consumer had it.');
  });

  test('do so a thousand times and no more', () => {
    const { assumptions } = explain(RETRY, { rejects: 1_000_000 });
    expect(assumptions.at(-1)).toBe('It goes on after 1000 hops; the rest is cut off.');
  });

  test('and no more where no time passes on the way round either', () => {
    const { assumptions } = explain(
      { queues: [queue('q', dead('', 'q'))] },
      { rejects: 1_000_000, consumers: ['q'] },
    );
    expect(assumptions).toEqual([
      "Somebody consumes 'q' and takes it at once.",
      'It goes on after 1000 hops; the rest is cut off.',
    ]);
  });
});

test('a delayed exchange holds it back, and routes it then (DLM-08)', () => {
  const delayed = {
    exchanges: [exchange('x', 'x-delayed-message', { 'x-delayed-type': 'direct' })],
    queues: [queue('q', { ...wait(5), ...dead('', 'late') }), queue('late')],
    bindings: [binding('x', 'q', 'q')],
  };
  const headers = fieldTable({ 'x-delay': long(300n) });
  expect(told(delayed, { exchange: 'x', properties: { headers } })).toEqual([
    "+0 to 'x' with 'q'",
    'held until +300',
    "  +300 to 'x' with 'q'",
    '  q: expired at +305 by x-message-ttl',
    "    +305 to '' with 'late'",
    '    late: waiting',
  ]);
});

test('dead letters go by all keys, those of CC and BCC included (DLX-15)', () => {
  const headers = fieldTable({ CC: array([longstr('c')]), BCC: array([longstr('b')]) });
  const { publish } = explain(
    {
      queues: [queue('q', { ...wait(5), ...dead('amq.direct') }), queue('of-cc'), queue('of-bcc')],
      bindings: [binding('amq.direct', 'of-cc', 'c'), binding('amq.direct', 'of-bcc', 'b')],
    },
    { properties: { headers } },
  );
  expect(publish.queues[0]?.deadLetter?.queues.map((stay) => stay.queue)).toEqual(['of-cc', 'of-bcc']);
});

test('a headers exchange sees why it died (DLX-19)', () => {
  const match = { 'x-match': 'all-with-x', 'x-first-death-reason': 'expired' };
  const { publish } = explain({
    queues: [queue('q', { ...wait(5), ...dead('amq.headers') }), queue('late')],
    bindings: [{ ...binding('amq.headers', 'late'), arguments: match }],
  });
  expect(publish.queues[0]?.deadLetter?.queues.map((stay) => stay.queue)).toEqual(['late']);
});

test('a stream keeps it, whatever its expiration (TTL-20)', () => {
  const { ends } = explain(
    { queues: [queue('q', { 'x-queue-type': 'stream' })] },
    { properties: { expiration: '5' } },
  );
  expect(ends).toMatchObject([{ queue: 'q', end: 'logged' }]);
});

test('at least once it is kept until somebody takes it (DLX-14)', () => {
  const kept = {
    'x-queue-type': 'quorum',
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
    ...wait(5),
    ...dead('nowhere'),
  };
  const { ends } = explain({ queues: [queue('q', kept)] });
  expect(ends).toEqual([{ time: NOW + 5, queue: 'q', end: 'kept', why: undefined }]);
});

test('an x-death a client sent is no history (XD-11)', () => {
  const headers = fieldTable({
    'x-death': array([{ tag: 'F', value: fieldTable({ queue: longstr('q') }) }]),
  });
  const { publish } = explain({ queues: [queue('q')] }, { properties: { headers } });
  expect(publish.deaths).toEqual([]);
});

describe('what cannot be asked', () => {
  test.each([
    [{ exchange: 'amq.tpic' }, "there is no exchange 'amq.tpic'; did you mean 'amq.topic'?"],
    [{ consumers: ['nobody'] }, "there is no queue 'nobody'; there are: q"],
    [
      { properties: { expiration: '5s' } },
      `PRECONDITION_FAILED - invalid expiration '5s': {leftover_string,"s"}`,
    ],
    [{ vhost: 'nowhere' }, "there is no vhost 'nowhere'; there are: /"],
  ])('%j', (question, message) => {
    expect(() => explain({ queues: [queue('q')] }, question)).toThrow(message);
  });

  test('of queues where there is none', () => {
    const message = "there is no queue 'nobody'; there is none";
    expect(() => explain({ queues: [] }, { consumers: ['nobody'] })).toThrow(message);
  });

  test('what the broker would refuse to declare is left out, and told', () => {
    const { assumptions } = explain({ queues: [queue('q'), queue('bad', { 'x-message-ttl': -1 })] });
    expect(assumptions[0]).toContain('queues[1] is left out, as the broker refuses it: PRECONDITION_FAILED');
  });
});
