/** What a server offers in `connection.tune`. */
export interface TuneLimits {
  readonly channelMax: number;
  /** Bytes. */
  readonly frameMax: number;
  /** Seconds. */
  readonly heartbeat: number;
}

/** How much of anything a client may have. Infinity is no limit. */
export interface ServerLimits {
  readonly tune: TuneLimits;
  /** Bytes; larger messages are refused. */
  readonly largestBody: number;
  /** Sockets, whatever their state: more are dropped at once. */
  readonly sockets: number;
  /** Open at a time; those in the middle of their handshake do not count (CON-28). */
  readonly connections: number;
  /** CNS-12. */
  readonly consumersPerChannel: number;
  /** How long a delivery may stay unacked, in milliseconds (CNS-40). */
  readonly ackTimeout: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  tune: { channelMax: 2047, frameMax: 131_072, heartbeat: 60 },
  largestBody: 16 * 1024 * 1024,
  sockets: Infinity,
  connections: Infinity,
  consumersPerChannel: Infinity,
  ackTimeout: 1_800_000,
};
