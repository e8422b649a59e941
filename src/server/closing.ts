import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../broker/clock.ts';
import type { CommitListener, Journal } from '../broker/journal.ts';
import { FrameType } from '../wire/constants.ts';
import { methodIds } from '../wire/methods.ts';
import type { Output } from './output.ts';

const CLOSE = idsOf('connection.close');
const CLOSE_OK = idsOf('connection.close-ok');

function idsOf(name: 'connection.close' | 'connection.close-ok'): number {
  const { classId, methodId } = methodIds(name);
  return classId * 65_536 + methodId;
}

/** The end of a connection: until when its stream stays open, and what is said and heard until then. */
export class Closing {
  readonly #stream: Duplex;
  readonly #output: Output;
  /** Real time, also when the broker's is moved by hand. */
  readonly #clock: Clock;
  readonly #journal: Journal;
  #deadline: Timer | undefined = undefined;
  /** close-ok is sent when this batch of the journal is on disk. */
  #okAfter = -1;

  constructor(stream: Duplex, output: Output, clock: Clock, journal: Journal) {
    this.#stream = stream;
    this.#output = output;
    this.#clock = clock;
    this.#journal = journal;
  }

  /** The stream is dropped so many milliseconds from now, unless another deadline is set. */
  dropIn(ms: number): void {
    this.keep();
    this.#deadline = this.#clock.at(this.#clock.now() + ms, () => this.#stream.destroy());
  }

  /** There is no deadline. */
  keep(): void {
    this.#deadline?.cancel();
  }

  /** Whatever is not about closing is dropped. */
  accept(type: number, number: number, payload: Buffer): void {
    if (type !== FrameType.METHOD || number !== 0) return;
    const ids = payload.readUInt32BE(0);
    if (ids === CLOSE) this.#output.method(0, { name: 'connection.close-ok' });
    if (ids === CLOSE_OK) this.#stream.end();
  }

  /** Answers a client that closes when everything is on disk (CON-52). */
  answerAfterCommit(listener: CommitListener): void {
    this.#okAfter = this.#journal.gathering;
    this.#journal.onCommit(listener);
  }

  /** A batch is on disk. */
  committed(batch: number, listener: CommitListener): void {
    if (this.#okAfter < 0) return;
    if (this.#okAfter > batch) return this.#journal.onCommit(listener);
    this.#okAfter = -1;
    this.#output.method(0, { name: 'connection.close-ok' });
  }
}
