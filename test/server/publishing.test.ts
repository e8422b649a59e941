import { expect, test } from 'vitest';
import { PairedServer } from '../support/paired-server.ts';

test('a message that is too large is refused after all of it has come [PUB-03]', async () => {
  const paired = new PairedServer({ limits: { largestBody: 1000 } });
  const client = await paired.open();
  client.publish(1, { exchange: 'none' }, 'a'.repeat(1001));
  const text = 'PRECONDITION_FAILED - message size 1001 is larger than configured max size 1000';
  await client.expectChannelError(1, 406, text, 'basic.publish');
  await client.call(1, 'channel.open');
  const { queue } = await client.call(1, 'queue.declare', { exclusive: true });
  await client.call(1, 'basic.consume', { queue, noAck: true });
  client.publish(1, { routingKey: queue }, 'a'.repeat(1000));
  expect((await client.message(1, 'basic.deliver')).body.length).toBe(1000);
});

test('a user with the tag impersonator may name anybody [PUB-12]', async () => {
  const paired = new PairedServer();
  paired.broker.addUser('proxy', 'secret', ['impersonator']);
  paired.broker.grant('proxy', '/', { configure: '.*', write: '.*', read: '.*' });
  const client = await paired.open({ user: 'proxy', password: 'secret' });
  const { queue } = await client.call(1, 'queue.declare', { exclusive: true });
  await client.call(1, 'basic.consume', { queue, noAck: true });
  client.publish(1, { routingKey: queue }, '', { userId: 'bob' });
  expect((await client.message(1, 'basic.deliver')).properties.userId).toBe('bob');
});
