import { Failure } from './failure.ts';

const MILLISECONDS: Readonly<Record<string, number>> = {
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

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

const DURATION = /^(?:\d+|(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?)$/;

/** Milliseconds of a duration such as `250ms`, `30s` or `1h30m`; a bare number is milliseconds already. */
export function parseDuration(text: string): number {
  const milliseconds = DURATION.test(text) ? sum(text) : NaN;
  if (text !== '' && Number.isSafeInteger(milliseconds)) return milliseconds;
  throw new Failure(
    'usage',
    `'${text}' is not a duration: write whole numbers with a unit, largest first, ` +
      `for example 250ms, 30s, 10m, 2h, 1d, 1w or 1h30m (a bare number is milliseconds)`,
  );
}

function sum(text: string): number {
  let milliseconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+)([a-z]*)/g)) {
    milliseconds += Number(number) * (MILLISECONDS[unit === '' ? 'ms' : (unit ?? '')] ?? NaN);
  }
  return milliseconds;
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

/** A duration as one would say it: 90000 becomes `1m30s`. */
export function formatDuration(milliseconds: number): string {
  let left = milliseconds;
  let text = '';
  for (const [unit, size] of Object.entries(MILLISECONDS)) {
    const whole = Math.floor(left / size);
    if (whole > 0) text += `${whole}${unit}`;
    left -= whole * size;
  }
  return text === '' ? '0ms' : text;
}
