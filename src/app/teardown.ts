/** What was started and must be stopped again: the last first, once, whoever asks. */
export class Teardown {
  readonly #steps: (() => unknown)[] = [];
  #done: Promise<void> | undefined = undefined;

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  run(): Promise<void> {
    return (this.#done ??= this.#runAll());
  }

  async #runAll(): Promise<void> {
    for (const step of this.#steps.reverse()) await step();
  }
}
