/** Octets of a chunk. */
export const CHUNK = 64 * 1024;
/** Chunks that are kept for the next who needs one. */
const KEPT = 32;

const kept: Buffer[] = [];

/**
 * Memory in which output gathers, for all connections: given back as soon as the system has what is in it, so that it
 * is still in the processor's cache for the next, and idle connections hold none. With a new chunk for each 64 KiB a
 * message of 1 KiB took 3.5 us instead of 3.0.
 */
export function takeChunk(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(CHUNK);
}

/** Nobody reads what is in it any more. */
export function giveChunkBack(chunk: Buffer): void {
  if (kept.length < KEPT) kept.push(chunk);
}

export function giveChunksBack(chunks: readonly Buffer[]): void {
  for (const chunk of chunks) giveChunkBack(chunk);
}
