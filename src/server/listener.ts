import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { Connection } from './connection.ts';
import type { ConnectionHost } from './connection.ts';

const STOP_MS = 2_000;

/** Accepts connections over TCP and keeps those that are open. */
export class Listener {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #host: ConnectionHost;
  #allEnded: (() => void) | undefined = undefined;

  constructor(host: Omit<ConnectionHost, 'ended'>) {
    this.#host = { ...host, ended: (connection) => this.#ended(connection) };
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Listens; port 0 picks a free one. Rejects with the system's error when it cannot. */
  async listen(host: string, port: number): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
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

  #accept(socket: Socket): void {
    const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
    const name = `${remoteAddress}:${remotePort} -> ${localAddress}:${localPort}`;
    this.#connections.add(
      new Connection(socket, this.#host, { name, isLoopback: isLoopback(remoteAddress) }),
    );
  }

  #ended(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#allEnded?.();
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}
