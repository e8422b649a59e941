import { connect } from 'amqplib';
import { expect, test } from 'vitest';
import { spawnBroker } from '../support/process.ts';
import { temporaryDirectory } from '../support/store.ts';

const ROUNDS = 8;
const QUEUES = 100;

test('what a client was told is declared, bound or deleted is so after a kill [QUE-34]', async () => {
  const directory = await temporaryDirectory();
  let broker = await spawnBroker('--data', directory, '--port', '0');
  for (let round = 0; round < ROUNDS; round++) {
    const client = await connect(broker.url);
    client.on('error', () => {});
    const channel = await client.createChannel();
    channel.on('error', () => {});
    await channel.assertExchange('x', 'direct');
    if (round > 0) await channel.deleteQueue(`q${round - 1}.0`);
    const names = Array.from({ length: QUEUES }, (_, i) => `q${round}.${i}`);
    await Promise.all(names.map((name) => channel.assertQueue(name)));
    await channel.bindQueue(`q${round}.${QUEUES - 1}`, 'x', `key ${round}`);
    await broker.kill('SIGKILL');

    broker = await spawnBroker('--data', directory, '--port', '0');
    const after = await connect(broker.url);
    const confirming = await after.createConfirmChannel();
    for (const name of names) await confirming.checkQueue(name);
    confirming.publish('x', `key ${round}`, Buffer.from('bound'), { persistent: true });
    await confirming.waitForConfirms();
    expect((await confirming.checkQueue(names.at(-1) ?? '')).messageCount).toBe(1);
    if (round > 0) {
      const gone = await after.createChannel();
      gone.on('error', () => {});
      await expect(gone.checkQueue(`q${round - 1}.0`)).rejects.toThrow('404');
    }
    await after.close();
  }
  await broker.kill('SIGTERM');
});
