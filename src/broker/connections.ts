import type { FieldTable } from '../wire/table.ts';
import type { Subscription } from './consumers.ts';
import type { Churn, MessageCounts, Traffic } from './counts.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { Entry } from './message.ts';

/** What TLS a connection speaks, named as RabbitMQ names it. */
export interface TlsDetails {
  /** `tlsv1.3`. */
  readonly protocol: string;
  readonly keyExchange: string;
  readonly cipher: string;
  readonly hash: string;
  /** The certificate the client showed; undefined when it showed none. */
  readonly certificate:
    | {
        readonly subject: string;
        readonly issuer: string;
        readonly validity: string;
        readonly serialNumber: string;
      }
    | undefined;
}

/** Who is connected to what, and what was agreed on: fixed once the connection is open. */
export interface ConnectionDetails {
  /** `PEER:PORT -> HOST:PORT`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly peerHost: string;
  readonly peerPort: number;
  /** Undefined without TLS. */
  readonly tls: TlsDetails | undefined;
  /** The SASL mechanism. */
  readonly mechanism: string;
  readonly channelMax: number;
  readonly frameMax: number;
  /** In seconds; 0 is none. */
  readonly heartbeat: number;
  readonly clientProperties: FieldTable;
  /** Real time, in milliseconds since the epoch. */
  readonly connectedAt: number;
}

/**
 * `blocked`: it published in an alarm, and is not read; `blocking`: there is an alarm, and it has not published since;
 * `flow`: it has to wait for the disk, or for itself.
 */
export type ConnectionState = 'running' | 'flow' | 'blocking' | 'blocked';

/** What a channel is set to, and what it has outstanding, at this moment. */
export interface ChannelStatus {
  readonly isConfirming: boolean;
  readonly isTransactional: boolean;
  /** Of consumers that are started from now on; 0 is no limit. */
  readonly prefetch: number;
  /** Of the channel as a whole; 0 is no limit. */
  readonly globalPrefetch: number;
  readonly unackedCount: number;
  readonly unconfirmedCount: number;
  /** Messages that were published in confirm mode so far. */
  readonly confirmsAsked: number;
  /** What waits for the commit of a transaction. */
  readonly uncommittedCount: number;
  readonly uncommittedAcks: number;
  readonly consumerCount: number;
}

/** A message that was handed out. */
export interface OpenDelivery {
  readonly queue: DeclaredQueue;
  readonly entry: Entry;
  /** Undefined when it was fetched. */
  readonly consumer: Subscription | undefined;
}

/** An open channel as the core sees it. */
export interface OpenChannel {
  readonly number: number;
  readonly counts: MessageCounts;
  readonly consumers: Iterable<Subscription>;
  /** What is unacked, also what a transaction that is not committed settles. */
  readonly deliveries: Iterable<OpenDelivery>;
  status(): ChannelStatus;
}

/** An open connection as the core sees it. */
export interface OpenConnection {
  readonly user: string;
  /** The name of the vhost it is in. */
  readonly vhostName: string;
  readonly details: ConnectionDetails;
  readonly state: ConnectionState;
  readonly traffic: Traffic;
  /** Bytes that wait to be sent. */
  readonly pendingOctets: number;
  readonly channelCount: number;
  readonly channels: Iterable<OpenChannel>;
  /** Asks the client to go with 320 and this text (CON-57). */
  forceClose(reason: string): void;
}

/** Who is connected: for limits, to be shown, and to close what belongs to a user or a vhost that is gone. */
export class Connections implements Iterable<OpenConnection> {
  readonly #open = new Set<OpenConnection>();
  readonly #churn: Churn;

  constructor(churn: Churn) {
    this.#churn = churn;
  }

  get count(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): IterableIterator<OpenConnection> {
    return this.#open.values();
  }

  /** The one that is this object; undefined when that is none, or gone. */
  find(owner: object): OpenConnection | undefined {
    return this.#open.has(owner as OpenConnection) ? (owner as OpenConnection) : undefined;
  }

  add(connection: OpenConnection): void {
    this.#open.add(connection);
    this.#churn.connectionsOpened++;
  }

  /**
   * It is over; may be called again.
   * @returns whether it was there
   */
  remove(connection: OpenConnection): boolean {
    const wasOpen = this.#open.delete(connection);
    if (wasOpen) this.#churn.connectionsClosed++;
    return wasOpen;
  }

  ofUser(user: string): OpenConnection[] {
    return [...this.#open].filter((connection) => connection.user === user);
  }

  ofVhost(vhost: string): OpenConnection[] {
    return [...this.#open].filter((connection) => connection.vhostName === vhost);
  }
}
