import { createRequire } from 'node:module';

/** The version of this package. */
export function packageVersion(): string {
  // By its own name: the depth of this file is not the same in `src` and in what is built from it.
  return (createRequire(import.meta.url)('leveret/package.json') as { version: string }).version;
}
