import { DURATION_HINT, readDuration } from '../app/durations.ts';
import { Failure } from './failure.ts';

const BYTES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1_000,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};

/** Milliseconds of a duration such as `250ms`, `30s` or `1h30m`; a bare number is milliseconds already. */
export function parseDuration(text: string): number {
  const milliseconds = readDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  throw new Failure('usage', `'${text}' is not a duration: ${DURATION_HINT}`);
}

/** Bytes of a size such as `512`, `10KB` (1000 each) or `5MiB` (1024 each). */
export function parseSize(text: string): number {
  const [, number, unit] = /^(\d+)([a-zA-Z]*)$/.exec(text) ?? [];
  const bytes = Number(number) * (BYTES[unit ?? ''] ?? NaN);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new Failure(
    'usage',
    `'${text}' is not a size: write a whole number of bytes, or one with a unit, ` +
      `for example 512, 10KB, 5MiB or 2GB (KB is 1000 bytes, KiB is 1024)`,
  );
}
