import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/broker/message.ts';
import { bool } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import type { TestConsumer } from '../support/core.ts';
import { refusal } from '../support/refusal.ts';

const IN_USE = "403 ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use";
const SINGLE = { 'x-single-active-consumer': bool(true) };

function send(core: Core, ...bodies: string[]): void {
  for (const body of bodies) core.send('q', body);
}

const first = (consumer: TestConsumer): Entry => consumer.entries[0] as Entry;

describe('consumers', () => {
  test('equal ones are served in turns, in the order they subscribed [CNS-08]', () => {
    const core = new Core();
    const queue = core.queue('q');
    const all = [core.consume(queue), core.consume(queue), core.consume(queue)];
    send(core, 'a', 'b', 'c', 'd');
    expect(all.map(({ bodies }) => bodies)).toEqual([['a', 'd'], ['b'], ['c']]);
  });

  test('lower priorities get messages only while higher ones are full [CNS-09]', () => {
    const core = new Core();
    const queue = core.queue('q');
    const low = core.consume(queue, Infinity, { prefetch: 2, priority: -5 });
    const high = core.consume(queue, Infinity, { prefetch: 2, priority: 10 });
    const normal = core.consume(queue, Infinity, { prefetch: 2 });
    send(core, '1', '2', '3', '4', '5', '6', '7');
    expect([high.bodies, normal.bodies, low.bodies]).toEqual([
      ['1', '2'],
      ['3', '4'],
      ['5', '6'],
    ]);
    high.ack(first(high));
    expect(high.bodies).toEqual(['1', '2', '7']);
  });

  test('a consumer without credit stands aside and comes back into the round', () => {
    const core = new Core();
    const queue = core.queue('q');
    const one = core.consume(queue, 1);
    const two = core.consume(queue, 2);
    send(core, 'a', 'b', 'c', 'd');
    expect([one.bodies, two.bodies]).toEqual([['a'], ['b', 'c']]);
    one.allow(5);
    send(core, 'e');
    expect(one.bodies).toEqual(['a', 'd', 'e']);
  });

  test('an exclusive consumer is alone: before it nobody, beside it nobody [CNS-04]', () => {
    const core = new Core();
    const queue = core.queue('q');
    const ordinary = core.consume(queue);
    expect(refusal(() => core.consume(queue, 1, { exclusive: true }))).toBe(IN_USE);
    ordinary.cancel();
    const exclusive = core.consume(queue, 0, { exclusive: true });
    expect(refusal(() => core.consume(queue))).toBe(IN_USE);
    send(core, 'a');
    expect(core.get(queue)?.body).toBe('a');
    exclusive.cancel();
    expect(refusal(() => core.consume(queue))).toBeUndefined();
  });

  test('without acks a message is gone when it is sent, and prefetch does not count [CNS-07]', () => {
    const core = new Core();
    const queue = core.queue('q');
    const consumer = core.consume(queue, Infinity, { noAck: true, prefetch: 1 });
    send(core, 'a', 'b');
    expect(consumer.bodies).toEqual(['a', 'b']);
    expect(queue.unackedCount).toBe(0);
  });

  test('prefetch counts what its consumer holds; each ack makes room for one [QOS-05, QOS-04]', () => {
    const core = new Core();
    const queue = core.queue('q');
    const consumer = core.consume(queue, Infinity, { prefetch: 2 });
    const other = core.consume(queue, Infinity, { prefetch: 1 });
    send(core, 'a', 'b', 'c', 'd', 'e');
    expect([consumer.bodies, other.bodies]).toEqual([['a', 'c'], ['b']]);
    consumer.ack(first(consumer));
    expect(consumer.bodies).toEqual(['a', 'c', 'd']);
    other.reject(first(other));
    expect(other.bodies).toEqual(['b', 'e']);
    expect(core.consume(queue, Infinity, { prefetch: 0 }).entries).toEqual([]);
  });

  test('a requeued message may go straight back to the same consumer, marked [ACK-06, CNS-13]', () => {
    const core = new Core();
    const queue = core.queue('q');
    const consumer = core.consume(queue, Infinity, { prefetch: 1 });
    send(core, 'a');
    expect(first(consumer).redelivered).toBe(false);
    consumer.requeue(first(consumer));
    expect(consumer.bodies).toEqual(['a', 'a']);
    expect(consumer.entries[1]?.redelivered).toBe(true);
  });

  test('cancelling does not requeue: what it holds can still be settled [CNS-22]', () => {
    const core = new Core();
    const queue = core.queue('q');
    const consumer = core.consume(queue);
    send(core, 'a', 'b', 'c');
    consumer.cancel();
    expect(queue.unackedCount).toBe(3);
    expect(queue.ready.length).toBe(0);
    const [a, b, c] = consumer.entries as [Entry, Entry, Entry];
    consumer.ack(a);
    consumer.reject(b);
    consumer.requeue(c);
    expect(queue.unackedCount).toBe(0);
    expect(core.bodies(queue)).toEqual(['c']);
    expect(consumer.bodies).toHaveLength(3);
  });

  test('after a cancel nothing more arrives, though it had credit [CNS-21]', () => {
    const core = new Core();
    const queue = core.queue('q');
    const consumer = core.consume(queue);
    consumer.cancel();
    consumer.allow(5);
    send(core, 'a');
    expect(consumer.entries).toEqual([]);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  test('basic.get takes what no consumer has taken, whatever their prefetch [CNS-14]', () => {
    const core = new Core();
    const queue = core.queue('q');
    core.consume(queue, Infinity, { prefetch: 1 });
    send(core, 'a', 'b', 'c');
    expect(core.get(queue)?.body).toBe('b');
    expect(queue.ready.length).toBe(1);
    expect(core.get(queue)?.body).toBe('c');
    expect(core.get(queue)).toBeUndefined();
  });
});

describe('a single active consumer', () => {
  test('is the first to subscribe, others wait, higher ones too [CNS-30, CNS-31]', () => {
    const core = new Core();
    const queue = core.queue('q', SINGLE);
    const active = core.consume(queue);
    const higher = core.consume(queue, Infinity, { priority: 10 });
    send(core, 'a', 'b');
    expect(active.bodies).toEqual(['a', 'b']);
    expect(higher.bodies).toEqual([]);
  });

  test('its messages beyond the prefetch wait for it [CNS-35]', () => {
    const core = new Core();
    const queue = core.queue('q', SINGLE);
    const active = core.consume(queue, Infinity, { prefetch: 1 });
    const waiting = core.consume(queue);
    send(core, 'a', 'b');
    expect([active.bodies, waiting.bodies, core.bodies(queue)]).toEqual([['a'], [], ['b']]);
    active.ack(first(active));
    expect(active.bodies).toEqual(['a', 'b']);
  });

  test('is followed by the highest priority, then the longest waiting [CNS-31]', () => {
    const core = new Core();
    const queue = core.queue('q', SINGLE);
    const active = core.consume(queue);
    const early = core.consume(queue);
    const high = core.consume(queue, Infinity, { priority: 1 });
    const late = core.consume(queue);
    active.cancel();
    send(core, 'a');
    high.cancel();
    send(core, 'b');
    early.cancel();
    send(core, 'c');
    expect([high.bodies, early.bodies, late.bodies]).toEqual([['a'], ['b'], ['c']]);
  });

  test('leaves what it holds with its channel; requeued it goes to its heir, marked [CNS-32]', () => {
    const core = new Core();
    const queue = core.queue('q', SINGLE);
    const active = core.consume(queue);
    const heir = core.consume(queue);
    send(core, 'a');
    active.cancel();
    expect(heir.bodies).toEqual([]);
    active.requeue(first(active));
    expect(heir.bodies).toEqual(['a']);
    expect(first(heir).redelivered).toBe(true);
  });

  test('cannot be exclusive, and basic.get stays allowed [CNS-33, CNS-34]', () => {
    const core = new Core();
    const queue = core.queue('q', SINGLE);
    expect(refusal(() => core.consume(queue, 1, { exclusive: true }))).toBe(IN_USE);
    core.consume(queue, 0);
    send(core, 'a');
    expect(core.get(queue)?.body).toBe('a');
  });
});
