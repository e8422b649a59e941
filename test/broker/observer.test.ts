import { expect, test } from 'vitest';
import type { BrokerEvent, BrokerEventName, BrokerEvents } from '../../src/broker/observer.ts';
import { long, longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';

/** A core and what an observer hears of it, one line an event. */
function observed(): { core: Core; lines: string[]; events: BrokerEvent[] } {
  const core = new Core();
  const events: BrokerEvent[] = [];
  const lines: string[] = [];
  core.broker.events.observe((event) => {
    events.push(event);
    lines.push(line(event, core.clock.now()));
  });
  return { core, lines, events };
}

function line(event: BrokerEvent, now: number): string {
  const message = 'message' in event ? ` ${event.message.body.toString()}` : '';
  const { queue, queues, why, reason } = event as unknown as Readonly<Record<string, unknown>>;
  const details = [queue, why, reason, Array.isArray(queues) ? `[${queues.join(' ')}]` : undefined];
  expect(event.time).toBe(now);
  expect(event.vhost).toBe('/');
  return [event.type + message, ...details.filter((detail) => typeof detail === 'string')].join(' ');
}

function only<N extends BrokerEventName>(events: readonly BrokerEvent[], type: N): BrokerEvents[N] {
  const found = events.filter((event) => event.type === type);
  expect(found).toHaveLength(1);
  return found[0] as unknown as BrokerEvents[N];
}

test('an observer hears what becomes of a publish', () => {
  const { core, lines } = observed();
  core.queue('q');
  core.publish('', 'q', 'one');
  core.publish('', 'nowhere', 'two');
  expect(lines.filter((text) => !text.startsWith('enqueued'))).toEqual([
    'queue-declared q',
    'published one [q]',
    'unroutable two',
  ]);
});

test('an observer sees the message as it was, also later', () => {
  const { core, events } = observed();
  const queue = core.queue('q');
  core.publish('', 'q', 'one', { messageId: 'm-1', headers: new Map([['n', long(7)]]) });
  const published = only(events, 'published');
  core.drain(queue);
  for (let n = 0; n < 10; n++) core.publish('', 'q', 'x'.repeat(64 * 1024));
  expect(published.message).toMatchObject({ exchange: '', routingKey: 'q' });
  expect(published.message.properties).toEqual({ messageId: 'm-1', headers: { n: 7 } });
});

test('what a delayed exchange keeps is told twice, with the number of the original', () => {
  const { core, events, lines } = observed();
  core.exchange('later', 'x-delayed-message', { 'x-delayed-type': longstr('direct') });
  core.queue('q');
  core.bind('later', 'q', 'k');
  core.publish('later', 'k', 'one', { headers: new Map([['x-delay', long(500)]]) });
  core.advance(500);
  const told = lines.filter((text) => !text.startsWith('enqueued'));
  expect(told.slice(3)).toEqual(['published one []', 'delayed one', 'released one [q]']);
  const published = only(events, 'published');
  expect(only(events, 'delayed').until).toBe(published.time + 500);
  expect(only(events, 'released').original).toBe(published.message.id);
});

test('topology is told when it changes, and why a queue went', () => {
  const { core, lines } = observed();
  core.exchange('x');
  core.queue('q', { 'x-expires': long(1000) });
  core.bind('x', 'q', 'k');
  core.advance(1000);
  expect(lines).toEqual([
    'exchange-declared',
    'queue-declared q',
    'bound',
    'unbound',
    'queue-deleted q expired',
  ]);
});

test('nobody is told anything after an observer left', () => {
  const core = new Core();
  let heard = 0;
  const end = core.broker.events.observe(() => heard++);
  core.queue('q');
  expect(core.broker.events.isHeard).toBe(true);
  end();
  core.publish('', 'q', 'one');
  expect([heard, core.broker.events.isHeard]).toEqual([1, false]);
});

test('the life of a message is told step by step, across its death', () => {
  const { core, events, lines } = observed();
  const dead = core.queue('dead');
  core.queue('q', {
    'x-message-ttl': long(1000),
    'x-dead-letter-exchange': longstr(''),
    'x-dead-letter-routing-key': longstr('dead'),
  });
  core.send('q', 'one');
  core.advance(1000);
  const consumer = core.consume(dead, 1);
  consumer.allow(1);
  consumer.requeue(...consumer.entries.splice(0));
  consumer.ack(...consumer.entries.splice(0));
  expect(lines.slice(2)).toEqual([
    'published one [q]',
    'enqueued one q',
    'expired one q',
    'dead-lettered one q expired [dead]',
    'enqueued one dead',
    'consumer-added dead',
    'delivered one dead',
    'requeued one dead',
    'delivered one dead',
    'acked one dead',
  ]);
  const { original, message } = only(events, 'dead-lettered');
  expect(original).toBe(only(events, 'published').message.id);
  expect(message.properties.headers).toMatchObject({ 'x-death': [{ queue: 'q', reason: 'expired' }] });
  const deliveries = events.filter(({ type }) => type === 'delivered');
  expect(deliveries).toMatchObject([
    { consumerTag: 'c', redelivered: false },
    { consumerTag: 'c', redelivered: true },
  ]);
});

test.each([
  ['no dead-letter exchange', {}, 'dropped one q no dead-letter exchange expired'],
  ['a missing one', { 'x-dead-letter-exchange': longstr('gone') }, 'dropped one q exchange missing expired'],
  ['no route', { 'x-dead-letter-exchange': longstr('amq.direct') }, 'dropped one q no route expired'],
  ['a cycle', { 'x-dead-letter-exchange': longstr('') }, 'dropped one q cycle expired'],
])('a dead message that reaches nobody is told with the cause: %s', (_name, args, last) => {
  const { core, lines } = observed();
  core.queue('q', { 'x-message-ttl': long(1000), ...args });
  core.send('q', 'one');
  core.advance(1000);
  expect(lines.slice(-2)).toEqual(['expired one q', last]);
});

test('what goes with a purge, a delete or a full queue is told', () => {
  const { core, lines } = observed();
  const queue = core.queue('q', { 'x-max-length': long(1), 'x-overflow': longstr('reject-publish') });
  core.queue('small', { 'x-max-length': long(1) });
  core.send('q', 'one');
  core.send('q', 'two');
  queue.purge();
  core.send('q', 'three');
  core.vhost.remove(queue);
  core.send('small', 'four');
  core.send('small', 'five');
  expect(lines.slice(2).filter((text) => !text.startsWith('enqueued'))).toEqual([
    'published one [q]',
    'published two [q]',
    'refused two q',
    'dropped one q purged',
    'published three [q]',
    'dropped three q queue deleted',
    'queue-deleted q deleted',
    'published four [small]',
    'published five [small]',
    'dropped four small no dead-letter exchange maxlen',
  ]);
});

test('rejected and fetched messages are told as what they are', () => {
  const { core, events, lines } = observed();
  const queue = core.queue('q');
  core.send('q', 'one');
  const fetched = core.get(queue);
  if (fetched !== undefined) queue.reject(fetched.entry);
  expect(lines.slice(3)).toEqual([
    'delivered one q',
    'rejected one q',
    'dropped one q no dead-letter exchange rejected',
  ]);
  expect(only(events, 'delivered').consumerTag).toBeUndefined();
});

test('what a stream takes in and hands out is told', () => {
  const { core, lines } = observed();
  const stream = core.declare('s', { 'x-queue-type': longstr('stream') });
  core.send('s', 'one');
  core.consume(stream, 1, { prefetch: 1, arguments: new Map([['x-stream-offset', longstr('first')]]) });
  expect(lines.slice(1)).toEqual([
    'published one [s]',
    'enqueued one s',
    'consumer-added s',
    'delivered one s',
  ]);
});
