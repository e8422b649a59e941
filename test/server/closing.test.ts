import { expect, test } from 'vitest';
import { Client } from '../../spec/support/client.ts';
import { startTestBroker } from '../support/broker.ts';
import { PairedServer } from '../support/paired-server.ts';

test('a node that stops says so [CON-57]', async () => {
  const broker = await startTestBroker();
  const client = await (await Client.connect('127.0.0.1', broker.port)).open();
  const stopped = broker.stop();
  const text = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'";
  await client.expectConnectionError(320, text);
  await stopped;
});

test('a connection in the middle of its handshake does not hold up the stop [CON-57]', async () => {
  const broker = await startTestBroker();
  const client = await Client.connect('127.0.0.1', broker.port);
  await client.start();
  await client.expect(0, 'connection.tune');
  await broker.stop();
  await client.ended();
  expect(client.frames).toEqual([]);
});

test('channels opened and closed leave nothing behind [CHN-07]', async () => {
  const paired = new PairedServer();
  const client = await paired.open({ channelMax: 2 });
  for (let n = 2; n < 50; n++) {
    await client.call(n, 'channel.open');
    await client.call(n, 'channel.close');
  }
  await client.close();
  await paired.settle();
  expect(paired.connections).toEqual([]);
});
