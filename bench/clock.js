/**
 * Milliseconds on the machine's monotonic clock. Threads and processes read the same value, so that what one
 * writes into a message another may compare; it never jumps.
 * @returns {number}
 */
export function now() {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
