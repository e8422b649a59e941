/**
 * Counts what the broker has confirmed. Brokers confirm singly and with `multiple`, in and out of order, and mix
 * both: a `multiple` covers what was confirmed singly before, which must not count twice.
 */
export class Confirms {
  /** Distinct messages confirmed. */
  count = 0;
  /** Everything up to this tag is confirmed. */
  #upTo = 0;
  /** Tags above it that were confirmed singly. @type {Set<number>} */
  #ahead = new Set();
  /** Hears of each message as it is confirmed. @type {(deliveryTag: number) => void} */
  onConfirmed = () => {};

  /**
   * @param {number} deliveryTag
   * @param {boolean} multiple
   */
  add(deliveryTag, multiple) {
    if (multiple) {
      while (this.#upTo < deliveryTag) this.#next();
    } else if (deliveryTag === this.#upTo + 1) {
      this.#next();
    } else if (deliveryTag > this.#upTo && !this.#ahead.has(deliveryTag)) {
      this.#ahead.add(deliveryTag);
      this.#counted(deliveryTag);
      return;
    }
    while (this.#ahead.delete(this.#upTo + 1)) this.#upTo++;
  }

  #next() {
    this.#upTo++;
    if (!this.#ahead.delete(this.#upTo)) this.#counted(this.#upTo);
  }

  /** @param {number} deliveryTag */
  #counted(deliveryTag) {
    this.count++;
    this.onConfirmed(deliveryTag);
  }
}
