import type { Definition, Journal } from './journal.ts';

type Stored = Extract<Definition, { kind: 'global-parameter' }>;

/** Settings of the whole broker: any JSON under a name (API-52). */
export class GlobalParameters {
  readonly #values = new Map<string, unknown>();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  get(name: string): unknown {
    return this.#values.get(name);
  }

  /** All of them, by name. */
  get all(): ReadonlyMap<string, unknown> {
    return this.#values;
  }

  /** What is set again as it is costs nothing. */
  set(name: string, value: unknown): void {
    if (this.has(name) && JSON.stringify(this.get(name)) === JSON.stringify(value)) return;
    this.#values.set(name, value);
    this.#journal.define({ kind: 'global-parameter', name, value });
  }

  delete(name: string): boolean {
    const value = this.get(name);
    if (!this.#values.delete(name)) return false;
    this.#journal.undefine({ kind: 'global-parameter', name, value });
    return true;
  }

  /** Puts back what was recorded before a restart. */
  restore({ name, value }: Stored): void {
    this.#values.set(name, value);
  }
}
