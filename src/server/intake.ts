import type { Duplex } from 'node:stream';
import type { CommitListener, Journal } from '../broker/journal.ts';
import type { Output } from './output.ts';

/** Bytes not yet on disk beyond which nothing more is read from a connection. */
const BACKLOG = 32 * 1024 * 1024;

/**
 * Decides whether a connection is read from: a publisher waits while the journal is behind, and so does anyone who
 * does not take what it is sent.
 */
export class Intake {
  readonly #stream: Duplex;
  readonly #output: Output;
  readonly #journal: Journal;
  readonly #listener: CommitListener;
  isPaused = false;

  /** @param listener calls `update` when a batch of the journal is on disk */
  constructor(stream: Duplex, output: Output, journal: Journal, listener: CommitListener) {
    this.#stream = stream;
    this.#output = output;
    this.#journal = journal;
    this.#listener = listener;
  }

  /** After anything that may have filled or emptied something. */
  update(): void {
    const isBehind = this.#journal.backlog > BACKLOG;
    if (isBehind) this.#journal.onCommit(this.#listener);
    this.#set(isBehind || this.#output.isFull);
  }

  /** Reads whatever comes: the connection is closing. */
  open(): void {
    this.#set(false);
  }

  #set(isPaused: boolean): void {
    if (isPaused === this.isPaused) return;
    this.isPaused = isPaused;
    if (isPaused) this.#stream.pause();
    else this.#stream.resume();
  }
}
