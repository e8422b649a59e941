import { describe, expect, test } from 'vitest';
import { encodeMethod } from '../../src/wire/codec.ts';
import { FrameType, PROTOCOL_HEADER, PROTOCOL_HEADER_0_9 } from '../../src/wire/constants.ts';
import { fieldTable, longstr, table, writeTable } from '../../src/wire/table.ts';
import type { FieldValue } from '../../src/wire/table.ts';
import { PairedServer } from '../support/paired-server.ts';
import { clientProperties, method, plain } from '../support/raw-client.ts';
import type { Args, RawClient } from '../support/raw-client.ts';
import { isOwn, useServer } from '../support/server.ts';

const server = useServer();

const refusal = (mechanism: string): string =>
  `ACCESS_REFUSED - Login was refused using authentication mechanism ${mechanism}. ` +
  'For details see the broker logfile.';

/** Past connection.start, as far as the given start-ok. */
async function startOk(args: Args<'connection.start-ok'>): Promise<RawClient> {
  const client = await server.connect();
  client.sendBytes(PROTOCOL_HEADER);
  await client.expect(0, 'connection.start');
  client.send(0, 'connection.start-ok', { mechanism: 'PLAIN', locale: 'en_US', ...args });
  return client;
}

/** Past tune. */
async function tuned(): Promise<RawClient> {
  const client = await server.connect();
  await client.start();
  await client.expect(0, 'connection.tune');
  return client;
}

/** The response of AMQPLAIN: a table without its length. */
const amqplain = (entries: Record<string, FieldValue>): Buffer => writeTable(fieldTable(entries));

describe('the protocol header', () => {
  test.each([
    ['0-9-1', PROTOCOL_HEADER],
    ['0-9', PROTOCOL_HEADER_0_9],
  ])('%s is answered with connection.start on channel 0 [CON-01]', async (_version, header) => {
    const client = await server.connect();
    client.sendBytes(header);
    const start = await client.expect(0, 'connection.start');
    expect([start.versionMajor, start.versionMinor]).toEqual([0, 9]);
  });

  test('may arrive octet by octet [CON-01]', async () => {
    const client = await server.connect();
    for (const octet of PROTOCOL_HEADER) client.sendBytes(Buffer.of(octet));
    await client.expect(0, 'connection.start');
  });

  test.runIf(isOwn).each([
    ['AMQP 0-8', Buffer.from('AMQP\x01\x01\x08\x00')],
    ['AMQP 1.0', Buffer.from('AMQP\x00\x01\x00\x00')],
    ['AMQP 1.0 with SASL', Buffer.from('AMQP\x03\x01\x00\x00')],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['TLS', Buffer.from('16030101f4010001f0', 'hex')],
  ])('of %s is answered with the right one and a close [CON-02] [CON-03]', async (_what, bytes) => {
    const client = await server.connect();
    client.sendBytes(bytes);
    await client.ended();
    expect(client.header).toEqual(PROTOCOL_HEADER);
  });
});

describe('connection.start', () => {
  test('offers mechanisms and a locale [CON-05]', async () => {
    const client = await server.connect();
    client.sendBytes(PROTOCOL_HEADER);
    const { mechanisms, locales } = await client.expect(0, 'connection.start');
    expect(mechanisms.toString().split(' ')).toEqual(expect.arrayContaining(['PLAIN', 'AMQPLAIN']));
    expect(locales.toString()).toBe('en_US');
  });

  test('says who the server is, sorted by key [CON-06]', async () => {
    const client = await server.connect();
    client.sendBytes(PROTOCOL_HEADER);
    const { serverProperties } = await client.expect(0, 'connection.start');
    const keys = [
      'capabilities',
      'cluster_name',
      'copyright',
      'information',
      'platform',
      'product',
      'version',
    ];
    expect([...serverProperties.keys()]).toEqual(keys);
    for (const key of keys.slice(1)) expect(serverProperties.get(key)?.tag).toBe('S');
    expect(serverProperties.get('product')).toEqual(longstr('RabbitMQ'));
    const version = serverProperties.get('version');
    expect(version?.tag === 'S' ? version.value.toString() : '').toMatch(/^\d+\.\d+\.\d+$/);
  });

  test('lists what clients may use [CON-07]', async () => {
    const client = await server.connect();
    client.sendBytes(PROTOCOL_HEADER);
    const { serverProperties } = await client.expect(0, 'connection.start');
    const capabilities = [
      'authentication_failure_close',
      'basic.nack',
      'consumer_cancel_notify',
      'consumer_priorities',
      'exchange_exchange_bindings',
      'per_consumer_qos',
      'publisher_confirms',
    ];
    const value = serverProperties.get('capabilities');
    const offered = value?.tag === 'F' ? [...value.value] : [];
    expect(offered.map(([name]) => name).sort()).toEqual(capabilities);
    for (const [, { tag, value: isOffered }] of offered) expect([tag, isOffered]).toEqual(['t', true]);
  });
});

describe('a login', () => {
  test('with PLAIN [CON-11]', async () => {
    await (await startOk({ response: plain('guest', 'guest') })).expect(0, 'connection.tune');
  });

  test('with AMQPLAIN [CON-12]', async () => {
    const response = amqplain({ LOGIN: longstr('guest'), PASSWORD: longstr('guest') });
    await (await startOk({ mechanism: 'AMQPLAIN', response })).expect(0, 'connection.tune');
  });

  test('with AMQPLAIN and binary values [CON-12]', async () => {
    const guest: FieldValue = { tag: 'x', value: Buffer.from('guest') };
    const response = amqplain({ LOGIN: guest, PASSWORD: guest });
    await (await startOk({ mechanism: 'AMQPLAIN', response })).expect(0, 'connection.tune');
  });

  test('with any locale [CON-10]', async () => {
    const client = await startOk({ response: plain('guest', 'guest'), locale: 'xx_YY' });
    await client.expect(0, 'connection.tune');
  });

  test.each([
    ['a wrong password', plain('guest', 'wrong')],
    ['a blank password', plain('guest', '')],
    ['an unknown user', plain('nobody', 'guest')],
  ])('with %s is refused with a reason, if the client understands it [CON-14]', async (_what, response) => {
    const client = await startOk({
      response,
      clientProperties: clientProperties(['authentication_failure_close']),
    });
    await client.expectConnectionError(403, refusal('PLAIN'));
  });

  test('names the mechanism that failed [CON-14]', async () => {
    const client = await startOk({
      mechanism: 'AMQPLAIN',
      response: amqplain({ LOGIN: longstr('guest'), PASSWORD: longstr('wrong') }),
      clientProperties: clientProperties(['authentication_failure_close']),
    });
    await client.expectConnectionError(403, refusal('AMQPLAIN'));
  });
});

describe('tune', () => {
  test('proposes limits and a heartbeat [CON-19]', async () => {
    const client = await server.connect();
    await client.start();
    const { channelMax, frameMax, heartbeat } = await client.expect(0, 'connection.tune');
    expect({ channelMax, frameMax, heartbeat }).toEqual({
      channelMax: 2047,
      frameMax: 131_072,
      heartbeat: 60,
    });
  });

  test.runIf(isOwn).each([
    [{ frameMax: 4095 }, 'frame_max = 4095 is lower than the minimum allowed value (4096)'],
    [{ frameMax: 131_073 }, 'frame_max = 131073 is higher than the maximum allowed value (131072)'],
    [{ frameMax: 0 }, 'frame_max = 0 (no limit) is higher than the maximum allowed value (131072)'],
    [{ channelMax: 2048 }, 'channel_max = 2048 is higher than the maximum allowed value (2047)'],
    [{ channelMax: 0 }, 'channel_max = 0 (no limit) is higher than the maximum allowed value (2047)'],
  ])('a tune-ok with %o is refused [CON-20] [CON-21]', async (asked, text) => {
    const client = await tuned();
    client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 4096, ...asked });
    await client.expectConnectionError(530, `NOT_ALLOWED - negotiated ${text}`, 'connection.tune-ok');
  });

  test.each([
    [{ channelMax: 1, frameMax: 8192 }],
    [{ channelMax: 2047, frameMax: 131_072 }],
    [{ channelMax: 2047, frameMax: 131_072, heartbeat: 65_535 }],
  ])('a tune-ok with %o is taken [CON-20] [CON-22]', async (asked) => {
    const client = await tuned();
    client.send(0, 'connection.tune-ok', asked);
    await client.call(0, 'connection.open', { virtualHost: '/' });
  });

  test.runIf(isOwn)('a frame-max of 4096 is taken [GEN-22]', async () => {
    const client = await tuned();
    client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 4096 });
    await client.call(0, 'connection.open', { virtualHost: '/' });
  });
});

describe('open', () => {
  test('is answered with empty known-hosts [CON-29]', async () => {
    const client = await tuned();
    client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 131_072 });
    expect((await client.call(0, 'connection.open', { virtualHost: '/' })).knownHosts).toBe('');
  });

  test.each(['nowhere', ''])('of the unknown vhost "%s" is refused [CON-26]', async (virtualHost) => {
    const client = await tuned();
    client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 131_072 });
    client.send(0, 'connection.open', { virtualHost });
    const text = `NOT_ALLOWED - vhost ${virtualHost} not found`;
    await client.expectConnectionError(530, text, 'connection.open');
  });

  test('of a vhost without permission is refused [CON-27]', async () => {
    const paired = new PairedServer();
    paired.broker.addVhost('other');
    const client = paired.connect();
    await client.start();
    await client.expect(0, 'connection.tune');
    client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 4096 });
    client.send(0, 'connection.open', { virtualHost: 'other' });
    const text = "NOT_ALLOWED - access to vhost 'other' refused for user 'guest'";
    await client.expectConnectionError(530, text, 'connection.open');
  });

  test('must come before channels are used [CON-56]', async () => {
    const client = await tuned();
    client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 131_072 });
    client.send(1, 'channel.open');
    await client.expectConnectionError(505, 'UNEXPECTED_FRAME - type 1, all octets = <<0,20,0,10,0>>');
  });
});

describe('a method in the wrong state', () => {
  test.each(['connection.start-ok', 'connection.tune-ok', 'connection.open', 'channel.open'] as const)(
    'a %s on channel 0 of an open connection [CON-55]',
    async (name) => {
      const client = await server.open();
      client.send(0, name);
      const text = 'CHANNEL_ERROR - unexpected method in connection state running';
      await client.expectConnectionError(504, text, name);
    },
  );

  test.each(['connection.start-ok', 'connection.tune-ok', 'connection.close'] as const)(
    'a %s where open is due [CON-55]',
    async (name) => {
      const client = await tuned();
      client.send(0, 'connection.tune-ok', { channelMax: 1, frameMax: 131_072 });
      client.send(0, name);
      const text = 'CHANNEL_ERROR - unexpected method in connection state opening';
      await client.expectConnectionError(504, text, name);
    },
  );

  test.runIf(isOwn)('an open where tune-ok is due [CON-55]', async () => {
    const client = await tuned();
    client.send(0, 'connection.open', { virtualHost: '/' });
    const text = 'CHANNEL_ERROR - unexpected method in connection state tuning';
    await client.expectConnectionError(504, text, 'connection.open');
  });
});

test('the whole handshake may come in one piece [GEN-08]', async () => {
  const client = await server.connect();
  const pipelined = [
    method('connection.start-ok', { mechanism: 'PLAIN', response: plain('guest', 'guest') }),
    method('connection.tune-ok', { channelMax: 10, frameMax: 131_072 }),
    method('connection.open', { virtualHost: '/' }),
  ];
  client.sendBytes(PROTOCOL_HEADER);
  for (const one of pipelined) client.sendFrame(FrameType.METHOD, 0, encodeMethod(one));
  await client.expect(0, 'connection.start');
  await client.expect(0, 'connection.tune');
  await client.expect(0, 'connection.open-ok');
});

test('a new secret is accepted unseen [CON-60]', async () => {
  const client = await server.open();
  await client.call(0, 'connection.update-secret', { newSecret: Buffer.from('other'), reason: 'it is time' });
});

test('capabilities count only when they are in a table and true [CON-08]', async () => {
  const properties = fieldTable({
    capabilities: table({ authentication_failure_close: longstr('true') }),
    authentication_failure_close: { tag: 't', value: true },
  });
  const paired = new PairedServer();
  const client = paired.connect();
  client.sendBytes(PROTOCOL_HEADER);
  await client.expect(0, 'connection.start');
  const response = plain('guest', 'wrong');
  client.send(0, 'connection.start-ok', { mechanism: 'PLAIN', response, clientProperties: properties });
  await paired.advance(3_000);
  await client.ended();
  expect(client.frames).toEqual([]);
});
