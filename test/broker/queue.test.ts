import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/broker/message.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte, int } from '../support/deaths.ts';

/** A queue with messages a, b, c ... of these priorities. */
function filled(
  count: number,
  args: Record<string, FieldValue> = {},
  priorities: number[] = [],
): [Core, Queue] {
  const core = new Core();
  const queue = core.queue('q', args);
  for (let n = 0; n < count; n++) {
    core.send('q', 'abcdefgh'[n] ?? '', { priority: priorities[n] });
  }
  return [core, queue];
}

function take(core: Core, queue: Queue, count: number): Entry[] {
  return Array.from({ length: count }, () => (core.get(queue) as { entry: Entry }).entry);
}

describe('queue', () => {
  test('ready and unacked are counted apart [QUE-01, CNS-14]', () => {
    const [core, queue] = filled(3);
    core.get(queue);
    expect([queue.ready.length, queue.unackedCount]).toEqual([2, 1]);
  });

  test('requeued messages return to their places, whatever the order of the requeues [ACK-04, DLV-07]', () => {
    const [core, queue] = filled(4);
    const [a, b, c] = take(core, queue, 3) as [Entry, Entry, Entry];
    queue.requeue([b]);
    queue.requeue([c, a]);
    core.settle();
    const seen = core.look(queue);
    expect(seen.map(({ body }) => body)).toEqual(['a', 'b', 'c', 'd']);
    expect(seen.map(({ redelivered }) => redelivered)).toEqual([true, true, true, false]);
    expect(queue.unackedCount).toBe(0);
  });

  test('a requeued message carries no count [DLV-01]', () => {
    const [core, queue] = filled(1);
    queue.requeue(take(core, queue, 1));
    expect(core.get(queue)?.properties.headers).toBeUndefined();
  });

  test('what a message pushed out stands behind it everywhere, and comes back there [ACK-04]', () => {
    const core = new Core();
    const args = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('q') };
    core.queue('small', { 'x-max-length': byte(1), ...args });
    const queue = core.queue('q');
    core.exchange('x', 'fanout');
    core.bind('x', 'small');
    core.bind('x', 'q');
    core.publish('x', '', 'a');
    core.publish('x', '', 'b'); // pushes a out of small, into q
    expect(core.bodies(queue)).toEqual(['a', 'b', 'a']);
    const died = (): boolean[] => core.look(queue).map(({ properties }) => properties.headers !== undefined);
    expect(died()).toEqual([false, false, true]);
    queue.requeue(take(core, queue, 3).reverse());
    core.settle();
    expect(died()).toEqual([false, false, true]);
  });

  test('purge takes ready messages only and says how many [QUE-22]', () => {
    const [core, queue] = filled(3);
    const [a] = take(core, queue, 1) as [Entry];
    expect(queue.purge()).toBe(2);
    expect([queue.ready.length, queue.ready.bytes, queue.unackedCount]).toEqual([0, 0, 1]);
    queue.requeue([a]);
    expect(core.bodies(queue)).toEqual(['a']);
  });

  test('a settled message is forgotten by all: its bytes may go', () => {
    const [core, queue] = filled(2);
    const entries = take(core, queue, 2);
    for (const entry of entries) queue.ack(entry);
    expect(entries.map(({ message }) => message.places)).toEqual([0, 0]);
    expect(queue.unackedCount).toBe(0);
  });

  test('after the queue is deleted, settling is silent [QUE-27]', () => {
    const [core, queue] = filled(3);
    const [a, b, c] = take(core, queue, 3) as [Entry, Entry, Entry];
    core.vhost.remove(queue);
    queue.ack(a);
    queue.reject(b);
    queue.requeue([c]);
    core.settle();
    expect([a, b, c].map(({ message }) => message.places)).toEqual([0, 0, 0]);
    expect(queue.ready.length).toBe(0);
  });

  test('an auto-delete queue goes with its last consumer, and not before it had one [QUE-28]', () => {
    const core = new Core();
    const queue = core.queue('q', {}, { autoDelete: true });
    core.send('q', 'a');
    core.get(queue);
    expect(queue.isDeleted).toBe(false);
    const [one, two] = [core.consume(queue), core.consume(queue)];
    one.cancel();
    expect(queue.isDeleted).toBe(false);
    two.cancel();
    expect(core.vhost.queues.has('q')).toBe(false);
  });

  test('a backlog is handed out to the end, in order', () => {
    const core = new Core();
    const queue = core.queue('q');
    const sent = Array.from({ length: 1000 }, (_, n) => String(n));
    for (const body of sent) core.send('q', body);
    expect(core.consume(queue).bodies).toEqual(sent);
  });
});

describe('a priority queue', () => {
  test('highest first, by arrival within one; above the limit counts as the limit, absent as 0 [QUE-35]', () => {
    const [core, queue] = filled(6, { 'x-max-priority': byte(5) }, [0, 5, 9, 1, 0, 7]);
    core.send('q', 'none');
    const seen = core.drain(queue);
    expect(seen.map(({ body }) => body)).toEqual(['b', 'c', 'f', 'd', 'a', 'e', 'none']);
    expect(seen.map(({ properties }) => properties.priority)).toEqual([5, 9, 7, 1, 0, 0, undefined]);
  });

  test('a priority limit of 0, or none, keeps the order of arrival [QUE-35]', () => {
    for (const args of [{}, { 'x-max-priority': byte(0) }]) {
      const [core, queue] = filled(3, args, [1, 9, 5]);
      expect(core.bodies(queue)).toEqual(['a', 'b', 'c']);
    }
  });

  test('255 priorities are 255 [QUE-35]', () => {
    const [core, queue] = filled(3, { 'x-max-priority': int(255) }, [254, 255, 253]);
    expect(core.bodies(queue)).toEqual(['b', 'a', 'c']);
  });

  test('a requeued message returns to its place within its priority [QUE-36]', () => {
    const [core, queue] = filled(4, { 'x-max-priority': byte(2) }, [1, 2, 1, 2]);
    const [b, d, a] = take(core, queue, 3) as [Entry, Entry, Entry];
    queue.requeue([a]);
    queue.requeue([d, b]);
    expect(core.bodies(queue)).toEqual(['b', 'd', 'a', 'c']);
  });

  test('what a consumer holds is not recalled by later, higher ones [QUE-36]', () => {
    const core = new Core();
    const queue = core.queue('q', { 'x-max-priority': byte(2) });
    const consumer = core.consume(queue, Infinity, { prefetch: 1 });
    core.send('q', 'low', { priority: 0 });
    core.send('q', 'high', { priority: 2 });
    expect(consumer.bodies).toEqual(['low']);
    consumer.ack(...consumer.entries);
    expect(consumer.bodies).toEqual(['low', 'high']);
  });
});
