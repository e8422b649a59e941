import { HEARTBEAT_FRAME } from '../wire/frames.ts';
import type { HeartbeatPeer } from './heartbeat.ts';
import type { Input } from './input.ts';
import type { Intake } from './intake.ts';
import type { Output } from './output.ts';

/** The signs of life of a connection, as its heartbeat looks at them. */
export class Liveness implements HeartbeatPeer {
  readonly #input: Input;
  readonly #intake: Intake;
  readonly #output: Output;
  /** The peer has been silent for too long. */
  readonly silent: () => void;

  constructor(input: Input, intake: Intake, output: Output, silent: () => void) {
    this.#input = input;
    this.#intake = intake;
    this.#output = output;
    this.silent = silent;
  }

  takeSent(): boolean {
    const { hasSent } = this.#output;
    this.#output.hasSent = false;
    return hasSent;
  }

  takeReceived(): boolean {
    const received = this.#intake.takeArrived() || this.#input.hasReceived;
    this.#input.hasReceived = false;
    return received;
  }

  isPaused(): boolean {
    return this.#intake.isDeaf;
  }

  sendHeartbeat(): void {
    this.#output.raw(HEARTBEAT_FRAME);
  }
}
