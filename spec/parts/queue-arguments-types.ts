import assert from 'node:assert/strict';
import { invalidArgument, queueLabel } from '../support/declaring-texts.ts';
import { field } from '../support/fields.ts';
import type { QueueFlags } from '../support/context.ts';
import type { Feature } from '../support/features.ts';
import type { Value } from '../support/fields.ts';
import type { CaseOptions, Define } from '../support/suite.ts';

type Type = 'classic' | 'quorum' | 'stream';

const needs: Readonly<Record<Type, readonly Feature[]>> = {
  classic: [],
  quorum: ['quorum-queues'],
  stream: ['streams'],
};

/** Which arguments and properties the queue types have. */
export function argumentsOfTypes(test: Define): void {
  supported(test);
  foreign(test);
  unknown(test);
  properties(test);
}

function supported(test: Define): void {
  const rows: readonly [type: Type, name: string, value: Value, options?: Partial<CaseOptions>][] = [
    ['classic', 'x-expires', 60_000],
    ['classic', 'x-message-ttl', 60_000],
    ['classic', 'x-dead-letter-exchange', 'amq.fanout'],
    ['classic', 'x-max-length', 10],
    ['classic', 'x-max-length-bytes', 10],
    ['classic', 'x-max-priority', 5],
    ['classic', 'x-overflow', 'reject-publish'],
    ['classic', 'x-queue-mode', 'lazy'],
    ['classic', 'x-queue-version', 2],
    ['classic', 'x-single-active-consumer', true],
    ['classic', 'x-queue-type', 'classic'],
    ['classic', 'x-queue-leader-locator', 'balanced', { since: '4.0' }],
    ['quorum', 'x-expires', 60_000],
    ['quorum', 'x-message-ttl', 60_000],
    ['quorum', 'x-dead-letter-exchange', 'amq.fanout'],
    ['quorum', 'x-dead-letter-strategy', 'at-most-once'],
    ['quorum', 'x-max-length', 10],
    ['quorum', 'x-max-length-bytes', 10],
    ['quorum', 'x-max-in-memory-length', 10],
    ['quorum', 'x-max-in-memory-bytes', 10],
    ['quorum', 'x-overflow', 'reject-publish'],
    ['quorum', 'x-single-active-consumer', true],
    ['quorum', 'x-delivery-limit', 5],
    ['quorum', 'x-quorum-initial-group-size', 3],
    ['quorum', 'x-queue-leader-locator', 'balanced'],
    ['quorum', 'x-consumer-timeout', 60_000, { since: '4.3' }],
    ['quorum', 'x-consumer-disconnected-timeout', 60_000, { since: '4.3' }],
    ['quorum', 'x-delayed-retry-type', 'all', { since: '4.3' }],
    ['quorum', 'x-delayed-retry-min', 100, { since: '4.3' }],
    ['quorum', 'x-delayed-retry-max', 100, { since: '4.3' }],
    ['stream', 'x-max-length-bytes', 1_000_000_000],
    ['stream', 'x-max-age', '1D'],
    ['stream', 'x-stream-max-segment-size-bytes', 1_000_000],
    ['stream', 'x-stream-filter-size-bytes', 16, { since: '3.13' }],
    ['stream', 'x-initial-cluster-size', 1],
    ['stream', 'x-queue-leader-locator', 'balanced'],
  ];
  for (const [type, name, value, options] of rows) {
    test(
      `a ${kind(type)} has the argument ${name}`,
      { rules: ['ARG-05', 'QUE-14'], needs: needs[type], ...options },
      async (t) => {
        const queue = await t.queue({ ...typed(type), [name]: value });
        await t.queue({ ...typed(type), [name]: value }, { queue });
      },
    );
  }

  test(
    'an initial group larger than the cluster is accepted: the queue works with the nodes there are',
    { rules: ['QUE-19'], needs: ['quorum-queues'] },
    async (t) => {
      const queue = await t.queue({ ...typed('quorum'), 'x-quorum-initial-group-size': 7 });
      await t.send(queue, 'a');
      assert.deepEqual(await t.takeBodies(queue, 1), ['a']);
    },
  );

  test(
    'a place for the leader of a classic queue is accepted: the queue works as any other',
    { rules: ['QUE-19'], since: '4.0' },
    async (t) => {
      const queue = await t.queue({ 'x-queue-leader-locator': 'client-local' });
      await t.send(queue, 'a');
      assert.deepEqual(await t.drain(queue), ['a']);
    },
  );
}

function foreign(test: Define): void {
  const rows: readonly [type: Type, names: readonly string[], options?: Partial<CaseOptions>][] = [
    [
      'classic',
      [
        'x-delivery-limit',
        'x-dead-letter-strategy',
        'x-max-in-memory-length',
        'x-max-in-memory-bytes',
        'x-quorum-initial-group-size',
        'x-max-age',
        'x-stream-max-segment-size-bytes',
        'x-initial-cluster-size',
      ],
    ],
    ['classic', ['x-stream-filter-size-bytes'], { since: '3.13' }],
    [
      'classic',
      [
        'x-consumer-timeout',
        'x-consumer-disconnected-timeout',
        'x-delayed-retry-type',
        'x-delayed-retry-min',
      ],
      { since: '4.3' },
    ],
    ['quorum', ['x-max-priority', 'x-queue-mode', 'x-queue-version', 'x-max-age', 'x-initial-cluster-size']],
    [
      'stream',
      [
        'x-message-ttl',
        'x-expires',
        'x-max-length',
        'x-dead-letter-exchange',
        'x-dead-letter-routing-key',
        'x-max-priority',
        'x-overflow',
        'x-single-active-consumer',
        'x-delivery-limit',
      ],
    ],
  ];
  for (const [type, names, options] of rows) {
    for (const name of names) {
      test(
        `a ${kind(type)} has no argument ${name}, and does not look at its value`,
        { rules: ['ARG-02', 'ARG-05', 'QUE-14', 'QUE-15'], needs: needs[type], ...options },
        async (t) => {
          const queue = t.name('q');
          const value = name.startsWith('x-dead-letter-e') ? '' : field('b', 1);
          const declare = { queue, durable: true, arguments: { ...typed(type), [name]: value } };
          await t.refuses('queue.declare', declare, 406, notOfType(name, queue, type));
          assert.equal(await t.hasQueue(queue), false);
        },
      );
    }
  }

  test(
    'before 4.3 x-consumer-timeout is an argument nobody knows',
    { rules: ['ARG-04'], until: '4.3' },
    async (t) => {
      await t.queue({ 'x-consumer-timeout': field('b', -1) });
    },
  );

  const consumerArguments: readonly [type: Type, name: string, options?: Partial<CaseOptions>][] = [
    ['classic', 'x-stream-offset'],
    ['classic', 'x-stream-filter', { since: '3.13' }],
    ['classic', 'x-stream-match-unfiltered', { since: '3.13' }],
    ['classic', 'x-consumer-timeout', { since: '4.3' }],
    ['quorum', 'x-stream-offset'],
    ['stream', 'x-priority'],
    ['stream', 'x-consumer-timeout', { since: '4.3' }],
  ];
  for (const [type, name, options] of consumerArguments) {
    test(
      `consumers of a ${kind(type)} have no argument ${name}`,
      { rules: ['QUE-14'], needs: needs[type], ...options },
      async (t) => {
        const queue = await t.queue(typed(type));
        const channel = await t.channel();
        await channel.call('basic.qos', { prefetchCount: 1 });
        channel.send('basic.consume', { queue, arguments: { [name]: field('b', 1) } });
        await channel.refused(406, notOfType(name, queue, type), 'basic.consume');
      },
    );
  }

  for (const [type, name, value] of [
    ['classic', 'x-priority', 5],
    ['quorum', 'x-priority', 5],
    ['stream', 'x-stream-offset', 'first'],
  ] as const) {
    test(
      `consumers of a ${kind(type)} have the argument ${name}`,
      { rules: ['QUE-14'], needs: needs[type] },
      async (t) => {
        const queue = await t.queue(typed(type));
        await t.send(queue, 'a');
        const consumer = await t.consume(queue, { prefetch: 1, arguments: { [name]: value } });
        assert.deepEqual(await consumer.bodies(1), ['a']);
      },
    );
  }
}

function unknown(test: Define): void {
  for (const type of ['classic', 'quorum', 'stream'] as const) {
    test(
      `a ${kind(type)} may have arguments nobody knows, of any value`,
      { rules: ['ARG-05', 'QUE-15'], needs: needs[type] },
      async (t) => {
        const queue = await t.queue({
          ...typed(type),
          mine: 'a',
          'x-mine': field('D', { scale: 1, digits: 5 }),
        });
        assert.equal(await t.hasQueue(queue), true);
      },
    );
  }

  test(
    'the HTTP API shows the arguments nobody knows beside the others',
    { rules: ['ARG-05'], needs: ['management'] },
    async (t) => {
      const queue = await t.queue({ mine: 'a', 'x-max-length': 5 });
      const stored = await t.admin.must('GET', `/queues/%2F/${queue}`);
      const type = t.broker.since('4.0') ? { 'x-queue-type': 'classic' } : {};
      const { arguments: args } = stored.json as { arguments: unknown };
      assert.deepEqual(args, { mine: 'a', 'x-max-length': 5, ...type });
    },
  );
}

function properties(test: Define): void {
  const bad: readonly [what: string, flags: QueueFlags, property: string][] = [
    ['transient', { durable: false }, 'non-durable'],
    ['exclusive', { exclusive: true }, 'exclusive-owner'],
    ['auto-delete', { autoDelete: true }, 'auto-delete'],
    ['transient and exclusive', { durable: false, exclusive: true }, 'exclusive-owner'],
    ['transient and auto-delete', { durable: false, autoDelete: true }, 'auto-delete'],
    ['exclusive and auto-delete', { exclusive: true, autoDelete: true }, 'auto-delete'],
  ];
  for (const type of ['quorum', 'stream'] as const) {
    for (const [what, flags, property] of bad) {
      test(
        `a ${kind(type)} cannot be ${what}: the property ${property} is refused`,
        { rules: ['ARG-06', 'QUE-17'], needs: needs[type] },
        async (t) => {
          const queue = t.name('q');
          const text = `PRECONDITION_FAILED - invalid property '${property}' for ${queueLabel(queue)}`;
          const declare = { queue, durable: true, arguments: typed(type), ...flags };
          await t.refuses('queue.declare', declare, 406, text);
        },
      );
    }

    test(
      `a ${kind(type)} cannot be named by the broker`,
      { rules: ['ARG-06', 'QUE-18'], needs: needs[type] },
      async (t) => {
        const text = `PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_${type}_queue`;
        await t.refuses('queue.declare', { durable: true, arguments: typed(type) }, 406, text);
      },
    );
  }
}

/** What a queue of this type is called. */
function kind(type: Type): string {
  return type === 'stream' ? 'stream' : `${type} queue`;
}

function typed(type: Type): { readonly 'x-queue-type'?: Type } {
  return type === 'classic' ? {} : { 'x-queue-type': type };
}

function notOfType(name: string, queue: string, type: Type): string {
  return invalidArgument(name, queue, ` of queue type rabbit_${type}_queue`);
}
