import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Channel } from '../support/channel.ts';
import { lonely } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import { contentHeader } from '../support/content.ts';
import type { Context } from '../support/context.ts';
import { frames } from '../support/protocol.ts';
import type { Args, MethodName } from '../support/protocol.ts';

/** Codes, texts, answers, and their order. */
export function errorCases(test: Define): void {
  channelErrors(test);
  connectionErrors(test);
  texts(test);
  withoutWaiting(test);
  order(test);
}

type Blunder = (t: Context, channel: Channel) => Promise<MethodName>;

/** A way to each code that closes a channel, and the method it is blamed on. */
const ON_A_CHANNEL: readonly (readonly [number, string, Blunder])[] = [
  [403, 'ACCESS_REFUSED', async (_, channel) => says(channel, 'exchange.delete', { exchange: '' })],
  [404, 'NOT_FOUND', async (t, channel) => says(channel, 'queue.purge', { queue: t.name('q') })],
  [405, 'RESOURCE_LOCKED', asksForALockedQueue],
  [406, 'PRECONDITION_FAILED', async (_, channel) => says(channel, 'basic.ack', { deliveryTag: 5 })],
];

async function asksForALockedQueue(t: Context, channel: Channel): Promise<MethodName> {
  const queue = await t.queue({}, { exclusive: true });
  return says(channel, 'basic.get', { queue });
}

function says<N extends MethodName>(channel: Channel, name: N, args: Args<N>): N {
  channel.send(name, args);
  return name;
}

function channelErrors(test: Define): void {
  for (const [code, name, blunder] of ON_A_CHANNEL) {
    test(
      `${code} ${name} closes a channel, names the method, and leaves the connection open`,
      { rules: ['GEN-04', 'GEN-01', 'GEN-03'] },
      async (t) => {
        const client = await t.connect();
        const [bad, good] = [await t.channel(client), await t.channel(client)];
        const at = await blunder(t, bad);
        await bad.refused(code, new RegExp(`^${name} - [^ ]`), at);
        await good.settled();
        await client.call(bad.number, 'channel.open');
      },
    );
  }

  test('312 NO_ROUTE is a return and closes nothing', { rules: ['GEN-04'] }, async (t) => {
    const channel = await lonely(t);
    const args = { routingKey: t.name('nowhere'), mandatory: true };
    channel.client.publish(channel.number, args, 'a');
    const { replyCode, replyText } = await channel.returned();
    assert.deepEqual([replyCode, replyText], [312, 'NO_ROUTE']);
    await channel.settled();
  });
}

/** A way to each code that closes the connection; `undefined` where no method is blamed. */
const ON_A_CONNECTION: readonly (readonly [number, string, (channel: Channel) => MethodName | undefined])[] =
  [
    [501, 'FRAME_ERROR', (channel) => sends(channel, 4)],
    [503, 'COMMAND_INVALID', (channel) => says(channel, 'basic.qos-ok', {})],
    [504, 'CHANNEL_ERROR', (channel) => says(channel, 'channel.open', {})],
    [505, 'UNEXPECTED_FRAME', (channel) => sends(channel, frames.body)],
    [530, 'NOT_ALLOWED', usesATagTwice],
    [540, 'NOT_IMPLEMENTED', (channel) => says(channel, 'channel.flow', { active: false })],
  ];

/** Sends a frame that is no method. */
function sends({ client, number }: Channel, type: number): undefined {
  client.sendFrame(type, number, Buffer.from('x'));
}

function usesATagTwice(channel: Channel): MethodName {
  channel.send('queue.declare', { exclusive: true });
  channel.send('basic.consume', { consumerTag: 'tag' });
  return says(channel, 'basic.consume', { consumerTag: 'tag' });
}

function connectionErrors(test: Define): void {
  for (const [code, name, blunder] of ON_A_CONNECTION) {
    test(
      `${code} ${name} closes the connection with all its channels`,
      { rules: ['GEN-04', 'GEN-01', 'GEN-03'] },
      async (t) => {
        const client = await t.connect();
        const [bad, good] = [await t.channel(client), await t.channel(client)];
        const at = blunder(bad);
        await client.expectConnectionError(code, new RegExp(`^${name} - [^ ]`), at);
        assert.deepEqual(
          client.frames.filter(({ channel }) => channel === good.number),
          [],
        );
      },
    );
  }

  test('a fault in the content of a message is blamed on basic.publish', { rules: ['GEN-03'] }, async (t) => {
    const channel = await lonely(t);
    channel.send('basic.publish');
    channel.client.sendFrame(frames.header, channel.number, contentHeader(5));
    channel.client.sendFrame(frames.header, channel.number, contentHeader(5));
    await channel.client.expectConnectionError(505, /^UNEXPECTED_FRAME - /, 'basic.publish');
  });
}

function texts(test: Define): void {
  test('a text of more than 255 bytes is cut and ends with three dots', { rules: ['GEN-02'] }, async (t) => {
    const queue = t.name('q').padEnd(255, 'x');
    const whole = `NOT_FOUND - no queue '${queue}' in vhost '/'`;
    const cut = `${whole.slice(0, 252)}...`;
    await t.refuses('queue.declare', { queue, passive: true }, 404, cut);
  });

  test('a text of exactly 255 bytes is whole', { rules: ['GEN-02'] }, async (t) => {
    const around = "NOT_FOUND - no queue '' in vhost '/'".length;
    const queue = t.name('q').padEnd(255 - around, 'x');
    const whole = `NOT_FOUND - no queue '${queue}' in vhost '/'`;
    await t.refuses('queue.declare', { queue, passive: true }, 404, whole);
  });

  test('a text of 256 bytes is cut', { rules: ['GEN-02'] }, async (t) => {
    const around = "NOT_FOUND - no queue '' in vhost '/'".length;
    const queue = t.name('q').padEnd(256 - around, 'x');
    const whole = `NOT_FOUND - no queue '${queue}' in vhost '/'`;
    await t.refuses('queue.declare', { queue, passive: true }, 404, `${whole.slice(0, 252)}...`);
  });

  test('a text names a queue with its vhost', { rules: ['GEN-05', 'GEN-01'] }, async (t) => {
    const queue = t.name('q');
    await t.refuses('basic.consume', { queue }, 404, `NOT_FOUND - no queue '${queue}' in vhost '/'`);
  });

  test('a text names an exchange with its vhost', { rules: ['GEN-05', 'GEN-01'] }, async (t) => {
    const exchange = t.name('x');
    const text = `NOT_FOUND - no exchange '${exchange}' in vhost '/'`;
    await t.refusesPublish({ exchange }, {}, 404, text);
  });

  test(
    'a text names the vhost of the connection',
    { rules: ['GEN-05'], needs: ['management'] },
    async (t) => {
      const vhost = await t.vhost();
      const queue = t.name('q');
      const text = `NOT_FOUND - no queue '${queue}' in vhost '${vhost}'`;
      await t.refuses('basic.get', { queue }, 404, text, await t.connect({ vhost }));
    },
  );

  test(
    "a refusal for lack of permission calls the default exchange 'amq.default'",
    { rules: ['GEN-05', 'GEN-20'], needs: ['management'] },
    async (t) => {
      const { user, password } = await t.user({});
      const write = t.broker.pick({ '3.10': 'access', '3.12': 'write access' });
      const text = `ACCESS_REFUSED - ${write} to exchange 'amq.default' in vhost '/' refused for user '${user}'`;
      const client = await t.connect({ user, password });
      await t.refusesPublish({ routingKey: 'anywhere' }, {}, 403, text, client);
    },
  );
}

/** Requests that may go unanswered: in this order each of them succeeds. */
function requests(queue: string, exchange: string, other: string): [MethodName, object][] {
  const binding = { queue, exchange, routingKey: 'key' };
  const between = { destination: other, source: exchange, routingKey: 'key' };
  return [
    ['queue.declare', { queue, durable: true }],
    ['queue.declare', { queue, passive: true }],
    ['exchange.declare', { exchange, type: 'direct' }],
    ['exchange.declare', { exchange: other, type: 'fanout' }],
    ['exchange.declare', { exchange, passive: true }],
    ['queue.bind', binding],
    ['exchange.bind', between],
    ['exchange.unbind', between],
    ['basic.consume', { queue, consumerTag: 'tag' }],
    ['basic.cancel', { consumerTag: 'tag' }],
    ['queue.purge', { queue }],
    ['queue.delete', { queue }],
    ['exchange.delete', { exchange }],
    ['exchange.delete', { exchange: other }],
    ['confirm.select', {}],
  ];
}

function withoutWaiting(test: Define): void {
  test('requests with no-wait are done and not answered', { rules: ['GEN-07'] }, async (t) => {
    const channel = await lonely(t);
    const [queue, exchange, other] = [t.name('q'), t.name('x'), t.name('x')];
    for (const [name, args] of requests(queue, exchange, other)) {
      channel.send<MethodName>(name, { ...args, noWait: true });
      await channel.client.expectSilence(channel.number);
    }
    assert.deepEqual([await t.hasQueue(queue), await t.hasExchange(exchange)], [false, false]);
  });

  test('a queue declared with no-wait is there', { rules: ['GEN-07'] }, async (t) => {
    const channel = await lonely(t);
    const queue = t.name('q');
    channel.send('queue.declare', { queue, durable: true, noWait: true });
    channel.publish('', queue, 'a');
    assert.equal((await channel.get(queue))?.body, 'a');
  });

  for (const [name, args] of [
    ['queue.declare', { queue: 'nothing', passive: true }],
    ['queue.bind', { queue: 'nothing', exchange: 'amq.direct' }],
    ['queue.purge', { queue: 'nothing' }],
    ['exchange.declare', { exchange: 'nothing', passive: true, type: 'direct' }],
    ['exchange.bind', { destination: 'nothing', source: 'amq.direct' }],
    ['basic.consume', { queue: 'nothing' }],
  ] as const) {
    test(
      `a ${name} with no-wait that fails closes the channel all the same`,
      { rules: ['GEN-07'] },
      async (t) => {
        const missing = t.name('nothing');
        const named = Object.entries(args).map(([key, value]) => [
          key,
          value === 'nothing' ? missing : value,
        ]);
        const asked = { ...Object.fromEntries(named), noWait: true } as Args<typeof name>;
        await t.refuses(name, asked, 404, /^NOT_FOUND - no (queue|exchange) /);
      },
    );
  }
}

function order(test: Define): void {
  test(
    'requests may be sent without waiting, and are answered in their order',
    { rules: ['GEN-08'] },
    async (t) => {
      const channel = await lonely(t);
      const queue = t.name('q');
      channel.send('queue.declare', { queue, durable: true });
      channel.publish('', queue, 'a');
      channel.send('basic.get', { queue, noAck: true });
      channel.send('basic.get', { queue });
      channel.send('basic.qos', { prefetchCount: 5 });
      channel.send('queue.purge', { queue });
      channel.send('queue.delete', { queue });
      channel.send('channel.close');
      await channel.expect('queue.declare-ok');
      assert.equal((await channel.client.message(channel.number, 'basic.get-ok')).body, 'a');
      for (const answer of [
        'basic.get-empty',
        'basic.qos-ok',
        'queue.purge-ok',
        'queue.delete-ok',
      ] as const) {
        await channel.expect(answer);
      }
      await channel.expect('channel.close-ok');
    },
  );

  test('what follows an error on its channel is not done', { rules: ['GEN-08', 'GEN-04'] }, async (t) => {
    const channel = await lonely(t);
    const [before, after] = [t.name('q'), t.name('q')];
    channel.send('queue.declare', { queue: before, durable: true });
    channel.send('queue.purge', { queue: t.name('nothing') });
    channel.send('queue.declare', { queue: after, durable: true });
    await channel.expect('queue.declare-ok');
    await channel.refused(404, /^NOT_FOUND - no queue /, 'queue.purge');
    await channel.client.call(channel.number, 'channel.open');
    assert.deepEqual([await t.hasQueue(before), await t.hasQueue(after)], [true, false]);
  });

  test(
    'messages of a channel come in the order in which it published them',
    { rules: ['GEN-08'] },
    async (t) => {
      const queue = await t.queue();
      const channel = await lonely(t);
      const bodies = Array.from({ length: 100 }, (_, n) => `${n}`);
      for (const body of bodies) channel.publish('', queue, body);
      await channel.settled();
      assert.deepEqual(await t.takeBodies(queue, 100), bodies);
    },
  );

  test('a channel that waits for a body does not hold up another', { rules: ['GEN-08'] }, async (t) => {
    const queue = await t.queue();
    const client = await t.connect();
    const [waiting, other] = [await t.channel(client), await t.channel(client)];
    waiting.send('basic.publish', { routingKey: queue });
    client.sendFrame(frames.header, waiting.number, contentHeader(5));
    other.publish('', queue, 'other');
    assert.equal((await other.get(queue))?.body, 'other');
  });

  test(
    'a channel that hears nothing of its consumer does not hold up another',
    { rules: ['GEN-08'] },
    async (t) => {
      const [busy, queue] = [await t.queue(), await t.queue()];
      for (let n = 0; n < 20; n++) await t.send(busy, 'x'.repeat(10_000));
      const client = await t.connect();
      await t.consume(busy, {}, client);
      const other = await t.channel(client);
      other.publish('', queue, 'a');
      assert.equal((await other.get(queue))?.body, 'a');
    },
  );
}
