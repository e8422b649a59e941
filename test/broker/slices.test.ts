import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Broker } from '../../src/broker/broker.ts';
import { ManualClock } from '../../src/broker/clock.ts';
import { Subscription } from '../../src/broker/consumers.ts';
import { MemoryJournal } from '../../src/broker/memory-journal.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { Publisher } from '../../src/broker/publish.ts';
import { declareQueue } from '../../src/broker/declare.ts';
import type { Vhost } from '../../src/broker/vhost.ts';
import { encodeProperties } from '../../src/wire/properties.ts';
import { fieldTable, long, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core, subscribed } from '../support/core.ts';

const toDead = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('dead') };

test('many rejects at once are dead-lettered in order, in slices that let others have their turn [DLX-08]', () => {
  const core = new Core();
  const dead = core.queue('dead');
  const queue = core.queue('q', toDead);
  const bodies = Array.from({ length: 1000 }, (_, i) => `m${i}`);
  for (const body of bodies) core.send('q', body);
  const entries = bodies.map(() => core.get(queue)!.entry);
  core.vhost.holdBurials(() => {
    for (const entry of entries) queue.reject(entry);
  });
  expect(dead.ready.length).toBeGreaterThan(0);
  expect(dead.ready.length).toBeLessThan(1000);
  core.settle();
  expect(core.drain(dead).map(({ body }) => body)).toEqual(bodies);
});

/** A broker whose turns are always too long, so that it gives way at every opportunity, unless they never are. */
function breathless(
  onFault?: (error: unknown) => void,
  isLong = true,
): {
  readonly vhost: Vhost;
  readonly clock: ManualClock;
  readonly queue: (name: string, args?: Record<string, FieldValue>) => Queue;
  readonly send: (queue: string, body: string) => void;
  /** Runs what was put off, once; returns whether there was anything. */
  readonly turn: () => boolean;
} {
  let tasks: (() => void)[] = [];
  const clock = new ManualClock(1_000_000);
  const broker = new Broker({
    clock,
    journal: new MemoryJournal(),
    turn: { soon: (task) => tasks.push(task), isLong: () => isLong },
    secrets: {
      random: (n) => Buffer.alloc(n),
      digest: (hashing, b) => createHash(hashing).update(b).digest(),
    },
    ...(onFault === undefined ? {} : { onFault }),
  });
  const vhost = broker.vhosts.get('/') as Vhost;
  const actor = { user: 'guest', users: broker.users, connection: {} };
  const publisher = new Publisher(vhost, actor);
  const flags = { durable: true, exclusive: false, autoDelete: false };
  return {
    vhost,
    clock,
    queue: (name, args = {}) =>
      declareQueue(vhost, { name, ...flags, arguments: fieldTable(args) }, actor, () => name) as Queue,
    send: (routingKey, body) => {
      publisher.publish({ exchange: '', routingKey }, encodeProperties({}), Buffer.from(body));
    },
    turn: () => {
      const now = tasks;
      tasks = [];
      for (const task of now) task();
      return now.length > 0;
    },
  };
}

test('a burst of expiries takes many turns, and each hands over a part in order', () => {
  const { queue, send, turn, clock } = breathless();
  const dead = queue('dead');
  queue('q', { ...toDead, 'x-message-ttl': long(1000) });
  for (let i = 0; i < 1000; i++) send('q', `m${i}`);
  while (turn());
  clock.advance(1000);
  let turns = 0;
  let before = 0;
  while (turn()) {
    turns++;
    expect(dead.ready.length - before).toBeLessThanOrEqual(64);
    before = dead.ready.length;
  }
  expect(dead.ready.length).toBe(1000);
  expect(turns).toBeGreaterThan(1000 / 64);
});

/** Lets 10,000 messages expire whose dead letters have a consumer; returns how many came in each turn. */
function buryForConsumer(takenInATurn: number): number[] {
  const { queue, send, turn, clock } = breathless(undefined, false);
  const dead = queue('dead');
  queue('q', { ...toDead, 'x-message-ttl': long(1000) });
  for (let i = 0; i < 10_000; i++) send('q', `m${i}`);
  const receiver = { hasCredit: () => false, deliver: () => {}, cancelled: () => {} };
  dead.addConsumer(new Subscription(dead, receiver, subscribed));
  while (turn());
  clock.advance(1000);
  const came: number[] = [];
  for (let before = 0; turn(); before = dead.ready.length) {
    came.push(dead.ready.length - before);
    dead.counts.deliver += takenInATurn; // as its channel would count
  }
  expect(dead.ready.length).toBe(10_000);
  return came;
}

test('consumers that do not keep up are not buried in dead letters before their acks can be read', () => {
  const [first = 0, ...others] = buryForConsumer(10);
  expect(first).toBeLessThanOrEqual(2064);
  expect(Math.max(...others)).toBeLessThanOrEqual(64);
});

test('consumers that hardly take anything are not waited for', () => {
  const came = buryForConsumer(1);
  expect(came.length).toBeLessThan(100);
  expect(Math.max(...came)).toBeGreaterThan(1000);
});

test('without consumers they die as fast as they can', () => {
  const { queue, send, turn, clock } = breathless(undefined, false);
  const dead = queue('dead');
  queue('q', { ...toDead, 'x-message-ttl': long(1000) });
  for (let i = 0; i < 10_000; i++) send('q', `m${i}`);
  while (turn());
  clock.advance(1000);
  turn();
  expect(dead.ready.length).toBe(10_000);
});

test('a fault in one queue is reported, and the others go on', () => {
  const faults: unknown[] = [];
  const { queue, turn, vhost } = breathless((error) => faults.push(error));
  const [bad, good] = [queue('bad'), queue('good')];
  const fault = new Error('a bug');
  bad.work = () => {
    throw fault;
  };
  let worked = 0;
  good.work = () => {
    worked++;
  };
  vhost.later(bad);
  vhost.later(good);
  while (turn());
  expect(faults).toEqual([fault]);
  expect(worked).toBe(1);
});
