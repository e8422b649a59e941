import { User } from '../support/access-user.ts';
import type { Context } from '../support/context.ts';
import type { Define } from '../support/suite.ts';

const needs = ['management'] as const;

/** Topic permissions; a part of the topic `access`. */
export function topicAccess(test: Define): void {
  test(
    'publishing to a topic exchange needs topic permission for the routing key',
    { rules: ['AUT-07', 'AUT-08'], needs },
    async (t) => {
      const [exchange, user] = await limited(t, { write: '^mine\\.' });
      await user.may('basic.publish', { exchange, routingKey: 'mine.a' });
      const key = 'yours.a';
      await user.mayNot('basic.publish', { exchange, routingKey: key }, 'write', label(key, exchange));
    },
  );

  for (const name of ['queue.bind', 'queue.unbind'] as const)
    test(
      `${name} needs topic permission to read the binding key`,
      { rules: ['AUT-07', 'AUT-08'], needs },
      async (t) => {
        const queue = await t.queue();
        const [exchange, user] = await limited(t, { read: '^mine\\.' });
        await user.may(name, { queue, exchange, routingKey: 'mine.#' });
        const key = 'yours.#';
        await user.mayNot(name, { queue, exchange, routingKey: key }, 'read', label(key, exchange));
      },
    );

  for (const name of ['exchange.bind', 'exchange.unbind'] as const)
    test(
      `${name} needs topic permission to read the binding key of the source`,
      { rules: ['AUT-07', 'AUT-08'], needs },
      async (t) => {
        const destination = await t.exchange('topic');
        const [source, user] = await limited(t, { read: '^mine\\.' });
        await user.permitTopic(destination, {});
        await user.may(name, { destination, source, routingKey: 'mine.#' });
        const key = 'yours.#';
        await user.mayNot(name, { destination, source, routingKey: key }, 'read', label(key, source));
      },
    );

  test(
    'without topic permissions on an exchange every topic is allowed',
    { rules: ['AUT-07'], needs },
    async (t) => {
      const other = await t.exchange('topic');
      const [exchange, user] = await limited(t, {});
      await user.may('basic.publish', { exchange: other, routingKey: 'any.key' });
      await user.mayNot(
        'basic.publish',
        { exchange, routingKey: 'any.key' },
        'write',
        label('any.key', exchange),
      );
    },
  );

  test(
    'an empty topic permission matches only the empty routing key',
    { rules: ['AUT-01', 'AUT-07'], needs },
    async (t) => {
      const [exchange, user] = await limited(t, { write: '' });
      await user.may('basic.publish', { exchange, routingKey: '' });
      await user.mayNot('basic.publish', { exchange, routingKey: 'a' }, 'write', label('a', exchange));
    },
  );

  for (const type of ['direct', 'fanout', 'headers'])
    test(
      `topic permissions do not hold for an exchange of type ${type}`,
      { rules: ['AUT-07'], needs },
      async (t) => {
        const queue = await t.queue();
        const [exchange, user] = await limited(t, {}, type);
        await user.may('queue.bind', { queue, exchange, routingKey: 'key' });
        await user.may('basic.publish', { exchange, routingKey: 'key' });
      },
    );

  test('topic permissions grant nothing on the exchange itself', { rules: ['AUT-07'], needs }, async (t) => {
    const [exchange, user] = await limited(t, { write: '.*' });
    await t.permit(user.name, {});
    await user.mayNot('basic.publish', { exchange, routingKey: 'a' }, 'write', `exchange '${exchange}'`);
  });

  test(
    '{username} in a topic permission stands for the name of the user',
    { rules: ['AUT-07'], needs },
    async (t) => {
      const [exchange, user] = await limited(t, { write: '^{username}\\.' });
      await user.may('basic.publish', { exchange, routingKey: `${user.name}.a` });
      const key = 'somebody.a';
      await user.mayNot('basic.publish', { exchange, routingKey: key }, 'write', label(key, exchange));
    },
  );

  test(
    'a dot in a user name stands for nothing but a dot in a topic permission',
    { rules: ['AUT-07'], needs, since: '4.3' },
    async (t) => {
      const [exchange, user] = await limited(t, { write: '^{username}$' });
      const key = user.name.replaceAll('.', '-');
      await user.mayNot('basic.publish', { exchange, routingKey: key }, 'write', label(key, exchange));
    },
  );

  test(
    '{vhost} in a topic permission stands for the name of the vhost',
    { rules: ['AUT-07'], needs },
    async (t) => {
      const [exchange, user] = await limited(t, { write: '^{vhost}$' });
      await user.may('basic.publish', { exchange, routingKey: '/' });
      await user.mayNot('basic.publish', { exchange, routingKey: 'a' }, 'write', label('a', exchange));
    },
  );

  for (const header of ['CC', 'BCC'])
    test(
      `topic permission is asked for the keys in ${header}, since 4.0`,
      { rules: ['AUT-08'], needs },
      async (t) => {
        const [exchange, user] = await limited(t, { write: '^mine\\.' });
        const channel = await user.channel();
        const headers = { [header]: ['mine.b', 'yours.b'] };
        channel.client.publish(channel.number, { exchange, routingKey: 'mine.a' }, '', { headers });
        if (!t.broker.since('4.0')) return channel.settled();
        const text = user.refusal('write', label('yours.b', exchange));
        await channel.refused(403, text, 'basic.publish');
      },
    );
}

/** A new exchange, and a user who may do everything but is limited to these topics of it. */
async function limited(
  t: Context,
  topics: { readonly write?: string; readonly read?: string },
  type = 'topic',
): Promise<[exchange: string, User]> {
  const exchange = await t.exchange(type);
  const user = await User.with(t, { configure: '.*', write: '.*', read: '.*' });
  await user.permitTopic(exchange, topics);
  return [exchange, user];
}

function label(key: string, exchange: string): string {
  return `topic '${key}' in exchange '${exchange}'`;
}
