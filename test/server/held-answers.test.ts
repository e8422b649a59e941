import { expect, test } from 'vitest';
import { ManualJournal } from '../support/manual-journal.ts';
import { PairedServer } from '../support/paired-server.ts';
import type { Client } from '../../spec/support/client.ts';

/** A connection to a broker whose disk has caught up, and a transient queue. */
async function caughtUp(): Promise<{
  client: Client;
  server: PairedServer;
  journal: ManualJournal;
  queue: string;
}> {
  const journal = new ManualJournal();
  const server = new PairedServer({ journal });
  journal.commit();
  const client = await server.open();
  const { queue } = await client.call(1, 'queue.declare', { exclusive: true });
  return { client, server, journal, queue };
}

test('messages fetched while answers wait for the disk are each their own [QUE-34]', async () => {
  const { client, server, journal, queue } = await caughtUp();
  for (const body of ['first', 'second']) client.publish(1, { routingKey: queue }, body);
  client.send(1, 'queue.declare', { queue: 'durable', durable: true, noWait: true });
  for (let n = 0; n < 2; n++) client.send(1, 'basic.get', { queue, noAck: true });
  await server.settle();
  expect(client.frames).toEqual([]);
  journal.commit();
  expect((await client.message(1, 'basic.get-ok')).body).toBe('first');
  expect((await client.message(1, 'basic.get-ok')).body).toBe('second');
});

test('deliveries go on when the batch that holds a declaration is on disk, and not the one before [QUE-34]', async () => {
  const { client, server, journal, queue } = await caughtUp();
  await client.call(1, 'basic.consume', { queue, consumerTag: 'c', noAck: true });
  journal.cut();
  client.send(1, 'queue.declare', { queue: 'durable', durable: true, noWait: true });
  client.publish(1, { routingKey: queue }, 'waits');
  await server.settle();
  journal.finish();
  await server.settle();
  expect(client.frames).toEqual([]);
  journal.commit();
  expect((await client.message(1, 'basic.deliver')).body).toBe('waits');
});
