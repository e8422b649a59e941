/** Those who want to fetch from a queue in which nothing is ready, in the order in which they came. */
export class Waiting {
  #tasks: (() => void)[] = [];

  /**
   * @param task runs once, when something may be ready, or the queue is deleted; it must not call into the broker
   * @returns what ends it before that
   */
  add(task: () => void): () => void {
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((one) => one !== task);
    };
  }

  /** All of them look once more: what is not there any more is waited for again. */
  wake(): void {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
  }
}
