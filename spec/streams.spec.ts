import assert from 'node:assert/strict';
import type { Consumer } from './support/channel.ts';
import { outcomes } from './support/confirms-outcomes.ts';
import type { Context } from './support/context.ts';
import { field } from './support/fields.ts';
import type { Table, Value } from './support/fields.ts';
import { declaring } from './parts/streams-declaring.ts';
import { streamOffsets } from './parts/streams-offset.ts';
import { topic } from './support/suite.ts';
import type { CaseOptions, Define } from './support/suite.ts';
import { reading, stream } from './support/streams-reading.ts';

const letters = ['a', 'b', 'c', 'd', 'e'];

export const streams = topic('streams', 'Streams', (define) => {
  const test = (
    name: string,
    { needs = [], ...options }: CaseOptions,
    run: (t: Context) => Promise<void>,
  ): void => define(name, { ...options, needs: ['streams', ...needs] }, run);
  declaring(test);
  consuming(test);
  streamOffsets(test);
  publishing(test);
});

function consuming(test: Define): void {
  test('messages stay in a stream after they were acked', { rules: ['STR-01', 'STR-10'] }, async (t) => {
    const queue = await stream(t, letters);
    for (let n = 0; n < 2; n++) {
      const consumer = await reading(t, queue, 'first');
      for (const body of letters) {
        const message = await consumer.next();
        assert.equal(message.body, body);
        consumer.ack(message);
      }
      await consumer.cancel();
    }
  });

  test('a consumer of a stream needs a prefetch', { rules: ['STR-05'] }, async (t) => {
    const queue = await stream(t, []);
    await t.refuses('basic.consume', { queue }, 406, noPrefetch(t, queue));
  });

  test(
    'a prefetch for the whole channel is none for a consumer of a stream',
    { rules: ['STR-05'], until: '4.3' },
    async (t) => {
      const [queue, channel] = [await stream(t, []), await t.channel()];
      await channel.call('basic.qos', { prefetchCount: 10, global: true });
      channel.send('basic.consume', { queue });
      await channel.refused(406, noPrefetch(t, queue), 'basic.consume');
    },
  );

  test(
    'a stream cannot be consumed under a prefetch for the whole channel',
    { rules: ['STR-06'], since: '4.0', until: '4.3' },
    async (t) => {
      const [queue, client] = [await stream(t, []), await t.connect()];
      const channel = await t.channel(client);
      for (const global of [false, true]) await channel.call('basic.qos', { prefetchCount: 10, global });
      channel.send('basic.consume', { queue });
      const text = `NOT_IMPLEMENTED - queue '${queue}' in vhost '/' does not support global qos`;
      await client.expectConnectionError(540, text, 'basic.consume');
    },
  );

  test('a consumer of a stream must ack', { rules: ['STR-06'] }, async (t) => {
    const [queue, client] = [await stream(t, []), await t.connect()];
    const channel = await t.channel(client);
    await channel.call('basic.qos', { prefetchCount: 10 });
    channel.send('basic.consume', { queue, noAck: true });
    const what = t.broker.pick({ '3.10': 'stream queues queue', '4.0': 'stream queue' });
    const text = `automatic acknowledgement not supported by ${what} '${queue}' in vhost '/'`;
    await client.expectConnectionError(540, `NOT_IMPLEMENTED - ${text}`, 'basic.consume');
  });

  for (const name of ['basic.get', 'queue.purge'] as const) {
    test(`${name} is not implemented for a stream`, { rules: ['STR-07'] }, async (t) => {
      const queue = await stream(t, ['a']);
      const text = `NOT_IMPLEMENTED - ${name} not supported by stream queues queue '${queue}' in vhost '/'`;
      await t.refusesConnection(name, { queue }, 540, text);
    });
  }

  test(
    'a delivery of a stream has its offset beside the headers of the publish',
    { rules: ['STR-09'] },
    async (t) => {
      const [exchange, queue] = [await t.exchange('topic'), await stream(t, [])];
      await t.bind(queue, exchange, '#');
      for (const body of ['a', 'b'])
        await t.publish(exchange, 'the.key', body, { headers: { body }, type: 't' });
      const consumer = await reading(t, queue, 'first');
      for (const [offset, body] of ['a', 'b'].entries()) {
        const { typedHeaders, redelivered, properties, ...message } = await consumer.next();
        assert.deepEqual(typedHeaders, { body: field('S', body), 'x-stream-offset': field('l', offset) });
        assert.deepEqual(
          [message.body, message.exchange, message.routingKey, redelivered, properties.type],
          [body, exchange, 'the.key', false, 't'],
        );
      }
    },
  );

  test('a delivery that was read before is not marked as redelivered', { rules: ['STR-09'] }, async (t) => {
    const queue = await stream(t, ['a']);
    const first = await reading(t, queue, 'first');
    await first.next();
    await first.channel.close();
    const { body, redelivered, headers } = await (await reading(t, queue, 'first')).next();
    assert.deepEqual([body, redelivered, headers], ['a', false, { 'x-stream-offset': 0 }]);
  });

  test('an ack makes room for the next delivery of a stream', { rules: ['STR-10'] }, async (t) => {
    const consumer = await reading(t, await stream(t, letters), 'first', 2);
    const [a, b] = [await consumer.next(), await consumer.next()];
    await consumer.nothing();
    consumer.ack(a);
    assert.equal((await consumer.next()).body, 'c');
    await consumer.nothing();
    consumer.ack(b);
    assert.equal((await consumer.next()).body, 'd');
  });

  for (const [name, settle] of [
    ['basic.nack', (consumer: Consumer, tag: number) => consumer.channel.nack(tag, true)],
    ['basic.reject', (consumer: Consumer, tag: number) => consumer.channel.reject(tag, true)],
  ] as const) {
    test(
      `${name} of a delivery of a stream is as an ack`,
      { rules: ['STR-10'], since: '3.13' },
      async (t) => {
        const queue = await stream(t, ['a', 'b']);
        const consumer = await reading(t, queue, 'first', 1);
        settle(consumer, (await consumer.next()).deliveryTag);
        settle(consumer, (await consumer.next()).deliveryTag);
        await t.send(queue, 'c');
        const { body, deliveryTag, redelivered } = await consumer.next();
        assert.deepEqual([body, deliveryTag, redelivered], ['c', 3, false]);
      },
    );

    test(
      `${name} of a delivery of a stream was not implemented before 3.13`,
      { rules: ['STR-10'], until: '3.13' },
      async (t) => {
        const [queue, client] = [await stream(t, ['a']), await t.connect()];
        const consumer = await reading(t, queue, 'first', 1, client);
        settle(consumer, (await consumer.next()).deliveryTag);
        const text = `basic.nack and basic.reject not supported by stream queues queue '${queue}' in vhost '/'`;
        await client.expectConnectionError(540, `NOT_IMPLEMENTED - ${text}`, name);
      },
    );
  }

  test(
    'a recover of deliveries of a stream is as an ack of all',
    { rules: ['STR-10'], since: '3.13' },
    async (t) => {
      const queue = await stream(t, ['a', 'b', 'c', 'd']);
      const consumer = await reading(t, queue, 'first', 2);
      assert.deepEqual(await consumer.bodies(2), ['a', 'b']);
      consumer.channel.send('basic.recover-async', { requeue: true });
      assert.deepEqual(await consumer.bodies(2), ['c', 'd']);
    },
  );

  test('a stream does not remember where a consumer was', { rules: ['STR-11'] }, async (t) => {
    const queue = await stream(t, letters);
    const read = async (offset: Value | undefined, count: number): Promise<string[]> => {
      const client = await t.connect();
      const consumer = await reading(t, queue, offset, 20, client);
      if (offset === undefined) await t.send(queue, 'f');
      const bodies = await consumer.bodies(count);
      consumer.ack({ deliveryTag: 0 }, true);
      client.stream.destroy();
      return bodies;
    };
    assert.deepEqual(await read(1, 2), ['b', 'c']);
    assert.deepEqual(await read('first', 5), letters);
    assert.deepEqual(await read(undefined, 1), ['f']);
  });

  test('all consumers of a stream get every message', { rules: ['STR-12'] }, async (t) => {
    const queue = await stream(t, ['a', 'b']);
    const consumers = [await reading(t, queue, 'first'), await reading(t, queue, 1)];
    await t.send(queue, 'c');
    assert.deepEqual(await consumers[0]?.bodies(3), ['a', 'b', 'c']);
    assert.deepEqual(await consumers[1]?.bodies(2), ['b', 'c']);
  });

  test('exclusive means nothing to consumers of a stream', { rules: ['STR-12'] }, async (t) => {
    const queue = await stream(t, ['a']);
    for (let n = 0; n < 2; n++) {
      const args = { 'x-stream-offset': 'first' };
      const consumer = await t.consume(queue, { exclusive: true, prefetch: 5, arguments: args });
      assert.equal((await consumer.next()).body, 'a');
    }
  });

  test('a consumer of a stream has no priority', { rules: ['STR-12'] }, async (t) => {
    const [queue, channel] = [await stream(t, []), await t.channel()];
    await channel.call('basic.qos', { prefetchCount: 10 });
    channel.send('basic.consume', { queue, arguments: { 'x-priority': 5 } });
    const text = `invalid arg 'x-priority' for queue '${queue}' in vhost '/' of queue type rabbit_stream_queue`;
    await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'basic.consume');
  });
}

function publishing(test: Define): void {
  test('a stream keeps transient messages like persistent ones', { rules: ['STR-14'] }, async (t) => {
    const queue = await stream(t, []);
    for (const deliveryMode of [1, 2]) {
      assert.equal(await t.send(queue, `mode ${deliveryMode}`, { deliveryMode }), 'ack');
    }
    const consumer = await reading(t, queue, 'first');
    assert.deepEqual(await consumer.bodies(2), ['mode 1', 'mode 2']);
  });

  test('a message for a stream and for a queue reaches both', { rules: ['STR-14', 'STR-09'] }, async (t) => {
    const [exchange, streamName, queue] = [await t.exchange('fanout'), await stream(t, []), await t.queue()];
    for (const destination of [streamName, queue]) await t.bind(destination, exchange, '');
    assert.equal(await t.publish(exchange, '', 'a', { headers: { mine: 1 } }), 'ack');
    const { headers } = await (await reading(t, streamName, 'first')).next();
    assert.deepEqual(headers, { mine: 1, 'x-stream-offset': 0 });
    const message = await t.take(queue);
    assert.deepEqual([message.body, message.headers], ['a', { mine: 1 }]);
  });

  test(
    'of many publishes a stream confirms each once, and keeps their order',
    { rules: ['STR-14'] },
    async (t) => {
      const [queue, channel] = [await stream(t, []), await t.confirmChannel()];
      const bodies = Array.from({ length: 200 }, (_, index) => `${index}`);
      for (const body of bodies) channel.publish('', queue, body);
      assert.deepEqual(await outcomes(channel, 200), Array<string>(200).fill('ack'));
      assert.deepEqual(await (await reading(t, queue, 'first', 200)).bodies(200), bodies);
    },
  );

  for (const [what, filter, wanted] of [
    ['a value', 'v3', ['v3']],
    ['several values', ['v3', 'v7'], ['v3', 'v7']],
  ] as const) {
    test(
      `a consumer that names ${what} gets what has it, and not the whole stream`,
      { rules: ['STR-15'], since: '3.13' },
      async (t) => {
        const bodies = await filtered(t, { 'x-stream-filter': filter });
        const found = bodies.filter((body) => (wanted as readonly string[]).includes(body));
        assert.deepEqual(found, [...wanted]);
        assert.ok(bodies.length < 20, `${bodies.length} came: ${bodies.join(' ')}`);
        assert.ok(!bodies.includes('none'), 'a message without a value came');
      },
    );
  }

  test(
    'a consumer that names a value may ask for messages without one, too',
    { rules: ['STR-15'], since: '3.13' },
    async (t) => {
      const filter = { 'x-stream-filter': 'v3', 'x-stream-match-unfiltered': true };
      const bodies = await filtered(t, filter);
      assert.deepEqual(
        bodies.filter((body) => ['v3', 'none'].includes(body)),
        ['none', 'v3', 'none'],
      );
      assert.ok(bodies.length < 22, `${bodies.length} came: ${bodies.join(' ')}`);
    },
  );
}

/**
 * What a filter lets through of a message without a value, v0 to v19, and again one without, each in a chunk of its own.
 * The end is marked by a message that every filter wants.
 */
async function filtered(t: Context, args: Table): Promise<string[]> {
  const queue = await stream(t, []);
  await t.send(queue, 'none');
  for (let n = 0; n < 20; n++)
    await t.send(queue, `v${n}`, { headers: { 'x-stream-filter-value': `v${n}` } });
  await t.send(queue, 'none');
  await t.send(queue, 'end', { headers: { 'x-stream-filter-value': 'v3' } });
  const offset = { 'x-stream-offset': 'first', ...args };
  const consumer = await t.consume(queue, { prefetch: 100, arguments: offset });
  const bodies: string[] = [];
  for (let body = ''; body !== 'end';) {
    ({ body } = await consumer.next());
    bodies.push(body);
  }
  return bodies.slice(0, -1);
}

function noPrefetch(t: Context, queue: string): string {
  const where = t.broker.pick({
    '3.10': `'queue '${queue}' in vhost '/''`,
    '4.0': `stream queue '${queue}' in vhost '/'`,
  });
  return `PRECONDITION_FAILED - consumer prefetch count is not set for ${where}`;
}
