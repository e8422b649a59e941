import { describe, expect, test } from 'vitest';
import { checkIds, checks } from '../../src/advice/checks.ts';
import type { CheckId } from '../../src/advice/checks.ts';
import type { Finding } from '../../src/advice/finding.ts';
import { lintDefinitions } from '../../src/advice/lint.ts';
import { binding, dead, exchange, fixtures, queue } from './fixtures.ts';
import type { Topology } from './fixtures.ts';

function lint({ facts, ...definitions }: Topology): Finding[] {
  return lintDefinitions(definitions, facts);
}

const only = (check: CheckId, topology: Topology): Finding[] =>
  lint(topology).filter((finding) => finding.check === check);

describe.each(checkIds)('%s', (check) => {
  const { flawed, at, sound } = fixtures[check];

  test('is found where it is, once, with its severity', () => {
    const found = only(check, flawed);
    expect(found.map(({ name }) => name)).toEqual([at]);
    expect(found[0]?.severity).toBe(checks[check].severity);
  });

  test('is not found where it is not', () => {
    expect(only(check, sound)).toEqual([]);
  });
});

test('a topology without flaws has no findings at all', () => {
  const found = lint({
    exchanges: [exchange('orders', 'topic')],
    queues: [queue('work', dead('', 'failed')), queue('failed')],
    bindings: [binding('orders', 'work', 'order.*')],
  });
  expect(found).toEqual([]);
});

test('the worst comes first', () => {
  const severities = lint({
    queues: [queue('q'), queue('late', dead('nowhere')), queue('now', { 'x-message-ttl': 0 })],
  }).map(({ severity }) => severity);
  expect(severities[0]).toBe('error');
  expect(severities.at(-1)).toBe('info');
  expect(severities).toContain('warning');
});

test('one refused declaration does not hide what is wrong with the others', () => {
  const found = lint({ queues: [queue('a', { 'x-message-ttl': -1 }), queue('b', dead('nowhere'))] });
  expect(found.map(({ check, name }) => `${check} ${name}`)).toEqual(
    expect.arrayContaining(['refused-declaration a', 'missing-dead-letter-exchange b']),
  );
});

test('the broker is quoted, and what it says is explained', () => {
  const [found] = only('refused-declaration', { queues: [queue('q', { 'x-dead-letter-routing-key': 'k' })] });
  expect(found?.message).toContain('routing_key_but_no_dlx_defined');
  expect(found?.fix).toBe('Set x-dead-letter-exchange as well; "" is the default exchange.');
  expect(found?.path).toEqual(['queues', 0, 'arguments', 'x-dead-letter-routing-key']);
});

test('definitions of one vhost need not name it in each entry (API-55)', () => {
  const found = lint({
    rabbitmq_definition_format: 'single_virtual_host',
    original_vhost_name: 'orders',
    queues: [{ name: 'q', durable: true, auto_delete: false, arguments: dead('nowhere') }],
  });
  expect(found).toMatchObject([{ check: 'missing-dead-letter-exchange', vhost: 'orders' }, {}]);
});

test('something in a vhost nobody defined is refused', () => {
  const [found] = only('refused-declaration', {
    vhosts: [{ name: 'a' }],
    queues: [queue('q', {}, { vhost: 'b' })],
  });
  expect(found?.message).toContain("there is no vhost 'b'");
});

describe('policies', () => {
  test('count as arguments do in every other check', () => {
    const definition = { 'message-ttl': 5, 'dead-letter-exchange': 'nowhere' };
    const topology = {
      queues: [queue('q')],
      policies: [{ vhost: '/', name: 'p', pattern: 'q', 'apply-to': 'queues', priority: 0, definition }],
    };
    expect(only('missing-dead-letter-exchange', topology).map(({ name }) => name)).toEqual(['q']);
  });

  test('of operators are found where definitions have them', () => {
    const value = { pattern: '^nothing$', 'apply-to': 'queues', priority: 0, definition: { expires: 5 } };
    const [found] = only('unmatched-policy', {
      parameters: [{ vhost: '/', component: 'operator_policy', name: 'cap', value }],
    });
    expect(found).toMatchObject({ name: 'cap', kind: 'policy', path: ['parameters', 0, 'pattern'] });
  });
});

describe('dead letters (DLX-15)', () => {
  test('go on with the keys they came with, which bindings tell', () => {
    const [found] = only('unroutable-dead-letters', {
      exchanges: [exchange('dlx')],
      queues: [queue('q', dead('dlx')), queue('late')],
      bindings: [
        binding('amq.direct', 'q', 'a'),
        binding('amq.direct', 'q', 'b'),
        binding('dlx', 'late', 'a'),
      ],
    });
    expect(found?.message).toContain(`exchange 'dlx' is given with the key "b"`);
  });

  test('are not called lost when their keys cannot be known', () => {
    const found = only('unroutable-dead-letters', {
      exchanges: [exchange('dlx')],
      queues: [queue('q', dead('dlx')), queue('late')],
      bindings: [binding('amq.topic', 'q', 'a.#'), binding('dlx', 'late', 'a.b')],
    });
    expect(found).toEqual([]);
  });

  test('are not called lost when headers decide about them', () => {
    const match = { ...binding('amq.headers', 'late'), arguments: { 'x-match': 'all', kind: 'order' } };
    const found = only('unroutable-dead-letters', {
      queues: [queue('q', dead('amq.headers')), queue('late')],
      bindings: [match],
    });
    expect(found).toEqual([]);
  });

  test('find their way through the alternate exchange (DLX-18)', () => {
    const found = only('unroutable-dead-letters', {
      exchanges: [exchange('dlx', 'direct', { 'alternate-exchange': 'rest' }), exchange('rest', 'fanout')],
      queues: [queue('q', dead('dlx', 'k')), queue('late')],
      bindings: [binding('rest', 'late')],
    });
    expect(found).toEqual([]);
  });
});

test('exchanges a broker makes itself need no bindings', () => {
  expect(only('exchange-without-bindings', { exchanges: [exchange('amq.rabbitmq.log', 'topic')] })).toEqual(
    [],
  );
});

test('alternate exchanges in a circle lead nowhere', () => {
  const found = only('dead-end-alternate-exchange', {
    exchanges: [
      exchange('x', 'direct', { 'alternate-exchange': 'y' }),
      exchange('y', 'direct', { 'alternate-exchange': 'x' }),
    ],
  });
  expect(found.map(({ name }) => name)).toEqual(['x', 'y']);
});

describe('cycles', () => {
  const wait = { 'x-message-ttl': 5 };

  test('lead through alternate exchanges, too', () => {
    const [found] = only('automatic-cycle', {
      exchanges: [exchange('dlx', 'direct', { 'alternate-exchange': 'amq.fanout' })],
      queues: [queue('q', { ...wait, ...dead('dlx', 'nobody') })],
      bindings: [binding('amq.fanout', 'q')],
    });
    expect(found?.name).toBe('q');
  });

  test('drop what a full queue pushes out, if it would come back (CYC-02)', () => {
    const [found] = only('automatic-cycle', {
      queues: [
        queue('work', { 'x-max-length': 5, ...dead('', 'wait') }),
        queue('wait', { ...wait, ...dead('', 'work') }),
      ],
    });
    expect(found?.message).toContain(
      "A message is pushed out of 'work', goes to 'wait', expires in that, and cannot come back to 'work'.",
    );
  });

  test('are found where the key does not matter, the smallest only', () => {
    const names = ['a', 'b', 'c'];
    const found = only('automatic-cycle', {
      queues: names.map((name) => queue(name, { ...wait, ...dead('amq.fanout') })),
      bindings: names.map((name) => binding('amq.fanout', name)),
    });
    expect(found.map(({ name }) => name)).toEqual(names);
  });

  test('need no queue that drops its head when it rejects publishes instead (LEN-12)', () => {
    const full = { 'x-max-length': 5, 'x-overflow': 'reject-publish' };
    const found = only('automatic-cycle', {
      queues: [
        queue('work', { ...full, ...dead('', 'wait') }),
        queue('wait', { ...wait, ...dead('', 'work') }),
      ],
    });
    expect(found).toEqual([]);
  });

  test('are found once, however many queues they have', () => {
    const names = ['a', 'b', 'c', 'd'];
    const ring = names.map((name, i) => queue(name, { ...wait, ...dead('', names[(i + 1) % 4]) }));
    expect(only('automatic-cycle', { queues: ring })).toHaveLength(1);
  });
});
