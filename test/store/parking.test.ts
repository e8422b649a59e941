import { describe, expect, onTestFinished, test } from 'vitest';
import type { Queue } from '../../src/broker/queue.ts';
import type { Store } from '../../src/store/open.ts';
import { long, longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { crashedCopy, openTestStore, temporaryDirectory } from '../support/store.ts';

const MANY = 3000;
/** So large that a dead-lettered copy shares the body of its original. */
const LENT = 1100;

/** A broker on a store with next to no memory that parks all but the first messages of a queue. */
class Node {
  readonly store: Store;
  readonly core: Core;
  readonly #directory: string;

  private constructor(store: Store, directory: string, now?: number) {
    this.store = store;
    this.#directory = directory;
    this.core = new Core(store.journal, store.recovered, now);
    onTestFinished(() => store.close());
  }

  static async start(directory?: string, now?: number): Promise<Node> {
    const path = directory ?? (await temporaryDirectory());
    return new Node(await openTestStore(path, { memoryLimit: 100_000, diskAllowance: 0 }), path, now);
  }

  /** What is found by a broker started on what a power failure would leave. */
  async crash(): Promise<Node> {
    await this.store.journal.flush();
    return Node.start(await crashedCopy(this.#directory), this.core.clock.now());
  }

  queue(name: string): Queue {
    return this.core.vhost.queues.get(name) as Queue;
  }

  bodies(name: string): string[] {
    return [...this.queue(name).ready].map((entry) => this.core.see(entry).body);
  }

  /** Sends so many; what is in each is a number and something to fill pages with. */
  fill(name: string, count = MANY, first = 0, size = 200): string[] {
    const bodies = Array.from({ length: count }, (_, n) => `${first + n} `.padEnd(size, name));
    for (const body of bodies) this.core.send(name, body);
    return bodies;
  }

  /** Commits until sparse pages have had their turn. */
  async compact(): Promise<void> {
    for (let left = 40; left > 0; left--) {
      this.core.send('tick', '');
      this.queue('tick').purge();
      await this.store.journal.flush();
    }
  }
}

describe('messages parked deep in a queue', () => {
  test('leave in order, with their content, and come back so after a power failure [QUE-32]', async () => {
    const node = await Node.start();
    node.core.queue('q');
    const sent = node.fill('q');
    expect(node.bodies('q')).toEqual(sent);
    const first = node.core.get(node.queue('q'))!;
    const again = await node.crash();
    const found = again.core.drain(again.queue('q'));
    expect(found.map(({ body }) => body)).toEqual(sent);
    expect(found.filter(({ redelivered }) => redelivered).map(({ body }) => body)).toEqual([first.body]);
    expect(node.core.drain(node.queue('q')).map(({ body }) => body)).toEqual(sent.slice(1));
  });

  test('keep their deadlines, and die at them [TTL-10, EXP-01]', async () => {
    const node = await Node.start();
    node.core.queue('dead');
    const toDead = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('dead') };
    node.core.queue('q', { ...toDead, 'x-message-ttl': long(1000) });
    const early = node.fill('q', 500);
    node.core.advance(400);
    const late = node.fill('q', 500, 500);
    const again = await node.crash();
    for (const one of [node, again]) {
      one.core.advance(599);
      expect(one.queue('q').messageCount).toBe(1000);
      one.core.advance(1);
      expect([one.bodies('dead'), one.bodies('q')]).toEqual([early, late]);
      one.core.advance(400);
      expect(one.bodies('dead')).toEqual([...early, ...late]);
    }
  });

  test('are moved out of sparse pages, dead-lettered copies and their bodies, too', async () => {
    const node = await Node.start();
    for (const name of ['tick', 'other', 'dead']) node.core.queue(name);
    const toDead = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('dead') };
    node.core.queue('dying', { ...toDead, 'x-message-ttl': long(1000) });
    node.core.queue('q');
    const stay: string[] = [];
    const die: string[] = [];
    for (let n = 0; n < 300; n++) {
      node.fill('other', 30, n * 30);
      stay.push(...node.fill('q', 1, n));
      die.push(...node.fill('dying', 1, n, LENT));
      if (n % 50 === 0) await node.store.journal.flush();
    }
    node.core.advance(1000);
    await node.store.journal.flush();
    expect(node.bodies('dead')).toEqual(die);
    const pages = new Set([...node.queue('q').ready].map(({ message }) => message.page));
    node.queue('other').purge();
    await node.compact();
    const moved = (name: string): number =>
      [...node.queue(name).ready].filter(({ message }) => !pages.has(message.bodyPage)).length;
    expect(Math.min(moved('q'), moved('dead'))).toBeGreaterThan(200);
    expect([node.bodies('q'), node.bodies('dead')]).toEqual([stay, die]);
    const again = await node.crash();
    for (const one of [node, again]) {
      expect(one.core.drain(one.queue('q')).map(({ body }) => body)).toEqual(stay);
      expect(one.core.drain(one.queue('dead')).map(({ body }) => body)).toEqual(die);
    }
  });

  test('are purged for good, in pages that others keep alive, and one by one for who hears of each', async () => {
    const node = await Node.start();
    for (const name of ['heard', 'q', 'other']) node.core.queue(name);
    const stay: string[] = [];
    for (let n = 0; n < 100; n++) {
      node.fill('q', 10);
      node.fill('heard', 10);
      stay.push(...node.fill('other', 1, n));
    }
    expect(node.queue('q').purge()).toBe(1000);
    expect(node.queue('q').load).toEqual({ unackedBytes: 0, recordedCount: 0, recordedBytes: 0 });
    let dropped = 0;
    const stop = node.core.broker.events.observe((event) => {
      if (event.type === 'dropped') dropped++;
    });
    expect(node.queue('heard').purge()).toBe(1000);
    stop();
    expect(dropped).toBe(1000);
    const again = await node.crash();
    expect([again.bodies('q'), again.bodies('heard'), again.bodies('other')]).toEqual([[], [], stay]);
  });

  test('come back by priority, some settled, some redelivered, some in another queue, too [QUE-35, QUE-33]', async () => {
    const node = await Node.start();
    const { core } = node;
    core.queue('q', { 'x-max-priority': long(2) });
    core.queue('copy');
    core.exchange('both', 'fanout');
    for (const name of ['q', 'copy']) core.bind('both', name);
    for (let n = 0; n < 300; n++) {
      const exchange = n % 7 === 0 ? 'both' : '';
      core.publish(exchange, 'q', `${n}`, { deliveryMode: n % 11 === 0 ? 1 : 2, priority: n % 3 });
    }
    const queue = node.queue('q');
    const taken = Array.from({ length: 150 }, () => core.get(queue)!);
    for (const [n, { entry }] of taken.entries()) if (n % 5 !== 0) queue.ack(entry);
    const back = taken.filter((_, n) => n % 5 === 0);
    const left = [...queue.ready].map((entry) => core.see(entry));
    const expected = [
      ...[...back, ...left].filter(({ properties }) => properties.priority === 2),
      ...[...back, ...left].filter(({ properties }) => properties.priority === 1),
      ...[...back, ...left].filter(({ properties }) => properties.priority === 0),
    ].filter(({ properties }) => properties.deliveryMode === 2);
    const again = await node.crash();
    const found = again.core.drain(again.queue('q'));
    expect(found.map(({ body }) => body)).toEqual(expected.map(({ body }) => body));
    const wasOut = new Set(back.map(({ body }) => body));
    expect(found.map(({ redelivered }) => redelivered)).toEqual(found.map(({ body }) => wasOut.has(body)));
    const shared = Array.from({ length: 300 }, (_, n) => n).filter((n) => n % 7 === 0 && n % 11 !== 0);
    expect(again.bodies('copy')).toEqual(shared.map(String));
  });

  test('are redelivered after a second restart, too, although an older one was the last out [QUE-33, DLV-02]', async () => {
    let node = await Node.start();
    for (const [name, type] of Object.entries({ q: 'classic', counting: 'quorum' })) {
      node.core.queue(name, { 'x-queue-type': longstr(type) });
      node.fill(name, 20);
      for (let n = 0; n < 10; n++) node.core.get(node.queue(name));
    }
    node = await node.crash();
    const wasOut = (name: string): number[] => [...node.queue(name).ready].map(({ returns }) => returns);
    const expected = [...Array<number>(10).fill(1), ...Array<number>(10).fill(0)];
    expect([wasOut('q'), wasOut('counting')]).toEqual([expected, expected]);
    for (const name of ['q', 'counting']) node.queue(name).requeue([node.core.get(node.queue(name))!.entry]);
    node = await node.crash();
    expect([wasOut('q'), wasOut('counting')]).toEqual([expected, [2, ...expected.slice(1)]]);
  });

  test('are not taken from other queues by a restart', async () => {
    const node = await Node.start();
    node.core.exchange('both', 'fanout');
    for (const name of ['one', 'other', 'tick']) node.core.queue(name);
    for (const name of ['one', 'other']) node.core.bind('both', name);
    const sent = Array.from({ length: 50 }, (_, n) => `${n} `.padEnd(5000, 'x'));
    for (const body of sent) node.core.publish('both', '', body, { deliveryMode: 2 });
    const again = await node.crash();
    again.queue('one').purge();
    await again.compact();
    expect(again.bodies('other')).toEqual(sent);
  });

  test('that were out once and may not be again die at the restart [DLV-02]', async () => {
    const node = await Node.start();
    node.core.queue('dead');
    const toDead = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('dead') };
    node.core.queue('q', { ...toDead, 'x-queue-type': longstr('quorum'), 'x-delivery-limit': long(0) });
    const sent = node.fill('q', 20);
    for (let n = 0; n < 15; n++) node.core.get(node.queue('q'));
    const again = await node.crash();
    again.core.settle();
    expect([again.bodies('dead'), again.bodies('q')]).toEqual([sent.slice(0, 15), sent.slice(15)]);
  });

  test('leave nothing on disk when their queue is deleted', async () => {
    const node = await Node.start();
    for (const name of ['q', 'tick']) node.core.queue(name);
    node.fill('q');
    await node.store.journal.flush();
    node.core.vhost.remove(node.queue('q'));
    await node.compact();
    const again = await node.crash();
    again.core.queue('q');
    expect(again.bodies('q')).toEqual([]);
  });
});
