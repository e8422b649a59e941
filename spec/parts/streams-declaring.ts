import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import { field } from '../support/fields.ts';
import type { Table, Value } from '../support/fields.ts';
import { reading, stream } from '../support/streams-reading.ts';
import type { Define } from '../support/suite.ts';

const letters = ['a', 'b', 'c', 'd', 'e'];

/** What a stream may be declared with. */
export function declaring(test: Define): void {
  for (const [property, flags] of [
    ['non-durable', { durable: false }],
    ['exclusive-owner', { durable: true, exclusive: true }],
    ['auto-delete', { durable: true, autoDelete: true }],
  ] as const) {
    test(`a stream may not be ${property}`, { rules: ['STR-01'] }, async (t) => {
      const queue = t.name('q');
      const declare = { queue, ...flags, arguments: { 'x-queue-type': 'stream' } };
      const text = `PRECONDITION_FAILED - invalid property '${property}' for queue '${queue}' in vhost '/'`;
      await t.refuses('queue.declare', declare, 406, text);
    });
  }

  test('a stream is not declared again without its type', { rules: ['STR-01'] }, async (t) => {
    const queue = await stream(t, []);
    const found = t.broker.pick({
      '3.10': "received none but current is the value 'stream' of type 'longstr'",
      '4.0': "received 'classic' but current is 'stream'",
    });
    const text = `inequivalent arg 'x-queue-type' for queue '${queue}' in vhost '/': ${found}`;
    await t.refuses('queue.declare', { queue, durable: true }, 406, `PRECONDITION_FAILED - ${text}`);
    await t.queue({ 'x-queue-type': 'stream' }, { queue });
  });

  for (const age of ['1Y', '2M', '7D', '3h', '4m', '5s']) {
    test(`a stream may keep its messages for ${age}`, { rules: ['STR-02'] }, async (t) => {
      await stream(t, [], { 'x-max-age': age });
    });
  }

  for (const age of ['0s', '7', '7d', '7 D', '1.5D', '7DD']) {
    test(`'${age}' is no age for a stream`, { rules: ['STR-02'] }, (t) =>
      refusesValue(t, 'x-max-age', age, 'invalid_max_age'),
    );
  }

  for (const age of ['', 'D', '-1D']) {
    test(
      `'${age}' is no age for a stream, which is not an internal error`,
      { rules: ['STR-02'] },
      async (t) => {
        if (t.broker.isRabbitMQ && !t.broker.since('4.0')) t.skip('RabbitMQ failed with 541 before 4.0');
        await refusesValue(t, 'x-max-age', age, 'invalid_max_age');
      },
    );
  }

  for (const [shown, age] of [
    ['signedint', 5],
    ['byte', field('b', 5)],
    ['bool', true],
  ] as const) {
    test(`the age of a stream may not be of type ${shown}`, { rules: ['STR-02'] }, (t) =>
      refusesValue(t, 'x-max-age', age, `{unacceptable_type,${shown}}`),
    );
  }

  test('a limit in bytes removes only whole segments of a stream', { rules: ['STR-03'] }, async (t) => {
    const queue = await stream(t, letters, { 'x-max-length-bytes': 1 });
    assert.deepEqual(await (await reading(t, queue, 'first')).bodies(5), letters);
  });

  test('a segment of a stream has at most 3000000000 bytes', { rules: ['STR-03'] }, async (t) => {
    const name = 'x-stream-max-segment-size-bytes';
    await stream(t, [], { [name]: 3_000_000_000 });
    await refusesStream(t, { [name]: 3_000_000_001 }, () => `Exceeded max value for ${name}`);
  });

  test(
    'the filter of a chunk of a stream has 16 to 255 bytes',
    { rules: ['STR-03'], since: '3.13' },
    async (t) => {
      const name = 'x-stream-filter-size-bytes';
      for (const size of [16, 255]) await stream(t, [], { [name]: size });
      for (const size of [15, 256])
        await refusesStream(t, { [name]: size }, () => `Invalid value for ${name}`);
    },
  );

  for (const [name, value] of [
    ['x-message-ttl', 1000],
    ['x-expires', 60_000],
    ['x-max-length', 5],
    ['x-overflow', 'drop-head'],
    ['x-dead-letter-exchange', ''],
    ['x-dead-letter-routing-key', 'key'],
    ['x-max-priority', 5],
    ['x-delivery-limit', 5],
    ['x-single-active-consumer', true],
  ] as const) {
    test(`a stream has no ${name}`, { rules: ['STR-04'] }, (t) =>
      refusesStream(
        t,
        { [name]: value },
        (queue) =>
          `invalid arg '${name}' for queue '${queue}' in vhost '/' of queue type rabbit_stream_queue`,
      ),
    );
  }

  test('a stream is deleted with its messages, which are not counted', { rules: ['STR-13'] }, async (t) => {
    const queue = await stream(t, letters);
    const channel = await t.channel();
    assert.equal((await channel.call('queue.delete', { queue, ifEmpty: true })).messageCount, 0);
    assert.equal(await t.hasQueue(queue), false);
  });
}

async function refusesStream(t: Context, args: Table, text: (queue: string) => string): Promise<void> {
  const queue = t.name('q');
  const declare = { queue, durable: true, arguments: { 'x-queue-type': 'stream', ...args } };
  await t.refuses('queue.declare', declare, 406, `PRECONDITION_FAILED - ${text(queue)}`);
}

function refusesValue(t: Context, name: string, value: Value, why: string): Promise<void> {
  return refusesStream(
    t,
    { [name]: value },
    (queue) => `invalid arg '${name}' for queue '${queue}' in vhost '/': ${why}`,
  );
}
