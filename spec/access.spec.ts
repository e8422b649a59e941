import assert from 'node:assert/strict';
import { User } from './support/access-user.ts';
import type { Permissions } from './support/context.ts';
import type { Args, MethodName } from './support/protocol.ts';
import { topic } from './support/suite.ts';
import { topicAccess } from './parts/access-topics.ts';

type Access = 'configure' | 'write' | 'read';

/** Which permissions a request needs, on names that stand for a queue `q` and exchanges `x` and `y`. */
type Row = {
  [N in MethodName]: readonly [N, Args<N>, ...(readonly [Access, keyof Names])[]];
}[MethodName];

interface Names {
  readonly q: string;
  readonly x: string;
  readonly y: string;
}

const rows: readonly Row[] = [
  ['exchange.declare', { exchange: 'x', type: 'direct' }, ['configure', 'x']],
  ['exchange.delete', { exchange: 'x' }, ['configure', 'x']],
  ['queue.declare', { queue: 'q', durable: true }, ['configure', 'q']],
  ['queue.delete', { queue: 'q' }, ['configure', 'q']],
  ['queue.purge', { queue: 'q' }, ['read', 'q']],
  ['basic.get', { queue: 'q' }, ['read', 'q']],
  ['basic.consume', { queue: 'q' }, ['read', 'q']],
  ['basic.publish', { exchange: 'x' }, ['write', 'x']],
  ['queue.bind', { queue: 'q', exchange: 'x' }, ['write', 'q'], ['read', 'x']],
  ['queue.unbind', { queue: 'q', exchange: 'x' }, ['write', 'q'], ['read', 'x']],
  ['exchange.bind', { source: 'x', destination: 'y' }, ['write', 'y'], ['read', 'x']],
  ['exchange.unbind', { source: 'x', destination: 'y' }, ['write', 'y'], ['read', 'x']],
];

const all: Permissions = { configure: '.*', write: '.*', read: '.*' };
const needs = ['management'] as const;

export const access = topic('access', 'Permissions', (test) => {
  for (const [expression, matches, what] of [
    ['orders', true, 'an expression matches anywhere in a name'],
    ['^orders', false, 'an expression with an anchor matches only there'],
    ['\\.(orders|bills)\\d+$', true, 'an expression may have groups, classes and anchors'],
    ['ORDERS', false, 'an expression tells capitals apart'],
    ['', false, 'the empty expression matches no name'],
  ] as const)
    test(what, { rules: ['AUT-01'], needs }, async (t) => {
      const queue = t.name('orders');
      const user = await User.with(t, { configure: expression });
      if (matches) await user.may('queue.declare', { queue, durable: true });
      else await user.mayNot('queue.declare', { queue }, 'configure', `queue '${queue}'`);
    });

  test(
    'an expression that is none is not accepted, or matches nothing',
    { rules: ['AUT-01'], needs },
    async (t) => {
      const user = await User.with(t, all);
      const path = `/permissions/%2F/${user.name}`;
      const { status } = await t.admin.put(path, { configure: '[', write: '', read: '' });
      if (status === 400) return;
      const queue = t.name('[');
      await user.mayNot('queue.declare', { queue }, 'configure', `queue '${queue}'`);
    },
  );

  for (const row of rows) {
    const [name, , ...needed] = row;
    for (const [access, of] of needed)
      test(
        `${name} needs ${access} on ${spoken(row, of)}, also when there is none`,
        { rules: ['AUT-02', 'AUT-04', 'AUT-09'], needs },
        async (t) => {
          const names = { q: t.name('q'), x: t.name('x'), y: t.name('y') };
          const user = await User.with(t, { ...all, [access]: `^(?!${names[of]}$)` });
          const what = `${of === 'q' ? 'queue' : 'exchange'} '${names[of]}'`;
          await user.mayNot(name, filledIn(row, names), access, what);
        },
      );

    const permissions = needed.map(([access, of]) => `${access} on ${spoken(row, of)}`).join(' and ');
    test(`${name} needs nothing but ${permissions}`, { rules: ['AUT-09'], needs }, async (t) => {
      const names = { q: await t.queue(), x: await t.exchange(), y: await t.exchange() };
      const granted = needed.map(([access, of]) => [access, `^${names[of]}$`]);
      const user = await User.with(t, Object.fromEntries(granted) as Permissions);
      await user.may(name, filledIn(row, names));
    });
  }

  test('the default exchange is asked for as amq.default', { rules: ['AUT-03'], needs }, async (t) => {
    const queue = await t.queue();
    const user = await User.with(t, { write: '^amq\\.default$' });
    await user.may('basic.publish', { routingKey: queue });
    await t.untilCount(queue, 1);
    await t.permit(user.name, { write: '^(?!amq\\.default$)' });
    await user.mayNot('basic.publish', { routingKey: queue }, 'write', "exchange 'amq.default'");
  });

  test(
    'publishing without permission is refused before the exchange is looked for',
    { rules: ['AUT-04'], needs },
    async (t) => {
      const exchange = t.name('none');
      const user = await User.with(t, {});
      await user.mayNot('basic.publish', { exchange }, 'write', `exchange '${exchange}'`);
    },
  );

  test(
    'with permission a missing queue is missing, and deleting it succeeds',
    { rules: ['AUT-04'], needs },
    async (t) => {
      const queue = t.name('none');
      const user = await User.with(t, all);
      await user.may('queue.delete', { queue });
      const text = `NOT_FOUND - no queue '${queue}' in vhost '/'`;
      await t.refuses('basic.get', { queue }, 404, text, user.client);
    },
  );

  test('a permission that is granted holds for open connections', { rules: ['AUT-05'], needs }, async (t) => {
    const queue = t.name('q');
    const user = await User.with(t, {});
    await user.mayNot('queue.declare', { queue }, 'configure', `queue '${queue}'`);
    await t.permit(user.name, all);
    await user.may('queue.declare', { queue, durable: true });
  });

  test(
    'a permission that is withdrawn holds for open connections',
    { rules: ['AUT-05'], needs },
    async (t) => {
      const queue = await t.queue();
      const user = await User.with(t, all);
      await user.may('basic.get', { queue });
      await t.permit(user.name, {});
      await user.mayNot('basic.get', { queue }, 'read', `queue '${queue}'`);
    },
  );

  test(
    'a permission that is withdrawn ends the publishing of a channel that was idle',
    { rules: ['AUT-05'], needs, slow: true },
    async (t) => {
      const [user, exchange] = [await User.with(t, all), await t.exchange()];
      const channel = await user.channel();
      channel.publish(exchange, '');
      await channel.settled();
      await t.permit(user.name, {});
      await t.eventually(async () => {
        channel.publish(exchange, '');
        channel.send('channel.flow', { active: true });
        if ((await channel.client.peek(channel.number)) === 'channel.close') return true;
        await channel.expect('channel.flow-ok');
        await t.pause(2_500); // what a channel remembers it forgets when it is idle
        return false;
      }, 'the channel is closed');
      await channel.refused(403, user.refusal('write', `exchange '${exchange}'`), 'basic.publish');
    },
  );

  test('the tag administrator grants nothing over AMQP', { rules: ['AUT-06'], needs }, async (t) => {
    const queue = t.name('q');
    const user = await User.with(t, {}, 'administrator');
    await user.mayNot('queue.declare', { queue }, 'configure', `queue '${queue}'`);
  });

  test(
    'what a dead-letter exchange needs: read on the new queue and write on the exchange',
    { rules: ['AUT-09'], needs },
    async (t) => {
      const [queue, dead] = [t.name('q'), t.name('dead')];
      const args = { queue, durable: true, arguments: { 'x-dead-letter-exchange': dead } };
      const user = await User.with(t, { configure: '.*', write: '.*' });
      await user.mayNot('queue.declare', args, 'read', `queue '${queue}'`);
      await t.permit(user.name, { configure: '.*', read: '.*' });
      await user.mayNot('queue.declare', args, 'write', `exchange '${dead}'`);
      await t.permit(user.name, all);
      await user.may('queue.declare', args);
    },
  );

  test(
    'a queue with a dead-letter exchange that is there already needs configure only',
    { rules: ['AUT-09'], needs },
    async (t) => {
      const args = { 'x-dead-letter-exchange': t.name('dead') };
      const queue = await t.queue(args);
      const user = await User.with(t, { configure: '.*' });
      await user.may('queue.declare', { queue, durable: true, arguments: args });
    },
  );

  test(
    'what an alternate exchange needs: read on the new exchange and write on the alternate one',
    { rules: ['AUT-09'], needs },
    async (t) => {
      const [exchange, alternate] = [t.name('x'), t.name('alternate')];
      const args = { exchange, type: 'direct', arguments: { 'alternate-exchange': alternate } };
      const user = await User.with(t, { configure: '.*', write: '.*' });
      await user.mayNot('exchange.declare', args, 'read', `exchange '${exchange}'`);
      await t.permit(user.name, { configure: '.*', read: '.*' });
      await user.mayNot('exchange.declare', args, 'write', `exchange '${alternate}'`);
      await t.permit(user.name, all);
      await user.may('exchange.declare', args);
    },
  );

  test(
    'an exchange with an alternate exchange that is there already needs configure only',
    { rules: ['AUT-09'], needs },
    async (t) => {
      const args = { 'alternate-exchange': t.name('alternate') };
      const exchange = await t.exchange('direct', args);
      const user = await User.with(t, { configure: '.*' });
      await user.may('exchange.declare', { exchange, type: 'direct', arguments: args });
    },
  );

  test(
    'a queue named by the server needs configure on the name it gets',
    { rules: ['AUT-09'], needs },
    async (t) => {
      const user = await User.with(t, { configure: '^amq\\.gen-' });
      await user.may('queue.declare', { exclusive: true });
      await t.permit(user.name, { configure: '^(?!amq\\.gen-)' });
      const text = `^ACCESS_REFUSED - ${user.accessTo('configure')} queue 'amq\\.gen-[^']+' in vhost '/' refused`;
      await t.refuses('queue.declare', { exclusive: true }, 403, new RegExp(text), user.client);
    },
  );

  test('a passive declare needs no permission', { rules: ['AUT-09'], needs, until: '4.2' }, async (t) => {
    const [queue, exchange] = [await t.queue(), await t.exchange()];
    const user = await User.with(t, {});
    await user.may('queue.declare', { queue, passive: true });
    await user.may('exchange.declare', { exchange, passive: true });
  });

  for (const permission of ['configure', 'write', 'read'] as const)
    test(
      `a passive declare needs any permission: ${permission} is enough`,
      { rules: ['AUT-09'], needs, since: '4.3.1' },
      async (t) => {
        const [queue, exchange] = [await t.queue(), await t.exchange()];
        const user = await User.with(t, { [permission]: '.*' });
        await user.may('queue.declare', { queue, passive: true });
        await user.may('exchange.declare', { exchange, passive: true });
      },
    );

  test(
    'a passive declare without any permission is refused as one that would create',
    { rules: ['AUT-09'], needs, since: '4.3.1' },
    async (t) => {
      const [queue, exchange] = [await t.queue(), await t.exchange()];
      const user = await User.with(t, {});
      await user.mayNot('queue.declare', { queue, passive: true }, 'configure', `queue '${queue}'`);
      await user.mayNot(
        'exchange.declare',
        { exchange, passive: true },
        'configure',
        `exchange '${exchange}'`,
      );
    },
  );

  test(
    'direct reply-to needs no permission to consume, and write on amq.default to reply',
    { rules: ['AUT-09'], needs: ['management', 'direct-reply-to'] },
    async (t) => {
      const requests = await t.queue();
      const requester = await User.with(t, { write: '^amq\\.default$' });
      const channel = await requester.channel();
      await channel.call('basic.consume', { queue: 'amq.rabbitmq.reply-to', noAck: true });
      channel.publish('', requests, 'ping', { replyTo: 'amq.rabbitmq.reply-to' });
      const { replyTo = '' } = (await t.take(requests)).properties;
      const replier = await User.with(t, {});
      await replier.mayNot('basic.publish', { routingKey: replyTo }, 'write', "exchange 'amq.default'");
      await t.permit(replier.name, { write: '^amq\\.default$' });
      await replier.may('basic.publish', { routingKey: replyTo });
      assert.equal((await channel.delivery()).body, 'x');
    },
  );

  test(
    'binding asks for write on the destination before it refuses the default exchange',
    { rules: ['AUT-10'], needs },
    async (t) => {
      const queue = t.name('q');
      const user = await User.with(t, {});
      await user.mayNot('queue.bind', { queue, exchange: '' }, 'write', `queue '${queue}'`);
    },
  );

  test(
    'binding refuses the default exchange before it asks for read on the source',
    { rules: ['AUT-10'], needs },
    async (t) => {
      const user = await User.with(t, { write: '.*' });
      const text = 'ACCESS_REFUSED - operation not permitted on the default exchange';
      await t.refuses('queue.bind', { queue: t.name('q') }, 403, text, user.client);
      await t.refuses('exchange.bind', { destination: t.name('x') }, 403, text, user.client);
    },
  );

  test(
    'binding asks for write on the destination before read on the source',
    { rules: ['AUT-10'], needs },
    async (t) => {
      const [queue, exchange] = [t.name('q'), t.name('x')];
      const user = await User.with(t, {});
      await user.mayNot('queue.bind', { queue, exchange }, 'write', `queue '${queue}'`);
      await t.permit(user.name, { write: '.*' });
      await user.mayNot('queue.bind', { queue, exchange }, 'read', `exchange '${exchange}'`);
    },
  );

  test(
    'binding asks for the topic before it looks for the queue',
    { rules: ['AUT-10'], needs },
    async (t) => {
      const [queue, exchange] = [t.name('none'), await t.exchange('topic')];
      const user = await User.with(t, all);
      await user.permitTopic(exchange, { write: '.*', read: '^mine\\.' });
      const bind = { queue, exchange, routingKey: 'yours.a' };
      await user.mayNot('queue.bind', bind, 'read', `topic 'yours.a' in exchange '${exchange}'`);
      const text = `NOT_FOUND - no queue '${queue}' in vhost '/'`;
      await t.refuses('queue.bind', { ...bind, routingKey: 'mine.a' }, 404, text, user.client);
    },
  );

  topicAccess(test);
});

function spoken([name]: Row, of: keyof Names): string {
  if (of === 'q') return 'the queue';
  if (name !== 'exchange.bind' && name !== 'exchange.unbind') return 'the exchange';
  return of === 'x' ? 'the source' : 'the destination';
}

/** The arguments of a request with real names. */
function filledIn([, args]: Row, names: Names): Readonly<Record<string, unknown>> {
  const entries = Object.entries(args).map(([key, value]) => [key, names[value as keyof Names] ?? value]);
  return Object.fromEntries(entries) as Readonly<Record<string, unknown>>;
}
