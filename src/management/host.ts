import type { Broker } from '../broker/broker.ts';
import type { Clock } from '../broker/clock.ts';
import type { Log } from '../server/log.ts';
import type { Sampler } from './sampler.ts';

/** What the management API is told about the node it belongs to. */
export interface ManagementHost {
  readonly broker: Broker;
  readonly log: Log;
  /** `leveret@localhost`: the only node of its cluster. */
  readonly nodeName: string;
  /** The RabbitMQ whose behaviour is followed: `4.2.0`. */
  readonly actsAs: string;
  /** Real time, also where the broker's is moved by hand. */
  readonly wallClock: Clock;
  /** How long a delivery may stay unacked (ms). */
  readonly ackTimeout: number;
  /** Name and version of this broker, and of what it runs on. */
  readonly platform: string;
}

/** The same with what the API keeps beside it. */
export interface ManagementContext extends ManagementHost {
  readonly sampler: Sampler;
}
