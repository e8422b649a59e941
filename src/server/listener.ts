import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { Connection } from './connection.ts';
import type { ConnectionHost } from './connection.ts';

const STOP_MS = 2_000;
/** Sockets beyond the limit of connections that may be there to hear that it is reached; more are dropped at once. */
const HANDSHAKES = 1_000;

/** Accepts connections over TCP and keeps those that are open. */
export class Listener {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #host: ConnectionHost;
  #isDropping = false;
  #allEnded: (() => void) | undefined = undefined;

  constructor(host: Omit<ConnectionHost, 'ended' | 'openConnections'>) {
    this.#host = {
      ...host,
      openConnections: new Set(),
      ended: (connection) => this.#ended(connection),
    };
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
    const { sockets, connections } = host.limits;
    const most = Math.min(sockets, connections + HANDSHAKES);
    if (most !== Infinity) this.#server.maxConnections = most;
    this.#server.on('drop', () => this.#dropped(most));
  }

  /** Listens; port 0 picks a free one. Rejects with the system's error when it cannot. */
  async listen(host: string, port: number): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#host.log.error({ error: error.message }, 'cannot accept'));
        resolve();
      });
    });
    return this.#server.address() as AddressInfo;
  }

  /** Takes no more connections, asks those that are open to go, and drops those that do not. */
  async stop(): Promise<void> {
    this.#server.close();
    for (const connection of this.#connections) {
      connection.forceClose(`broker forced connection closure with reason 'shutdown'`);
    }
    if (this.#connections.size === 0) return;
    const { wallClock } = this.#host;
    const timer = wallClock.at(wallClock.now() + STOP_MS, () => {
      for (const connection of this.#connections) connection.destroy();
    });
    await new Promise<void>((resolve) => {
      this.#allEnded = resolve;
    });
    timer.cancel();
  }

  /** Said once until it goes better. */
  #dropped(most: number): void {
    if (!this.#isDropping) this.#host.log.warn({ sockets: most }, 'too many sockets: new ones are dropped');
    this.#isDropping = true;
  }

  #accept(socket: Socket): void {
    this.#isDropping = false;
    const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
    const name = `${remoteAddress}:${remotePort} -> ${localAddress}:${localPort}`;
    this.#connections.add(new Connection(socket, this.#host, name, isLoopback(remoteAddress)));
  }

  #ended(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#allEnded?.();
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}
