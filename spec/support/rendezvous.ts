/**
 * Where cases that want the same costly thing (a restart of the broker) wait for each other: it is done once, when
 * everyone who has not left yet is waiting.
 */
export class Rendezvous {
  #expected: number;
  readonly #action: () => Promise<void>;
  #waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(expected: number, action: () => Promise<void>) {
    this.#expected = expected;
    this.#action = action;
  }

  /** Resolves after the action. */
  meet(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#actWhenAllAreHere();
    });
  }

  /** One fewer is waited for. */
  leave(): void {
    this.#expected--;
    this.#actWhenAllAreHere();
  }

  #actWhenAllAreHere(): void {
    if (this.#waiting.length === 0 || this.#waiting.length < this.#expected) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#action().then(
      () => waiting.forEach(({ resolve }) => resolve()),
      (error: unknown) => waiting.forEach(({ reject }) => reject(error)),
    );
  }
}
