import assert from 'node:assert/strict';
import { segment } from '../support/admin.ts';
import type { Context } from '../support/context.ts';
import type { Define } from '../support/suite.ts';

/** Where a message goes that an exchange has no destination for. */
export function alternateExchange(test: Define): void {
  test(
    'an alternate exchange gets what found no queue, with its first key and exchange',
    { rules: ['RTE-03'] },
    async (t) => {
      const { alternate, queue } = await alternateWithQueue(t);
      const exchange = await t.exchange('direct', { 'alternate-exchange': alternate });
      await t.publish(exchange, 'key', 'm');
      const message = await t.take(queue);
      assert.deepEqual([message.body, message.exchange, message.routingKey], ['m', exchange, 'key']);
    },
  );

  test('an alternate exchange gets nothing of what found a queue', { rules: ['RTE-03'] }, async (t) => {
    const { alternate, queue } = await alternateWithQueue(t);
    const exchange = await t.exchange('direct', { 'alternate-exchange': alternate });
    await t.bind(await t.queue(), exchange, 'key');
    await t.publish(exchange, 'key', 'bound');
    await t.publish(exchange, 'other', 'not bound');
    assert.deepEqual(await t.drain(queue), ['not bound']);
  });

  test(
    'an alternate exchange gets nothing when a binding leads to an exchange that leads nowhere',
    { rules: ['RTE-03'] },
    async (t) => {
      const { alternate, queue } = await alternateWithQueue(t);
      const exchange = await t.exchange('fanout', { 'alternate-exchange': alternate });
      await t.bindExchange(await t.exchange(), exchange);
      await t.publish(exchange, 'key', 'lost');
      await t.staysEmpty(queue);
    },
  );

  test('alternate exchanges are followed along a chain', { rules: ['RTE-03'] }, async (t) => {
    const { alternate, queue } = await alternateWithQueue(t);
    const between = await t.exchange('direct', { 'alternate-exchange': alternate });
    const exchange = await t.exchange('direct', { 'alternate-exchange': between });
    await t.publish(exchange, 'key', 'm');
    const message = await t.take(queue);
    assert.deepEqual([message.exchange, message.routingKey], [exchange, 'key']);
  });

  test('the alternate exchange of an exchange on the way is used, too', { rules: ['RTE-03'] }, async (t) => {
    const { alternate, queue } = await alternateWithQueue(t);
    const [first, second] = [await t.exchange('fanout'), t.name('x')];
    await t.exchange('direct', { 'alternate-exchange': alternate }, { exchange: second });
    await t.bindExchange(second, first);
    await t.publish(first, 'key', 'm');
    const message = await t.take(queue);
    assert.deepEqual([message.exchange, message.routingKey], [first, 'key']);
  });

  test('a message for alternate exchanges in a circle is unroutable', { rules: ['RTE-03'] }, async (t) => {
    const one = t.name('x');
    const other = await t.exchange('direct', { 'alternate-exchange': one });
    await t.exchange('direct', { 'alternate-exchange': other }, { exchange: one });
    await isReturned(t, one);
  });

  test('an alternate exchange that does not exist is ignored', { rules: ['RTE-03'] }, async (t) => {
    await isReturned(t, await t.exchange('direct', { 'alternate-exchange': t.name('x') }));
  });

  test(
    'a mandatory message that finds a queue through the alternate exchange is not returned',
    { rules: ['RTE-03'] },
    async (t) => {
      const { alternate, queue } = await alternateWithQueue(t);
      const exchange = await t.exchange('direct', { 'alternate-exchange': alternate });
      const channel = await t.confirmChannel();
      channel.client.publish(channel.number, { exchange, routingKey: 'key', mandatory: true }, 'm');
      assert.equal(await channel.confirm(), 'ack');
      assert.deepEqual(await t.drain(queue), ['m']);
    },
  );

  test(
    'an alternate exchange can come from a policy',
    { rules: ['RTE-04'], needs: ['management'] },
    async (t) => {
      const { alternate, queue } = await alternateWithQueue(t);
      await t.policy({ definition: { 'alternate-exchange': alternate }, applyTo: 'exchanges' });
      const exchange = await t.exchange();
      await t.eventually(async () => {
        await t.publish(exchange, 'key', 'm');
        return (await t.count(queue)) > 0;
      }, 'the policy has effect');
    },
  );

  test(
    'the argument of an exchange wins over the policy',
    { rules: ['RTE-04'], needs: ['management'] },
    async (t) => {
      const [byArgument, byPolicy] = [await alternateWithQueue(t), await alternateWithQueue(t)];
      const exchange = await t.exchange('direct', { 'alternate-exchange': byArgument.alternate });
      const plain = await t.exchange();
      const definition = { 'alternate-exchange': byPolicy.alternate };
      await t.policy({ definition, applyTo: 'exchanges' });
      await t.eventually(async () => {
        await t.publish(plain, 'key', 'plain');
        return (await t.count(byPolicy.queue)) > 0;
      }, 'the policy has effect');
      await t.purge(byPolicy.queue);
      await t.publish(exchange, 'key', 'm');
      assert.deepEqual(await t.drain(byArgument.queue), ['m']);
      await t.staysEmpty(byPolicy.queue);
    },
  );

  test(
    'the default exchange has no alternate exchange, whatever a policy says',
    { rules: ['RTE-04'], needs: ['management'], slow: true },
    async (t) => {
      const vhost = await t.vhost();
      const channel = await t.confirmChannel(await t.connect({ vhost }));
      await channel.call('exchange.declare', { exchange: 'alternate', type: 'fanout' });
      await channel.call('exchange.declare', { exchange: 'plain', type: 'direct' });
      await channel.call('queue.declare', { queue: 'q', durable: true });
      await channel.call('queue.bind', { queue: 'q', exchange: 'alternate' });
      const body = {
        pattern: '',
        definition: { 'alternate-exchange': 'alternate' },
        'apply-to': 'exchanges',
      };
      await t.admin.must('PUT', `/policies/${segment(vhost)}/all`, body);
      await t.eventually(async () => {
        assert.equal(await channel.publishConfirmed('plain', 'nowhere', 'plain'), 'ack');
        return (await channel.get('q')) !== undefined;
      }, 'the policy has effect');
      channel.client.publish(channel.number, { routingKey: 'nowhere', mandatory: true }, 'default');
      assert.equal((await channel.returned()).replyText, 'NO_ROUTE');
      assert.equal(await channel.confirm(), 'ack');
      assert.equal(await channel.get('q'), undefined);
    },
  );
}

/** A fanout exchange and a queue that is bound to it. */
async function alternateWithQueue(t: Context) {
  const [alternate, queue] = [await t.exchange('fanout'), await t.queue()];
  await t.bind(queue, alternate);
  return { alternate, queue };
}

/** A mandatory publish to this exchange must come back. */
async function isReturned(t: Context, exchange: string): Promise<void> {
  const channel = await t.confirmChannel();
  channel.client.publish(channel.number, { exchange, routingKey: 'key', mandatory: true }, 'm');
  const { replyCode, replyText, body } = await channel.returned();
  assert.deepEqual([replyCode, replyText, body], [312, 'NO_ROUTE', 'm']);
  assert.equal(await channel.confirm(), 'ack');
}
