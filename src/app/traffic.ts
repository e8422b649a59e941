import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { PairedStream } from '../server/stream-pair.ts';

/** Where Node.js tells of every socket that a program in this process connects. */
const CLIENT_SOCKETS = 'net.client.socket';

/** How many sockets are kept before those that are closed are looked for. */
const FEW_SOCKETS = 64;

/** How many bytes have moved, in either direction. Whatever else changes when it changes, something happened. */
export interface Moved {
  /** On connections of clients in this process, of which it can be told what is on its way. */
  readonly near: number;
  /** On connections of clients elsewhere. */
  readonly far: number;
}

/** What goes over the connections of a broker, seen from outside them. */
export class Traffic {
  readonly #streams: () => Iterable<Duplex>;
  /** Closed ones are forgotten now and then: a listener on each would be one for every broker of the process. */
  readonly #clientSockets = new Set<Socket>();
  #mostSockets = FEW_SOCKETS;
  /** The other ends of sockets, once they are found. */
  readonly #others = new WeakMap<Socket, Socket>();
  readonly #onClientSocket = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    if (this.#clientSockets.size >= this.#mostSockets) this.#forgetClosed();
    this.#clientSockets.add(socket);
  };

  /** @param streams our ends of the connections that are open */
  constructor(streams: () => Iterable<Duplex>) {
    this.#streams = streams;
    subscribe(CLIENT_SOCKETS, this.#onClientSocket);
  }

  stop(): void {
    unsubscribe(CLIENT_SOCKETS, this.#onClientSocket);
    this.#clientSockets.clear();
  }

  #forgetClosed(): void {
    for (const socket of this.#clientSockets) if (socket.destroyed) this.#clientSockets.delete(socket);
    this.#mostSockets = Math.max(FEW_SOCKETS, 2 * this.#clientSockets.size);
  }

  get moved(): Moved {
    let near = 0;
    let far = 0;
    for (const stream of this.#streams()) {
      const bytes = bytesOf(stream) + 1; // one that comes or goes is seen, too
      if (this.#isNear(stream)) near += bytes;
      else far += bytes;
    }
    return { near, far };
  }

  /** Something was sent that has not arrived, or has not been read, by somebody who reads. */
  get isUnderWay(): boolean {
    for (const stream of this.#streams()) if (this.#carries(stream)) return true;
    return false;
  }

  #carries(stream: Duplex): boolean {
    if (stream instanceof PairedStream) return stream.isUnderWay;
    if (stream.destroyed) return false;
    if (stream.writableLength > 0) return true;
    const other = this.#otherEnd(stream);
    if (other === undefined || other.destroyed) return false;
    const socket = stream as Socket;
    const isComing = !socket.isPaused() && other.bytesWritten > socket.bytesRead;
    return isComing || (!other.isPaused() && socket.bytesWritten > other.bytesRead);
  }

  #isNear(stream: Duplex): boolean {
    return stream instanceof PairedStream || this.#otherEnd(stream) !== undefined;
  }

  /** Undefined for a socket whose client is not in this process, and with TLS, which counts other bytes. */
  #otherEnd(stream: Duplex): Socket | undefined {
    if (!(stream instanceof Socket) || 'encrypted' in stream) return undefined;
    const known = this.#others.get(stream);
    if (known !== undefined) return known;
    for (const socket of this.#clientSockets) {
      if (socket.localPort !== stream.remotePort || socket.remotePort !== stream.localPort) continue;
      this.#others.set(stream, socket);
      return socket;
    }
    return undefined;
  }
}

function bytesOf(stream: Duplex): number {
  if (!(stream instanceof PairedStream) && !(stream instanceof Socket)) return 0;
  return stream.bytesRead + stream.bytesWritten;
}
