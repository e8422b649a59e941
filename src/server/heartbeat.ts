import type { Clock, Timer } from '../broker/clock.ts';

/** What a heartbeat watches and does. */
export interface HeartbeatPeer {
  /** Whether anything was sent since the last call. */
  takeSent(): boolean;
  /** Whether anything was received since the last call. */
  takeReceived(): boolean;
  /** Receiving is suspended by ourselves: silence means nothing (CON-25). */
  isPaused(): boolean;
  sendHeartbeat(): void;
  /** The peer has been silent for too long. */
  silent(): void;
}

/** Heartbeats in both directions: sent after half the interval (CON-23), missed after two of them (CON-24). */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #peer: HeartbeatPeer;
  #sender: Timer | undefined = undefined;
  #watcher: Timer | undefined = undefined;
  #missed = 0;

  /** @param seconds the negotiated interval; 0 disables both directions */
  constructor(clock: Clock, seconds: number, peer: HeartbeatPeer) {
    this.#clock = clock;
    this.#interval = seconds * 1000;
    this.#peer = peer;
    if (seconds === 0) return;
    this.#armSender();
    this.#armWatcher();
  }

  stop(): void {
    this.#sender?.cancel();
    this.#watcher?.cancel();
  }

  #armSender(): void {
    this.#sender = this.#clock.at(this.#clock.now() + this.#interval / 2, () => {
      if (!this.#peer.takeSent()) this.#peer.sendHeartbeat();
      this.#armSender();
    });
  }

  #armWatcher(): void {
    this.#watcher = this.#clock.at(this.#clock.now() + this.#interval, () => {
      const alive = this.#peer.takeReceived() || this.#peer.isPaused();
      this.#missed = alive ? 0 : this.#missed + 1;
      if (this.#missed === 2) this.#peer.silent();
      else this.#armWatcher();
    });
  }
}
