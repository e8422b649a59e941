import type { Broker } from '../broker/broker.ts';
import { NOTHING_RECOVERED } from '../broker/journal.ts';
import { ALL_ACCESS } from '../broker/users.ts';
import type { ManagementHost } from '../management/host.ts';
import type { MeterProvider } from '../metrics/telemetry.ts';
import { Alarms } from '../server/alarms.ts';
import { Faults } from '../server/faults.ts';
import type { ServerLimits } from '../server/limits.ts';
import { Listener } from '../server/listener.ts';
import type { Certificates } from '../server/listener.ts';
import { SnapshotJournal } from '../store/snapshot-journal.ts';
import { Advice } from './advice.ts';
import { BrokerClock } from './broker-clock.ts';
import { BrokerState } from './broker-state.ts';
import { BrokerView } from './broker-view.ts';
import { watchCertificates } from './certificates.ts';
import { RealClock } from './clock.ts';
import { createBroker } from './core.ts';
import { Crash } from './crash.ts';
import { openData } from './data.ts';
import type { Data } from './data.ts';
import type { Start } from './start.ts';
import { loadDefinitions } from './definitions.ts';
import { EventFeed } from './event-feed.ts';
import { faultDesk } from './fault-desk.ts';
import { addFirstFaults } from './fault-file.ts';
import { FaultRequests } from './fault-requests.ts';
import { listen, serverLimits, urlsOf } from './listening.ts';
import type { Ports } from './listening.ts';
import { createLog } from './log.ts';
import { LoopDelay } from './loop-delay.ts';
import { ManagedClock } from './managed-clock.ts';
import { startManagement, startMetrics } from './management.ts';
import { MemoryGauge } from './memory.ts';
import { MovableClock } from './movable-clock.ts';
import { nodeFacts } from './node-facts.ts';
import type { NodeSources } from './node-facts.ts';
import type { BrokerOptions } from './options.ts';
import { Quiet } from './quiet.ts';
import { ResourceWatch } from './resources.ts';
import { RunningBroker } from './running-broker.ts';
import { ACTS_AS, NODE_NAME, platform, serverProperties } from './server-properties.ts';
import { startTelemetry } from './telemetry.ts';
import { Teardown } from './teardown.ts';
import { readTlsOptions } from './tls.ts';
import type { TlsSettings } from './tls.ts';
import { Traffic } from './traffic.ts';
import { LoopTurn } from './turn.ts';

/** What a node tells whoever started it. */
export interface NodeHooks {
  /** A write to the data directory failed: nothing more is promised to anybody. */
  readonly onFailure: (error: unknown) => void;
  /** A fault wants the process to be killed; without it the node drops all it has, and the process lives on. */
  readonly onCrash?: () => void;
  /** Whether metrics are given to OpenTelemetry, and to which provider if not to the one of the process. */
  readonly telemetry?: boolean | MeterProvider;
}

/** Starts everything in order: store, broker, listener. What was started before a failure is stopped again. */
export async function startNode(options: BrokerOptions, hooks: NodeHooks): Promise<RunningBroker> {
  const teardown = new Teardown();
  try {
    return await start({ options, log: createLog(options.logLevel, options.logFormat), teardown }, hooks);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(
  begun: Start,
  { onFailure, onCrash, telemetry = false }: NodeHooks,
): Promise<RunningBroker> {
  const { options, log, teardown } = begun;
  const named = options.definitions === undefined ? undefined : await loadDefinitions(options.definitions);
  const tls = await readTlsOptions(options);
  const wallClock = new RealClock();
  teardown.add(() => wallClock.stop());
  const turn = new LoopTurn();
  const clock = startClock(options, wallClock, turn);
  const faults = new Faults();
  const crash = new Crash(faults);
  const opened = await openData(begun, { onFailure, crashes: crash.at });
  const data = opened?.data;
  const memory = new SnapshotJournal();
  const broker = createBroker(
    options,
    { clock, turn, journal: data?.journal ?? memory, log },
    opened?.recovered ?? NOTHING_RECOVERED,
    named,
  );
  const [{ alarms, gauge }] = await Promise.all([
    watchResources(begun, wallClock, data),
    data?.journal.flush(), // what was imported is certain once it can be used
  ]);
  const limits = serverLimits(options, data !== undefined);
  const listener = new Listener({
    broker,
    alarms,
    faults,
    limits,
    wallClock,
    log,
    serverProperties: () => serverProperties(broker.clusterName),
  });
  teardown.add(() => listener.stop());
  crash.end = onCrash ?? (() => dropAll(listener, teardown));
  const traffic = new Traffic(() => listener.streams);
  teardown.add(() => traffic.stop());
  const brokerClock = new BrokerClock(clock, new Quiet(turn, traffic, data?.journal));
  teardown.add(() => brokerClock.stop());
  const feed = new EventFeed(broker.events);
  teardown.add(() => feed.stop());
  const requests = new FaultRequests(faults, data !== undefined);
  if (options.faults !== undefined) await addFirstFaults(requests, options.faults);
  const served = { broker, listener, wallClock, clock: brokerClock, faults: requests, alarms, limits };
  const loopDelay = new LoopDelay();
  teardown.add(() => loopDelay.stop());
  const store = data?.journal.figures;
  const core = { ...served, gauge, loopDelay, data: data?.directory, store, telemetry };
  const addresses = { ...(await openPorts(begun, core, tls)), data: data?.directory };
  log.info({ ...addresses }, 'ready');
  return new RunningBroker(addresses, {
    clock: brokerClock,
    faults: requests,
    feed,
    view: new BrokerView(broker),
    state: new BrokerState(broker, data === undefined ? memory : undefined, listener, brokerClock),
    advice: new Advice(broker),
    addVhost: (name) => addVhost(broker, name),
    deleteVhost: (name) => broker.deleteVhost(name),
    connect: () => listener.connect(),
    stop: () => teardown.run(),
  });
}

function addVhost(broker: Broker, name: string): void {
  if (broker.vhosts.has(name)) return;
  broker.addVhost(name);
  for (const user of broker.users.all.values()) {
    if (user.tags.includes('administrator')) broker.grant(user.name, name, ALL_ACCESS);
  }
}

/** What is left of a process that was killed: what is on disk. */
function dropAll(listener: Listener, teardown: Teardown): void {
  listener.abort();
  void teardown.run();
}

function startClock({ clock: mode, now }: BrokerOptions, wallClock: RealClock, turn: LoopTurn): MovableClock {
  const clock = new MovableClock(wallClock, (task) => turn.soon(task));
  if (now !== undefined) clock.moveTo(now);
  if (mode === 'manual') clock.stand();
  else clock.go();
  return clock;
}

/** They look at memory and disk from now on, and have done so once. */
async function watchResources(
  { options, log, teardown }: Start,
  wallClock: RealClock,
  data: Data | undefined,
): Promise<{ readonly alarms: Alarms; readonly gauge: MemoryGauge }> {
  const alarms = new Alarms();
  const gauge = new MemoryGauge();
  const resources = new ResourceWatch(wallClock, alarms, log, options, {
    memory: (isLow) => gauge.read(isLow),
    disk: data === undefined ? undefined : (isLow) => data.free(isLow),
  });
  teardown.add(() => resources.stop());
  await resources.start();
  return { alarms, gauge };
}

type OpenPorts = Ports &
  ReturnType<typeof urlsOf> &
  Record<'managementUrl' | 'metricsUrl', string | undefined>;

/** What is there when it may be talked to. */
interface Core extends NodeSources {
  readonly broker: Broker;
  readonly listener: Listener;
  readonly clock: BrokerClock;
  readonly faults: FaultRequests;
  readonly alarms: Alarms;
  readonly limits: ServerLimits;
  readonly telemetry: boolean | MeterProvider;
}

async function openPorts(
  { options, log, teardown }: Start,
  core: Core,
  tls: TlsSettings | undefined,
): Promise<OpenPorts> {
  const { broker, listener, wallClock, clock, faults, alarms, limits } = core;
  const ports = await listen(listener, options, tls);
  let certificates = tls?.certificates;
  let management: Awaited<ReturnType<typeof startManagement>> = undefined;
  if (tls !== undefined) {
    const renew = (renewed: Certificates): void => {
      listener.renew(renewed);
      management?.renew(renewed);
      certificates = renewed;
    };
    teardown.add(watchCertificates(tls.files, renew, log));
  }
  const host: ManagementHost = {
    broker,
    faults: options.faults === undefined ? undefined : faultDesk(faults),
    log,
    nodeName: NODE_NAME,
    actsAs: ACTS_AS,
    platform: platform(),
    wallClock,
    clock: new ManagedClock(clock, options.clock),
    alarms,
    limits,
    node: nodeFacts(options, core, ports, () => certificates),
  };
  management = await startManagement(options, host, certificates);
  teardown.add(() => management?.stop());
  const metrics = await startMetrics(options, host);
  teardown.add(() => metrics?.stop());
  teardown.add(await startTelemetry(core.telemetry, host));
  const urls = { managementUrl: management?.url, metricsUrl: metrics?.url };
  return { ...ports, ...urlsOf(options, broker, ports), ...urls };
}
