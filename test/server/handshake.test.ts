import { describe, expect, test } from 'vitest';
import { PROTOCOL_HEADER } from '../../spec/support/protocol.ts';
import type { Client } from '../../spec/support/client.ts';
import { PairedServer } from '../support/paired-server.ts';

/** Past tune. */
async function tuned(server = new PairedServer()): Promise<Client> {
  const client = server.connect();
  await client.start();
  await client.expect(0, 'connection.tune');
  return client;
}

test.each([
  ['AMQP 0-8', Buffer.from('AMQP\x01\x01\x08\x00')],
  ['AMQP 1.0', Buffer.from('AMQP\x00\x01\x00\x00')],
  ['AMQP 1.0 with SASL', Buffer.from('AMQP\x03\x01\x00\x00')],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['TLS', Buffer.from('16030101f4010001f0', 'hex')],
])(
  'the header of %s is answered with that of AMQP 0-9-1 and a close [CON-02] [CON-03]',
  async (_what, bytes) => {
    const client = new PairedServer().connect();
    client.sendBytes(bytes);
    await client.ended();
    expect(client.header).toEqual(PROTOCOL_HEADER);
  },
);

describe('where RabbitMQ only drops the client, it is told why', () => {
  test.each([
    [{ frameMax: 4095 }, 'frame_max = 4095 is lower than the minimum allowed value (4096)'],
    [{ frameMax: 131_073 }, 'frame_max = 131073 is higher than the maximum allowed value (131072)'],
    [{ frameMax: 0 }, 'frame_max = 0 (no limit) is higher than the maximum allowed value (131072)'],
    [{ channelMax: 2048 }, 'channel_max = 2048 is higher than the maximum allowed value (2047)'],
    [{ channelMax: 0 }, 'channel_max = 0 (no limit) is higher than the maximum allowed value (2047)'],
  ])('a tune-ok with %o [CON-20] [CON-21]', async (asked, text) => {
    const client = await tuned();
    client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 4096, ...asked });
    await client.expectConnectionError(530, `NOT_ALLOWED - negotiated ${text}`, 'connection.tune-ok');
  });

  test('an open where tune-ok is due [CON-55]', async () => {
    const client = await tuned();
    client.send(0, 'connection.open', { virtualHost: '/' });
    const text = 'CHANNEL_ERROR - unexpected method in connection state tuning';
    await client.expectConnectionError(504, text, 'connection.open');
  });
});

test('a frame-max of 4096 is taken [GEN-22]', async () => {
  const client = await tuned();
  client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 4096 });
  await client.call(0, 'connection.open', { virtualHost: '/' });
});

test('a vhost without permission is refused [CON-27]', async () => {
  const server = new PairedServer();
  server.broker.addVhost('other');
  const client = await tuned(server);
  client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 4096 });
  client.send(0, 'connection.open', { virtualHost: 'other' });
  const text = "NOT_ALLOWED - access to vhost 'other' refused for user 'guest'";
  await client.expectConnectionError(530, text, 'connection.open');
});
