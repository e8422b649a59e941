import type { Method } from '../wire/methods.ts';
import type { AlarmListener, Alarms } from './alarms.ts';
import type { Input } from './input.ts';
import type { Intake } from './intake.ts';
import type { Output } from './output.ts';

/** What Blocking works on. */
export interface BlockingPeer {
  readonly input: Input;
  readonly intake: Intake;
  readonly output: Output;
  readonly capabilities: ReadonlySet<string>;
}

/** Keeps a connection that publishes in an alarm from being read any more until it is over (CON-58). */
export class Blocking implements AlarmListener {
  readonly #alarms: Alarms;
  readonly #peer: BlockingPeer;
  /** Although there is no alarm. */
  #isHeld = false;

  constructor(alarms: Alarms, peer: BlockingPeer) {
    this.#alarms = alarms;
    this.#peer = peer;
  }

  get isBlocked(): boolean {
    return this.#peer.intake.isBlocked;
  }

  /** It publishes in an alarm. */
  block(): void {
    const { input, intake } = this.#peer;
    if (intake.isBlocked) return;
    intake.isBlocked = true;
    input.pause();
    this.#alarms.onCleared(this);
    this.#sayIfBlockable({ name: 'connection.blocked', reason: this.#alarms.reason });
  }

  /**
   * The same on request, until `letGo`.
   * @returns false when it is blocked anyway
   */
  hold(reason: string): boolean {
    const { input, intake } = this.#peer;
    if (intake.isBlocked) return false;
    this.#isHeld = true;
    intake.isBlocked = true;
    input.pause();
    this.#sayIfBlockable({ name: 'connection.blocked', reason });
    intake.update();
    return true;
  }

  letGo(): void {
    if (!this.#isHeld) return;
    this.alarmsCleared();
  }

  /** CON-59. */
  alarmsCleared(): void {
    this.#sayIfBlockable({ name: 'connection.unblocked' });
    this.release();
    this.#peer.intake.update();
  }

  /** Goes on without a word. */
  release(): void {
    const { input, intake } = this.#peer;
    if (!intake.isBlocked) return;
    this.#isHeld = false;
    intake.isBlocked = false;
    this.#alarms.forget(this);
    input.resume();
  }

  #sayIfBlockable(method: Method): void {
    if (this.#peer.capabilities.has('connection.blocked')) this.#peer.output.method(0, method);
  }
}
