import type { Duplex } from 'node:stream';
import type { Broker } from '../broker/broker.ts';
import type { CommitListener, Journal } from '../broker/journal.ts';
import type { Output } from './output.ts';

/** Bytes not yet on disk beyond which nothing more is read from a connection. */
const BACKLOG = 32 * 1024 * 1024;
/** A socket that brings so much in one read has more: what it set off is worked off before the next. */
const LARGE_READ = 32 * 1024;
/** Bytes a connection may bring in one turn of the loop, in large reads: then others get their turn. */
const MOST_IN_TURN = 256 * 1024;

/**
 * Decides whether a connection is read from: a publisher waits while the journal is behind, and so does anyone who
 * does not take what it is sent, whoever publishes in an alarm, and for the rest of the turn who brought very much in it.
 */
export class Intake {
  readonly #stream: Duplex;
  readonly #output: Output;
  readonly #broker: Broker;
  readonly #journal: Journal;
  readonly #listener: CommitListener;
  readonly #onTurn: () => void;
  isPaused = false;
  /** It published in an alarm (CON-58). */
  isBlocked = false;

  /** Bytes that had come when they were last looked at. */
  #buffered = 0;
  /** Bytes of large reads in this turn. */
  #inTurn = 0;

  /**
   * @param listener calls `update` when a batch of the journal is on disk
   * @param onUpdate calls `update`, unless the connection is closing
   */
  constructor(
    stream: Duplex,
    output: Output,
    broker: Broker,
    listener: CommitListener,
    onUpdate: () => void,
  ) {
    this.#stream = stream;
    this.#output = output;
    this.#broker = broker;
    this.#journal = broker.journal;
    this.#listener = listener;
    this.#onTurn = (): void => {
      this.#inTurn = 0;
      onUpdate();
    };
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

  /**
   * So much was just read and dealt with. What a large read brought is handed on at once, while it is in the processor's
   * cache and nearly all of it garbage soon after: in the next turn it would be half a megabyte or more.
   */
  hasRead(octets: number): void {
    if (octets < LARGE_READ) return;
    this.#broker.catchUp();
    if (this.#inTurn === 0) this.#broker.soon(this.#onTurn);
    this.#inTurn += octets;
  }

  /** After anything that may have filled or emptied something. */
  update(): void {
    const isBehind = this.#journal.backlog > BACKLOG;
    if (isBehind) this.#journal.onCommit(this.#listener);
    this.#set(this.isBlocked || isBehind || this.#inTurn >= MOST_IN_TURN || this.#output.isFull);
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
