import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import type { ChannelModel } from 'amqplib';
import { expect, test } from 'vitest';
import { startBroker } from '../../src/index.ts';

const require = createRequire(import.meta.url);
const lib = join(dirname(require.resolve('amqplib')), 'lib');

interface RawConnection {
  open(fields: object, done: (error: unknown) => void): void;
}

/** What amqplib does once its socket is there; it has no name for it outside. */
async function connectOver(stream: Duplex): Promise<ChannelModel> {
  const { Connection } = require(join(lib, 'connection.js')) as {
    Connection: new (stream: Duplex) => RawConnection;
  };
  const { ChannelModel: Model } = require(join(lib, 'channel_model.js')) as {
    ChannelModel: new (connection: RawConnection) => ChannelModel;
  };
  const connection = new Connection(stream);
  const fields = {
    mechanism: 'PLAIN',
    response: Buffer.from('\0guest\0guest'),
    clientProperties: {},
    locale: 'en_US',
    channelMax: 0,
    frameMax: 0,
    heartbeat: 0,
    virtualHost: '/',
    capabilities: '',
    insist: 0,
  };
  await promisify(connection.open.bind(connection))(fields);
  return new Model(connection);
}

test('amqplib speaks to a broker without a port, over a stream, and time waits for it', async () => {
  const broker = await startBroker({ port: false, clock: 'manual' });
  const connection = await connectOver(broker.connect());
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('work', { deadLetterExchange: '', deadLetterRoutingKey: 'retry' });
  const retry = { messageTtl: 60_000, deadLetterExchange: '', deadLetterRoutingKey: 'work' };
  await channel.assertQueue('retry', retry);
  const attempts: number[] = [];
  const begin = broker.clock.now();
  await channel.consume('work', (message) => {
    attempts.push(broker.clock.now() - begin);
    if (message !== null) channel.reject(message, false);
  });
  channel.sendToQueue('work', Buffer.alloc(300_000)); // more than a stream takes at once
  await channel.waitForConfirms();
  await broker.clock.advance('3m');
  expect(attempts).toEqual([0, 60_000, 120_000, 180_000]);
  await connection.close();
  await broker.stop();
});
