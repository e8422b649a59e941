import type { Duplex } from 'node:stream';
import type { Clock } from '../broker/clock.ts';
import type { Sink } from './output.ts';

/** What is said from now on reaches nobody, and nobody who would deliver more hears that there is room. */
export const SILENCE: Sink = { length: Infinity, write: () => {} };

interface Piece {
  readonly bytes: Buffer;
  /** Milliseconds until the next one. */
  readonly delay: number;
}

/** Sends bytes in pieces, with time between them, in the order in which they came. */
export class Pacer implements Sink {
  length = 0;
  readonly #stream: Duplex;
  /** Real time: it is about sockets. */
  readonly #clock: Clock;
  readonly #onEmpty: () => void;
  #pieces: Piece[] = [];
  #isWaiting = false;
  #size = Infinity;
  #delay = 0;

  constructor(stream: Duplex, clock: Clock, onEmpty: () => void) {
    this.#stream = stream;
    this.#clock = clock;
    this.#onEmpty = onEmpty;
  }

  /** What is written next, and only that, goes in pieces of so many octets. */
  cut(size: number, delay: number): void {
    this.#size = size;
    this.#delay = delay;
  }

  write(gathered: readonly Buffer[]): void {
    const bytes = Buffer.concat(gathered);
    const size = Math.min(this.#size, bytes.length);
    for (let at = 0; at < bytes.length; at += size) {
      this.#pieces.push({ bytes: bytes.subarray(at, at + size), delay: this.#delay });
    }
    this.length += bytes.length;
    this.#size = Infinity;
    this.#delay = 0;
    if (!this.#isWaiting) this.#send();
  }

  #send(): void {
    this.#isWaiting = false;
    const piece = this.#pieces.shift();
    if (piece === undefined || this.#stream.destroyed || this.#stream.writableEnded) return this.#onEmpty();
    this.length -= piece.bytes.length;
    this.#stream.write(piece.bytes);
    this.#isWaiting = true;
    this.#clock.at(this.#clock.now() + piece.delay, () => this.#send());
  }
}
