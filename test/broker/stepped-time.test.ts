import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MovableClock } from '../../src/app/movable-clock.ts';
import { ManualClock } from '../../src/broker/clock.ts';
import { Subscription } from '../../src/broker/consumers.ts';
import type { DeclaredQueue } from '../../src/broker/declared-queue.ts';
import type { Entry } from '../../src/broker/message.ts';
import type { BrokerEvent } from '../../src/broker/observer.ts';
import { long, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core, subscribed, TestConsumer } from '../support/core.ts';

const QUEUES = 5;
const START = 1_000_000_000_000;

const queueNumber = fc.nat(QUEUES - 1);
const milliseconds = fc.oneof(fc.nat(3), fc.nat(40), fc.nat(400));

const queueSettings = fc.record(
  {
    'x-message-ttl': milliseconds,
    'x-expires': fc.integer({ min: 1, max: 600 }),
    'x-max-length': fc.integer({ min: 1, max: 3 }),
    deadLetterTo: fc.oneof(queueNumber, fc.constant('nowhere' as const)),
    isQuorum: fc.boolean(),
    isConsumed: fc.boolean(),
  },
  { requiredKeys: [] },
);

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ to: queueNumber, expiration: fc.option(milliseconds, { nil: undefined }) }),
  },
  { weight: 2, arbitrary: fc.record({ delayed: queueNumber, delay: milliseconds }) },
  { weight: 3, arbitrary: fc.record({ advance: fc.oneof(milliseconds, fc.nat(2000)) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type Settings = typeof queueSettings extends fc.Arbitrary<infer S> ? S : never;

/** A consumer that settles what it gets at once, and rejects every third message for good. */
class Rejecting extends TestConsumer {
  readonly #core: Core;
  #count = 0;

  constructor(core: Core) {
    super(core, Infinity);
    this.#core = core;
  }

  override deliver(_subscription: Subscription, entry: Entry): void {
    const isRejected = ++this.#count % 3 === 0;
    this.#core.broker.soon(() => {
      if (isRejected) this.reject(entry);
      else this.ack(entry);
    });
  }
}

/** The movable clock as a broker moves it: everything due at one moment, and then all it caused. */
class SteppedClock extends MovableClock {
  readonly #core: Core;

  constructor(core: Core) {
    super(new ManualClock(START), (task) => core.soon(task));
    this.#core = core;
    this.stand();
  }

  advance(ms: number): void {
    const target = this.now() + ms;
    this.#core.settle();
    while (this.nextEvent <= target) {
      this.moveTo(Math.max(this.now(), this.nextEvent));
      this.runDue();
      this.#core.settle();
    }
    this.moveTo(target);
  }
}

function argumentsOf(settings: Settings): Record<string, FieldValue> {
  const args: Record<string, FieldValue> = {};
  for (const name of ['x-message-ttl', 'x-expires', 'x-max-length'] as const) {
    const value = settings[name];
    if (value !== undefined) args[name] = long(value);
  }
  const { deadLetterTo, isQuorum } = settings;
  if (isQuorum === true) args['x-queue-type'] = longstr('quorum');
  if (deadLetterTo === undefined) return args;
  const key = longstr(deadLetterTo === 'nowhere' ? deadLetterTo : `q${deadLetterTo}`);
  return { ...args, 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': key };
}

function describe(event: BrokerEvent): string {
  const { type, time, message, queue, queues, why, reason, original, until } = event as unknown as Readonly<
    Record<string, unknown>
  > & { readonly time: number; readonly message?: { readonly id: number } };
  const details = { id: message?.id, queue, queues, why, reason, original, until };
  return `${time - START} ${String(type)} ${JSON.stringify(details)}`;
}

/** Runs a schedule and tells what happened, line by line. */
function run(
  clock: 'manual' | 'stepped',
  all: readonly Settings[],
  steps: readonly Step[],
  advance: (core: Core, ms: number) => void,
): string[] {
  const makeClock = clock === 'manual' ? undefined : (core: Core): SteppedClock => new SteppedClock(core);
  const core = new Core(undefined, undefined, START, makeClock);
  const lines: string[] = [];
  core.broker.events.observe((event) => lines.push(describe(event)));
  core.exchange('later', 'x-delayed-message', { 'x-delayed-type': longstr('direct') });
  for (const [n, settings] of all.entries()) {
    const queue = core.declare(`q${n}`, argumentsOf(settings));
    core.bind('later', queue.name, queue.name);
    if (settings.isConsumed === true) consume(core, queue);
  }
  for (const one of steps) {
    if ('advance' in one) advance(core, one.advance);
    else if ('delay' in one)
      core.publish('later', `q${one.delayed}`, 'x', { headers: new Map([['x-delay', long(one.delay)]]) });
    else
      core.send(
        `q${one.to}`,
        'x',
        one.expiration === undefined ? {} : { expiration: String(one.expiration) },
      );
  }
  advance(core, 3000);
  return lines;
}

function consume(core: Core, queue: DeclaredQueue): void {
  const consumer = new Rejecting(core);
  consumer.subscription = new Subscription(queue, consumer, subscribed);
  queue.addConsumer(consumer.subscription);
}

test.each(['manual', 'stepped'] as const)(
  'time that passes at once brings the same as time that passes millisecond by millisecond: %s clock',
  (clock) => {
    let longest = 0;
    const schedule = fc.array(step, { maxLength: 30 });
    const settings = fc.array(queueSettings, { minLength: QUEUES, maxLength: QUEUES });
    fc.assert(
      fc.property(settings, schedule, (all, steps) => {
        const atOnce = run(clock, all, steps, (core, ms) => core.advance(ms));
        const inSteps = run(clock, all, steps, (core, ms) => {
          for (let left = ms; left > 0; left--) core.advance(1);
        });
        longest = Math.max(longest, atOnce.length);
        expect(atOnce).toEqual(inSteps);
      }),
      { numRuns: 150 },
    );
    expect(longest).toBeGreaterThan(50); // it is about something
  },
);
