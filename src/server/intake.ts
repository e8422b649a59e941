import type { Duplex } from 'node:stream';
import type { CommitListener, Journal } from '../broker/journal.ts';
import type { Output } from './output.ts';

/** Bytes not yet on disk beyond which nothing more is read from a connection. */
const BACKLOG = 32 * 1024 * 1024;

/**
 * Decides whether a connection is read from: a publisher waits while the journal is behind, and so does anyone who
 * does not take what it is sent, and whoever publishes in an alarm.
 */
export class Intake {
  readonly #stream: Duplex;
  readonly #output: Output;
  readonly #journal: Journal;
  readonly #listener: CommitListener;
  isPaused = false;
  /** It published in an alarm (CON-58). */
  isBlocked = false;

  /** Bytes that had come when they were last looked at. */
  #buffered = 0;

  /** @param listener calls `update` when a batch of the journal is on disk */
  constructor(stream: Duplex, output: Output, journal: Journal, listener: CommitListener) {
    this.#stream = stream;
    this.#output = output;
    this.#journal = journal;
    this.#listener = listener;
  }

  /** The peer cannot be heard, so its silence means nothing: it is blocked, or more has come than the stream takes. */
  get isDeaf(): boolean {
    return this.isBlocked || this.#stream.readableLength >= this.#stream.readableHighWaterMark;
  }

  /** Whether more came since the last call although it is not read: a peer that takes nothing may still be alive. */
  takeArrived(): boolean {
    const before = this.#buffered;
    this.#buffered = this.#stream.readableLength;
    return this.#buffered !== before;
  }

  /** After anything that may have filled or emptied something. */
  update(): void {
    const isBehind = this.#journal.backlog > BACKLOG;
    if (isBehind) this.#journal.onCommit(this.#listener);
    this.#set(this.isBlocked || isBehind || this.#output.isFull);
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
