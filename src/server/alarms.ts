/** What a machine can run out of. In the order in which a reason names them. */
const RESOURCES = ['memory', 'disk'] as const;

export type Resource = (typeof RESOURCES)[number];

/** Hears when no alarm is left. */
export interface AlarmListener {
  alarmsCleared(): void;
}

/** Which resources are low. Whoever measures them says so here; a connection that publishes meanwhile must wait (CON-58). */
export class Alarms {
  /** `low on memory & disk`, as `connection.blocked` says it; empty when nothing is low. */
  reason = '';
  /** Looked at for every frame, so it is a field. */
  isRaised = false;
  readonly #low = new Set<Resource>();
  #listeners = new Set<AlarmListener>();

  /** Raises or clears an alarm; when it was the last one, everybody who waits hears of it (CON-59). */
  set(resource: Resource, isLow: boolean): void {
    if (isLow) this.#low.add(resource);
    else this.#low.delete(resource);
    this.isRaised = this.#low.size > 0;
    this.reason = this.isRaised ? `low on ${this.low.join(' & ')}` : '';
    if (this.isRaised) return;
    const listeners = this.#listeners;
    this.#listeners = new Set();
    for (const listener of listeners) listener.alarmsCleared();
  }

  /** What is low, in the order in which a reason names it. */
  get low(): Resource[] {
    return RESOURCES.filter((resource) => this.#low.has(resource));
  }

  /** Calls `listener.alarmsCleared` once, when no alarm is left. */
  onCleared(listener: AlarmListener): void {
    this.#listeners.add(listener);
  }

  forget(listener: AlarmListener): void {
    this.#listeners.delete(listener);
  }
}
