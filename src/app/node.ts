import { resolve } from 'node:path';
import type { Broker } from '../broker/broker.ts';
import type { Journal } from '../broker/journal.ts';
import { Alarms } from '../server/alarms.ts';
import { Faults } from '../server/faults.ts';
import { DEFAULT_LIMITS } from '../server/limits.ts';
import type { ServerLimits } from '../server/limits.ts';
import { Listener } from '../server/listener.ts';
import type { Log } from '../server/log.ts';
import { openStore } from '../store/open.ts';
import type { Store, StoreOptions } from '../store/open.ts';
import { watchCertificates } from './certificates.ts';
import { RealClock } from './clock.ts';
import { createBroker } from './core.ts';
import { Crash } from './crash.ts';
import { loadDefinitions } from './definitions.ts';
import { FaultRequests } from './fault-requests.ts';
import { createLog } from './log.ts';
import { startManagement, urlHost } from './management.ts';
import { MemoryGauge } from './memory.ts';
import { mostSockets } from './open-files.ts';
import type { BrokerOptions } from './options.ts';
import { freeBytes, ResourceWatch } from './resources.ts';
import { ACTS_AS, NODE_NAME, platform, serverProperties } from './server-properties.ts';
import { Teardown } from './teardown.ts';
import { readTlsOptions } from './tls.ts';
import type { TlsSettings } from './tls.ts';

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
  /** What it does wrong because it is asked to. */
  readonly faults: FaultRequests;
  /** Takes no more connections, closes those that are open, writes what is left. May be called again. */
  stop(): Promise<void>;
}

/** What a node tells whoever started it. */
export interface NodeHooks {
  /** A write to the data directory failed: nothing more is promised to anybody. */
  readonly onFailure: (error: unknown) => void;
  /** A fault wants the process to be killed; without it the node drops all it has, and the process lives on. */
  readonly onCrash?: () => void;
}

/** Starts everything in order: store, broker, listener. What was started before a failure is stopped again. */
export async function startNode(options: BrokerOptions, hooks: NodeHooks): Promise<Node> {
  const teardown = new Teardown();
  try {
    return await start(options, hooks, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(options: BrokerOptions, hooks: NodeHooks, teardown: Teardown): Promise<Node> {
  const log = createLog(options.logLevel);
  const { definitions } = options;
  const named = definitions === undefined ? undefined : await loadDefinitions(definitions);
  const tls = await readTlsOptions(options);
  const clock = new RealClock();
  teardown.add(() => clock.stop());
  const data = options.data === undefined ? undefined : resolve(options.data);
  const faults = new Faults();
  const crash = new Crash(faults);
  const store = await openData(data, options, log, { onFailure: hooks.onFailure, crashes: crash.at });
  const { close: closeStore, reclaim } = { ...store }; // not the store: it would keep all that was found on disk
  teardown.add(() => closeStore?.());
  const alarms = new Alarms();
  const broker = createBroker(options, store, clock, log, named);
  await store?.journal.flush(); // what was imported is certain once it can be used
  const memory = new MemoryGauge();
  const resources = new ResourceWatch(clock, alarms, log, options, {
    memory: (isLow) => memory.read(isLow),
    disk:
      data === undefined ? undefined : (isLow) => freeDisk(data, broker.journal, isLow ? reclaim : undefined),
  });
  teardown.add(() => resources.stop());
  await resources.start();
  const limits = serverLimits(options, data !== undefined);
  const host = {
    broker,
    alarms,
    faults,
    limits,
    wallClock: clock,
    log,
    serverProperties: () => serverProperties(broker.clusterName),
  };
  const listener = new Listener(host);
  teardown.add(() => listener.stop());
  crash.end = hooks.onCrash ?? (() => dropAll(listener, teardown));
  const addresses = await listen(listener, options, tls);
  if (tls !== undefined) {
    teardown.add(watchCertificates(tls.files, (renewed) => listener.renew(renewed), log));
  }
  const management = await startManagement(options, addresses.port, {
    broker,
    log,
    nodeName: NODE_NAME,
    actsAs: ACTS_AS,
    platform: platform(),
    wallClock: clock,
    ackTimeout: limits.ackTimeout,
  });
  teardown.add(() => management?.stop());
  const managementUrl = management?.url;
  log.info({ host: options.host, ...addresses, management: managementUrl, data }, 'ready');
  return {
    ...describe(options, broker, addresses),
    managementUrl,
    data,
    faults: new FaultRequests(faults, data !== undefined),
    stop: () => teardown.run(),
  };
}

/** Undefined when everything is in memory. */
async function openData(
  data: string | undefined,
  { memoryLimit }: BrokerOptions,
  log: Log,
  { onFailure, crashes }: Required<Pick<StoreOptions, 'onFailure' | 'crashes'>>,
): Promise<Store | undefined> {
  if (data === undefined) return undefined;
  return openStore(data, {
    memoryLimit,
    onFailure: (error) => {
      log.error({ error: String(error) }, 'the store failed');
      onFailure(error);
    },
    crashes,
  });
}

/** What is left of a process that was killed: what is on disk. */
function dropAll(listener: Listener, teardown: Teardown): void {
  listener.abort();
  void teardown.run();
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
