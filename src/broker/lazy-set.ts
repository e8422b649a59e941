/** A set of which most are empty: as long as it is, it costs 24 bytes and not 200. */
export class LazySet<T> {
  #values: Set<T> | undefined = undefined;

  get size(): number {
    return this.#values?.size ?? 0;
  }

  add(value: T): void {
    this.#values ??= new Set<T>();
    this.#values.add(value);
  }

  delete(value: T): void {
    this.#values?.delete(value);
    if (this.#values?.size === 0) this.#values = undefined;
  }

  has(value: T): boolean {
    return this.#values?.has(value) === true;
  }

  [Symbol.iterator](): IterableIterator<T> {
    return (this.#values ?? NOTHING).values() as IterableIterator<T>;
  }
}

const NOTHING = new Set<never>();
