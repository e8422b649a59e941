import { readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import amqp from 'amqplib';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { BrokerOptions, RunningBroker } from '../../src/index.ts';
import { startTestBroker } from '../support/broker.ts';
import { Authority } from '../support/certificates.ts';
import type { Pair } from '../support/certificates.ts';
import { temporaryDirectory } from '../support/store.ts';

const definitions = {
  users: [
    { name: 'guest', password: 'guest' },
    { name: 'alice', tags: [] },
  ],
  permissions: ['guest', 'alice'].map((user) => ({
    user,
    vhost: '/',
    configure: '.*',
    write: '.*',
    read: '.*',
  })),
};

/** A broker with TLS, stopped after the test. */
async function start(server: Pair, options: Partial<BrokerOptions> = {}): Promise<RunningBroker> {
  const { cert: tlsCert, key: tlsKey } = server;
  const broker = await startTestBroker({ tlsPort: 0, tlsCert, tlsKey, definitions, ...options });
  onTestFinished(() => broker.stop());
  return broker;
}

function files({ cert }: { readonly cert: string }, client?: Pair): Record<string, unknown> {
  const own = client === undefined ? {} : { cert: readFileSync(client.cert), key: readFileSync(client.key) };
  return { ca: [readFileSync(cert)], ...own };
}

/** The way of a message through the broker, with amqplib. */
async function trip(url: string, options: object): Promise<string> {
  const connection = await amqp.connect(url, options);
  const channel = await connection.createConfirmChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  channel.sendToQueue(queue, Buffer.alloc(300_000, 'x'));
  await channel.waitForConfirms();
  const message = await channel.get(queue, { noAck: true });
  await connection.close();
  return message === false ? '' : `${message.content.length} bytes`;
}

const external = { credentials: amqp.credentials.external() };

test('amqps:// works beside amqp://', async () => {
  const authority = await Authority.create();
  const broker = await start(await authority.sign('server'));
  expect(broker.tlsUrl).toBe(`amqps://guest:guest@127.0.0.1:${broker.tlsPort}`);
  expect(await trip(broker.tlsUrl ?? '', files(authority))).toBe('300000 bytes');
  expect(await trip(broker.url, {})).toBe('300000 bytes');
});

describe('a client', () => {
  test('with a certificate is the user it names, with EXTERNAL [CON-13]', async () => {
    const authority = await Authority.create();
    const broker = await start(await authority.sign('server'), { tlsCa: authority.cert });
    const url = `amqps://localhost:${broker.tlsPort}`;
    const [alice, nobody] = [await authority.sign('alice'), await authority.sign('nobody')];
    expect(await trip(url, { ...files(authority, alice), ...external })).toBe('300000 bytes');
    await expect(trip(url, { ...files(authority, nobody), ...external })).rejects.toThrow('ACCESS-REFUSED');
  });

  test('without one logs in with a password, unless one is required', async () => {
    const authority = await Authority.create();
    const server = await authority.sign('server');
    const free = await start(server, { tlsCa: authority.cert });
    expect(await trip(free.tlsUrl ?? '', files(authority))).toBe('300000 bytes');
    const strict = await start(server, { tlsCa: authority.cert, tlsRequireCert: true });
    await expect(trip(strict.tlsUrl ?? '', files(authority))).rejects.toThrow();
    const alice = await authority.sign('alice');
    expect(await trip(strict.tlsUrl ?? '', files(authority, alice))).toBe('300000 bytes');
  });

  test('with a certificate of somebody else is refused, whatever its password', async () => {
    const [authority, other] = [await Authority.create(), await Authority.create()];
    const broker = await start(await authority.sign('server'), { tlsCa: authority.cert });
    const wrong = files(authority, await other.sign('alice'));
    await expect(trip(broker.tlsUrl ?? '', wrong)).rejects.toThrow();
    await expect(trip(`amqps://localhost:${broker.tlsPort}`, { ...wrong, ...external })).rejects.toThrow();
  });

  test('is not offered EXTERNAL when certificates of clients are not verified [CON-13]', async () => {
    const authority = await Authority.create();
    const broker = await start(await authority.sign('server'));
    const alice = { ...files(authority, await authority.sign('alice')), ...external };
    await expect(trip(`amqps://localhost:${broker.tlsPort}`, alice)).rejects.toThrow(/EXTERNAL/);
  });
});

test('a renewed certificate is used by new connections, and old ones go on', async () => {
  const authority = await Authority.create();
  const directory = await temporaryDirectory();
  const pair = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  const renew = async (name: string): Promise<void> => {
    const { cert, key } = await authority.sign(name);
    await copyFile(cert, pair.cert);
    await copyFile(key, pair.key);
  };
  await renew('before');
  const broker = await start(pair, { management: true, managementTls: true });
  const managementPort = Number(new URL(broker.managementUrl ?? '').port);
  const nameOfServer = async (port = broker.tlsPort): Promise<string> => {
    const socket = connectTls({ port, host: '127.0.0.1', ca: readFileSync(authority.cert) });
    await once(socket, 'secureConnect');
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(CN);
  };
  expect([await nameOfServer(), await nameOfServer(managementPort)]).toEqual(['before', 'before']);
  const connection = await amqp.connect(broker.tlsUrl ?? '', files(authority));
  const channel = await connection.createChannel();

  await writeFile(pair.cert, 'no certificate'); // a moment between two files
  await renew('after');
  for (let left = 100; left > 0 && (await nameOfServer()) !== 'after'; left--) await sleep(100);
  expect([await nameOfServer(), await nameOfServer(managementPort)]).toEqual(['after', 'after']);
  await channel.assertQueue('q', { exclusive: true });
  await connection.close();
});

test('a socket that never speaks TLS does not hold up the end', async () => {
  const authority = await Authority.create();
  const broker = await start(await authority.sign('server'));
  const socket = connectSocket(broker.tlsPort ?? 0, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  await broker.stop();
  await closed;
});

test('what does not fit together is said before anything starts', async () => {
  const authority = await Authority.create();
  const { cert, key } = await authority.sign('server');
  const { key: otherKey } = await authority.sign('other');
  for (const [options, text] of [
    [{ tlsPort: 0 }, '--tls-port needs --tls-cert and --tls-key'],
    [{ tlsCert: cert, tlsKey: key }, 'certificates are of no use without --tls-port or --management-tls'],
    [{ tlsPort: 0, tlsCert: cert, tlsKey: key, tlsRequireCert: true }, '--tls-require-cert needs --tls-ca'],
    [{ tlsPort: 0, tlsCert: `${cert}.none`, tlsKey: key }, `cannot read --tls-cert ${cert}.none: ENOENT`],
    [
      { tlsPort: 0, tlsCert: cert, tlsKey: otherKey },
      `the certificates in ${cert}, ${otherKey} cannot be used`,
    ],
  ] as const) {
    const error: unknown = await startTestBroker(options).catch((reason: unknown) => reason);
    expect(String(error)).toContain(`OptionError: ${text}`);
  }
});

describe('the management API', () => {
  /** Status and body. */
  async function read(url: string, ca: string): Promise<readonly [number | undefined, string]> {
    const asked = request(url, { ca: readFileSync(ca), auth: 'guest:guest' }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return [response.statusCode, await text(response)];
  }

  test('is served with TLS when that is asked for, and only so', async () => {
    const authority = await Authority.create();
    const options = { management: true, managementTls: true, tlsPort: undefined, definitions: undefined };
    const broker = await start(await authority.sign('server'), options);
    const { managementUrl: url = '' } = broker;
    expect(url).toMatch(/^https:/);
    expect(broker.tlsUrl).toBeUndefined();
    const [status, overview] = await read(`${url}/api/overview`, authority.cert);
    const { listeners, contexts } = JSON.parse(overview) as Readonly<Record<string, unknown[]>>;
    expect([status, contexts?.length]).toEqual([200, 1]);
    expect(listeners).toContainEqual(expect.objectContaining({ protocol: 'https', tls: true }));
    const checks = `${url}/api/health/checks`;
    expect((await read(`${checks}/protocol-listener/https`, authority.cert))[0]).toBe(200);
    expect((await read(`${checks}/certificate-expiration/2/months`, authority.cert))[0]).toBe(503);
    await expect(fetch(`${url.replace('https', 'http')}/api/overview`)).rejects.toThrow();
  });

  test('cannot be served with TLS without a certificate', async () => {
    const starting = startTestBroker({ management: true, managementTls: true });
    await expect(starting).rejects.toThrow('--management-tls needs --tls-cert and --tls-key');
  });
});
