import { describe, expect, test } from 'vitest';
import { FrameType } from '../../src/wire/constants.ts';
import { array, fieldTable, longstr } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { PairedServer } from '../support/paired-server.ts';
import { contentHeader } from '../support/raw-client.ts';
import { useServer } from '../support/server.ts';

const server = useServer();

describe('a publish is refused', () => {
  test('when it is immediate, before anything else [PUB-01] [PUB-02]', async () => {
    const client = await server.open();
    client.publish(1, { exchange: 'none', immediate: true });
    await client.expectConnectionError(540, 'NOT_IMPLEMENTED - immediate=true', 'basic.publish');
  });

  test('when its exchange is missing, and what follows is dropped [PUB-04]', async () => {
    const client = await server.open();
    const queue = await server.queue(client);
    client.publish(1, { exchange: 'none' }, 'a');
    client.publish(1, { routingKey: queue }, 'b');
    const text = "NOT_FOUND - no exchange 'none' in vhost '/'";
    await client.expectChannelError(1, 404, text, 'basic.publish');
    await client.call(1, 'channel.open');
    expect((await client.call(1, 'queue.declare', { queue, passive: true })).messageCount).toBe(0);
  });

  test('only when its content is complete [PUB-01]', async () => {
    const client = await server.open();
    await client.call(2, 'channel.open');
    client.send(1, 'basic.publish', { exchange: 'none' });
    client.sendFrame(FrameType.HEADER, 1, contentHeader(2));
    client.sendFrame(FrameType.BODY, 1, Buffer.from('a'));
    await client.expectSilence(2);
    expect(client.frames).toEqual([]);
    client.sendFrame(FrameType.BODY, 1, Buffer.from('b'));
    await client.expect(1, 'channel.close');
  });

  test.each([
    ['abc', 'no_integer'],
    ['', 'no_integer'],
    ['12abc', '{leftover_string,"abc"}'],
    ['-1', '{value_negative,-1}'],
    ['1.5', '{leftover_string,".5"}'],
  ])('when it expires in "%s" [PUB-10]', async (expiration, reason) => {
    const client = await server.open();
    client.publish(1, { routingKey: 'nowhere' }, '', { expiration });
    const text = `PRECONDITION_FAILED - invalid expiration '${expiration}': ${reason}`;
    await client.expectChannelError(1, 406, text, 'basic.publish');
  });

  test('when it is from somebody else [PUB-11]', async () => {
    const client = await server.open();
    client.publish(1, { routingKey: 'nowhere' }, '', { userId: 'bob' });
    const text = "PRECONDITION_FAILED - user_id property set to 'bob' but authenticated user was 'guest'";
    await client.expectChannelError(1, 406, text, 'basic.publish');
  });

  test.each<[string, FieldValue, string]>([
    ['CC', longstr('q'), 'longstr'],
    ['BCC', { tag: 'I', value: 1 }, 'signedint'],
  ])('when its %s is no array [PUB-13]', async (name, value, type) => {
    const client = await server.open();
    client.publish(1, { routingKey: 'nowhere' }, '', { headers: fieldTable({ [name]: value }) });
    const text = `PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"${name}",${type}}`;
    await client.expectChannelError(1, 406, text, 'basic.publish');
  });

  test('when it is too large, after all of it has come [PUB-03]', async () => {
    const paired = new PairedServer({ largestBody: 1000 });
    const client = await paired.open();
    client.publish(1, { exchange: 'none' }, 'a'.repeat(1001));
    const text = 'PRECONDITION_FAILED - message size 1001 is larger than configured max size 1000';
    await client.expectChannelError(1, 406, text, 'basic.publish');
    await client.call(1, 'channel.open');
    const { queue } = await client.call(1, 'queue.declare', { exclusive: true });
    client.publish(1, { routingKey: queue }, 'a'.repeat(1000));
    expect((await client.get(queue)).body.length).toBe(1000);
  });
});

test('a user with the tag impersonator may name anybody [PUB-12]', async () => {
  const paired = new PairedServer();
  paired.broker.addUser('proxy', 'secret', ['impersonator']);
  paired.broker.grant('proxy', '/', { configure: '.*', write: '.*', read: '.*' });
  const client = await paired.open({ user: 'proxy', password: 'secret' });
  const { queue } = await client.call(1, 'queue.declare', { exclusive: true });
  client.publish(1, { routingKey: queue }, '', { userId: 'bob' });
  expect((await client.get(queue)).properties.userId).toBe('bob');
});

describe('a message that reaches no queue', () => {
  test('is dropped, and confirmed [PUB-06]', async () => {
    const client = await server.open();
    await client.call(1, 'confirm.select');
    client.publish(1, { exchange: 'amq.direct', routingKey: 'nowhere' });
    expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 1 });
    await client.expectSilence(1);
  });

  test('comes back when it is mandatory, unchanged and before its confirm [PUB-07] [CNF-05]', async () => {
    const client = await server.open();
    await client.call(1, 'confirm.select');
    const properties = { headers: fieldTable({ a: longstr('b') }), messageId: 'm', deliveryMode: 2 };
    client.publish(1, { exchange: 'amq.direct', routingKey: 'nowhere', mandatory: true }, 'body', properties);
    const returned = await client.message(1, 'basic.return');
    expect(returned).toEqual({
      name: 'basic.return',
      replyCode: 312,
      replyText: 'NO_ROUTE',
      exchange: 'amq.direct',
      routingKey: 'nowhere',
      properties,
      body: 'body',
    });
    expect(await client.expect(1, 'basic.ack')).toMatchObject({ deliveryTag: 1, multiple: false });
  });

  test('comes back also without a body, and without confirms [PUB-07]', async () => {
    const client = await server.open();
    client.publish(1, { routingKey: 'nowhere', mandatory: true });
    expect(await client.message(1, 'basic.return')).toMatchObject({ exchange: '', body: '' });
    await client.expectSilence(1);
  });

  test('has not reached one by an exchange that leads nowhere [PUB-08]', async () => {
    const client = await server.open();
    const [source, destination] = [await server.exchange(client, 'fanout'), await server.exchange(client)];
    await client.call(1, 'exchange.bind', { source, destination });
    client.publish(1, { exchange: source, routingKey: 'k', mandatory: true });
    await client.message(1, 'basic.return');
  });

  test('has reached one by way of an alternate exchange [PUB-08]', async () => {
    const client = await server.open();
    const last = await server.exchange(client, 'fanout');
    const exchange = await server.exchange(client, 'direct', { 'alternate-exchange': longstr(last) });
    const queue = await server.queue(client);
    await client.call(1, 'queue.bind', { queue, exchange: last });
    client.publish(1, { exchange, routingKey: 'k', mandatory: true }, 'a');
    expect(await client.get(queue)).toMatchObject({ exchange, routingKey: 'k', body: 'a' });
  });
});

test('a mandatory message that is routed does not come back [PUB-07]', async () => {
  const client = await server.open();
  const queue = await server.queue(client);
  client.publish(1, { routingKey: queue, mandatory: true }, 'a');
  await client.expectSilence(1);
  expect((await client.get(queue)).body).toBe('a');
});

test('messages of one channel keep their order [PUB-14]', async () => {
  const client = await server.open();
  const queue = await server.queue(client);
  for (let n = 0; n < 200; n++)
    client.publish(1, { routingKey: queue }, `${n}`, { deliveryMode: 1 + (n % 2) });
  await client.call(1, 'basic.consume', { queue, noAck: true });
  for (let n = 0; n < 200; n++) expect((await client.message(1, 'basic.deliver')).body).toBe(`${n}`);
});

test('CC and BCC route on, and BCC is taken out [PUB-15]', async () => {
  const client = await server.open();
  const queues = [await server.queue(client), await server.queue(client), await server.queue(client)];
  const [to, cc, bcc] = queues as [string, string, string];
  const headers = fieldTable({ CC: array([longstr(cc)]), BCC: array([longstr(bcc)]), mine: longstr('x') });
  client.publish(1, { routingKey: to }, 'a', { headers });
  for (const queue of queues) {
    const { properties, routingKey } = await client.get(queue);
    expect(routingKey).toBe(to);
    expect(properties.headers).toEqual(fieldTable({ CC: array([longstr(cc)]), mine: longstr('x') }));
  }
});

test('a delivery mode nobody knows is taken [GEN-27]', async () => {
  const client = await server.open();
  const queue = await server.queue(client);
  client.publish(1, { routingKey: queue }, 'a', { deliveryMode: 3 });
  expect((await client.get(queue)).properties.deliveryMode).toBe(3);
});
