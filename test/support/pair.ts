import { Duplex } from 'node:stream';

/** One end of a pair: what is written to it is read at the other. */
class End extends Duplex {
  other: End | undefined = undefined;
  #taken: (() => void) | undefined = undefined;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.other === undefined || this.other.destroyed) return done();
    if (this.other.push(Buffer.from(chunk))) done();
    else this.other.#taken = done;
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { other } = this;
    if (other !== undefined && !other.destroyed && !other.readableEnded) other.push(null);
    done(error);
  }
}

/** Two streams that are each other's other end: a connection without a socket. */
export function pairOfStreams(): [Duplex, Duplex] {
  const [one, two] = [new End(), new End()];
  one.other = two;
  two.other = one;
  return [one, two];
}
