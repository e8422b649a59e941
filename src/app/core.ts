import { createHash, randomBytes } from 'node:crypto';
import { Broker } from '../broker/broker.ts';
import type { BrokerPorts } from '../broker/broker.ts';
import { expressionFault } from '../broker/expression.ts';
import type { Recovered } from '../broker/journal.ts';
import type { Log } from '../server/log.ts';
import { applyDefinitions } from './definitions.ts';
import type { NamedDefinitions } from './definitions.ts';
import type { BrokerOptions } from './options.ts';
import { NODE_NAME } from './server-properties.ts';

/** What of its surroundings differs from broker to broker. */
export type Surroundings = Pick<BrokerPorts, 'clock' | 'journal' | 'turn'> & { readonly log: Log };

/**
 * The core with everything it needs from outside.
 * @param recovered what was found on disk
 * @param named what is to be imported
 */
export function createBroker(
  options: BrokerOptions,
  { clock, journal, turn, log }: Surroundings,
  recovered: Recovered,
  named: NamedDefinitions | undefined,
): Broker {
  const ports: BrokerPorts = {
    clock,
    journal,
    turn,
    maxQueues: options.maxQueues,
    nodeName: NODE_NAME,
    secrets: {
      random: (bytes) => randomBytes(bytes),
      digest: (hashing, bytes) => createHash(hashing).update(bytes).digest(),
    },
    onFault: (error) => {
      const { stack } = error instanceof Error ? error : new Error(String(error));
      log.error({ stack }, 'a bug: please report it');
    },
    onLost: (queue, reason, cause) =>
      log.warn({ queue: queue.name, vhost: queue.identity.vhost, reason, cause }, 'dead letters are lost'),
  };
  const broker = new Broker(ports, recovered, named === undefined);
  warnOfPatterns(broker, log);
  if (named === undefined) return broker;
  for (const warning of applyDefinitions(broker, named)) {
    log.warn({ definitions: named.name, warning }, 'not everything was imported');
  }
  return broker;
}

/** Policies that a newer Node understood apply to nothing here. */
function warnOfPatterns(broker: Broker, log: Log): void {
  for (const { name: vhost, policies } of broker.vhosts.values()) {
    for (const { name: policy, pattern } of [
      ...policies.list('policy'),
      ...policies.list('operator-policy'),
    ]) {
      if (expressionFault(pattern) === undefined) continue;
      log.warn({ vhost, policy, pattern }, 'the pattern of a policy cannot be understood');
    }
  }
}
