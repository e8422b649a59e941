import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/broker/message.ts';
import { Outcome } from '../../src/broker/publish.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import type { Seen, TestConsumer } from '../support/core.ts';
import { byte, deathLines } from '../support/deaths.ts';
import { LedgerJournal } from '../support/ledger-journal.ts';
import { QueueModel } from '../support/queue-model.ts';
import type { ModelSettings } from '../support/queue-model.ts';

const settings: fc.Arbitrary<ModelSettings> = fc.record({
  ttl: fc.option(fc.nat(20), { nil: undefined }),
  maxLength: fc.option(fc.nat(4), { nil: undefined }),
  maxBytes: fc.option(fc.nat(12), { nil: undefined }),
  overflow: fc.constantFrom('drop-head', 'reject-publish', 'reject-publish-dlx'),
  maxPriority: fc.constantFrom(0, 0, 2),
  deadLetterTo: fc.constantFrom('dead', 'dead', 'dead', 'q', undefined),
});

const number = fc.nat(7);
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        op: fc.constant('publish' as const),
        size: fc.nat(5),
        priority: fc.option(fc.nat(4), { nil: undefined }),
        expiration: fc.option(fc.nat(30), { nil: undefined }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('advance' as const), n: fc.nat(15) }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('get' as const), n: number }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('ack' as const), n: number }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('reject' as const), n: number }) },
    { weight: 3, arbitrary: fc.record({ op: fc.constant('requeue' as const), which: fc.array(number) }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('consume' as const), n: number }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('cancel' as const), n: number }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('revive' as const), n: number }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('purge' as const), n: number }) },
  ),
  { maxLength: 60 },
);
type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

function argumentsOf(model: ModelSettings): Record<string, FieldValue> {
  const args: Record<string, FieldValue> = { 'x-overflow': longstr(model.overflow) };
  const numbers = {
    'x-message-ttl': model.ttl,
    'x-max-length': model.maxLength,
    'x-max-length-bytes': model.maxBytes,
    'x-max-priority': model.maxPriority,
  };
  for (const [name, value] of Object.entries(numbers)) if (value !== undefined) args[name] = byte(value);
  if (model.deadLetterTo === undefined) return args;
  const key = longstr(model.deadLetterTo);
  return { ...args, 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': key };
}

/** The real queue, worked in the same steps as the model. */
class Real {
  readonly journal: LedgerJournal;
  readonly core: Core;
  readonly dead: Queue;
  readonly queue: Queue;
  /** Handed out, in this order, by basic.get or to the consumer. */
  held: Entry[] = [];
  #consumer: TestConsumer | undefined;

  constructor(model: ModelSettings, parkAfter: number | undefined) {
    this.journal = new LedgerJournal(parkAfter);
    this.core = new Core(this.journal);
    const back = { 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': longstr('q') };
    this.dead = this.core.queue('dead', back);
    this.queue = this.core.queue('q', argumentsOf(model));
  }

  apply(step: Step): unknown {
    const outcome = this.#step(step);
    this.core.settle();
    const delivered = this.#consumer?.entries.splice(0) ?? [];
    this.held.push(...delivered);
    return outcome;
  }

  #step(step: Step): unknown {
    switch (step.op) {
      case 'publish': {
        const { priority, expiration } = step;
        const properties = { priority, expiration: expiration?.toString() };
        return (this.core.send('q', 'x'.repeat(step.size), properties) & Outcome.REFUSED) === 0;
      }
      case 'advance':
        return this.core.advance(step.n);
      case 'get': {
        const got = this.queue.get();
        if (got !== undefined) this.held.push(got);
        return got !== undefined;
      }
      case 'ack':
      case 'reject': {
        const [entry] = this.held.splice(step.n, 1);
        return entry === undefined ? undefined : this.queue[step.op](entry);
      }
      case 'requeue': {
        const back = [...new Set(step.which)].flatMap((n) => this.held[n] ?? []);
        this.held = this.held.filter((entry) => !back.includes(entry));
        return this.queue.requeue(back);
      }
      case 'consume':
        if (this.#consumer === undefined) this.#consumer = this.core.consume(this.queue, step.n);
        else this.#consumer.allow(step.n);
        return undefined;
      case 'cancel':
        this.#consumer?.cancel();
        this.held.push(...(this.#consumer?.entries ?? []));
        this.#consumer = undefined;
        return undefined;
      case 'revive': {
        const entry = this.dead.get();
        return entry === undefined ? undefined : this.dead.reject(entry);
      }
      case 'purge':
        return this.queue.purge();
    }
  }

  snapshot(): object {
    const line = (seen: Seen): string => [seen.body.length, seen.redelivered, ...deathLines(seen)].join();
    return {
      ready: [...this.queue.ready].map((entry) => line(this.core.see(entry))),
      held: this.held.map((entry) => line(this.core.see(entry))),
      dead: [...this.dead.ready].map((entry) => line(this.core.see(entry))),
      bytes: this.queue.ready.bytes,
      unacked: this.queue.unackedCount,
      load: this.queue.load,
    };
  }
}

function applyToModel(model: QueueModel, step: Step): unknown {
  switch (step.op) {
    case 'publish':
      return model.publish(step.size, step.priority ?? 0, step.expiration);
    case 'requeue':
      return model.requeue([...new Set(step.which)]);
    default:
      return model[step.op](step.n);
  }
}

describe('a classic queue', () => {
  test.each([
    ['', undefined],
    [', also when nearly all wait parked', 1],
    [', also when many wait parked', 3],
  ])('does what a naive model of it does%s [EXP-01, LEN-05, XD-06, CYC-03]', (_, parkAfter) => {
    fc.assert(
      fc.property(settings, steps, (chosen, sequence) => {
        const real = new Real(chosen, parkAfter);
        const model = new QueueModel(chosen);
        for (const step of sequence) {
          const [outcome, wanted] = [real.apply(step), applyToModel(model, step)];
          expect({ outcome, ...real.snapshot() }).toEqual({ outcome: wanted, ...model.snapshot() });
          expect(real.journal.faults).toEqual([]);
        }
        for (const entry of real.held) real.queue.ack(entry);
        for (const queue of [real.queue, real.dead]) queue.purge();
        expect([real.journal.live.size, real.journal.placed.size]).toEqual([0, 0]);
        expect(real.queue.load).toEqual({ unackedBytes: 0, recordedCount: 0, recordedBytes: 0 });
      }),
      { numRuns: 500 },
    );
  });
});
