import { createHash, randomBytes } from 'node:crypto';
import { Broker } from '../broker/broker.ts';
import type { BrokerPorts } from '../broker/broker.ts';
import type { Clock } from '../broker/clock.ts';
import { NOTHING_RECOVERED } from '../broker/journal.ts';
import { MemoryJournal } from '../broker/memory-journal.ts';
import type { Log } from '../server/log.ts';
import type { Store } from '../store/open.ts';
import { applyDefinitions } from './definitions.ts';
import type { NamedDefinitions } from './definitions.ts';
import type { BrokerOptions } from './options.ts';
import { NODE_NAME } from './server-properties.ts';
import { LoopTurn } from './turn.ts';

/** The core with everything it needs from outside, and with what was found on disk and is to be imported. */
export function createBroker(
  options: BrokerOptions,
  store: Store | undefined,
  clock: Clock,
  log: Log,
  named: NamedDefinitions | undefined,
): Broker {
  const ports: BrokerPorts = {
    clock,
    journal: store?.journal ?? new MemoryJournal(),
    turn: new LoopTurn(),
    maxQueues: options.maxQueues,
    nodeName: NODE_NAME,
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
  for (const warning of applyDefinitions(broker, named)) {
    log.warn({ definitions: named.name, warning }, 'not everything was imported');
  }
  return broker;
}
