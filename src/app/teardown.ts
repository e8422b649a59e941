/** What was started and must be stopped again: the last first, once, whoever asks. */
export class Teardown {
  readonly #steps: (() => unknown)[] = [];
  #done: Promise<void> | undefined = undefined;

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Rejects with the first error, when everything else has been stopped all the same. */
  run(): Promise<void> {
    return (this.#done ??= this.#runAll());
  }

  async #runAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const step of this.#steps.reverse()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
