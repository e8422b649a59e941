import { createHash, randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Broker } from '../broker/broker.ts';
import type { BrokerPorts } from '../broker/broker.ts';
import { NOTHING_RECOVERED } from '../broker/journal.ts';
import type { Journal } from '../broker/journal.ts';
import { MemoryJournal } from '../broker/memory-journal.ts';
import { Alarms } from '../server/alarms.ts';
import { DEFAULT_LIMITS } from '../server/limits.ts';
import type { ServerLimits } from '../server/limits.ts';
import { Listener } from '../server/listener.ts';
import type { Certificates } from '../server/listener.ts';
import type { Log } from '../server/log.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/open.ts';
import { bool, fieldTable, longstr, table } from '../wire/table.ts';
import type { FieldTable } from '../wire/table.ts';
import { readCertificates, watchCertificates } from './certificates.ts';
import type { CertificateFiles } from './certificates.ts';
import { RealClock } from './clock.ts';
import { applyDefinitions, loadDefinitions } from './definitions.ts';
import type { NamedDefinitions } from './definitions.ts';
import { createLog } from './log.ts';
import { startManagement, urlHost } from './management.ts';
import type { Management } from './management.ts';
import { MemoryGauge } from './memory.ts';
import { mostSockets } from './open-files.ts';
import { OptionError } from './options.ts';
import type { BrokerOptions } from './options.ts';
import { freeBytes, ResourceWatch } from './resources.ts';
import { LoopTurn } from './turn.ts';
import { packageVersion } from './version.ts';

/** The RabbitMQ whose behaviour is followed: clients decide by it what they may use. */
const ACTS_AS = '4.2.0';
const NODE_NAME = 'leveret@localhost';

/** A running broker. */
export interface Node {
  /** Where clients connect: `amqp://guest:guest@HOST:PORT`; without a login once `guest` has another password. */
  readonly url: string;
  readonly port: number;
  /** The same for TLS; undefined without it. */
  readonly tlsUrl: string | undefined;
  readonly tlsPort: number | undefined;
  /** The management HTTP API: `http://HOST:PORT`; undefined without it. */
  readonly managementUrl: string | undefined;
  /** The data directory, absolute; undefined when everything is in memory. */
  readonly data: string | undefined;
  /** Takes no more connections, closes those that are open, writes what is left. May be called again. */
  stop(): Promise<void>;
}

/** Starts everything in order: store, broker, listener. What was started before a failure is stopped again. */
export async function startNode(options: BrokerOptions, onFailure: (error: unknown) => void): Promise<Node> {
  const log = createLog(options.logLevel);
  const memory = new MemoryGauge();
  const data = options.data === undefined ? undefined : resolve(options.data);
  const failed = (error: unknown): void => {
    log.error({ error: String(error) }, 'the store failed');
    onFailure(error);
  };
  const { definitions } = options;
  const named = definitions === undefined ? undefined : await loadDefinitions(definitions);
  const tls = await readTlsOptions(options);
  const store =
    data === undefined
      ? undefined
      : await openStore(data, { memoryLimit: options.memoryLimit, onFailure: failed });
  const { close: closeStore, reclaim } = { ...store }; // not the store: it would keep all that was found on disk
  const clock = new RealClock();
  let listener: Listener | undefined;
  let management: Management | undefined;
  try {
    const alarms = new Alarms();
    const broker = createBroker(options, store, clock, log, named);
    const limits = serverLimits(options, data !== undefined);
    listener = new Listener({
      broker,
      alarms,
      limits,
      wallClock: clock,
      log,
      serverProperties: serverProperties(),
    });
    await store?.journal.flush(); // what was imported is certain once it can be used
    const resources = new ResourceWatch(clock, alarms, log, options, {
      memory: (isLow) => memory.read(isLow),
      disk:
        data === undefined
          ? undefined
          : (isLow) => freeDisk(data, broker.journal, isLow ? reclaim : undefined),
    });
    await resources.start();
    const addresses = await listen(listener, options, tls);
    management = await startManagement(options, addresses.port, {
      broker,
      log,
      nodeName: NODE_NAME,
      actsAs: ACTS_AS,
      platform: platform(),
    });
    const managementUrl = management?.url;
    log.info({ host: options.host, ...addresses, management: managementUrl, data }, 'ready');
    const endWatch =
      tls === undefined
        ? undefined
        : watchCertificates(tls.files, (renewed) => listener?.renew(renewed), log);
    const stop = once(async () => {
      endWatch?.();
      await management?.stop();
      await listener?.stop();
      resources.stop();
      await closeStore?.();
      clock.stop();
    });
    return { ...describe(options, broker, addresses), managementUrl, data, stop };
  } catch (error) {
    await management?.stop();
    await listener?.stop();
    await closeStore?.();
    clock.stop();
    throw error;
  }
}

interface TlsSettings {
  readonly port: number;
  readonly files: CertificateFiles;
  readonly certificates: Certificates;
}

/** Undefined without `--tls-port`. */
async function readTlsOptions(options: BrokerOptions): Promise<TlsSettings | undefined> {
  const { tlsPort: port, tlsCert, tlsKey, tlsCa, tlsRequireCert } = options;
  if (port === undefined) {
    if (tlsCert === undefined && tlsKey === undefined && tlsCa === undefined) return undefined;
    throw new OptionError('certificates are of no use without --tls-port');
  }
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new OptionError('--tls-port needs --tls-cert and --tls-key');
  }
  if (tlsRequireCert === true && tlsCa === undefined) {
    throw new OptionError('--tls-require-cert needs --tls-ca: who may sign the certificates of clients');
  }
  const files = { tlsCert: resolve(tlsCert), tlsKey: resolve(tlsKey), tlsCa: tlsCa && resolve(tlsCa) };
  return { port, files, certificates: await readCertificates(files) };
}

interface Addresses {
  readonly port: number;
  readonly tlsPort: number | undefined;
}

async function listen(
  listener: Listener,
  { host, port, tlsHost = host, tlsRequireCert = false }: BrokerOptions,
  tls: TlsSettings | undefined,
): Promise<Addresses> {
  const { port: tcpPort } = await listener.listen(host, port);
  if (tls === undefined) return { port: tcpPort, tlsPort: undefined };
  const { port: tlsPort } = await listener.listenTls(tlsHost, tls.port, tls.certificates, tlsRequireCert);
  return { port: tcpPort, tlsPort };
}

/** URLs name the default user as long as it is as it was. */
function describe(
  { host, tlsHost = host }: BrokerOptions,
  { users }: Broker,
  { port, tlsPort }: Addresses,
): Pick<Node, 'url' | 'port' | 'tlsUrl' | 'tlsPort'> {
  const login = users.authenticate('guest', 'guest') ? 'guest:guest@' : '';
  const tlsUrl = tlsPort === undefined ? undefined : `amqps://${login}${urlHost(tlsHost)}:${tlsPort}`;
  return { url: `amqp://${login}${urlHost(host)}:${port}`, port, tlsUrl, tlsPort };
}

function createBroker(
  options: BrokerOptions,
  store: Store | undefined,
  clock: RealClock,
  log: Log,
  named: NamedDefinitions | undefined,
): Broker {
  const ports: BrokerPorts = {
    clock,
    journal: store?.journal ?? new MemoryJournal(),
    turn: new LoopTurn(),
    maxQueues: options.maxQueues,
    secrets: {
      random: (bytes) => randomBytes(bytes),
      sha256: (bytes) => createHash('sha256').update(bytes).digest(),
    },
    onFault: (error) => {
      const { stack } = error instanceof Error ? error : new Error(String(error));
      log.error({ stack }, 'a bug: please report it');
    },
    onLost: (queue, reason, cause) =>
      log.warn({ queue: queue.name, vhost: queue.identity.vhost, reason, cause }, 'dead letters are lost'),
  };
  const recovered = store?.recovered ?? NOTHING_RECOVERED;
  const broker = new Broker(ports, recovered, named === undefined);
  if (named === undefined) return broker;
  for (const warning of applyDefinitions(broker, named, recovered, ports.secrets)) {
    log.warn({ definitions: named.name, warning }, 'not everything was imported');
  }
  return broker;
}

/** What waits to be written counts as written. */
async function freeDisk(
  directory: string,
  journal: Journal,
  reclaim: Store['reclaim'] | undefined,
): Promise<number> {
  await reclaim?.();
  return (await freeBytes(directory)) - journal.backlog;
}

function serverLimits(options: BrokerOptions, hasStore: boolean): ServerLimits {
  return {
    tune: { ...DEFAULT_LIMITS.tune, channelMax: options.maxChannels },
    largestBody: options.maxMessageSize,
    sockets: mostSockets(hasStore),
    connections: options.maxConnections,
    consumersPerChannel: options.maxConsumersPerChannel,
    ackTimeout: options.consumerTimeout,
  };
}

function platform(): string {
  return `Leveret ${packageVersion()} on Node.js ${process.version}`;
}

/** Sorted by key, as RabbitMQ sends them (CON-06, CON-07); of the capabilities only those there are. */
function serverProperties(): FieldTable {
  const capabilities = [
    'authentication_failure_close',
    'basic.nack',
    'connection.blocked',
    'consumer_cancel_notify',
    'consumer_priorities',
    'direct_reply_to',
    'exchange_exchange_bindings',
    'per_consumer_qos',
    'publisher_confirms',
  ];
  return fieldTable({
    capabilities: table(Object.fromEntries(capabilities.map((name) => [name, bool(true)]))),
    cluster_name: longstr(NODE_NAME),
    copyright: longstr('Copyright (c) the Leveret authors'),
    information: longstr('Licensed under the Apache License 2.0'),
    platform: longstr(platform()),
    product: longstr('RabbitMQ'),
    version: longstr(ACTS_AS),
  });
}

function once(task: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= task());
}
