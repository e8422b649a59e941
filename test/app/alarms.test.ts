import { expect, onTestFinished, test } from 'vitest';
import { Client } from '../../spec/support/client.ts';
import type { BrokerOptions } from '../../src/index.ts';
import { startTestBroker } from '../support/broker.ts';
import { temporaryDirectory } from '../support/store.ts';

/** What a publisher of a broker with these options hears, and that somebody else can still work. */
async function reasonGiven(options: Partial<BrokerOptions>): Promise<string> {
  const broker = await startTestBroker(options);
  onTestFinished(() => broker.stop());
  const client = await Client.connect('127.0.0.1', broker.port);
  await client.open({ capabilities: ['connection.blocked'] });
  expect(client.serverProperties['capabilities']).toMatchObject({ value: { 'connection.blocked': {} } });
  await client.call(1, 'channel.open');
  client.publish(1, { routingKey: 'q' }, 'a', { deliveryMode: 2 });
  const { reason } = await client.expect(0, 'connection.blocked');
  const other = await (await Client.connect('127.0.0.1', broker.port)).open();
  await other.call(1, 'channel.open');
  await other.call(1, 'queue.declare', { queue: 'q', durable: true });
  await other.close();
  client.stream.destroy();
  return reason;
}

test('a broker that needs more memory than it may blocks publishers [CON-58]', async () => {
  expect(await reasonGiven({ memoryHigh: 1 })).toBe('low on memory');
});

test('a broker whose disk is nearly full blocks publishers [CON-58]', async () => {
  const data = await temporaryDirectory();
  expect(await reasonGiven({ data, diskFreeLimit: Number.MAX_SAFE_INTEGER })).toBe('low on disk');
});
