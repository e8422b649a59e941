import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Queue } from '../../src/broker/queue.ts';
import type { Store } from '../../src/store/open.ts';
import { long, longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { crashedCopy, openTestStore, temporaryDirectory } from '../support/store.ts';

const QUEUES = ['a', 'b', 'c'] as const;
/** The sets of queues whose messages are kept by an exchange as well. */
const KEPT = [3, 4];

type Step =
  | { readonly do: 'publish'; readonly queues: number; readonly size: number; readonly persistent: boolean }
  | { readonly do: 'get' | 'purge' | 'recreate'; readonly queue: (typeof QUEUES)[number] }
  | { readonly do: 'govern'; readonly maxLength: number | null }
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
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('govern' as const), maxLength: fc.option(fc.nat(6)) }),
  },
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
  readonly #lastPublished: string[] = [];
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
    this.#core.exchange('kept', 'x-recent-history', { 'x-recent-history-length': long(4n) });
    for (const name of QUEUES) this.#declare(name);
    for (const set of KEPT) this.#core.bind('x', 'kept', String(set), 'exchange');
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
      case 'govern':
        return this.#govern(one.maxLength);
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
    if (KEPT.includes(queues)) this.#lastPublished.push(body);
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

  /** @param maxLength of all queues; null: as many as they like */
  #govern(maxLength: number | null): void {
    if (maxLength === null) this.#core.vhost.policies.remove('policy', 'p');
    else this.#core.policy('p', { 'max-length': maxLength }, { pattern: '^[abc]$' });
    this.#core.settle();
  }

  /** What a start must find: persistent messages, ready or held, each with its whole body, and what is kept. */
  #expected(): Record<string, string[]> {
    const policies = this.#core.vhost.policies.list('policy');
    const all: Record<string, string[]> = { policies: policies.map((policy) => JSON.stringify(policy)) };
    for (const name of QUEUES) {
      const from = this.#queue(name);
      const held = this.#held.filter((one) => one.queue === name).map(({ entry }) => entry);
      all[name] = [...from.ready, ...held]
        .filter(({ message }) => message.persistent)
        .sort((a, b) => a.message.id - b.message.id)
        .map((entry) => this.#core.see(entry).body);
    }
    all['kept'] = this.#kept();
    return all;
  }

  /** The last messages that were published, as a queue gets them that is bound for a moment. */
  #kept(): string[] {
    const queue = this.#core.queue('', {}, { exclusive: true });
    this.#core.bind('kept', queue.name);
    const bodies = this.#core.bodies(queue);
    this.#core.vhost.remove(queue);
    expect(bodies).toEqual(this.#lastPublished.slice(-4));
    return bodies;
  }

  async #restart(isCrash: boolean): Promise<void> {
    if (isCrash) await this.#store.journal.flush();
    const expected = this.#expected();
    const directory = isCrash ? await crashedCopy(this.#directory) : this.#directory;
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
