import type { Clock } from '../broker/clock.ts';
import type { Alarms } from './alarms.ts';
import type { Connection } from './connection.ts';
import type { HandshakeHost } from './handshake.ts';
import type { Log } from './log.ts';

/** What every connection of a server shares. */
export interface ConnectionHost extends HandshakeHost {
  /** Real time, also when the broker's is moved by hand: heartbeats and deadlines of sockets. */
  readonly wallClock: Clock;
  readonly alarms: Alarms;
  readonly log: Log;
  readonly openConnections: Set<object>;
  /** The connection is over. */
  ended(connection: Connection): void;
}
