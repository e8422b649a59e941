/** A long task in steps, between which others may have their turn. */
export type Steps<T> = Generator<undefined, T>;

/** Takes all steps at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
