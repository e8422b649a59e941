import { Duplex } from 'node:stream';

/** One end of a pair: what is written to it is read at the other. */
export class PairedStream extends Duplex {
  /** Bytes that came from the other end, and that went there, as sockets count them. */
  bytesRead = 0;
  bytesWritten = 0;
  #other: PairedStream | undefined = undefined;
  #taken: (() => void) | undefined = undefined;

  pairWith(other: PairedStream): void {
    this.#other = other;
  }

  /** Something is on its way to or from the other end, and both ends read. */
  get isUnderWay(): boolean {
    const other = this.#other as PairedStream;
    if (this.destroyed || other.destroyed || this.isPaused() || other.isPaused()) return false;
    return this.#carries || other.#carries;
  }

  get #carries(): boolean {
    return this.writableLength > 0 || this.readableLength > 0;
  }

  override _read(): void {
    this.#takeAll();
  }

  #takeAll(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  /** Whoever reads does so in a turn of its own: an error there is none of the writer. */
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.bytesWritten += chunk.length;
    queueMicrotask(() => {
      const other = this.#other as PairedStream;
      if (other.destroyed) return done();
      other.bytesRead += chunk.length;
      if (other.push(Buffer.from(chunk))) done();
      else other.#taken = done;
    });
  }

  override _final(done: () => void): void {
    this.#other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const other = this.#other;
    if (other !== undefined && !other.destroyed && !other.readableEnded) other.push(null);
    this.#takeAll(); // nobody reads any more: what waits has gone
    done(error);
  }
}

/** Two streams that are each other's other end: a connection without a socket. */
export function pairOfStreams(): [PairedStream, PairedStream] {
  const [one, two] = [new PairedStream(), new PairedStream()];
  one.pairWith(two);
  two.pairWith(one);
  return [one, two];
}
