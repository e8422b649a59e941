import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { User } from '../support/access-user.ts';
import type { Channel } from '../support/channel.ts';
import { contentHeader } from '../support/content.ts';
import type { Properties } from '../support/content.ts';
import { frames } from '../support/protocol.ts';
import type { Args } from '../support/protocol.ts';
import type { Define } from '../support/suite.ts';

const immediate = 'NOT_IMPLEMENTED - immediate=true';
const noExchange = (name: string): string => `NOT_FOUND - no exchange '${name}' in vhost '/'`;
const invalidExpiration = (text: string): string => `PRECONDITION_FAILED - invalid expiration ${text}`;
const invalidCc = 'PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"CC",longstr}';
const notBob = (user: string): string =>
  `PRECONDITION_FAILED - user_id property set to 'bob' but authenticated user was '${user}'`;

/** A publish with these properties, in the order in which they are checked since 4.0, and what it is answered. */
const faults: readonly (readonly [what: string, Properties, text: (user: string) => string])[] = [
  [
    'reply-to',
    { replyTo: 'amq.rabbitmq.reply-to' },
    () => 'PRECONDITION_FAILED - fast reply consumer does not exist',
  ],
  ['expiration', { expiration: 'x' }, () => invalidExpiration("'x': no_integer")],
  ['CC', { headers: { CC: 'x' } }, () => invalidCc],
  ['user-id', { userId: 'bob' }, notBob],
];

/** What is refused; a part of the topic `publishing`. */
export function publishChecks(test: Define): void {
  test('a publish is checked only when its content is complete', { rules: ['PUB-01'] }, async (t) => {
    const { client, number } = await t.channel(await t.connect());
    const [other, none] = [await t.channel(client), t.name('none')];
    client.send(number, 'basic.publish', { exchange: none });
    client.sendFrame(frames.header, number, contentHeader(2));
    client.sendFrame(frames.body, number, Buffer.from('a'));
    await client.expectSilence(other.number);
    await client.expectNothing(number);
    client.sendFrame(frames.body, number, Buffer.from('b'));
    await client.expectChannelError(number, 404, noExchange(none), 'basic.publish');
  });

  test('immediate is refused before a missing exchange', { rules: ['PUB-01', 'PUB-02'] }, async (t) => {
    const { client, number } = await t.channel(await t.connect());
    client.publish(number, { exchange: t.name('none'), immediate: true });
    await client.expectConnectionError(540, immediate, 'basic.publish');
  });

  test('immediate is refused also when a consumer is waiting', { rules: ['PUB-02'] }, async (t) => {
    const queue = await t.queue();
    await t.consume(queue);
    const { client, number } = await t.channel(await t.connect());
    client.publish(number, { routingKey: queue, immediate: true });
    await client.expectConnectionError(540, immediate, 'basic.publish');
  });

  test('a missing exchange is refused before bad properties', { rules: ['PUB-01'] }, async (t) => {
    const exchange = t.name('none');
    for (const [, properties] of faults)
      await t.refusesPublish({ exchange }, properties, 404, noExchange(exchange));
  });

  test(
    'an internal exchange is refused before bad properties',
    { rules: ['PUB-01', 'PUB-05'] },
    async (t) => {
      const exchange = await t.exchange('fanout', {}, { internal: true });
      const text = `ACCESS_REFUSED - cannot publish to internal exchange '${exchange}' in vhost '/'`;
      for (const [, properties] of faults) await t.refusesPublish({ exchange }, properties, 403, text);
    },
  );

  for (const [first, second] of [
    ['reply-to', 'expiration'],
    ['reply-to', 'CC'],
    ['reply-to', 'user-id'],
    ['expiration', 'CC'],
    ['expiration', 'user-id'],
    ['CC', 'user-id'],
  ] as const)
    test(
      `of a bad ${first} and a bad ${second} the one is refused that is checked first`,
      { rules: ['PUB-01'], needs: first === 'reply-to' ? ['direct-reply-to'] : [] },
      async (t) => {
        const both = faults.filter(([what]) => what === first || what === second);
        const properties = Object.assign({}, ...both.map(([, properties]) => properties)) as Properties;
        const isUserFirst = !t.broker.since('4.0') && first !== 'reply-to' && second === 'user-id';
        const [, , text] = both[isUserFirst ? 1 : 0] as (typeof faults)[number];
        await t.refusesPublish({ routingKey: t.name() }, properties, 406, text(t.broker.login.user));
      },
    );

  test(
    'a missing topic permission is refused before a bad user-id, and since 4.0 after a bad expiration',
    { rules: ['PUB-01'], needs: ['management'] },
    async (t) => {
      const exchange = await t.exchange('topic');
      const user = await User.with(t, { configure: '.*', write: '.*', read: '.*' });
      await user.permitTopic(exchange, {});
      const refused = user.refusal('write', `topic 'a' in exchange '${exchange}'`);
      const args = { exchange, routingKey: 'a' };
      await t.refusesPublish(args, { userId: 'bob' }, 403, refused, user.client);
      const [code, text] = t.broker.pick<[number, string]>({
        '3.10': [403, refused],
        '4.0': [406, invalidExpiration("'x': no_integer")],
      });
      await t.refusesPublish(args, { expiration: 'x' }, code, text, user.client);
    },
  );

  test(
    'a body beyond the maximum is refused after all of it has come, before the exchange is looked for',
    { rules: ['PUB-01', 'PUB-03'], slow: true },
    async (t) => {
      const max = t.broker.pick({ '3.10': 134_217_728, '4.0': 16_777_216 });
      const channel = await t.channel(await t.connect());
      sendLarge(channel, { exchange: t.name('none') }, max + 1);
      const text = `PRECONDITION_FAILED - message size ${max + 1} is larger than configured max size ${max}`;
      await channel.refused(406, text, 'basic.publish');
      await channel.call('channel.open');
      await channel.settled();
    },
  );

  test(
    'a body of exactly the maximum is taken',
    { rules: ['PUB-03'], since: '4.0', slow: true },
    async (t) => {
      const max = 16_777_216;
      const queue = await t.queue();
      const channel = await t.confirmChannel(await t.connect());
      sendLarge(channel, { routingKey: queue }, max);
      await channel.expect('basic.ack');
      assert.equal((await t.take(queue)).bytes.length, max);
    },
  );

  test(
    'a publish to a missing exchange is refused, and what follows is dropped without a confirm',
    { rules: ['PUB-04'] },
    async (t) => {
      const [queue, exchange] = [await t.queue(), t.name('none')];
      const channel = await t.confirmChannel();
      channel.publish(exchange, 'key', 'a');
      channel.publish('', queue, 'b');
      await channel.refused(404, noExchange(exchange), 'basic.publish');
      await channel.call('channel.open');
      await channel.client.expectSilence(channel.number);
      await t.send(queue, 'c');
      assert.deepEqual(await t.drain(queue), ['c']);
    },
  );

  test('a publish to an internal exchange is refused', { rules: ['PUB-05'] }, async (t) => {
    const exchange = await t.exchange('fanout', {}, { internal: true });
    const text = `ACCESS_REFUSED - cannot publish to internal exchange '${exchange}' in vhost '/'`;
    await t.refusesPublish({ exchange }, {}, 403, text);
  });

  for (const [expiration, reason] of [
    ['abc', 'no_integer'],
    ['', 'no_integer'],
    [' 1', 'no_integer'],
    ['12abc', '{leftover_string,"abc"}'],
    ['1.5', '{leftover_string,".5"}'],
    ['1 ', '{leftover_string," "}'],
    ['-1', '{value_negative,-1}'],
  ] as const)
    test(`a message that expires in "${expiration}" is refused`, { rules: ['PUB-10'] }, async (t) => {
      const text = invalidExpiration(`'${expiration}': ${reason}`);
      await t.refusesPublish({ routingKey: t.name('nowhere') }, { expiration }, 406, text);
    });

  test('an expiration may have a sign and leading zeros', { rules: ['PUB-10'] }, async (t) => {
    const queue = await t.queue();
    for (const expiration of ['+60000', '060000']) {
      await t.send(queue, expiration, { expiration });
      assert.equal(Number((await t.take(queue)).properties.expiration), 60_000);
    }
  });

  test('the user-id of somebody else is refused', { rules: ['PUB-11'] }, async (t) => {
    const text = notBob(t.broker.login.user);
    await t.refusesPublish({ routingKey: t.name('nowhere') }, { userId: 'bob' }, 406, text);
  });

  test('the user-id of the connection is taken', { rules: ['PUB-11'] }, async (t) => {
    const [queue, userId] = [await t.queue(), t.broker.login.user];
    await t.send(queue, 'a', { userId });
    assert.equal((await t.take(queue)).properties.userId, userId);
  });

  test('an impersonator may set any user-id', { rules: ['PUB-12'], needs: ['management'] }, async (t) => {
    const queue = await t.queue();
    const user = await User.with(t, { write: '.*' }, 'impersonator');
    const channel = await t.confirmChannel(user.client);
    await channel.publishConfirmed('', queue, 'a', { userId: 'bob' });
    assert.equal((await t.take(queue)).properties.userId, 'bob');
  });

  test(
    'an administrator may not set the user-id of somebody else',
    { rules: ['PUB-12'], needs: ['management'] },
    async (t) => {
      const user = await User.with(t, { write: '.*' }, 'administrator');
      const publish = { routingKey: t.name('nowhere') };
      await t.refusesPublish(publish, { userId: 'bob' }, 406, notBob(user.name), user.client);
    },
  );

  for (const [value, type] of [
    ['q', 'longstr'],
    [1, 'signedint'],
    [true, 'bool'],
    [{ a: 1 }, 'table'],
    [null, 'void'],
  ] as const)
    for (const name of ['CC', 'BCC'])
      test(`a ${name} that is a ${type} is refused`, { rules: ['PUB-13'] }, async (t) => {
        const text = `PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"${name}",${type}}`;
        await t.refusesPublish({ routingKey: t.name() }, { headers: { [name]: value } }, 406, text);
      });
}

/** A publish with a body of so many octets, in frames of the size that was agreed on. */
function sendLarge({ client, number }: Channel, args: Args<'basic.publish'>, size: number): void {
  const part = Buffer.alloc(131_072 - 8);
  client.send(number, 'basic.publish', args);
  client.sendFrame(frames.header, number, contentHeader(size));
  for (let left = size; left > 0; left -= part.length)
    client.sendFrame(frames.body, number, part.subarray(0, left));
}
