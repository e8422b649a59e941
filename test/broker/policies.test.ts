import { describe, expect, test } from 'vitest';
import { longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte } from '../support/deaths.ts';

const QUORUM = { 'x-queue-type': longstr('quorum') };
const STREAM = { 'x-queue-type': longstr('stream') };
const TO_DEAD = { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'dead' };
const OPERATOR = { kind: 'operator-policy' } as const;

/** The names of what applies to a queue. */
function applied(core: Core, queue: string): (string | undefined)[] {
  const { policy, operatorPolicy } = core.vhost.queues.get(queue)?.policies ?? {};
  return [policy?.name, operatorPolicy?.name];
}

describe('which policy applies', () => {
  test('of those that match the one with the highest priority, whole and alone [POL-02]', () => {
    const core = new Core();
    core.policy('low', { 'max-length': 1, overflow: 'reject-publish' }, { priority: 1 });
    core.policy('high', { 'max-length': 2 }, { priority: 5 });
    core.policy('other', { 'max-length': 9 }, { priority: 9, pattern: '^other' });
    const queue = core.queue('q');
    expect(queue.policies.policy?.name).toBe('high');
    expect(queue.settings).toMatchObject({ maxLength: 2, overflow: 'drop-head' });
  });

  test('of equal priorities the name that sorts first, however they were set [POL-02]', () => {
    for (const names of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const core = new Core();
      core.queue('q');
      for (const name of names) core.policy(name, { 'max-length': 1 });
      expect(applied(core, 'q')).toEqual(['a', undefined]);
    }
  });

  test('its pattern is found anywhere in the name, and an empty one in every name [API-50]', () => {
    const core = new Core();
    core.queue('the queue');
    core.policy('p', { 'max-length': 1 }, { pattern: 'QUEUE' });
    expect(applied(core, 'the queue')).toEqual([undefined, undefined]);
    for (const pattern of ['queue$', '(?i)QUEUE', '']) {
      core.policy('p', { 'max-length': 1 }, { pattern });
      expect(applied(core, 'the queue')).toEqual(['p', undefined]);
    }
  });

  test.each([
    ['all', ['classic', 'quorum', 'stream'], true],
    ['queues', ['classic', 'quorum', 'stream'], false],
    ['classic_queues', ['classic'], false],
    ['quorum_queues', ['quorum'], false],
    ['streams', ['stream'], false],
    ['exchanges', [], true],
  ] as const)('a policy for %s [POL-02, API-49]', (target, queues, exchanges) => {
    const core = new Core();
    for (const type of ['classic', 'quorum', 'stream']) core.declare(type, { 'x-queue-type': longstr(type) });
    const exchange = core.exchange('x');
    core.policy('p', { 'max-length-bytes': 5 }, { pattern: '', 'apply-to': target });
    const those = [...core.vhost.queues.values()].filter(({ policies }) => policies.policy !== undefined);
    expect(those.map(({ name }) => name)).toEqual(queues);
    expect(exchange.policies.policy !== undefined).toBe(exchanges);
  });

  test.each([
    ['classic', 'delivery-limit', 5],
    ['classic', 'dead-letter-strategy', 'at-least-once'],
    ['classic', 'max-in-memory-length', 5],
    ['classic', 'max-age', '5s'],
    ['quorum', 'queue-mode', 'lazy'],
    ['quorum', 'max-age', '5s'],
    ['stream', 'message-ttl', 5],
    ['stream', 'max-length', 5],
    ['stream', 'overflow', 'drop-head'],
    ['stream', 'dead-letter-exchange', 'x'],
  ])('for a %s queue a policy with %s is passed over as a whole [POL-03]', (type, key, value) => {
    const core = new Core();
    core.policy('high', { 'max-length-bytes': 1, [key]: value }, { priority: 9 });
    core.policy('low', { 'max-length-bytes': 2 });
    core.declare('q', { 'x-queue-type': longstr(type) });
    expect(applied(core, 'q')).toEqual(['low', undefined]);
  });
});

describe('what a policy, an operator policy and an argument come to', () => {
  test('key by key, and what only one has is taken from it [POL-04]', () => {
    const core = new Core();
    const queue = core.queue('q', QUORUM);
    const policy = {
      'message-ttl': 5,
      expires: 9,
      'max-length': 5,
      overflow: 'drop-head',
      'delivery-limit': 3,
    };
    core.policy('p', {
      ...policy,
      'dead-letter-exchange': 'x',
      'delayed-retry-min': 5,
      'delayed-retry-max': 9,
    });
    const operator = {
      'message-ttl': 9,
      expires: 5,
      'max-length': 5,
      overflow: 'reject-publish',
      'delivery-limit': -1,
    };
    const retry = { 'delayed-retry-min': 6, 'delayed-retry-max': 8, 'delayed-retry-type': 'all' };
    core.policy('o', { ...operator, ...retry, 'max-length-bytes': 7 }, OPERATOR);
    expect(queue.policies.definition).toEqual({
      'message-ttl': 5,
      expires: 5,
      'max-length': 5,
      'max-length-bytes': 7,
      overflow: 'reject-publish',
      'delivery-limit': 3,
      'dead-letter-exchange': 'x',
      ...retry,
    });
  });

  test('the smaller of an argument and a policy, and the DLX of the argument [POL-05, POL-07]', () => {
    const core = new Core();
    const args = {
      'x-max-length': byte(4),
      'x-message-ttl': byte(9),
      'x-dead-letter-exchange': longstr('own'),
    };
    const queue = core.queue('q', args);
    core.policy('p', { 'max-length': 9, 'message-ttl': 4, ...TO_DEAD });
    expect(queue.settings).toMatchObject({
      maxLength: 4,
      messageTtl: 4,
      deadLetterExchange: 'own',
      deadLetterRoutingKey: 'dead',
    });
  });

  test.each([
    ['classic', 'drop-head', 'reject-publish', 'drop-head'],
    ['classic', 'reject-publish', 'drop-head', 'reject-publish'],
    ['quorum', 'drop-head', 'reject-publish', 'reject-publish'],
    ['quorum', 'reject-publish', 'drop-head', 'drop-head'],
    ['quorum', 'reject-publish', 'reject-publish-dlx', 'drop-head'],
  ])(
    'in a %s queue overflow %s and %s of a policy are %s [POL-06, LEN-15]',
    (type, argument, policy, result) => {
      const core = new Core();
      const queue = core.queue('q', { 'x-queue-type': longstr(type), 'x-overflow': longstr(argument) });
      core.policy('p', { overflow: policy });
      expect(queue.settings.overflow).toBe(result);
    },
  );

  test.each([
    [undefined, undefined, 20],
    [undefined, 30, 30],
    [undefined, -1, Infinity],
    [3, 30, 3],
    [30, 3, 3],
    [-1, 3, 3],
    [3, -1, 3],
    [-1, -1, Infinity],
  ])('delivery limit %s and %s of a policy are %s [POL-06, DLV-03]', (argument, policy, result) => {
    const core = new Core();
    const own = argument === undefined ? {} : { 'x-delivery-limit': byte(argument) };
    const queue = core.queue('q', { ...QUORUM, ...own });
    if (policy !== undefined) core.policy('p', { 'delivery-limit': policy });
    expect(queue.settings.deliveryLimit).toBe(result);
  });
});

describe('streams', () => {
  test('of a stream the policy counts, and what is too old goes at once [STR-03]', () => {
    const core = new Core();
    const segments = { ...STREAM, 'x-stream-max-segment-size-bytes': byte(100), 'x-max-age': longstr('1h') };
    const stream = core.declare('q', segments);
    const send = (body: string): void => {
      core.send('q', body.repeat(100));
    };
    send('a');
    core.advance(10_000);
    send('b');
    expect(stream.messageCount).toBe(2);
    core.policy('p', { 'max-age': '5s' });
    expect(stream.messageCount).toBe(1);
    core.policy('p', { 'max-age': '2D' });
    core.advance(7_200_000);
    send('c');
    expect(stream.messageCount).toBe(2);
  });
});

describe('exchanges', () => {
  test('a policy gives an exchange an alternate one, also when a route is remembered [RTE-03, API-50]', () => {
    const core = new Core();
    core.exchange('x');
    core.exchange('alternate', 'fanout');
    const queue = core.queue('found');
    core.bind('alternate', 'found');
    const send = (body: string): void => {
      core.publish('x', 'nowhere', body);
    };
    send('a');
    const before = core.vhost.topology;
    core.policy('p', { 'alternate-exchange': 'alternate' }, { pattern: '^x$', 'apply-to': 'exchanges' });
    expect(core.vhost.topology).toBeGreaterThan(before);
    send('b');
    core.vhost.policies.remove('policy', 'p');
    send('c');
    expect(core.bodies(queue)).toEqual(['b']);
  });

  test('the argument wins, and the default exchange never has an alternate one [RTE-04]', () => {
    const core = new Core();
    const exchange = core.exchange('x', 'direct', { 'alternate-exchange': longstr('own') });
    core.policy('p', { 'alternate-exchange': 'other' }, { pattern: '' });
    expect(exchange.alternate).toBe('own');
    expect(core.vhost.exchanges.get('')?.alternate).toBeUndefined();
    expect(core.vhost.exchanges.get('amq.direct')?.alternate).toBe('other');
    expect(core.exchange('new').alternate).toBe('other');
  });
});
