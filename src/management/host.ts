import type { Broker } from '../broker/broker.ts';
import type { Log } from '../server/log.ts';

/** What the management API is told about the node it belongs to. */
export interface ManagementHost {
  readonly broker: Broker;
  readonly log: Log;
  /** `leveret@localhost`: the only node of its cluster. */
  readonly nodeName: string;
  /** The RabbitMQ whose behaviour is followed: `4.2.0`. */
  readonly actsAs: string;
  /** Name and version of this broker, and of what it runs on. */
  readonly platform: string;
}
