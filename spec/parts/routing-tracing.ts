import assert from 'node:assert/strict';
import { segment } from '../support/admin.ts';
import type { Channel } from '../support/channel.ts';
import type { Context } from '../support/context.ts';
import type { Message } from '../support/client.ts';
import { field } from '../support/fields.ts';
import type { Field, Fields } from '../support/fields.ts';
import type { Define } from '../support/suite.ts';

/** RabbitMQ 3.10 forgets one of two vhosts that begin to be traced at the same time. */
const TRACING = { rules: ['RTE-31'], needs: ['management'], alone: true } as const;

/** The copies of a publish or of deliveries, for those who bind to `amq.rabbitmq.trace`. */
export function tracing(test: Define): void {
  test('while a vhost is traced, copies of its messages go to amq.rabbitmq.trace', TRACING, async (t) => {
    const { channel, next } = await traced(t);
    await channel.call('queue.declare', { queue: 'q', durable: true });
    await channel.call('queue.bind', { queue: 'q', exchange: 'amq.direct', routingKey: 'key' });
    await channel.publishConfirmed('amq.direct', 'key', 'm');
    const published = await next();
    assert.equal((await channel.get('q'))?.body, 'm');
    const delivered = await next();
    for (const [copy, key] of [
      [published, 'publish.amq.direct'],
      [delivered, 'deliver.q'],
    ] as const) {
      assert.deepEqual([copy.exchange, copy.routingKey, copy.body], ['amq.rabbitmq.trace', key, 'm']);
      assert.deepEqual([copy.redelivered, Object.keys(copy.properties)], [false, ['headers']]);
    }
  });

  test('the copy of a publish says who published what, and where it went', TRACING, async (t) => {
    const { channel, next, vhost } = await traced(t);
    for (const queue of ['a', 'b']) {
      await channel.call('queue.declare', { queue, durable: true });
      await channel.call('queue.bind', { queue, exchange: 'amq.fanout' });
    }
    const properties = {
      contentType: 'text/plain',
      headers: { CC: ['more'], BCC: ['hidden'] },
      deliveryMode: 2,
      timestamp: 1000,
    };
    await channel.publishConfirmed('amq.fanout', 'key', 'm', properties);
    const { typedHeaders } = await next();
    assert.deepEqual(withoutOrder(typedHeaders, 'routed_queues'), {
      ...origin(t, channel, vhost),
      exchange_name: longstr('amq.fanout'),
      routing_keys: longstrs('key', 'more', 'hidden'),
      routed_queues: longstrs('a', 'b'),
      properties: field('F', {
        content_type: longstr('text/plain'),
        headers: field('F', { CC: longstrs('more') }),
        delivery_mode: field('I', 2),
        timestamp: field('I', 1000),
      }),
      ...places(typedHeaders),
    });
  });

  test(
    'the copy of a publish to the default exchange names every queue it was addressed to, whether there is one or not',
    TRACING,
    async (t) => {
      const { channel, next } = await traced(t);
      await channel.publishConfirmed('', 'nobody', 'm');
      const { routingKey, typedHeaders } = await next();
      assert.equal(routingKey, 'publish.');
      assert.deepEqual(typedHeaders['routed_queues'], longstrs('nobody'));
      assert.deepEqual(typedHeaders['properties'], field('F', {}));
    },
  );

  test('the copy of a publish that reached no queue names none', TRACING, async (t) => {
    const { channel, next } = await traced(t);
    await channel.publishConfirmed('amq.direct', 'nobody', 'm');
    assert.deepEqual((await next()).typedHeaders['routed_queues'], longstrs());
  });

  test('the copy of a delivery says whether it was one before', TRACING, async (t) => {
    const { channel, next, vhost } = await traced(t);
    await channel.call('queue.declare', { queue: 'q', durable: true });
    await channel.publishConfirmed('', 'q', 'm');
    await next();
    for (const redelivered of [0, 1]) {
      const { deliveryTag = 0 } = (await channel.get('q', false)) ?? {};
      channel.reject(deliveryTag, true);
      const { typedHeaders } = await next();
      assert.deepEqual(typedHeaders, {
        ...origin(t, channel, vhost),
        exchange_name: longstr(''),
        routing_keys: longstrs('q'),
        properties: field('F', {}),
        redelivered: field('I', redelivered),
        ...places(typedHeaders),
      });
    }
  });

  test('a publish is copied before its transaction is committed', TRACING, async (t) => {
    const { connection, next } = await traced(t);
    const channel = await t.channel(connection);
    await channel.call('tx.select');
    channel.client.publish(channel.number, { routingKey: 'q' }, 'm');
    assert.equal((await next()).routingKey, 'publish.');
    await channel.call('tx.rollback');
  });
}

interface Traced {
  readonly vhost: string;
  readonly connection: Channel['client'];
  /** In confirm mode, on that connection. */
  readonly channel: Channel;
  /** The next copy. */
  readonly next: () => Promise<Message<'basic.deliver'>>;
}

/** A vhost that is traced, with a consumer for the copies. */
async function traced(t: Context): Promise<Traced> {
  const vhost = await t.vhost();
  const watcher = await t.channel(await t.connect({ vhost }));
  await watcher.call('queue.declare', { queue: 'copies', exclusive: true });
  const exchange = 'amq.rabbitmq.trace';
  await watcher.call('queue.bind', { queue: 'copies', exchange, routingKey: '#' });
  await watcher.call('basic.consume', { queue: 'copies', noAck: true });
  await t.admin.must('PUT', `/vhosts/${segment(vhost)}`, { tracing: true });
  t.undo(() => t.admin.put(`/vhosts/${segment(vhost)}`, { tracing: false }));
  const connection = await t.connect({ vhost });
  const channel = await t.confirmChannel(connection);
  const next = (): Promise<Message<'basic.deliver'>> =>
    watcher.client.message(watcher.number, 'basic.deliver');
  return { vhost, connection, channel, next };
}

/** What every copy says of where it comes from. */
function origin(t: Context, { number }: Channel, vhost: string): Fields {
  return { vhost: longstr(vhost), channel: field('I', number), user: longstr(t.broker.login.user) };
}

/** The names of node and connection are the broker's own, but they are told. */
function places({ node, connection }: Fields): Fields {
  assert.ok(node?.tag === 'S' && connection?.tag === 'S');
  return { node, connection };
}

/** The array under this key, sorted. */
function withoutOrder(headers: Fields, key: string): Fields {
  const values = (headers[key]?.value ?? []) as readonly Field[];
  return { ...headers, [key]: longstrs(...values.map(({ value }) => String(value)).sort()) };
}

function longstr(text: string): Field {
  return field('S', text);
}

function longstrs(...texts: readonly string[]): Field {
  return field('A', texts.map(longstr));
}
