import { test } from 'vitest';
import { useServer } from '../support/server.ts';

const server = useServer();

test('channels take turns: one with a long list of work does not hold up another [GEN-08]', async () => {
  const client = await server.open();
  await client.call(2, 'channel.open');
  const queue = await server.queue(client);
  for (let n = 0; n < 200; n++) client.send(1, 'queue.declare', { queue, durable: true });
  client.send(2, 'channel.flow', { active: true });
  for (let n = 0; n < 200; n++) await client.expect(1, 'queue.declare-ok');
  await client.expect(2, 'channel.flow-ok');
});
