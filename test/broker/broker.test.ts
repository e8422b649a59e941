import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Broker } from '../../src/broker/broker.ts';
import { ManualClock } from '../../src/broker/clock.ts';
import { Subscription } from '../../src/broker/consumers.ts';
import { declareQueue } from '../../src/broker/declare.ts';
import type { Definition } from '../../src/broker/journal.ts';
import { NOTHING_RECOVERED } from '../../src/broker/journal.ts';
import { MemoryJournal } from '../../src/broker/memory-journal.ts';
import type { Entry } from '../../src/broker/message.ts';
import { Message } from '../../src/broker/message.ts';
import { Publisher } from '../../src/broker/publish.ts';
import type { Queue } from '../../src/broker/queue.ts';
import type { Vhost } from '../../src/broker/vhost.ts';
import { encodeProperties } from '../../src/wire/properties.ts';
import { EMPTY_TABLE, fieldTable } from '../../src/wire/table.ts';
import { Core, subscribed } from '../support/core.ts';
import { byte } from '../support/deaths.ts';
import { LedgerJournal } from '../support/ledger-journal.ts';

/** A broker whose turns are taken one by one: `turn` runs what stands in line and says how many tasks that were. */
function inTurns(isLong: () => boolean): {
  broker: Broker;
  queue: (name: string) => Queue;
  turn: () => number;
} {
  let tasks: (() => void)[] = [];
  const broker = new Broker({
    clock: new ManualClock(),
    journal: new MemoryJournal(),
    turn: { soon: (task) => tasks.push(task), isLong },
    secrets: {
      random: (bytes) => Buffer.alloc(bytes),
      digest: (hashing, bytes) => createHash(hashing).update(bytes).digest(),
    },
  });
  const vhost = broker.vhosts.get('/') as Vhost;
  const actor = { user: 'guest', users: broker.users, connection: {} };
  const flags = { durable: false, exclusive: false, autoDelete: false, arguments: EMPTY_TABLE };
  return {
    broker,
    queue: (name) => declareQueue(vhost, { name, ...flags }, actor, () => name) as Queue,
    turn: () => {
      const line = tasks;
      tasks = [];
      for (const task of line) task();
      return line.length;
    },
  };
}

/** A consumer that settles later, and counts. */
class Counter {
  readonly held: Entry[] = [];
  hasCredit(): boolean {
    return true;
  }
  deliver(_subscription: Subscription, entry: Entry): void {
    this.held.push(entry);
  }
  cancelled(): void {}
}

describe('broker', () => {
  test('a new one has a vhost and a guest who may do everything in it', () => {
    const { broker } = new Core();
    expect([...broker.vhosts.keys()]).toEqual(['/']);
    expect(broker.users.authenticate('guest', 'guest')).toBe(true);
    expect(broker.users.mayOpen('guest', '/')).toBe(true);
    expect(broker.users.hasTag('guest', 'administrator')).toBe(true);
  });

  test('a million operations are done when the loop is: nothing in it is asynchronous', () => {
    const { broker, queue, turn } = inTurns(() => false);
    const vhost = broker.vhosts.get('/') as Vhost;
    const publisher = new Publisher(vhost, { user: 'guest', users: broker.users, connection: {} });
    const work = queue('work');
    const counter = new Counter();
    work.addConsumer(new Subscription(work, counter, subscribed));
    const [address, properties, body] = [
      { exchange: '', routingKey: 'work' },
      encodeProperties({}),
      Buffer.from('m'),
    ];
    let acked = 0;
    for (let operations = 0; operations < 1_000_000; operations += 3) {
      publisher.publish(address, properties, body); // one
      turn(); // its delivery: two
      for (const entry of counter.held) work.ack(entry); // three
      acked += counter.held.length;
      counter.held.length = 0;
    }
    expect(acked).toBe(333_334);
    expect([work.ready.length, work.unackedCount]).toEqual([0, 0]);
  });

  test('a queue that has work gets one turn, however often it asks', () => {
    const { broker, queue, turn } = inTurns(() => false);
    const [one, two] = [queue('one'), queue('two')];
    turn();
    for (let n = 0; n < 5; n++) for (const each of [one, two]) broker.later(each);
    expect(turn()).toBe(1);
    expect(turn()).toBe(0);
  });

  test('queues take turns, and when a turn is long the rest waits for the next', () => {
    const { broker, queue, turn } = inTurns(() => true);
    const worked: string[] = [];
    const queues = ['one', 'two', 'three'].map(queue);
    for (const each of queues) {
      each.work = () => void worked.push(each.name);
      broker.later(each);
    }
    turn();
    expect(worked).toEqual(['one']);
    turn();
    turn();
    expect(worked).toEqual(['one', 'two', 'three']);
    expect(turn()).toBe(0);
  });

  test('a long backlog does not keep other queues waiting', () => {
    const { broker, queue, turn } = inTurns(() => true);
    const vhost = broker.vhosts.get('/') as Vhost;
    const publisher = new Publisher(vhost, { user: 'guest', users: broker.users, connection: {} });
    const [busy, calm] = [queue('busy'), queue('calm')];
    for (let n = 0; n < 1000; n++) {
      publisher.publish({ exchange: '', routingKey: 'busy' }, encodeProperties({}), Buffer.from(String(n)));
    }
    publisher.publish({ exchange: '', routingKey: 'calm' }, encodeProperties({}), Buffer.from('a'));
    while (turn() > 0);
    const counters = [new Counter(), new Counter()] as const;
    busy.addConsumer(new Subscription(busy, counters[0], subscribed));
    calm.addConsumer(new Subscription(calm, counters[1], subscribed));
    turn();
    turn();
    expect(counters[1].held).toHaveLength(1);
    expect(counters[0].held.length).toBeLessThan(1000);
    while (turn() > 0);
    expect(counters[0].held).toHaveLength(1000);
  });
});

describe('after a restart', () => {
  /** Definitions as a journal would have them, in the order in which they were made. */
  class DefinitionsJournal extends MemoryJournal {
    readonly definitions: Definition[] = [];
    override define(definition?: Definition): void {
      if (definition !== undefined) this.definitions.push(definition);
    }
    override undefine(definition?: Definition): void {
      const index = this.definitions.findIndex((one) => JSON.stringify(one) === JSON.stringify(definition));
      if (index >= 0) this.definitions.splice(index, 1);
    }
  }

  test('durable exchanges, queues and bindings are there, others not [EXC-17, BND-08, QUE-31]', () => {
    const journal = new DefinitionsJournal();
    const before = new Core(journal);
    before.queue('durable', { 'x-message-ttl': byte(50) });
    before.queue('transient', {}, { durable: false });
    before.queue('exclusive', {}, { exclusive: true });
    before.queue('deleted');
    before.exchange('x', 'topic', {}, { autoDelete: true });
    before.exchange('gone', 'fanout', {}, { durable: false });
    before.bind('x', 'durable', 'a.*');
    before.bind('x', 'transient', '#');
    before.bind('gone', 'durable');
    before.bind('x', 'deleted');
    before.vhost.remove(before.queue('deleted'));
    const recovered = { ...NOTHING_RECOVERED, definitions: journal.definitions, nextQueueId: 10 };
    const after = new Core(new MemoryJournal(), recovered);
    expect([...after.vhost.queues.keys()]).toEqual(['durable']);
    expect(after.vhost.exchanges.has('gone')).toBe(false);
    expect(after.vhost.exchanges.get('x')?.identity).toMatchObject({ type: 'topic', autoDelete: true });
    expect(after.vhost.exchanges.get('x')?.bindingCount).toBe(1);
    after.publish('x', 'a.b', 'routed');
    expect(after.bodies(after.queue('durable', { 'x-message-ttl': byte(50) }))).toEqual(['routed']);
    expect(after.queue('new').identity.id).toBe(10);
    expect(after.broker.users.authenticate('guest', 'guest')).toBe(true);
  });

  test('messages keep their order, exchange, key and mark [QUE-32]', () => {
    const journal = new LedgerJournal();
    const aMessage = (id: number, body: string): Message => {
      const message = new Message(id, 'x', `key.${body}`, undefined, true, false, 3);
      journal.write(message, encodeProperties({ deliveryMode: 2, priority: 3 }), Buffer.from(body));
      return message;
    };
    const [a, b, c] = [aMessage(1, 'a'), aMessage(2, 'b'), aMessage(3, 'c')];
    const place = (message: Message, returns: number) => ({
      message,
      expiresAt: Infinity,
      lane: 3,
      returns,
      note: undefined,
    });
    const core = new Core(journal, {
      definitions: [
        { kind: 'vhost', name: '/' },
        { kind: 'permission', user: 'guest', vhost: '/', configure: '.*', write: '.*', read: '.*' },
        {
          kind: 'queue',
          vhost: '/',
          name: 'q',
          id: 1,
          autoDelete: false,
          arguments: fieldTable({ 'x-max-priority': byte(2) }),
        },
      ],
      places: new Map([[1, [place(a, 1), place(b, 0), place(c, 0)]]]),
      parked: new Map(),
      chunks: new Map(),
      nextQueueId: 2,
      nextMessageId: 4,
    });
    const queue = core.vhost.queues.get('q') as Queue;
    core.send('q', 'new', { priority: 2 });
    expect(core.look(queue)).toMatchObject([
      { body: 'a', exchange: 'x', routingKey: 'key.a', redelivered: true },
      { body: 'b', redelivered: false },
      { body: 'c', redelivered: false },
      { body: 'new', exchange: '', redelivered: false },
    ]);
    expect(journal.faults).toEqual([]);
  });
});
