const MILLISECONDS: Readonly<Record<string, number>> = {
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

const DURATION = /^(?:\d+|(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?)$/;

/** What to say to somebody who wrote something else. */
export const DURATION_HINT =
  'write whole numbers with a unit, largest first, for example 250ms, 30s, 10m, 2h, 1d, 1w or 1h30m ' +
  '(a bare number is milliseconds)';

/** Milliseconds of a duration such as `250ms`, `30s` or `1h30m`; a bare number is milliseconds already. */
export function readDuration(text: string): number | undefined {
  if (text === '' || !DURATION.test(text)) return undefined;
  let milliseconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+)([a-z]*)/g)) {
    milliseconds += Number(number) * (MILLISECONDS[unit === '' ? 'ms' : (unit ?? '')] ?? NaN);
  }
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
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
