import { describe, expect, test } from 'vitest';
import { bind, unbind } from '../../src/broker/bind.ts';
import { array, longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte } from '../support/deaths.ts';
import { refusal } from '../support/refusal.ts';

const DEFAULT = '403 ACCESS_REFUSED - operation not permitted on the default exchange';

function aCore(): Core {
  const core = new Core();
  core.exchange('x');
  core.queue('q');
  return core;
}

describe('bind', () => {
  test('binding again changes nothing: one binding, one copy [BND-01]', () => {
    const core = aCore();
    core.bind('x', 'q', 'k', 'queue', { a: byte(1), b: byte(2) });
    core.bind('x', 'q', 'k', 'queue', { b: byte(2), a: byte(1) });
    expect(core.vhost.exchanges.get('x')?.bindingCount).toBe(1);
    core.publish('x', 'k', 'once');
    expect(core.bodies(core.queue('q'))).toEqual(['once']);
  });

  test('other arguments make another binding, and still one copy [BND-01, RTE-02]', () => {
    const core = aCore();
    core.bind('x', 'q', 'k', 'queue', { a: byte(1) });
    core.bind('x', 'q', 'k', 'queue', { a: byte(2) });
    core.bind('x', 'q', 'k', 'queue', { a: array([longstr('a'), longstr('b')]) });
    core.bind('x', 'q', 'k', 'queue', { a: array([longstr('a","b')]) });
    expect(core.vhost.exchanges.get('x')?.bindingCount).toBe(4);
    core.publish('x', 'k', 'once');
    expect(core.bodies(core.queue('q'))).toEqual(['once']);
  });

  test('a queue and an exchange of one name are two destinations [BND-01]', () => {
    const core = aCore();
    core.exchange('q', 'fanout');
    core.bind('x', 'q', 'k');
    core.bind('x', 'q', 'k', 'exchange');
    expect(core.vhost.exchanges.get('x')?.bindingCount).toBe(2);
    core.unbind('x', 'q', 'k', 'exchange');
    core.publish('x', 'k', 'a');
    expect(core.bodies(core.queue('q'))).toEqual(['a']);
  });

  test('the default exchange is neither source nor destination, and has no alias [BND-03]', () => {
    const core = aCore();
    expect(refusal(() => core.bind('', 'q'))).toBe(DEFAULT);
    expect(refusal(() => core.unbind('', 'q'))).toBe(DEFAULT);
    expect(refusal(() => core.bind('x', '', '', 'exchange'))).toBe(DEFAULT);
    expect(refusal(() => core.unbind('x', '', '', 'exchange'))).toBe(DEFAULT);
    expect(refusal(() => core.bind('amq.default', 'q'))).toBe(
      "404 NOT_FOUND - no exchange 'amq.default' in vhost '/'",
    );
  });

  test('what is missing is named, the exchange first [BND-04]', () => {
    const core = aCore();
    expect(refusal(() => core.bind('no', 'none'))).toBe("404 NOT_FOUND - no exchange 'no' in vhost '/'");
    expect(refusal(() => core.bind('x', 'none'))).toBe("404 NOT_FOUND - no queue 'none' in vhost '/'");
    expect(refusal(() => core.bind('x', 'none', '', 'exchange'))).toBe(
      "404 NOT_FOUND - no exchange 'none' in vhost '/'",
    );
  });

  test('an exclusive queue of another connection cannot be bound [QUE-07]', () => {
    const core = aCore();
    core.queue('mine', {}, { exclusive: true });
    const stranger = { ...core.actor, connection: {} };
    const asked = {
      source: 'x',
      destination: 'mine',
      to: 'queue',
      bindingKey: '',
      arguments: new Map(),
    } as const;
    expect(refusal(() => bind(core.vhost, asked, stranger))).toContain("locked queue 'mine' in vhost '/'");
    expect(refusal(() => unbind(core.vhost, asked, stranger))).toBeUndefined();
    core.bind('x', 'mine');
    expect(refusal(() => unbind(core.vhost, asked, stranger))).toContain("locked queue 'mine' in vhost '/'");
  });

  test('a headers exchange looks at x-match when it is bound, others do not [BND-09]', () => {
    const core = aCore();
    expect(refusal(() => core.bind('amq.headers', 'q', '', 'queue', { 'x-match': byte(5) }))).toBe(
      '406 PRECONDITION_FAILED - Invalid x-match field type byte (value 5); expected longstr',
    );
    expect(refusal(() => core.bind('x', 'q', '', 'queue', { 'x-match': byte(5) }))).toBeUndefined();
  });

  test('it takes the right to write to the destination, then to read the source [AUT-09, AUT-10]', () => {
    const core = aCore();
    core.broker.addUser('bob', 'secret');
    const bob = { user: 'bob', users: core.broker.users, connection: {} };
    const asked = { destination: 'q', to: 'queue', bindingKey: '', arguments: new Map() } as const;
    const bound = (source: string): string | undefined =>
      refusal(() => bind(core.vhost, { ...asked, source }, bob));
    core.broker.grant('bob', '/', { configure: '', write: '', read: '' });
    expect(bound('')).toBe(
      "403 ACCESS_REFUSED - write access to queue 'q' in vhost '/' refused for user 'bob'",
    );
    core.broker.grant('bob', '/', { configure: '', write: '^q$', read: '' });
    expect(bound('')).toBe(DEFAULT);
    expect(bound('x')).toBe(
      "403 ACCESS_REFUSED - read access to exchange 'x' in vhost '/' refused for user 'bob'",
    );
    core.broker.grant('bob', '/', { configure: '', write: '^q$', read: '^x$' });
    expect(bound('x')).toBeUndefined();
  });
});

describe('unbind', () => {
  test('what is not there succeeds, whatever is missing [BND-02]', () => {
    const core = aCore();
    expect(refusal(() => core.unbind('x', 'q', 'k'))).toBeUndefined();
    expect(refusal(() => core.unbind('no', 'q'))).toBeUndefined();
    expect(refusal(() => core.unbind('x', 'none'))).toBeUndefined();
    expect(refusal(() => core.unbind('x', 'none', '', 'exchange'))).toBeUndefined();
  });

  test('it needs the same arguments as the binding [BND-02]', () => {
    const core = aCore();
    core.bind('x', 'q', 'k', 'queue', { a: byte(1) });
    core.unbind('x', 'q', 'k');
    core.unbind('x', 'q', 'k', 'queue', { a: byte(2) });
    expect(core.vhost.exchanges.get('x')?.bindingCount).toBe(1);
    core.unbind('x', 'q', 'k', 'queue', { a: byte(1) });
    expect(core.publish('x', 'k', 'a')).toBe(0);
  });

  test.each(['direct', 'fanout', 'topic', 'headers'])('a %s exchange forgets the binding', (type) => {
    const core = aCore();
    core.exchange('y', type);
    core.bind('y', 'q', 'k');
    core.bind('y', 'q', 'other');
    core.unbind('y', 'q', 'k');
    core.unbind('y', 'q', 'other');
    expect(core.publish('y', 'k', 'a')).toBe(0);
  });

  test('the way by the name of the queue cannot be removed [BND-05]', () => {
    const core = aCore();
    expect(refusal(() => core.unbind('', 'q', 'q'))).toBe(DEFAULT);
    core.send('q', 'a');
    expect(core.bodies(core.queue('q'))).toEqual(['a']);
  });
});
