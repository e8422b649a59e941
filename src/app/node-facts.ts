import type { Clock } from '../broker/clock.ts';
import type { NodeFacts, StoreFacts } from '../management/host.ts';
import type { Certificates } from '../server/listener.ts';
import type { Ports } from './listening.ts';
import type { LoopDelay } from './loop-delay.ts';
import type { MemoryGauge } from './memory.ts';
import type { BrokerOptions } from './options.ts';
import { freeBytes } from './resources.ts';

/** Where the facts come from. */
export interface NodeSources {
  readonly wallClock: Clock;
  readonly gauge: MemoryGauge;
  readonly loopDelay: LoopDelay;
  /** The data directory; undefined when everything is in memory. */
  readonly data: string | undefined;
  readonly store: StoreFacts | undefined;
}

/** What the management API shows of this node, which has just been started. */
export function nodeFacts(
  { host, tlsHost = host, memoryHigh, diskFreeLimit }: BrokerOptions,
  { wallClock, gauge, loopDelay, data, store }: NodeSources,
  { port, tlsPort }: Ports,
  certificates: () => Certificates | undefined,
): NodeFacts {
  const tcp = port === undefined ? [] : [{ protocol: 'amqp', host, port }];
  const tls = tlsPort === undefined ? [] : [{ protocol: 'amqp/ssl', host: tlsHost, port: tlsPort }];
  return {
    startedAt: wallClock.now(),
    listeners: [...tcp, ...tls],
    data,
    store,
    memoryHigh,
    diskFreeLimit,
    usedMemory: () => gauge.read(false),
    freeDisk: () => freeBytes(data ?? process.cwd()),
    loopDelay: () => loopDelay.read(),
    certificates: () => certificates()?.cert,
  };
}
