/** An open connection as the core sees it. */
export interface OpenConnection {
  readonly user: string;
  /** The name of the vhost it is in. */
  readonly vhostName: string;
  readonly channelCount: number;
  /** Asks the client to go with 320 and this text (CON-57). */
  forceClose(reason: string): void;
}

/** Who is connected: for limits, and to close what belongs to a user or a vhost that is gone. */
export class Connections {
  readonly #open = new Set<OpenConnection>();

  add(connection: OpenConnection): void {
    this.#open.add(connection);
  }

  /** It is over; may be called again. */
  remove(connection: OpenConnection): void {
    this.#open.delete(connection);
  }

  ofUser(user: string): OpenConnection[] {
    return [...this.#open].filter((connection) => connection.user === user);
  }

  ofVhost(vhost: string): OpenConnection[] {
    return [...this.#open].filter((connection) => connection.vhostName === vhost);
  }
}
