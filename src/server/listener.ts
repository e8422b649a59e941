import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { isLoopback } from '../broker/admission.ts';
import type { TlsDetails } from '../broker/connections.ts';
import { Connection } from './connection.ts';
import type { ConnectionHost } from './connection-host.ts';
import type { Peer } from './handshake.ts';
import { pairOfStreams } from './stream-pair.ts';
import { tlsDetails } from './tls-details.ts';

const STOP_MS = 2_000;
/** Sockets beyond the limit of connections that may be there to hear that it is reached; more are dropped at once. */
const HANDSHAKES = 1_000;
const TLS_HANDSHAKE_MS = 10_000;

/** What a listener needs to speak TLS, all in PEM. */
export interface Certificates {
  /** The server's own, with those between it and a root. */
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Who may sign the certificates of clients; undefined: they are not asked for one. */
  readonly ca: Buffer | undefined;
}

/** Accepts connections over TCP and TLS and keeps those that are open. */
export class Listener {
  readonly #servers: Server[] = [];
  readonly #connections = new Map<Connection, Duplex>();
  /** Those below TLS, whether it is spoken on them yet or not. */
  readonly #tlsSockets = new Set<Socket>();
  readonly #host: ConnectionHost;
  #tls: TlsServer | undefined = undefined;
  #isDropping = false;
  #pairs = 0;
  /** Who waits for which connections to be over. */
  readonly #waits = new Set<{ readonly left: Set<Connection>; readonly done: () => void }>();

  constructor(host: Omit<ConnectionHost, 'ended' | 'openConnections'>) {
    this.#host = {
      ...host,
      openConnections: new Set(),
      ended: (connection) => this.#ended(connection),
    };
  }

  /** Listens for TCP; port 0 picks a free one. Rejects with the system's error when it cannot. */
  listen(host: string, port: number): Promise<AddressInfo> {
    const options = { noDelay: true, allowHalfOpen: true };
    return this.#listen(
      createTcpServer(options, (socket) => this.#accept(socket, undefined, undefined)),
      host,
      port,
    );
  }

  /**
   * The same for TLS. A certificate that a client shows is verified.
   * @param requireCertificate refuse clients that show none
   */
  async listenTls(
    host: string,
    port: number,
    certificates: Certificates,
    requireCertificate: boolean,
  ): Promise<AddressInfo> {
    const { createServer } = await import('node:tls'); // loaded here: most brokers do without
    const server = createServer({
      ...contextOf(certificates),
      noDelay: true,
      allowHalfOpen: true,
      handshakeTimeout: TLS_HANDSHAKE_MS,
      requestCert: certificates.ca !== undefined,
      rejectUnauthorized: requireCertificate,
    });
    server.on('connection', (socket: Socket) => {
      this.#tlsSockets.add(socket);
      socket.once('close', () => this.#tlsSockets.delete(socket));
    });
    server.on('secureConnection', (socket) => this.#acceptTls(socket));
    server.on('tlsClientError', ({ message }, { remoteAddress }) =>
      this.#host.log.warn({ peer: remoteAddress, error: message }, 'TLS handshake failed'),
    );
    this.#tls = server;
    return this.#listen(server, host, port);
  }

  /**
   * From now on these are used; connections that are open stay as they are.
   * @throws {Error} when they cannot be used: the ones before stay
   */
  renew(certificates: Certificates): void {
    this.#tls?.setSecureContext(contextOf(certificates));
  }

  /** A connection without a socket: the client's end of it. */
  connect(): Duplex {
    const [near, far] = pairOfStreams();
    const place = { host: 'in-process', port: 0, peerHost: 'in-process', peerPort: ++this.#pairs };
    const name = `${place.peerHost}:${place.peerPort} -> ${place.host}:${place.port}`;
    this.#open(far, { ...place, name, tls: undefined, isLoopback: true, certified: undefined });
    return near;
  }

  /** Our ends of the connections there are. */
  get streams(): Iterable<Duplex> {
    return this.#connections.values();
  }

  /** Takes no more connections, asks those that are open to go, and drops those that do not. */
  async stop(): Promise<void> {
    for (const server of this.#servers) server.close();
    await this.closeAll(`broker forced connection closure with reason 'shutdown'`);
    for (const socket of this.#tlsSockets) socket.destroy();
  }

  /** Asks all connections that are open to go, and drops those that do not. */
  async closeAll(reason: string): Promise<void> {
    const left = new Set(this.#connections.keys());
    for (const connection of left) connection.forceClose(reason);
    await this.#untilEnded(left);
  }

  /** Drops everything at once, as if the process had been killed. */
  abort(): void {
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections.keys()) connection.destroy();
    for (const socket of this.#tlsSockets) socket.destroy();
  }

  async #untilEnded(left: Set<Connection>): Promise<void> {
    if (left.size === 0) return;
    const { wallClock } = this.#host;
    const timer = wallClock.at(wallClock.now() + STOP_MS, () => {
      for (const connection of left) connection.destroy();
    });
    await new Promise<void>((done) => {
      this.#waits.add({ left, done });
    });
    timer.cancel();
  }

  /** Those of TCP and of TLS each. */
  #limitSockets(server: Server): void {
    const { sockets, connections } = this.#host.limits;
    const most = Math.min(sockets, connections + HANDSHAKES);
    if (most !== Infinity) server.maxConnections = most;
    server.on('drop', () => this.#dropped(most));
    server.on('error', (error) => this.#host.log.error({ error: error.message }, 'cannot accept'));
  }

  /** Said once until it goes better. */
  #dropped(most: number): void {
    if (!this.#isDropping) this.#host.log.warn({ sockets: most }, 'too many sockets: new ones are dropped');
    this.#isDropping = true;
  }

  async #listen(server: Server, host: string, port: number): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#limitSockets(server);
    this.#servers.push(server);
    return server.address() as AddressInfo;
  }

  /** A client without a certificate is as good as one over TCP; one with a wrong certificate is not. */
  #acceptTls(socket: TLSSocket): void {
    const { subject } = socket.getPeerCertificate();
    if (subject !== undefined && !socket.authorized) {
      const { remoteAddress: peer, authorizationError: error } = socket;
      this.#host.log.warn({ peer, error: String(error) }, 'client certificate refused');
      socket.destroy();
      return;
    }
    const name = socket.authorized ? subject?.CN : undefined;
    this.#accept(socket, tlsDetails(socket), typeof name === 'string' ? name : undefined);
  }

  #accept(socket: Socket, tls: TlsDetails | undefined, certified: string | undefined): void {
    this.#isDropping = false;
    const { remoteAddress: peerHost = '', remotePort: peerPort = 0 } = socket;
    const { localAddress: host = '', localPort: port = 0 } = socket;
    const name = `${peerHost}:${peerPort} -> ${host}:${port}`;
    const peer = { name, host, port, peerHost, peerPort, tls, isLoopback: isLoopback(peerHost), certified };
    this.#open(socket, peer);
  }

  #open(stream: Duplex, peer: Peer): void {
    this.#connections.set(new Connection(stream, this.#host, peer), stream);
  }

  #ended(connection: Connection): void {
    this.#connections.delete(connection);
    for (const wait of this.#waits) {
      if (!wait.left.delete(connection) || wait.left.size > 0) continue;
      this.#waits.delete(wait);
      wait.done();
    }
  }
}

function contextOf({ cert, key, ca }: Certificates): {
  cert: Buffer;
  key: Buffer;
  ca?: Buffer;
  minVersion: 'TLSv1.2';
} {
  return { cert, key, ...(ca === undefined ? {} : { ca }), minVersion: 'TLSv1.2' };
}
