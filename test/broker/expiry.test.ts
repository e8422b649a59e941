import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/broker/clock.ts';
import { Deadline } from '../../src/broker/expiry.ts';
import type { Entry } from '../../src/broker/message.ts';
import { NOTHING_RECOVERED } from '../../src/broker/journal.ts';
import type { Recovered } from '../../src/broker/journal.ts';
import { MemoryJournal } from '../../src/broker/memory-journal.ts';
import { Message } from '../../src/broker/message.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { encodeProperties } from '../../src/wire/properties.ts';
import { fieldTable, long, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte, deathLines, deathsOf, int } from '../support/deaths.ts';

const TO_DEAD = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('dead') };
const ttl = (milliseconds: number): Record<string, FieldValue> => ({ 'x-message-ttl': int(milliseconds) });

/** A queue whose dead letters go to another. */
function aQueue(args: Record<string, FieldValue> = {}): { core: Core; queue: Queue; dead: () => string[] } {
  const core = new Core();
  const grave = core.queue('dead');
  const queue = core.queue('q', { ...TO_DEAD, ...args });
  const dead = (): string[] =>
    core.look(grave).map((seen) => `${seen.body} ${deathsOf(seen)[0]?.reason ?? 'alive'}`);
  return { core, queue, dead };
}

/** What a journal finds at start: a durable queue and persistent messages with these deadlines. */
function recovered(
  args: Record<string, FieldValue>,
  deadlines: Record<string, number>,
): [MemoryJournal, Recovered] {
  const journal = new MemoryJournal();
  const places = Object.entries(deadlines).map(([body, expiresAt], index) => {
    const message = new Message(index + 1, '', 'q', undefined, true, false, 0);
    journal.write(message, encodeProperties({ deliveryMode: 2 }), Buffer.from(body));
    return { message, expiresAt, lane: 0, returns: 0, note: undefined };
  });
  const queue = { kind: 'queue', vhost: '/', autoDelete: false } as const;
  return [
    journal,
    {
      ...NOTHING_RECOVERED,
      definitions: [
        { kind: 'vhost', name: '/' },
        { kind: 'permission', user: 'guest', vhost: '/', configure: '.*', write: '.*', read: '.*' },
        { ...queue, name: 'dead', id: 1, arguments: new Map() },
        { ...queue, name: 'q', id: 2, arguments: fieldTable({ ...TO_DEAD, ...args }) },
      ],
      places: new Map([[2, places]]),
      nextQueueId: 3,
      nextMessageId: 100,
    },
  ];
}

describe('message TTL', () => {
  test('the smaller of the TTL of the queue and of the message wins; without one it stays [TTL-01]', () => {
    const { core, dead } = aQueue(ttl(100));
    core.send('q', 'queue wins', { expiration: '500' });
    core.advance(99);
    expect(dead()).toEqual([]);
    core.advance(1);
    expect(dead()).toEqual(['queue wins expired']);
    core.send('q', 'message wins', { expiration: '50' });
    core.advance(50);
    expect(dead()).toHaveLength(2);
    const other = aQueue();
    other.core.send('q', 'a');
    other.core.advance(315_360_000_000);
    expect(other.queue.ready.length).toBe(1);
  });

  test('ten years, and more than 2^32 ms, are kept to the millisecond [TTL-02]', () => {
    for (const long of [4_294_967_297, 315_360_000_000]) {
      const { core, dead } = aQueue();
      core.send('q', 'a', { expiration: String(long) });
      core.advance(long - 1);
      expect(dead()).toEqual([]);
      core.advance(1);
      expect(dead()).toEqual(['a expired']);
    }
  });

  test('every queue has a deadline of its own, from the moment of arrival [TTL-10]', () => {
    const { core, queue, dead } = aQueue(ttl(100));
    const slow = core.queue('slow', ttl(200));
    core.bind('amq.fanout', 'q');
    core.bind('amq.fanout', 'slow');
    core.publish('amq.fanout', '', 'a');
    core.advance(100);
    expect([queue.ready.length, slow.ready.length]).toEqual([0, 1]);
    expect(dead()).toEqual(['a expired']);
    core.advance(99);
    expect(slow.ready.length).toBe(1);
    core.advance(1);
    expect(slow.ready.length).toBe(0);
  });

  test('requeued it keeps its first deadline [TTL-12]', () => {
    const { core, queue, dead } = aQueue(ttl(100));
    core.send('q', 'a');
    core.advance(60);
    queue.requeue([(core.get(queue) as { entry: Entry }).entry]);
    core.settle();
    core.advance(39);
    expect(dead()).toEqual([]);
    core.advance(1);
    expect(dead()).toEqual(['a expired']);
  });

  test('a message that is handed out does not expire; a late ack or reject is an ack or a reject [TTL-13]', () => {
    const { core, queue, dead } = aQueue(ttl(100));
    const consumer = core.consume(queue, 2);
    core.send('q', 'acked');
    core.send('q', 'rejected');
    core.advance(10_000);
    expect(dead()).toEqual([]);
    const [acked, rejected] = consumer.entries as [Entry, Entry];
    consumer.ack(acked);
    consumer.reject(rejected);
    expect(dead()).toEqual(['rejected rejected']);
  });

  test('requeued after its deadline it expires at once and is never delivered again [TTL-13]', () => {
    const { core, queue, dead } = aQueue(ttl(100));
    const consumer = core.consume(queue, Infinity, { prefetch: 1 });
    core.send('q', 'a');
    core.advance(100);
    consumer.requeue(...consumer.entries);
    expect(consumer.bodies).toEqual(['a']);
    expect(dead()).toEqual(['a expired']);
  });

  test('deadlines survive a restart: what fell due meanwhile expires before anyone gets it [TTL-14]', () => {
    const now = 1_000_000_000_000;
    const [journal, found] = recovered({}, { late: now - 1, due: now, soon: now + 50, never: Infinity });
    const core = new Core(journal, found, now);
    const queue = core.vhost.queues.get('q') as Queue;
    expect(core.get(queue)?.body).toBe('soon');
    const grave = core.vhost.queues.get('dead') as Queue;
    expect(core.look(grave).map(deathLines)).toEqual([['q expired 1'], ['q expired 1']]);
    expect(core.bodies(grave)).toEqual(['late', 'due']);
    expect(core.bodies(queue)).toEqual(['never']);
  });

  test('a restart does not prolong a deadline, and needs nobody to look [TTL-14, EXP-04]', () => {
    const now = 1_000_000_000_000;
    const [journal, found] = recovered(ttl(1000), { soon: now + 50 });
    const core = new Core(journal, found, now);
    core.advance(49);
    expect(core.bodies(core.vhost.queues.get('q') as Queue)).toEqual(['soon']);
    core.advance(1);
    expect(core.bodies(core.vhost.queues.get('dead') as Queue)).toEqual(['soon']);
  });

  test('TTL 0 goes to a consumer that can take it right now, else it expires at once [TTL-15, IDM-11]', () => {
    for (const [args, properties] of [[ttl(0), {}] as const, [{}, { expiration: '0' }] as const]) {
      const { core, queue, dead } = aQueue(args);
      const consumer = core.consume(queue, Infinity, { prefetch: 1 });
      expect(core.send('q', 'taken', properties)).toBeGreaterThan(0);
      expect(core.send('q', 'too late', properties)).toBeGreaterThan(0);
      expect(consumer.bodies).toEqual(['taken']);
      expect(dead()).toEqual(['too late expired']);
    }
  });

  test('TTL 0 without a dead-letter exchange is dropped and confirmed [TTL-15, TXC-01]', () => {
    const core = new Core();
    const queue = core.queue('q', ttl(0));
    const outcome = core.send('q', 'a');
    expect(outcome & 3).toBe(1); // routed, not refused
    expect(queue.ready.length).toBe(0);
  });

  test('TTL 0 does not overtake what is ready before it [TTL-15]', () => {
    const { core, queue, dead } = aQueue();
    core.send('q', 'first');
    core.send('q', 'second', { expiration: '0' });
    const consumer = core.consume(queue, 1);
    expect(consumer.bodies).toEqual(['first']);
    expect(dead()).toEqual(['second expired']);
  });

  test('nothing expires early, not by a millisecond [TTL-17]', () => {
    const { core, queue, dead } = aQueue();
    core.send('q', 'a', { expiration: '1000' });
    core.advance(999);
    expect([queue.ready.length, dead().length]).toEqual([1, 0]);
    core.advance(1);
    expect([queue.ready.length, dead().length]).toEqual([0, 1]);
  });

  test('whoever asks, a message at its deadline is not handed out, even before the alarm rings [TTL-18]', () => {
    const { core, queue, dead } = aQueue();
    const moment = { offset: 0 };
    const now = core.clock.now.bind(core.clock);
    core.clock.now = () => now() + moment.offset; // the wall clock is ahead of the alarms
    core.send('q', 'a', { expiration: '100' });
    core.send('q', 'b');
    moment.offset = 100;
    expect(core.get(queue)?.body).toBe('b');
    core.send('q', 'c', { expiration: '100' });
    moment.offset = 200;
    expect(core.consume(queue).bodies).toEqual([]);
    expect(dead()).toEqual(['a expired', 'c expired']);
  });

  test('at its target only the TTL of that queue counts, from the arrival there [TTL-19, DLX-21, IDM-01]', () => {
    const core = new Core();
    const last = core.queue('last');
    const middle = core.queue('dead', {
      ...ttl(500),
      'x-dead-letter-exchange': longstr(''),
      'x-dead-letter-routing-key': longstr('last'),
    });
    core.queue('q', TO_DEAD);
    core.send('q', 'a', { expiration: '100' });
    core.advance(100);
    expect(middle.ready.length).toBe(1);
    core.advance(499);
    expect(last.ready.length).toBe(0);
    core.advance(1);
    expect(core.look(last).map(deathLines)).toEqual([['dead expired 1', 'q expired 1']]);
  });
});

describe('expiry', () => {
  test('an expired message waits behind a head that has not expired [EXP-01, EXP-03, IDM-02]', () => {
    const { core, queue, dead } = aQueue();
    core.send('q', 'slow');
    core.send('q', 'fast', { expiration: '100' });
    core.advance(1_000_000);
    expect(dead()).toEqual([]);
    expect(queue.ready.length).toBe(2);
    const consumer = core.consume(queue, 1);
    expect(consumer.bodies).toEqual(['slow']);
    expect(dead()).toEqual(['fast expired']);
  });

  test('both go when the head falls due, the head first [EXP-02, EXP-07]', () => {
    const { core, dead } = aQueue();
    core.send('q', 'm1', { expiration: '800' });
    core.send('q', 'm2', { expiration: '100' });
    core.advance(799);
    expect(dead()).toEqual([]);
    core.advance(1);
    expect(dead()).toEqual(['m1 expired', 'm2 expired']);
  });

  test('a sweep stops at the first that has not expired [EXP-01]', () => {
    const { core, queue, dead } = aQueue();
    for (const [body, expiration] of ['a100', 'b50', 'c300', 'd10'].map((m) => [m, m.slice(1)] as const)) {
      core.send('q', body, { expiration });
    }
    core.advance(100);
    expect(dead()).toEqual(['a100 expired', 'b50 expired']);
    expect(core.bodies(queue)).toEqual(['c300', 'd10']);
    core.advance(200);
    expect(dead()).toHaveLength(4);
  });

  test('what waits past its deadline counts towards the length [EXP-03]', () => {
    const { core, dead } = aQueue({ 'x-max-length': byte(2) });
    core.send('q', 'head');
    core.send('q', 'late', { expiration: '10' });
    core.advance(100);
    core.send('q', 'new');
    expect(dead()).toEqual(['head maxlen', 'late expired']);
  });

  test('a blocking head may be fetched, acked, dropped: the run behind it goes at once [EXP-05]', () => {
    const leave: readonly ((core: Core, queue: Queue) => void)[] = [
      (core, queue) => void core.get(queue),
      (core, queue) => core.consume(queue, 1).ack(),
      (core) => {
        core.send('q', 'one too many');
      },
    ];
    for (const headLeaves of leave) {
      const { core, queue, dead } = aQueue({ 'x-max-length': byte(3) });
      core.send('q', 'head');
      core.send('q', 'late 1', { expiration: '10' });
      core.send('q', 'late 2', { expiration: '20' });
      core.advance(100);
      expect(dead()).toEqual([]);
      headLeaves(core, queue);
      expect(dead().slice(-2)).toEqual(['late 1 expired', 'late 2 expired']);
    }
  });

  test('a message that is handed out blocks nobody; requeued it blocks again [EXP-06]', () => {
    const { core, queue, dead } = aQueue();
    core.send('q', 'head');
    core.send('q', 'one', { expiration: '100' });
    core.send('q', 'two', { expiration: '200' });
    const head = core.get(queue)?.entry as Entry;
    core.advance(100);
    expect(dead()).toEqual(['one expired']);
    queue.requeue([head]);
    core.settle();
    core.advance(1000);
    expect(core.bodies(queue)).toEqual(['head', 'two']);
  });

  test('a burst dies in slices and in order, and the rest is handed out meanwhile [EXP-07]', () => {
    const { core, queue } = aQueue();
    const sent = Array.from({ length: 500 }, (_, n) => String(n));
    for (const body of sent) core.send('q', body, { expiration: '100' });
    core.send('q', 'alive');
    core.advance(100);
    expect(core.bodies(core.queue('dead'))).toEqual(sent);
    expect(core.bodies(queue)).toEqual(['alive']);
  });

  test('in a priority queue only the head of the highest priority expires [EXP-08]', () => {
    const { core, queue, dead } = aQueue({ 'x-max-priority': byte(5) });
    core.send('q', 'low', { priority: 0, expiration: '100' });
    core.send('q', 'high', { priority: 5 });
    core.advance(1000);
    expect(dead()).toEqual([]);
    expect(core.get(queue)?.body).toBe('high');
    expect(dead()).toEqual(['low expired']);
  });

  test('a higher message that comes in front expires in time and is never delivered expired [EXP-08]', () => {
    const { core, queue, dead } = aQueue({ 'x-max-priority': byte(5) });
    core.send('q', 'low', { priority: 0, expiration: '1000' });
    core.send('q', 'high', { priority: 5, expiration: '100' });
    core.advance(100);
    expect(dead()).toEqual(['high expired']);
    core.advance(900);
    expect(dead()).toEqual(['high expired', 'low expired']);
    expect(core.get(queue)).toBeUndefined();
  });

  test('purge does not dead-letter, and what is handed out stays [EXP-10]', () => {
    const { core, queue, dead } = aQueue(ttl(100));
    core.send('q', 'held');
    core.send('q', 'purged');
    const held = core.get(queue)?.entry as Entry;
    expect(queue.purge()).toBe(1);
    core.advance(1000);
    expect(dead()).toEqual([]);
    queue.reject(held);
    expect(dead()).toEqual(['held rejected']);
  });

  test('a queue that is deleted dead-letters nothing, however it goes [EXP-11]', () => {
    const ways: readonly ((core: Core, queue: Queue) => void)[] = [
      (core, queue) => core.vhost.remove(queue),
      (core, queue) => core.consume(queue, 0).cancel(),
      (core) => core.vhost.removeOwnedBy(core.actor.connection),
      (core) => core.advance(50),
    ];
    for (const end of ways) {
      const core = new Core();
      const dead = core.queue('dead');
      const args = { ...TO_DEAD, ...ttl(1000), 'x-expires': byte(50) };
      const queue = core.queue('q', args, { exclusive: true, autoDelete: true });
      core.send('q', 'a');
      end(core, queue);
      expect(queue.isDeleted).toBe(true);
      core.advance(10_000);
      expect(dead.ready.length).toBe(0);
    }
  });

  test('a reject after the queue is deleted does nothing [EXP-12]', () => {
    const { core, queue, dead } = aQueue();
    core.send('q', 'a');
    const { entry } = core.get(queue) as { entry: Entry };
    core.vhost.remove(queue);
    queue.reject(entry);
    core.settle();
    expect(dead()).toEqual([]);
  });
});

describe('queue expiry', () => {
  const expires = (milliseconds: number): Record<string, FieldValue> => ({ 'x-expires': int(milliseconds) });

  test('an unused queue is deleted with all that is in it [QEX-02, IDM-08]', () => {
    const { core, queue, dead } = aQueue(expires(100));
    core.send('q', 'a');
    core.advance(99);
    expect(queue.isDeleted).toBe(false);
    core.advance(1);
    expect(core.vhost.queues.has('q')).toBe(false);
    expect(dead()).toEqual([]);
  });

  test('get, also of nothing, and a touch by a declaration start the period anew [QEX-03]', () => {
    const { core, queue } = aQueue(expires(100));
    const uses = [() => core.get(queue), () => queue.touch(), () => core.get(queue)];
    for (const use of uses) {
      core.advance(99);
      use();
    }
    core.advance(99);
    expect(queue.isDeleted).toBe(false);
    core.advance(1);
    expect(queue.isDeleted).toBe(true);
  });

  test('it does not run while there is a consumer, and starts when the last one goes [QEX-03]', () => {
    const { core, queue } = aQueue(expires(100));
    core.advance(50);
    const [one, two] = [core.consume(queue), core.consume(queue)];
    core.advance(1000);
    one.cancel();
    core.advance(1000);
    queue.touch();
    core.get(queue);
    core.advance(1000);
    expect(queue.isDeleted).toBe(false);
    two.cancel();
    core.advance(99);
    expect(queue.isDeleted).toBe(false);
    core.advance(1);
    expect(queue.isDeleted).toBe(true);
  });

  test('publishing, binding, purging and settling do not renew it [QEX-05, IDM-12]', () => {
    const { core, queue } = aQueue(expires(100));
    core.send('q', 'a');
    core.send('q', 'b');
    const [a, b] = [core.get(queue)?.entry, core.get(queue)?.entry] as [Entry, Entry];
    core.advance(99);
    core.send('q', 'c');
    core.bind('amq.direct', 'q');
    core.unbind('amq.direct', 'q');
    queue.purge();
    queue.ack(a);
    queue.reject(b);
    core.settle();
    core.advance(1);
    expect(queue.isDeleted).toBe(true);
  });

  test('the period starts from zero when the broker starts [QEX-06]', () => {
    const [journal, found] = recovered({ 'x-expires': long(100) }, {});
    const core = new Core(journal, found);
    core.advance(99);
    expect(core.vhost.queues.has('q')).toBe(true);
    core.advance(1);
    expect(core.vhost.queues.has('q')).toBe(false);
  });

  test('auto-delete and expiry are independent: the first wins [QEX-08]', () => {
    const core = new Core();
    core.queue('q', expires(100), { autoDelete: true });
    core.advance(100);
    expect(core.vhost.queues.has('q')).toBe(false);
    core.consume(core.queue('q', expires(100), { autoDelete: true })).cancel();
    expect(core.vhost.queues.has('q')).toBe(false);
  });
});

describe('a deadline', () => {
  function aDeadline(): { clock: ManualClock; deadline: Deadline; rung: number[] } {
    const clock = new ManualClock(0);
    const rung: number[] = [];
    return { clock, deadline: new Deadline(clock, () => rung.push(clock.now())), rung };
  }

  test('moved later, earlier or nowhere, it rings once and where it was moved last', () => {
    const { clock, deadline, rung } = aDeadline();
    deadline.aim(100);
    deadline.aim(200);
    clock.advance(150);
    expect(rung).toEqual([]);
    deadline.aim(180);
    clock.advance(100);
    expect(rung).toEqual([180]);
    deadline.aim(300);
    deadline.aim(Infinity);
    clock.advance(100);
    deadline.aim(400);
    deadline.cancel();
    clock.advance(1000);
    expect(rung).toEqual([180]);
  });

  test('it can be aimed again when it has rung or was cancelled', () => {
    const { clock, deadline, rung } = aDeadline();
    deadline.aim(10);
    clock.advance(10);
    deadline.aim(20);
    deadline.cancel();
    deadline.aim(30);
    clock.advance(100);
    expect(rung).toEqual([10, 30]);
  });
});
