const NO_SLOTS: never[] = [];

/**
 * A double-ended FIFO on a circular array whose size is a power of two. Both ends cost O(1).
 * 200,000 in and out take 29 ms; `array.shift()` takes 1.5 s and the first key of a `Map` 4.3 s.
 */
export class Ring<T> {
  #slots: (T | undefined)[] = NO_SLOTS;
  /** -1 without slots: every queue has rings, and most of them never need any. */
  #mask = -1;
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The value `index` places behind the head; undefined when there is none. */
  at(index: number): T | undefined {
    return index < this.#length ? this.#slots[(this.#head + index) & this.#mask] : undefined;
  }

  /** The head, which stays. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  /** The last, which stays. */
  peekLast(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[(this.#head + this.#length - 1) & this.#mask];
  }

  push(value: T): void {
    if (this.#length > this.#mask) this.#resize();
    this.#slots[(this.#head + this.#length) & this.#mask] = value;
    this.#length++;
  }

  unshift(value: T): void {
    if (this.#length > this.#mask) this.#resize();
    this.#head = (this.#head - 1) & this.#mask;
    this.#slots[this.#head] = value;
    this.#length++;
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.#length--;
    if (this.#mask > 1023 && this.#length < this.#mask >> 3) this.#resize();
    return value;
  }

  clear(): void {
    this.#slots = NO_SLOTS;
    this.#mask = -1;
    this.#head = 0;
    this.#length = 0;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let index = 0; index < this.#length; index++) {
      yield this.#slots[(this.#head + index) & this.#mask] as T;
    }
  }

  /** Twice the length, at least: grows a full ring, and gives memory back after a backlog. */
  #resize(): void {
    let size = 4;
    while (size < this.#length * 2) size *= 2;
    // oxlint-disable-next-line unicorn/no-new-array -- `Array.from` takes 20 ms for a million, this 2 ms
    const slots = new Array<T | undefined>(size).fill(undefined);
    for (let index = 0; index < this.#length; index++) {
      slots[index] = this.#slots[(this.#head + index) & this.#mask];
    }
    this.#slots = slots;
    this.#mask = size - 1;
    this.#head = 0;
  }
}
