/** An exchange as a person would call it. */
export function exchangeName(name: string): string {
  return name === '' ? 'the default exchange' : `exchange '${name}'`;
}
