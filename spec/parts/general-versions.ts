import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { segment } from '../support/admin.ts';
import type { Channel } from '../support/channel.ts';
import { lonely } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import { contentHeader } from '../support/content.ts';
import { field } from '../support/fields.ts';
import { frames } from '../support/protocol.ts';

const MIB_16 = 16_777_216;

/** Where versions differ; each case expects what its version does. */
export function versionCases(test: Define): void {
  permissions(test);
  declarations(test);
  messages(test);
  routing(test);
  settling(test);
}

function permissions(test: Define): void {
  for (const [permission, refuse] of [
    ['configure', (queue: string) => ['queue.delete', { queue }] as const],
    ['write', (queue: string) => ['queue.bind', { queue, exchange: 'amq.direct' }] as const],
    ['read', (queue: string) => ['queue.purge', { queue }] as const],
  ] as const) {
    test(
      `the refusal of ${permission} access says so since 3.12`,
      { rules: ['GEN-20', 'GEN-05'], needs: ['management'] },
      async (t) => {
        const queue = await t.queue();
        const { user, password } = await t.user({});
        const access = t.broker.pick({ '3.10': 'access', '3.12': `${permission} access` });
        const text = `ACCESS_REFUSED - ${access} to queue '${queue}' in vhost '/' refused for user '${user}'`;
        const [name, args] = refuse(queue);
        await t.refuses(name, args, 403, text, await t.connect({ user, password }));
      },
    );
  }

  test(
    'a passive declare needs no permission before 4.2, and any one since 4.3.1',
    { rules: ['GEN-25'], needs: ['management'] },
    async (t) => {
      if (t.broker.since('4.2') && !t.broker.since('4.3.1'))
        t.skip('it differs among releases of this version');
      const queue = await t.queue();
      const nobody = await t.connect(await t.user({}));
      if (t.broker.since('4.3.1')) {
        await t.refuses('queue.declare', { queue, passive: true }, 403, /^ACCESS_REFUSED - /, nobody);
      } else {
        await (await t.channel(nobody)).call('queue.declare', { queue, passive: true });
      }
      for (const permission of ['configure', 'write', 'read']) {
        const somebody = await t.connect(await t.user({ [permission]: '.*' }));
        await (await t.channel(somebody)).call('queue.declare', { queue, passive: true });
      }
    },
  );
}

function declarations(test: Define): void {
  test(
    'an exchange type that does not exist closes the connection before 3.13 and the channel since',
    { rules: ['GEN-21'] },
    async (t) => {
      const declare = { exchange: t.name('x'), type: 'x-none' };
      if (!t.broker.since('3.13')) {
        const text = "COMMAND_INVALID - unknown exchange type 'x-none'";
        return t.refusesConnection('exchange.declare', declare, 503, text);
      }
      const text = "PRECONDITION_FAILED - unknown exchange type 'x-none'";
      await t.refuses('exchange.declare', declare, 406, text);
    },
  );

  test(
    'a queue that is neither durable nor exclusive is allowed, and may be refused since 4.3',
    { rules: ['GEN-32'] },
    async (t) => {
      const channel = await lonely(t);
      const { client, number } = channel;
      client.send(number, 'queue.declare', { queue: t.name('q') });
      await client.until(() => client.frames.length > 0);
      const isRefused = client.frames[0]?.channel === 0 && t.broker.since('4.3');
      if (isRefused) return client.expectConnectionError(541, /^INTERNAL_ERROR/, 'queue.declare');
      await channel.expect('queue.declare-ok');
    },
  );

  test(
    'a topic binding key with three "#" is allowed, and may be refused since 4.3',
    { rules: ['GEN-34'] },
    async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange('topic')];
      const channel = await lonely(t);
      const routingKey = '#.a.#.b.#';
      channel.send('queue.bind', { queue, exchange, routingKey });
      const isRefused = (await channel.client.peek(channel.number)) === 'channel.close';
      if (isRefused && t.broker.since('4.3')) {
        const fault = `Topic binding key '${routingKey}' uses 3 '#' wildcards, at most 2 are allowed`;
        return channel.refused(406, `PRECONDITION_FAILED - ${fault}`, 'queue.bind');
      }
      await channel.expect('queue.bind-ok');
      await t.publish(exchange, 'x.a.y.z.b', 'a');
      assert.equal((await t.take(queue)).body, 'a');
    },
  );

  test('a topic binding key with two "#" is always allowed', { rules: ['GEN-34'] }, async (t) => {
    const [queue, exchange] = [await t.queue(), await t.exchange('topic')];
    await t.bind(queue, exchange, '#.a.#');
    await t.publish(exchange, 'x.y.a.z', 'a');
    assert.equal((await t.take(queue)).body, 'a');
  });

  test(
    'the HTTP API shows the type among the arguments of a queue since 4.0',
    { rules: ['GEN-35'], needs: ['management'] },
    async (t) => {
      const queue = await t.queue({ 'x-max-length': 5 });
      let shown: unknown;
      await t.eventually(async () => {
        const { status, json } = await t.admin.get(`/queues/%2F/${segment(queue)}`);
        shown = (json as Record<string, unknown> | undefined)?.['arguments'];
        return status === 200 && shown !== undefined;
      }, 'the HTTP API shows the queue');
      const asked = { 'x-max-length': 5 };
      assert.deepEqual(shown, t.broker.since('4.0') ? { ...asked, 'x-queue-type': 'classic' } : asked);
    },
  );
}

function messages(test: Define): void {
  test('a message of 16 MiB is taken by every version', { rules: ['GEN-23'] }, async (t) => {
    const channel = await lonely(t);
    publishes(channel, MIB_16);
    await channel.settled();
  });

  test('a message of an octet more than 16 MiB is refused since 4.0', { rules: ['GEN-23'] }, async (t) => {
    const channel = await lonely(t);
    publishes(channel, MIB_16 + 1);
    if (!t.broker.since('4.0')) return channel.settled();
    const text = `PRECONDITION_FAILED - message size ${MIB_16 + 1} is larger than configured max size ${MIB_16}`;
    await channel.refused(406, text, 'basic.publish');
  });

  for (const deliveryMode of [0, 3]) {
    test(
      `a delivery mode of ${deliveryMode} is refused before 3.13 and accepted since`,
      { rules: ['GEN-27'] },
      async (t) => {
        const queue = await t.queue();
        if (!t.broker.since('3.13')) {
          const fault = `invalid message: {delivery_mode_unknown,${deliveryMode}}`;
          const text = `PRECONDITION_FAILED - ${fault}`;
          return t.refusesPublish({ routingKey: queue }, { deliveryMode }, 406, text);
        }
        await t.send(queue, 'a', { deliveryMode });
        assert.equal((await t.take(queue)).body, 'a');
      },
    );
  }

  test(
    'a direct reply with mandatory comes, and is also returned before 4.2',
    { rules: ['GEN-26'], needs: ['direct-reply-to'] },
    async (t) => {
      const queue = await t.queue();
      const requester = await t.consume('amq.rabbitmq.reply-to', { noAck: true }, await t.connect());
      requester.channel.publish('', queue, 'request', { replyTo: 'amq.rabbitmq.reply-to' });
      const { replyTo = '' } = (await t.take(queue)).properties;
      const replier = await lonely(t);
      replier.client.publish(replier.number, { routingKey: replyTo, mandatory: true }, 'reply');
      assert.equal((await requester.next()).body, 'reply');
      if (t.broker.since('4.2')) return replier.client.expectSilence(replier.number);
      const { replyCode, body } = await replier.returned();
      assert.deepEqual([replyCode, body], [312, 'reply']);
    },
  );
}

/** A message of so many octets for nobody, in frames that a client may send. */
function publishes({ client, number }: Channel, size: number): void {
  const part = Buffer.alloc(131_064);
  client.send(number, 'basic.publish', { routingKey: 'nobody, spec' });
  client.sendFrame(frames.header, number, contentHeader(size));
  for (let left = size; left > 0; left -= part.length) {
    client.sendFrame(frames.body, number, part.subarray(0, Math.min(left, part.length)));
  }
}

function routing(test: Define): void {
  test(
    'a headers exchange takes 1 and 1.0 for equal before 3.13, and not since',
    { rules: ['GEN-30'] },
    async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange('headers')];
      await t.bind(queue, exchange, '', { 'x-match': 'all', number: field('I', 1) });
      await t.publish(exchange, '', 'double', { headers: { number: field('d', 1) } });
      await t.publish(exchange, '', 'integer', { headers: { number: field('I', 1) } });
      const expected = t.broker.pick({ '3.10': ['double', 'integer'], '3.13': ['integer'] });
      assert.deepEqual(await t.drain(queue), expected);
    },
  );
}

function settling(test: Define): void {
  test(
    'a global prefetch is shared by the consumers of a channel, and may not be since 4.3',
    { rules: ['GEN-31'] },
    async (t) => {
      const queues = [await t.queue(), await t.queue()];
      const channel = await lonely(t);
      await channel.call('basic.qos', { prefetchCount: 1, global: true });
      for (const queue of queues) await channel.call('basic.consume', { queue, consumerTag: queue });
      for (const queue of queues) await t.send(queue, queue);
      const first = await channel.delivery();
      const { client, number } = channel;
      const isShared = !(await t.until(
        async () => client.frames.some((frame) => frame.channel === number),
        500,
      ));
      if (!isShared) return assert.equal(t.broker.since('4.3'), true, 'two deliveries for a prefetch of 1');
      channel.ack(first.deliveryTag);
      const second = await channel.delivery();
      assert.deepEqual([first.body, second.body].sort(), queues.sort());
    },
  );

  test(
    'a reject on a stream closes the connection before 3.13 and is an ack since',
    { rules: ['GEN-29'], needs: ['streams'] },
    async (t) => {
      const queue = await t.queue({ 'x-queue-type': 'stream' });
      for (const body of ['a', 'b']) await t.send(queue, body);
      const client = await t.connect();
      const offset = { 'x-stream-offset': 'first' };
      const consumer = await t.consume(queue, { prefetch: 1, arguments: offset }, client);
      const first = await consumer.next();
      assert.equal(first.body, 'a');
      consumer.reject(first, true);
      if (!t.broker.since('3.13'))
        return client.expectConnectionError(540, /^NOT_IMPLEMENTED - /, 'basic.reject');
      const second = await consumer.next();
      assert.deepEqual([second.body, second.redelivered], ['b', false]);
    },
  );
}
