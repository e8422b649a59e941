import assert from 'node:assert/strict';
import type { Context } from '../support/context.ts';
import { deathLines, rejectOnly } from '../support/deaths.ts';
import { field } from '../support/fields.ts';
import type { Table, Value } from '../support/fields.ts';
import type { Define } from '../support/suite.ts';

/** How a queue is told where its dead letters go. */
export function declaring(test: Define): void {
  const wrongTypes: readonly (readonly [string, Value])[] = [
    ['bool', true],
    ['byte', field('b', 5)],
    ['unsignedbyte', field('B', 5)],
    ['short', field('s', 5)],
    ['unsignedshort', field('u', 5)],
    ['signedint', field('I', 5)],
    ['unsignedint', field('i', 5)],
    ['long', field('l', 5)],
    ['float', field('f', 5)],
    ['double', field('d', 5)],
    ['timestamp', field('T', 5)],
    ['binary', field('x', 'dx')],
    ['array', ['dx']],
    ['table', { dx: 'dx' }],
    ['void', null],
  ];
  for (const [type, value] of wrongTypes) {
    test(`a dead-letter exchange of type ${type} is refused`, { rules: ['DLX-04'] }, async (t) => {
      const text = (queue: string): string =>
        `PRECONDITION_FAILED - invalid type '${type}' for arg 'x-dead-letter-exchange' in queue '${queue}' in vhost '/'`;
      await refusesDeclare(t, { 'x-dead-letter-exchange': value }, text);
    });

    test(`a dead-letter routing key of type ${type} is refused`, { rules: ['DLX-05'] }, async (t) => {
      const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': value };
      await refusesDeclare(t, args, (queue) => invalidKey(queue, `{unacceptable_type,${type}}`));
    });
  }

  test(
    'the type of the dead-letter exchange is looked at before every other argument',
    { rules: ['DLX-04'] },
    async (t) => {
      const args = {
        'x-expires': 0,
        'x-message-ttl': -1,
        'x-max-length': 'many',
        'x-dead-letter-exchange': 5,
        'x-dead-letter-routing-key': 6,
      };
      const text = (queue: string): string =>
        `PRECONDITION_FAILED - invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue '${queue}' in vhost '/'`;
      await refusesDeclare(t, args, text);
    },
  );

  test(
    'a queue that exists is compared with the arguments, whatever the type of the dead-letter exchange in them',
    { rules: ['DLX-04', 'DLX-07'] },
    async (t) => {
      const queue = await t.queue({ 'x-dead-letter-exchange': 'dx' });
      const again = { queue, durable: true, arguments: { 'x-dead-letter-exchange': field('b', 5) } };
      const text = `PRECONDITION_FAILED - inequivalent arg 'x-dead-letter-exchange' for queue '${queue}' in vhost '/': received '5' but current is 'dx'`;
      await t.refuses('queue.declare', again, 406, text);
    },
  );

  test(
    'a dead-letter routing key without a dead-letter exchange is refused',
    { rules: ['DLX-05'] },
    async (t) => {
      const args = { 'x-dead-letter-routing-key': 'key' };
      await refusesDeclare(t, args, (queue) => invalidKey(queue, 'routing_key_but_no_dlx_defined'));
    },
  );

  test(
    'a dead-letter routing key is refused also when a policy has a dead-letter exchange',
    { rules: ['DLX-05'], needs: ['management'] },
    async (t) => {
      await t.policy({ definition: { 'dead-letter-exchange': '' }, applyTo: 'queues' });
      const args = { 'x-dead-letter-routing-key': 'key' };
      await refusesDeclare(t, args, (queue) => invalidKey(queue, 'routing_key_but_no_dlx_defined'));
    },
  );

  test('an empty dead-letter routing key is a key', { rules: ['DLX-05'] }, async (t) => {
    const exchange = await t.exchange('direct');
    const [empty, own] = [await t.queue(), await t.queue()];
    const source = await t.queue({ 'x-dead-letter-exchange': exchange, 'x-dead-letter-routing-key': '' });
    await t.bind(empty, exchange, '');
    await t.bind(own, exchange, source);
    await t.send(source, 'a');
    await rejectOnly(t, source);
    const { body, routingKey } = await t.take(empty);
    assert.deepEqual({ body, routingKey }, { body: 'a', routingKey: '' });
    assert.equal(await t.count(own), 0);
  });

  test(
    'the names of a dead-letter exchange and of its key may be longer than any name can be',
    { rules: ['DLX-05'] },
    async (t) => {
      const args = {
        'x-dead-letter-exchange': 'x'.repeat(300),
        'x-dead-letter-routing-key': 'k'.repeat(300),
      };
      const queue = await t.queue(args);
      assert.equal(await t.queue(args, { queue }), queue, 'an equivalent declare');
    },
  );

  test(
    'the dead-letter exchange need not exist when the queue is declared',
    { rules: ['DLX-03'] },
    async (t) => {
      const missing = t.name('missing');
      await t.queue({ 'x-dead-letter-exchange': missing });
      assert.equal(await t.hasExchange(missing), false);
    },
  );

  test(
    'a policy gives a queue a dead-letter exchange and key',
    { rules: ['DLX-01'], needs: ['management'] },
    async (t) => {
      const exchange = await t.exchange('direct');
      const dead = await t.queue();
      await t.bind(dead, exchange, 'by policy');
      const source = await t.queue();
      const definition = { 'dead-letter-exchange': exchange, 'dead-letter-routing-key': 'by policy' };
      await t.policy({ definition, pattern: `^${source}$`, applyTo: 'queues' });
      await t.eventually(async () => {
        await t.send(source, 'a');
        await rejectOnly(t, source);
        return (await t.count(dead)) > 0;
      }, 'a dead letter by the policy');
      const message = await t.take(dead);
      assert.equal(message.exchange, exchange);
      assert.equal(message.routingKey, 'by policy');
      assert.deepEqual(deathLines(message), [`${source} rejected 1`]);
    },
  );
}

/** Who may tell a queue where its dead letters go. */
export function permitting(test: Define): void {
  const access = (t: Context, kind: string): string =>
    `ACCESS_REFUSED - ${t.broker.since('3.12') ? `${kind} ` : ''}access to`;

  test(
    'to declare a queue with a dead-letter exchange takes the right to read that queue',
    { rules: ['DLX-06'], needs: ['management'] },
    async (t) => {
      const { login, queue, exchange } = await aUser(t, { configure: '.*', write: '.*' });
      const args = { queue, durable: true, arguments: { 'x-dead-letter-exchange': exchange } };
      const text = `${access(t, 'read')} queue '${queue}' in vhost '/' refused for user '${login.user}'`;
      await t.refuses('queue.declare', args, 403, text, await t.connect(login));
    },
  );

  test(
    'to declare a queue with a dead-letter exchange takes the right to write to that exchange, which need not exist',
    { rules: ['DLX-06'], needs: ['management'] },
    async (t) => {
      const { login, queue, exchange } = await aUser(t, { configure: '.*', read: '.*' });
      const args = { queue, durable: true, arguments: { 'x-dead-letter-exchange': exchange } };
      const text = `${access(t, 'write')} exchange '${exchange}' in vhost '/' refused for user '${login.user}'`;
      await t.refuses('queue.declare', args, 403, text, await t.connect(login));
    },
  );

  test(
    'the default exchange as dead-letter exchange is written to under the name amq.default',
    { rules: ['DLX-06'], needs: ['management'] },
    async (t) => {
      const { login, queue } = await aUser(t, { configure: '.*', read: '.*', write: '^other$' });
      const args = { queue, durable: true, arguments: { 'x-dead-letter-exchange': '' } };
      const text = `${access(t, 'write')} exchange 'amq.default' in vhost '/' refused for user '${login.user}'`;
      await t.refuses('queue.declare', args, 403, text, await t.connect(login));
      await t.permit(login.user, { configure: '.*', read: '.*', write: '^amq\\.default$' });
      await (await t.channel(await t.connect(login))).call('queue.declare', args);
    },
  );

  test(
    'the rights to declare a queue with a dead-letter exchange are asked for one after the other: configure, read, write',
    { rules: ['DLX-06'], needs: ['management'] },
    async (t) => {
      const { login, queue, exchange } = await aUser(t, {});
      const args = { queue, durable: true, arguments: { 'x-dead-letter-exchange': exchange } };
      const refuses = async (kind: string, what: string): Promise<void> => {
        const text = `${access(t, kind)} ${what} in vhost '/' refused for user '${login.user}'`;
        await t.refuses('queue.declare', args, 403, text, await t.connect(login));
      };
      await refuses('configure', `queue '${queue}'`);
      await t.permit(login.user, { configure: '.*' });
      await refuses('read', `queue '${queue}'`);
      await t.permit(login.user, { configure: '.*', read: '.*' });
      await refuses('write', `exchange '${exchange}'`);
      await t.permit(login.user, { configure: '.*', read: '.*', write: '.*' });
      const { queue: declared } = await (await t.channel(await t.connect(login))).call('queue.declare', args);
      assert.equal(declared, queue);
    },
  );

  test(
    'to declare a queue again with its dead-letter exchange takes the right to configure it and no other',
    { rules: ['DLX-07'], needs: ['management'] },
    async (t) => {
      const { login, queue, exchange } = await aUser(t, { configure: '.*' });
      const args = { 'x-dead-letter-exchange': exchange };
      await t.queue(args, { queue });
      const channel = await t.channel(await t.connect(login));
      const again = await channel.call('queue.declare', { queue, durable: true, arguments: args });
      assert.equal(again.queue, queue);
    },
  );

  test(
    'a policy gives a dead-letter exchange to the queue of a user who may not write there',
    { rules: ['DLX-06'], needs: ['management'] },
    async (t) => {
      const { login, queue } = await aUser(t, { configure: '.*' });
      const exchange = await t.exchange('fanout');
      const dead = await t.queue();
      await t.bind(dead, exchange);
      const definition = { 'dead-letter-exchange': exchange };
      await t.policy({ definition, pattern: `^${queue}$`, applyTo: 'queues' });
      await (await t.channel(await t.connect(login))).call('queue.declare', { queue, durable: true });
      await t.send(queue, 'a');
      await rejectOnly(t, queue);
      assert.equal((await t.take(dead)).body, 'a');
    },
  );

  test(
    'neither who publishes nor who rejects needs a right on the dead-letter exchange',
    { rules: ['DLX-07'], needs: ['management'] },
    async (t) => {
      const exchange = await t.exchange('fanout');
      const [dead, source] = [await t.queue(), await t.queue({ 'x-dead-letter-exchange': exchange })];
      await t.bind(dead, exchange);
      const login = await t.user({ read: `^${source}$`, write: '^amq\\.default$' });
      const channel = await t.confirmChannel(await t.connect(login));
      await channel.publishConfirmed('', source, 'a', { userId: login.user });
      const message = await channel.get(source, false);
      channel.reject(message?.deliveryTag ?? 0, false);
      await channel.settled();
      const { body, properties } = await t.take(dead);
      assert.deepEqual([body, properties.userId], ['a', login.user]);
    },
  );
}

/** A user with these permissions, and names of a queue and an exchange that do not exist. */
async function aUser(
  t: Context,
  permissions: Parameters<Context['user']>[0],
): Promise<{ login: { user: string; password: string }; queue: string; exchange: string }> {
  return { login: await t.user(permissions), queue: t.name('q'), exchange: t.name('dx') };
}

async function refusesDeclare(t: Context, args: Table, text: (queue: string) => string): Promise<void> {
  const queue = t.name('q');
  await t.refuses('queue.declare', { queue, durable: true, arguments: args }, 406, text(queue));
}

function invalidKey(queue: string, reason: string): string {
  return `PRECONDITION_FAILED - invalid arg 'x-dead-letter-routing-key' for queue '${queue}' in vhost '/': ${reason}`;
}
