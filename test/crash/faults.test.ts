import { connect } from 'amqplib';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { expect, onTestFinished, test } from 'vitest';
import type { RunningBroker } from '../../src/index.ts';
import { startTestBroker } from '../support/broker.ts';
import { temporaryDirectory } from '../support/store.ts';

async function client({ url }: RunningBroker): Promise<[ChannelModel, ConfirmChannel]> {
  const connection = await connect(url);
  connection.on('error', () => {}); // the broker ends without a word
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => {});
  return [connection, channel];
}

async function take(broker: RunningBroker): Promise<string[]> {
  const [connection, channel] = await client(broker);
  const taken: string[] = [];
  for (let got = await channel.get('q'); got !== false; got = await channel.get('q')) {
    taken.push(got.content.toString());
  }
  await connection.close();
  return taken;
}

test.each([
  ['before-commit', ['confirmed']],
  ['after-commit', ['confirmed', 'not confirmed']],
] as const)('a broker that ends %s has %j afterwards, and confirmed no more', async (on, left) => {
  const data = await temporaryDirectory();
  const broker = await startTestBroker({ data });
  const [connection, channel] = await client(broker);
  await channel.assertQueue('q', { durable: true });
  channel.sendToQueue('q', Buffer.from('confirmed'), { persistent: true });
  await channel.waitForConfirms();
  const fault = broker.faults.add({ kind: 'crash', on });
  const closed = new Promise((resolve) => connection.once('close', resolve));
  let isConfirmed = false;
  channel.sendToQueue('q', Buffer.from('not confirmed'), { persistent: true }, (error) => {
    isConfirmed = error === null;
  });
  await fault.happened();
  await closed;
  await broker.stop();
  expect([isConfirmed, fault.count]).toEqual([false, 1]);
  const heir = await startTestBroker({ data });
  onTestFinished(() => heir.stop());
  expect(await take(heir)).toEqual(left);
});

test('whatever was confirmed outlives a chain of crashes', { timeout: 60_000 }, async () => {
  const data = await temporaryDirectory();
  const confirmed: string[] = [];
  for (let life = 0; life < 6; life++) {
    const broker = await startTestBroker({ data });
    const [connection, channel] = await client(broker);
    await channel.assertQueue('q', { durable: true });
    const closed = new Promise((resolve) => connection.once('close', resolve));
    broker.faults.seed(life);
    const on = life % 2 === 0 ? 'before-commit' : 'after-commit';
    const fault = broker.faults.add({ kind: 'crash', on, after: 3, probability: 0.5 });
    for (let n = 0; fault.count === 0; n++) {
      const body = `${life}.${n}`;
      await new Promise<void>((resolve) => {
        channel.sendToQueue('q', Buffer.from(body), { persistent: true }, (error) => {
          if (error === null) confirmed.push(body);
          resolve();
        });
        void closed.then(() => resolve());
      });
    }
    await closed;
    await broker.stop();
  }
  const heir = await startTestBroker({ data });
  onTestFinished(() => heir.stop());
  const left = await take(heir);
  expect(confirmed.length).toBeGreaterThan(6);
  expect(confirmed.filter((body) => !left.includes(body))).toEqual([]);
  expect(new Set(left).size).toBe(left.length);
});

test('a broker in memory cannot crash, and says so', async () => {
  const broker = await startTestBroker();
  onTestFinished(() => broker.stop());
  expect(() => broker.faults.add({ kind: 'crash' })).toThrow(
    'crash needs a data directory: nothing would be left of a broker in memory',
  );
});
