import { readFileSync } from 'node:fs';

/** Files a store has open at most: LevelDB keeps a thousand tables, and writes others. */
const STORE_FILES = 1_100;
/** Everything else: standard streams, the listener, libraries. */
const OTHER_FILES = 32;

/**
 * How many sockets may be open while the store can still open its files: without them a write fails, and the process
 * has to stop. Infinity where the system does not tell.
 */
export function mostSockets(hasStore: boolean): number {
  const openFiles = Number(/^Max open files\s+(\d+)/m.exec(readLimits())?.[1] ?? Infinity);
  const reserved = hasStore ? Math.min(STORE_FILES, openFiles / 2) : 0;
  return Math.max(1, Math.floor(openFiles - reserved - OTHER_FILES));
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
