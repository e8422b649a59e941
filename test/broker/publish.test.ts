import { describe, expect, test } from 'vitest';
import { Outcome, Publisher } from '../../src/broker/publish.ts';
import type { Address } from '../../src/broker/publish.ts';
import { encodeProperties } from '../../src/wire/properties.ts';
import type { Properties } from '../../src/wire/properties.ts';
import { array, fieldTable, long, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte } from '../support/deaths.ts';
import { refusal } from '../support/refusal.ts';

const texts = (...values: string[]): FieldValue => array(values.map(longstr));
const headers = (values: Record<string, FieldValue>): Properties => ({ headers: fieldTable(values) });

/** Publishes to one address again and again, as a channel does. */
function aPublisher(core: Core, exchange: string, routingKey: string): (properties?: Properties) => number {
  const publisher = new Publisher(core.vhost, core.actor);
  const address: Address = { exchange, routingKey };
  return (properties = {}) => publisher.publish(address, encodeProperties(properties), Buffer.from('a'));
}

describe('publish', () => {
  test('routed means that a queue was reached; without one the message is dropped [PUB-06, PUB-08]', () => {
    const core = new Core();
    core.queue('q');
    expect(core.publish('', 'q', 'a')).toBe(Outcome.ROUTED);
    expect(core.publish('', 'none', 'a')).toBe(0);
  });

  test('only a persistent message in a durable queue must be on disk before its confirm [CNF-03]', () => {
    const core = new Core();
    core.queue('durable');
    core.queue('transient', {}, { durable: false });
    expect(core.publish('', 'durable', 'a', { deliveryMode: 2 })).toBe(Outcome.ROUTED | Outcome.DURABLE);
    expect(core.publish('', 'durable', 'a', { deliveryMode: 1 })).toBe(Outcome.ROUTED);
    expect(core.publish('', 'durable', 'a', { deliveryMode: 3 })).toBe(Outcome.ROUTED);
    expect(core.publish('', 'transient', 'a', { deliveryMode: 2 })).toBe(Outcome.ROUTED);
  });

  test('a missing exchange, an internal one and the alias of the default one are refused [PUB-04, PUB-05, PUB-15]', () => {
    const core = new Core();
    core.exchange('in', 'fanout', {}, { internal: true });
    expect(refusal(() => core.publish('no', 'k', 'a'))).toBe("404 NOT_FOUND - no exchange 'no' in vhost '/'");
    expect(refusal(() => core.publish('in', 'k', 'a'))).toBe(
      "403 ACCESS_REFUSED - cannot publish to internal exchange 'in' in vhost '/'",
    );
    expect(refusal(() => core.publish('amq.default', 'k', 'a'))).toBe(
      "404 NOT_FOUND - no exchange 'amq.default' in vhost '/'",
    );
  });

  test('checks: permission, exchange, internal, expiration, CC, user-id [TTL-07, PUB-01]', () => {
    const core = new Core();
    core.exchange('in', 'fanout', {}, { internal: true });
    const faults = { expiration: 'x', userId: 'bob', ...headers({ CC: longstr('k') }) };
    const text = (exchange: string, properties: Properties): string =>
      String(refusal(() => core.publish(exchange, 'none', 'a', properties)));
    expect(text('no', faults)).toContain('NOT_FOUND');
    expect(text('in', faults)).toContain('internal');
    expect(text('', faults)).toBe("406 PRECONDITION_FAILED - invalid expiration 'x': no_integer");
    expect(text('', { ...faults, expiration: '1' })).toContain('unacceptable_type_in_header');
    expect(text('', { userId: 'bob' })).toContain('user_id');
    core.broker.grant('guest', '/', { configure: '.*', write: '^q$', read: '.*' });
    expect(text('no', faults)).toBe(
      "403 ACCESS_REFUSED - write access to exchange 'no' in vhost '/' refused for user 'guest'",
    );
  });

  test('a refused message reaches no queue, and a bad expiration is told even without one [TTL-05, TTL-07]', () => {
    const core = new Core();
    const queue = core.queue('q');
    expect(refusal(() => core.publish('', 'q', 'a', { expiration: '' }))).toBe(
      "406 PRECONDITION_FAILED - invalid expiration '': no_integer",
    );
    expect(refusal(() => core.publish('', 'none', 'a', { expiration: '-1' }))).toBe(
      "406 PRECONDITION_FAILED - invalid expiration '-1': {value_negative,-1}",
    );
    expect(queue.ready.length).toBe(0);
  });

  const expirations: readonly [string, string][] = [
    ['0060000', '60000'],
    ['+20', '20'],
    ['60000', '60000'],
  ];
  test.each(expirations)('consumers see the expiration %s as %s [TTL-09]', (sent, seen) => {
    const core = new Core();
    const queue = core.queue('q');
    core.send('q', 'a', { expiration: sent, messageId: 'm', ...headers({ z: byte(1), a: byte(2) }) });
    const { properties } = core.drain(queue)[0] ?? {};
    expect(properties).toEqual({
      expiration: seen,
      messageId: 'm',
      deliveryMode: 2,
      ...headers({ z: byte(1), a: byte(2) }),
    });
  });

  test('headers of a message that never died keep the order of the publisher [XD-10]', () => {
    const core = new Core();
    const queue = core.queue('q');
    core.send('q', 'a', headers({ z: byte(1), a: byte(2), M: byte(3) }));
    expect([...(core.drain(queue)[0]?.properties.headers?.keys() ?? [])]).toEqual(['z', 'a', 'M']);
  });

  test('user-id must be the user of the connection, but for an impersonator [PUB-11, PUB-12]', () => {
    const core = new Core();
    core.queue('q');
    expect(core.send('q', 'a', { userId: 'guest' })).toBeGreaterThan(0);
    expect(refusal(() => core.send('q', 'a', { userId: 'bob' }))).toBe(
      "406 PRECONDITION_FAILED - user_id property set to 'bob' but authenticated user was 'guest'",
    );
    core.broker.addUser('guest', 'guest', ['impersonator']);
    expect(core.send('q', 'a', { userId: 'bob' })).toBeGreaterThan(0);
  });

  test('messages of one publisher stay in order [PUB-14]', () => {
    const core = new Core();
    const queue = core.queue('q');
    const sent = Array.from({ length: 300 }, (_, n) => `m${n}`);
    for (const body of sent) core.send('q', body);
    expect(core.drain(queue).map(({ body }) => body)).toEqual(sent);
  });
});

describe('CC and BCC', () => {
  test('add keys; BCC is gone at delivery, CC stays, the key is the main one [RTE-30]', () => {
    const core = new Core();
    for (const name of ['main', 'cc', 'bcc']) core.queue(name);
    core.send('main', 'a', headers({ CC: texts('cc'), BCC: texts('bcc'), own: long(1) }));
    for (const name of ['main', 'cc', 'bcc']) {
      const [seen] = core.drain(core.queue(name));
      expect(seen?.routingKey).toBe('main');
      expect(seen?.properties.headers).toEqual(fieldTable({ CC: texts('cc'), own: long(1) }));
    }
  });

  test('direct and topic exchanges look at all keys [RTE-30]', () => {
    for (const type of ['direct', 'topic']) {
      const core = new Core();
      const queue = core.queue('q');
      core.exchange('x', type);
      core.bind('x', 'q', 'b');
      core.publish('x', 'a', 'one', headers({ CC: texts('b') }));
      core.publish('x', 'a', 'two', headers({ BCC: texts('b') }));
      expect(core.bodies(queue)).toEqual(['one', 'two']);
    }
  });

  test('they must be arrays [TXC-06, PUB-13]', () => {
    const core = new Core();
    expect(refusal(() => core.publish('', 'q', 'a', headers({ CC: longstr('k') })))).toBe(
      '406 PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"CC",longstr}',
    );
    expect(refusal(() => core.publish('', 'q', 'a', headers({ BCC: byte(1) })))).toBe(
      '406 PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"BCC",byte}',
    );
  });

  test('elements that are no strings do not route and stay in the header [TXC-06]', () => {
    const core = new Core();
    const main = core.queue('main');
    const other = core.queue('other');
    const CC = array([byte(1), longstr('other')]);
    core.send('main', 'a', headers({ CC }));
    expect(core.bodies(other)).toEqual(['a']);
    expect(core.drain(main)[0]?.properties.headers?.get('CC')).toEqual(CC);
  });
});

describe('a remembered route', () => {
  test('ends when queues, exchanges or bindings change', () => {
    const core = new Core();
    core.exchange('x', 'fanout');
    core.queue('a');
    core.bind('x', 'a');
    const publish = aPublisher(core, 'x', '');
    expect([publish(), publish()]).toEqual([Outcome.ROUTED, Outcome.ROUTED]);
    core.queue('b');
    core.bind('x', 'b');
    publish();
    expect(core.bodies(core.queue('b'))).toHaveLength(1);
    core.vhost.remove(core.queue('a'));
    core.unbind('x', 'b');
    expect(publish()).toBe(0);
    core.vhost.removeExchange(core.exchange('x', 'fanout'));
    expect(refusal(publish)).toBe("404 NOT_FOUND - no exchange 'x' in vhost '/'"); // EXC-18
    core.exchange('x', 'fanout', {}, { internal: true });
    expect(refusal(publish)).toContain('cannot publish to internal exchange');
  });

  test('ends when permissions change [AUT-05]', () => {
    const core = new Core();
    core.queue('q');
    const publish = aPublisher(core, '', 'q');
    publish();
    core.broker.grant('guest', '/', { configure: '', write: '', read: '' });
    expect(refusal(publish)).toBe(
      "403 ACCESS_REFUSED - write access to exchange 'amq.default' in vhost '/' refused for user 'guest'",
    );
    core.broker.grant('guest', '/', { configure: '', write: '.*', read: '' });
    expect(publish()).toBe(Outcome.ROUTED);
  });

  test('is not used where the headers decide, nor with CC', () => {
    const core = new Core();
    const queue = core.queue('q');
    core.bind('amq.headers', 'q', '', 'queue', { a: byte(1) });
    const publish = aPublisher(core, 'amq.headers', '');
    expect(publish(headers({ a: byte(1) }))).toBe(Outcome.ROUTED);
    expect(publish(headers({ a: byte(2) }))).toBe(0);
    const named = aPublisher(core, '', 'q');
    const other = core.queue('other');
    named();
    named(headers({ CC: texts('other') }));
    named();
    expect(queue.ready.length).toBe(4);
    expect(other.ready.length).toBe(1);
  });
});

test('a message that was routed earlier lives from the moment it is enqueued [TXC-04]', () => {
  const core = new Core();
  core.queue('q');
  const publisher = new Publisher(core.vhost, core.actor);
  const properties = encodeProperties({ expiration: '200' });
  const routed = publisher.route({ exchange: '', routingKey: 'q' }, properties);
  core.advance(400);
  publisher.enqueue(routed, Buffer.from('m'));
  core.settle();
  core.advance(199);
  expect(core.vhost.queues.get('q')?.messageCount).toBe(1);
  core.advance(1);
  expect(core.vhost.queues.get('q')?.messageCount).toBe(0);
});
