import { describe, expect, test } from 'vitest';
import { Outcome } from '../../src/broker/publish.ts';
import { fieldTable, long, longstr } from '../../src/wire/table.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { Core } from '../support/core.ts';

/** A core with queues of these names. */
function withQueues(...names: string[]): Core {
  const core = new Core();
  for (const name of names) core.queue(name);
  return core;
}

function arrived(core: Core): Record<string, string[]> {
  const found = [...core.vhost.queues.values()].map(
    (queue) => [queue.name, core.bodies(queue as Queue)] as const,
  );
  return Object.fromEntries(found.filter(([, bodies]) => bodies.length > 0));
}

describe('routing', () => {
  test('direct compares keys byte for byte, fanout does not look at them [RTE-01]', () => {
    const core = withQueues('q', 'r');
    core.exchange('d');
    core.bind('d', 'q', 'key');
    core.publish('d', 'key', 'yes');
    core.publish('d', 'Key', 'no');
    core.publish('d', 'key.', 'no');
    core.exchange('f', 'fanout');
    core.bind('f', 'r', 'ignored');
    core.publish('f', 'whatever', 'all');
    expect(arrived(core)).toEqual({ q: ['yes'], r: ['all'] });
  });

  test('a queue gets one copy, however many bindings, keys and paths match [RTE-02, BND-06]', () => {
    const core = withQueues('q');
    core.exchange('t', 'topic');
    core.exchange('f', 'fanout');
    core.bind('t', 'q', 'a.*');
    core.bind('t', 'q', '#');
    core.bind('t', 'f', '#', 'exchange');
    core.bind('f', 'q');
    core.publish('t', 'a.b', 'once');
    expect(arrived(core)).toEqual({ q: ['once'] });
  });

  test('the default exchange finds queues by their name [BND-05, PUB-15]', () => {
    const core = withQueues('q', '#');
    expect(core.publish('', 'q', 'a')).toBe(Outcome.ROUTED);
    expect(core.publish('', '#', 'literal')).toBe(Outcome.ROUTED);
    expect(core.publish('', 'none', 'b')).toBe(0);
    expect(arrived(core)).toEqual({ q: ['a'], '#': ['literal'] });
  });

  test('messages go on through exchanges with the key and exchange of their publish [BND-06, BND-07]', () => {
    const core = withQueues('q');
    core.exchange('first', 'fanout');
    core.exchange('second', 'topic');
    core.bind('first', 'second', 'ignored', 'exchange');
    core.bind('second', 'q', 'a.#');
    core.publish('first', 'a.b', 'through');
    core.publish('first', 'b', 'not');
    expect(core.look(core.queue('q'))).toMatchObject([
      { body: 'through', exchange: 'first', routingKey: 'a.b' },
    ]);
  });

  test('exchanges bound in a circle, or to themselves, are visited once [BND-06]', () => {
    const core = withQueues('q');
    for (const name of ['a', 'b', 'c']) core.exchange(name, 'fanout');
    core.bind('a', 'b', '', 'exchange');
    core.bind('b', 'c', '', 'exchange');
    core.bind('c', 'a', '', 'exchange');
    core.bind('a', 'a', '', 'exchange');
    core.bind('c', 'q');
    core.publish('a', '', 'once');
    expect(arrived(core)).toEqual({ q: ['once'] });
  });

  test('an internal exchange may be bound to and from [EXC-16]', () => {
    const core = withQueues('q');
    core.exchange('in', 'fanout', {}, { internal: true });
    core.exchange('x', 'fanout');
    core.bind('x', 'in', '', 'exchange');
    core.bind('in', 'q');
    core.publish('x', '', 'a');
    expect(arrived(core)).toEqual({ q: ['a'] });
  });

  test('a headers exchange looks at headers, not at the key [RTE-15]', () => {
    const core = withQueues('q');
    core.bind('amq.headers', 'q', 'ignored', 'queue', { a: long(1) });
    core.publish('amq.headers', 'other', 'yes', { headers: fieldTable({ a: long(1) }) });
    core.publish('amq.headers', 'ignored', 'no');
    expect(arrived(core)).toEqual({ q: ['yes'] });
  });

  test('the alternate exchange gets what found nothing, under its first name, along a chain [RTE-03]', () => {
    const core = withQueues('q');
    core.exchange('last', 'fanout');
    core.exchange('next', 'direct', { 'alternate-exchange': longstr('last') });
    core.exchange('x', 'direct', { 'alternate-exchange': longstr('next') });
    core.bind('last', 'q');
    core.publish('x', 'k', 'a');
    expect(core.look(core.queue('q'))).toMatchObject([{ body: 'a', exchange: 'x', routingKey: 'k' }]);
  });

  test('alternate exchanges in a circle, or missing, lead nowhere [RTE-03]', () => {
    const core = withQueues();
    core.exchange('x', 'direct', { 'alternate-exchange': longstr('y') });
    expect(core.publish('x', 'k', 'a')).toBe(0);
    core.exchange('y', 'direct', { 'alternate-exchange': longstr('x') });
    expect(core.publish('x', 'k', 'a')).toBe(0);
  });

  test('a binding to an exchange that leads nowhere keeps the alternate out [RTE-03, PUB-08]', () => {
    const core = withQueues('q');
    core.exchange('alternate', 'fanout');
    core.bind('alternate', 'q');
    core.exchange('nowhere');
    core.exchange('x', 'fanout', { 'alternate-exchange': longstr('alternate') });
    core.bind('x', 'nowhere', '', 'exchange');
    expect(core.publish('x', 'k', 'a')).toBe(0);
    expect(arrived(core)).toEqual({});
  });
});
