import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Queue } from '../../src/broker/queue.ts';
import { readSnapshot, restoreSnapshot, takeSnapshot } from '../../src/store/snapshot.ts';
import { SnapshotJournal } from '../../src/store/snapshot-journal.ts';
import { long, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';

const QUEUES = 4;

const queueNumber = fc.nat(QUEUES - 1);
/** So many that no two queues have something due at the same moment: which of them is first then is not kept. */
const milliseconds = fc.noBias(fc.integer({ min: 1, max: 1_000_000_000 }));

const queueSettings = fc.record(
  {
    'x-message-ttl': milliseconds,
    'x-max-length': fc.integer({ min: 1, max: 4 }),
    'x-max-priority': fc.integer({ min: 1, max: 3 }),
    deadLetterTo: queueNumber,
    durable: fc.boolean(),
    retryDelay: milliseconds,
  },
  { requiredKeys: [] },
);
type Settings = typeof queueSettings extends fc.Arbitrary<infer S> ? S : never;

const step = fc.oneof(
  fc.record({
    kind: fc.constant('send' as const),
    queue: queueNumber,
    expiration: fc.option(milliseconds, { nil: undefined }),
    priority: fc.nat(3),
    deliveryMode: fc.constantFrom(1, 2),
  }),
  fc.record({ kind: fc.constant('delay' as const), queue: queueNumber, ms: milliseconds }),
  fc.record({ kind: fc.constantFrom('requeue', 'reject', 'ack'), queue: queueNumber }),
  fc.record({ kind: fc.constant('advance' as const), ms: milliseconds }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Dead letters go to queues behind this one only: in a cycle the same delays meet again. */
function argumentsOf(settings: Settings, n: number): Record<string, FieldValue> {
  const { deadLetterTo, retryDelay } = settings;
  const args: Record<string, FieldValue> = {};
  if (retryDelay !== undefined) {
    Object.assign(args, { 'x-queue-type': longstr('quorum'), 'x-delayed-retry-type': longstr('all') });
    Object.assign(args, { 'x-delayed-retry-min': long(retryDelay), 'x-delayed-retry-max': long(4e9) });
    args['x-delivery-limit'] = long(2);
  }
  for (const name of ['x-message-ttl', 'x-max-length', 'x-max-priority'] as const) {
    const value = settings[name];
    if (value !== undefined && (retryDelay === undefined || name !== 'x-max-priority'))
      args[name] = long(value);
  }
  if (deadLetterTo === undefined || deadLetterTo <= n) return args;
  const key = longstr(`q${deadLetterTo}`);
  return { ...args, 'x-dead-letter-exchange': longstr(''), 'x-dead-letter-routing-key': key };
}

function take(core: Core, one: Step): void {
  if (one.kind === 'advance') return core.advance(one.ms);
  const name = `q${one.queue}`;
  if (one.kind === 'delay') {
    core.publish('later', name, 'x', { headers: new Map([['x-delay', long(one.ms)]]) });
  } else if (one.kind === 'send') {
    const { expiration, priority, deliveryMode } = one;
    core.publish('', name, 'x', {
      priority,
      deliveryMode,
      ...(expiration === undefined ? {} : { expiration: String(expiration) }),
    });
  } else {
    const queue = core.vhost.queues.get(name) as Queue;
    const entry = queue.get();
    if (entry === undefined) return core.settle();
    if (one.kind === 'requeue') queue.requeue([entry], false);
    else if (one.kind === 'reject') queue.reject(entry);
    else queue.ack(entry);
    core.settle();
  }
}

/** What happens in the rest of a history, line by line, and what the broker then has. */
function rest(core: Core, journal: SnapshotJournal, steps: readonly Step[]): [string[], Buffer] {
  const lines: string[] = [];
  core.broker.events.observe((event) => {
    const id = 'message' in event ? event.message.id : 0;
    const { queue = '', redelivered = '' } = event as { queue?: string; redelivered?: boolean };
    lines.push(`${event.time} ${event.type} ${id} ${queue} ${String(redelivered)}`);
  });
  for (const one of steps) take(core, one);
  core.advance(1e12);
  return [lines, takeSnapshot(core.broker, journal)];
}

test('after a snapshot everything goes on in the copy as it does in the original', async () => {
  const settings = fc.array(queueSettings, { minLength: QUEUES, maxLength: QUEUES });
  const steps = fc.array(step, { maxLength: 25 });
  const property = fc.asyncProperty(settings, steps, steps, async (all, before, after) => {
    const journal = new SnapshotJournal();
    const core = new Core(journal);
    core.exchange('later', 'x-delayed-message', { 'x-delayed-type': longstr('direct') });
    for (const [n, one] of all.entries()) {
      const durable = one.durable !== false || one.retryDelay !== undefined;
      core.declare(`q${n}`, argumentsOf(one, n), { durable });
      core.bind('later', `q${n}`, `q${n}`);
    }
    for (const one of before) take(core, one);
    const snapshot = await readSnapshot(takeSnapshot(core.broker, journal));
    const copyJournal = new SnapshotJournal();
    const copy = new Core(copyJournal, undefined, snapshot.now);
    copy.broker.clear();
    restoreSnapshot(copy.broker, copyJournal, snapshot);
    Object.assign(copy, { vhost: copy.broker.vhosts.get('/') });
    copy.settle();
    const [lines, contents] = rest(core, journal, after);
    const [copiedLines, copiedContents] = rest(copy, copyJournal, after);
    expect(copiedLines).toEqual(lines);
    expect(copiedContents.equals(contents)).toBe(true);
  });
  await fc.assert(property, { numRuns: 150 });
});
