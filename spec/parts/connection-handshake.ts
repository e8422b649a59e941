import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { encodeFrame, plainResponse } from '../support/client.ts';
import type { Client } from '../support/client.ts';
import { endsSilently, opening, started, startOk, TUNED, tuning } from '../support/connection-states.ts';
import type { Define } from '../support/suite.ts';
import type { Context } from '../support/context.ts';
import { plain } from '../support/fields.ts';
import { encodeMethod, frames, PROTOCOL_HEADER } from '../support/protocol.ts';
import type { MethodName } from '../support/protocol.ts';

const AMQP_091 = Buffer.from('AMQP\0\0\x09\x01', 'latin1');
const AMQP_10 = Buffer.from('AMQP\x03\x01\0\0', 'latin1');

/** From the protocol header to open-ok. */
export function handshakeCases(test: Define): void {
  protocolHeader(test);
  start(test);
  tune(test);
  open(test);
}

function protocolHeader(test: Define): void {
  for (const [version, header] of [
    ['0-9-1', PROTOCOL_HEADER],
    ['0-9', Buffer.from('AMQP\x01\x01\0\x09', 'latin1')],
  ] as const) {
    test(
      `the protocol header of ${version} is answered with connection.start 0-9`,
      { rules: ['CON-01'] },
      async (t) => {
        const { start } = await started(t, header);
        assert.deepEqual([start.versionMajor, start.versionMinor], [0, 9]);
      },
    );
  }

  test(
    'a client that comes with the header of 0-9 may work as any other',
    { rules: ['CON-01'] },
    async (t) => {
      const client = (await started(t, Buffer.from('AMQP\x01\x01\0\x09', 'latin1'))).client;
      const { user, password } = t.broker.login;
      const response = plainResponse(user, password);
      client.send(0, 'connection.start-ok', { mechanism: 'PLAIN', response, locale: 'en_US' });
      await client.expect(0, 'connection.tune');
      client.send(0, 'connection.tune-ok', TUNED);
      await client.call(0, 'connection.open', { virtualHost: '/' });
      await client.call(1, 'channel.open');
    },
  );

  test('the protocol header may come octet by octet', { rules: ['CON-01'] }, async (t) => {
    const client = await t.socket();
    for (const octet of PROTOCOL_HEADER) client.sendBytes(Buffer.of(octet));
    await client.expect(0, 'connection.start');
  });

  for (const [what, bytes] of [
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['eight octets of nothing', Buffer.alloc(8)],
    ['the hello of a TLS client', Buffer.from('16030101f4010001', 'hex')],
    ['a version of AMQP that does not exist', Buffer.from('AMQP\0\0\x09\x02', 'latin1')],
    ['a misspelt header', Buffer.from('AMQQ\0\0\x09\x01', 'latin1')],
  ] as const) {
    test(
      `${what} is answered with a protocol header, and the socket is closed`,
      { rules: ['CON-02', 'GEN-24'] },
      async (t) => refusesHeader(t, bytes),
    );
  }

  for (const [layer, id] of [
    ['AMQP 1.0', 0],
    ['AMQP 1.0 over TLS', 2],
    ['AMQP 1.0 after SASL', 3],
  ] as const) {
    test(
      `a client of ${layer} is told the version that is spoken here`,
      { rules: ['CON-03', 'GEN-24'] },
      async (t) => {
        const client = await t.socket();
        client.sendBytes(Buffer.from(['A', 'M', 'Q', 'P'].map((c) => c.charCodeAt(0)).concat(id, 1, 0, 0)));
        await client.until(() => client.header.length >= 8);
        const answer = client.header.subarray(0, 8);
        const speaksIt = t.broker.since('4.0') && answer.equals(AMQP_10);
        if (speaksIt) return;
        assert.deepEqual(client.header, AMQP_091);
        await client.ended();
      },
    );
  }

  test(
    'the protocol header of AMQP 0-8 is served before 4.0 and refused since',
    { rules: ['GEN-36'] },
    async (t) => {
      const header = Buffer.from('AMQP\x01\x01\x08\0', 'latin1');
      if (t.broker.since('4.0')) return refusesHeader(t, header);
      const { start } = await started(t, header);
      assert.deepEqual([start.versionMajor, start.versionMinor], [8, 0]);
    },
  );
}

async function refusesHeader(t: Context, bytes: Buffer): Promise<void> {
  const client = await t.socket();
  client.sendBytes(bytes);
  await client.ended();
  const is10 = t.broker.since('4.0') && client.header.equals(AMQP_10);
  assert.deepEqual(client.header, is10 ? AMQP_10 : AMQP_091);
}

function start(test: Define): void {
  test(
    'connection.start offers PLAIN and AMQPLAIN, and the locale en_US',
    { rules: ['CON-05'] },
    async (t) => {
      const { start } = await started(t);
      const mechanisms = start.mechanisms.toString().split(' ');
      const known = t.broker.pick({
        '3.10': ['AMQPLAIN', 'PLAIN'],
        '4.0': ['AMQPLAIN', 'ANONYMOUS', 'PLAIN'],
      });
      assert.deepEqual(mechanisms.filter((name) => name.endsWith('PLAIN')).sort(), ['AMQPLAIN', 'PLAIN']);
      assert.deepEqual(
        mechanisms.filter((name) => !known.includes(name)),
        [],
      );
      assert.equal(start.locales.toString(), 'en_US');
    },
  );

  test('connection.start says who the broker is, sorted by key', { rules: ['CON-06'] }, async (t) => {
    const { serverProperties } = (await started(t)).start;
    const texts = ['cluster_name', 'copyright', 'information', 'platform', 'product', 'version'];
    assert.deepEqual(Object.keys(serverProperties), ['capabilities', ...texts]);
    assert.equal(serverProperties['capabilities']?.tag, 'F');
    for (const key of texts) assert.equal(serverProperties[key]?.tag, 'S', key);
    assert.equal(serverProperties['product']?.value, 'RabbitMQ');
    assert.match(String(serverProperties['version']?.value), /^\d+\.\d+\.\d+$/);
  });

  test('connection.start lists what the broker can do', { rules: ['CON-07'] }, async (t) => {
    const { capabilities } = (await started(t)).start.serverProperties;
    const all = plain(capabilities) as Record<string, unknown>;
    for (const [name, is] of Object.entries(all)) assert.equal(is, true, name);
    const required = [
      'authentication_failure_close',
      'basic.nack',
      'consumer_cancel_notify',
      'consumer_priorities',
      'exchange_exchange_bindings',
      'per_consumer_qos',
      'publisher_confirms',
    ];
    const optional = ['connection.blocked', 'direct_reply_to'];
    const offered = Object.keys(all).sort();
    assert.deepEqual(
      offered.filter((name) => !optional.includes(name)),
      required,
    );
    if (t.broker.isRabbitMQ) assert.deepEqual(offered, [...required, ...optional].sort());
  });
}

function tune(test: Define): void {
  test(
    'connection.tune proposes 2047 channels, frames of 128 KiB and a minute',
    { rules: ['CON-19'] },
    async (t) => {
      const { channelMax, frameMax, heartbeat } = await (await startOk(t)).expect(0, 'connection.tune');
      assert.deepEqual([channelMax, frameMax, heartbeat], [2047, 131_072, 60]);
    },
  );

  for (const [what, asked] of [
    ['one channel', { channelMax: 1 }],
    ['2047 channels', { channelMax: 2047 }],
    ['frames of 8192 octets', { frameMax: 8192 }],
    ['frames of 131072 octets', { frameMax: 131_072 }],
    ['the longest heartbeat there is', { heartbeat: 65_535 }],
    ['a heartbeat of one second', { heartbeat: 1 }],
  ] as const) {
    test(
      `a client may take ${what}`,
      { rules: 'heartbeat' in asked ? ['CON-22'] : ['CON-20'] },
      async (t) => {
        const client = await tuning(t);
        client.send(0, 'connection.tune-ok', { ...TUNED, ...asked });
        await client.call(0, 'connection.open', { virtualHost: '/' });
        await client.call(1, 'channel.open');
      },
    );
  }

  const least = { '3.10': 4096, '4.1': 8192 };
  for (const [what, asked, text] of [
    ['any number of channels', { channelMax: 0 }, 'channel_max = 0 (no limit) is higher'],
    ['more channels than proposed', { channelMax: 2048 }, 'channel_max = 2048 is higher'],
    ['frames of any size', { frameMax: 0 }, 'frame_max = 0 (no limit) is higher'],
    ['larger frames than proposed', { frameMax: 131_073 }, 'frame_max = 131073 is higher'],
    ['frames of 4095 octets', { frameMax: 4095 }, 'frame_max = 4095 is lower'],
  ] as const) {
    test(
      `a client that asks for ${what} is refused`,
      { rules: ['CON-20', 'CON-21'], realTime: true },
      async (t) => {
        const client = await tuning(t);
        client.send(0, 'connection.tune-ok', { ...TUNED, ...asked });
        client.send(0, 'connection.open', { virtualHost: '/' });
        await refusesTuneOk(client, text);
      },
    );
  }

  test(
    'frames of 4096 octets may be too small since 4.1, and may be asked for before',
    { rules: ['GEN-22', 'CON-20'], realTime: true },
    async (t) => {
      const client = await tuning(t);
      client.send(0, 'connection.tune-ok', { ...TUNED, frameMax: 4096 });
      client.send(0, 'connection.open', { virtualHost: '/' });
      const isOpen = (await client.peek(0)) === 'connection.open-ok';
      if (!isOpen) await refusesTuneOk(client, 'frame_max = 4096 is lower');
      assert.equal(isOpen || t.broker.pick(least) > 4096, true, '4096 was the minimum then');
    },
  );
}

/** Without a word after a while, or with a reason. */
async function refusesTuneOk(client: Client, text: string): Promise<void> {
  if ((await client.peek(0)) === undefined) return endsSilently(client);
  const close = await client.expect(0, 'connection.close');
  assert.equal(close.replyCode, 530);
  const start = `NOT_ALLOWED - negotiated ${text} than the `;
  assert.equal(close.replyText.slice(0, start.length), start);
  client.send(0, 'connection.close-ok');
  await client.ended();
}

function open(test: Define): void {
  test('connection.open is answered with empty known-hosts', { rules: ['CON-29', 'GEN-11'] }, async (t) => {
    const client = await opening(t);
    const { knownHosts } = await client.call(0, 'connection.open', { virtualHost: '/' });
    assert.equal(knownHosts, '');
  });

  for (const [what, virtualHost] of [
    ['that does not exist', 'nowhere'],
    ['without a name', ''],
  ] as const) {
    test(`connection.open of a vhost ${what} is refused`, { rules: ['CON-26'] }, async (t) => {
      const client = await opening(t);
      client.send(0, 'connection.open', { virtualHost });
      const text = `NOT_ALLOWED - vhost ${virtualHost} not found`;
      await client.expectConnectionError(530, text, 'connection.open');
    });
  }

  test('the whole handshake may come in one piece', { rules: ['GEN-08', 'CON-30'] }, async (t) => {
    const client = await t.socket();
    const { user, password } = t.broker.login;
    const response = plainResponse(user, password);
    client.sendBytes(
      Buffer.concat([
        PROTOCOL_HEADER,
        onControl(encodeMethod('connection.start-ok', { mechanism: 'PLAIN', response, locale: 'en_US' })),
        onControl(encodeMethod('connection.tune-ok', TUNED)),
        onControl(encodeMethod('connection.open', { virtualHost: '/' })),
        encodeFrame(frames.method, 1, encodeMethod('channel.open', {})),
      ]),
    );
    for (const name of ['connection.start', 'connection.tune', 'connection.open-ok'] as const) {
      await client.expect(0, name);
    }
    await client.expect(1, 'channel.open-ok');
  });

  test('a channel may not be opened before the connection', { rules: ['CON-56', 'CON-29'] }, async (t) => {
    const client = await opening(t);
    client.send(1, 'channel.open');
    const text = 'UNEXPECTED_FRAME - type 1, all octets = <<0,20,0,10,0>>';
    await client.expectConnectionError(505, text);
  });

  for (const [name, args] of [
    ['connection.start-ok', {}],
    ['connection.tune-ok', TUNED],
    ['connection.close', {}],
  ] as const) {
    test(`a ${name} where connection.open is due is not expected`, { rules: ['CON-55'] }, async (t) => {
      const client = await opening(t);
      client.send<MethodName>(0, name, args);
      const text = 'CHANNEL_ERROR - unexpected method in connection state opening';
      await client.expectConnectionError(504, text, name);
    });
  }

  test('a connection.open where tune-ok is due ends the connection', { rules: ['CON-55'] }, async (t) => {
    const client = await tuning(t);
    client.send(0, 'connection.open', { virtualHost: '/' });
    if ((await client.peek(0)) === undefined) return endsSilently(client);
    const text = 'CHANNEL_ERROR - unexpected method in connection state tuning';
    await client.expectConnectionError(504, text, 'connection.open');
  });

  for (const name of [
    'connection.start-ok',
    'connection.tune-ok',
    'connection.open',
    'connection.secure-ok',
    'channel.open',
  ] as const) {
    test(`a ${name} on channel 0 of an open connection is not expected`, { rules: ['CON-55'] }, async (t) => {
      const client = await t.connect();
      client.send(0, name);
      const text = 'CHANNEL_ERROR - unexpected method in connection state running';
      await client.expectConnectionError(504, text, name);
    });
  }
}

function onControl(payload: Buffer): Buffer {
  return encodeFrame(frames.method, 0, payload);
}
