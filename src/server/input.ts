import { FrameDecoder } from '../wire/frames.ts';
import type { OnFrame } from '../wire/frames.ts';
import { ProtocolHeader } from './protocol-header.ts';

const NOTHING = Buffer.alloc(0);

/** Who takes what comes in. */
export interface InputPeer {
  /** The first eight bytes have come, and whether they are our protocol. */
  greeted(isOurs: boolean): void;
  readonly frame: OnFrame;
  /** What the decoder itself refuses. */
  refuse(error: unknown): void;
}

/** Bytes in: a protocol header, and then frames. */
export class Input {
  /** Whether anything was received since somebody last reset it: for heartbeats. */
  hasReceived = false;
  receivedOctets = 0;
  /** How often something came. */
  reads = 0;
  /** What comes is not looked at any more. */
  isStopped = false;
  readonly #peer: InputPeer;
  readonly #decoder: FrameDecoder;
  /** Undefined when it is complete. */
  #header: ProtocolHeader | undefined = new ProtocolHeader();

  constructor(frameMax: number, peer: InputPeer) {
    this.#peer = peer;
    this.#decoder = new FrameDecoder(frameMax, peer.frame);
  }

  /** The largest payload accepted: frame-max (CON-31). */
  set limit(frameMax: number) {
    this.#decoder.limit = frameMax;
  }

  /** A frame was too large or had no end: nothing is read any more. */
  get isBroken(): boolean {
    return this.#decoder.isBroken;
  }

  push(chunk: Buffer): void {
    this.hasReceived = true;
    this.receivedOctets += chunk.length;
    this.reads++;
    if (this.isStopped) return;
    const frames = this.#header === undefined ? chunk : this.#readHeader(chunk, this.#header);
    if (frames.length > 0) this.#guard(() => this.#decoder.push(frames));
  }

  /** Keeps what follows the frame that is being taken for `resume`. */
  pause(): void {
    this.#decoder.paused = true;
  }

  /** Whatever comes from now on is dropped, for good. */
  stop(): void {
    this.isStopped = true;
    this.pause();
  }

  /** Goes on with what had been read already. */
  resume(): void {
    if (this.isStopped) return;
    this.#guard(() => this.#decoder.resume());
  }

  #readHeader(chunk: Buffer, header: ProtocolHeader): Buffer {
    const read = header.push(chunk);
    if (read === undefined) return NOTHING;
    this.#header = undefined;
    this.#peer.greeted(read.isOurs);
    return read.isOurs ? read.rest : NOTHING;
  }

  #guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#peer.refuse(error);
      this.resume();
    }
  }
}
