/**
 * Refuses a name that means nothing: what is expected by it would be passed over, and the test would pass.
 * @throws {TypeError} that says which names there are
 */
export function checkNames(given: object, known: readonly string[], what: string): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new TypeError(`${what} knows no "${name}", only ${known.join(', ')}`);
  }
}
