import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Queue } from '../../src/broker/queue.ts';
import type { Store } from '../../src/store/open.ts';
import { longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { openTestStore, temporaryDirectory } from '../support/store.ts';

const QUEUES = ['a', 'b', 'c'] as const;

type Step =
  | { readonly do: 'publish'; readonly queues: number; readonly size: number; readonly persistent: boolean }
  | { readonly do: 'get' | 'purge' | 'recreate'; readonly queue: (typeof QUEUES)[number] }
  | { readonly do: 'ack' | 'reject' | 'requeue'; readonly which: number }
  | { readonly do: 'flush' | 'restart' | 'crash' };

const queue = fc.constantFrom(...QUEUES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      queues: fc.integer({ min: 1, max: 7 }),
      size: fc.integer({ min: 0, max: 40_000 }),
      persistent: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('get' as const), queue }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('ack' as const, 'reject' as const, 'requeue' as const),
      which: fc.nat(20),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('purge' as const, 'recreate' as const), queue }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'crash' as const) }) },
);

/**
 * A broker on a store with next to no memory and no tolerance for waste, so that pages are evicted and moved all the
 * time, beside a plain picture of what each queue holds.
 */
class History {
  #directory = '';
  #store!: Store;
  #core!: Core;
  #published = 0;
  /** Handed out and not settled. */
  #held: {
    readonly queue: string;
    readonly body: string;
    readonly entry: NonNullable<ReturnType<Core['get']>>['entry'];
  }[] = [];

  async start(directory: string): Promise<void> {
    this.#directory = directory;
    this.#store = await openTestStore(directory, { memoryLimit: 50_000, diskAllowance: 0 });
    this.#core = new Core(this.#store.journal, this.#store.recovered);
    this.#held = [];
    for (const name of QUEUES) this.#declare(name);
  }

  async stop(): Promise<void> {
    await this.#store.close();
  }

  async run(one: Step): Promise<void> {
    switch (one.do) {
      case 'publish':
        return this.#publish(one);
      case 'get': {
        const seen = this.#core.get(this.#queue(one.queue));
        if (seen !== undefined) this.#held.push({ queue: one.queue, body: seen.body, entry: seen.entry });
        return;
      }
      case 'ack':
      case 'reject':
      case 'requeue':
        return this.#settle(one.do, one.which);
      case 'purge':
        this.#queue(one.queue).purge();
        return;
      case 'recreate':
        this.#core.vhost.remove(this.#queue(one.queue));
        this.#declare(one.queue);
        this.#held = this.#held.filter((held) => held.queue !== one.queue);
        return;
      case 'flush':
        return this.#store.journal.flush();
      case 'restart':
        return this.#restart(false);
      case 'crash':
        return this.#restart(true);
      default:
        return one satisfies never;
    }
  }

  #queue(name: string): Queue {
    return this.#core.vhost.queues.get(name) as Queue;
  }

  /** `a` dead-letters to `b`, `b` to `c`; all are bound to a fanout each to make any set of targets. */
  #declare(name: (typeof QUEUES)[number]): void {
    const next = QUEUES[QUEUES.indexOf(name) + 1];
    const dlx = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr(next ?? '') };
    this.#core.queue(name, next === undefined ? {} : dlx);
    this.#core.exchange('x');
    for (let set = 1; set < 8; set++)
      if ((set >> QUEUES.indexOf(name)) & 1) this.#core.bind('x', name, String(set));
  }

  #publish({ queues, size, persistent }: Extract<Step, { do: 'publish' }>): void {
    const body = `${this.#published++}:`.padEnd(size, String.fromCharCode(97 + (this.#published % 26)));
    this.#core.publish('x', String(queues), body, { deliveryMode: persistent ? 2 : 1 });
  }

  #settle(how: 'ack' | 'reject' | 'requeue', which: number): void {
    const [held] = this.#held.splice(which % Math.max(1, this.#held.length), 1);
    if (held === undefined) return;
    const from = this.#queue(held.queue);
    if (how === 'requeue') from.requeue([held.entry]);
    else from[how](held.entry);
    this.#core.settle();
  }

  /** What a start must find: persistent messages, ready or held, each with its whole body. */
  #expected(): Record<string, string[]> {
    const all: Record<string, string[]> = {};
    for (const name of QUEUES) {
      const from = this.#queue(name);
      const entries = from.ready.clear();
      from.ready.putBack(entries);
      const held = this.#held.filter((one) => one.queue === name).map(({ entry }) => entry);
      all[name] = [...entries, ...held]
        .filter(({ message }) => message.persistent)
        .sort((a, b) => a.message.id - b.message.id)
        .map((entry) => this.#core.see(entry).body);
    }
    return all;
  }

  async #restart(isCrash: boolean): Promise<void> {
    if (isCrash) await this.#store.journal.flush();
    const expected = this.#expected();
    let directory = this.#directory;
    if (isCrash) {
      directory = await temporaryDirectory();
      const filter = (path: string): boolean => !path.endsWith('LOCK');
      await cp(join(this.#directory, 'level'), join(directory, 'level'), { recursive: true, filter });
    }
    await this.#store.close();
    await this.start(directory);
    expect(this.#expected()).toEqual(expected);
  }
}

test('whatever happened, a restart finds what there was: pages evicted, moved and dropped all the time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 120 }), async (steps) => {
      const history = new History();
      await history.start(await temporaryDirectory());
      try {
        for (const one of steps) await history.run(one);
        await history.run({ do: 'crash' });
        await history.run({ do: 'restart' });
      } finally {
        await history.stop();
      }
    }),
    { numRuns: 60 },
  );
}, 120_000);
