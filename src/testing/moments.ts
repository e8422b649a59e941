import { momentOf, millisecondsOf } from '../app/moments.ts';
import type { Moment } from '../index.ts';

const UNITS = [
  [86_400_000, 0],
  [3_600_000, 2],
  [60_000, 2],
  [1_000, 2],
  [1, 3],
] as const;

/** Time since the beginning, `mm:ss.mmm`, with hours and days when there are any. */
export function formatElapsed(milliseconds: number): string {
  let left = Math.abs(Math.round(milliseconds));
  const [days, hours, ...rest] = UNITS.map(([size, width]) => {
    const whole = Math.floor(left / size);
    left -= whole * size;
    return String(whole).padStart(width, '0');
  });
  const [minutes, seconds, thousandths] = rest;
  const sign = milliseconds < 0 ? '-' : '';
  const long = Math.abs(milliseconds) >= 3_600_000 ? `${hours}:` : '';
  return `${sign}${days === '0' ? long : `${days}d ${hours}:`}${minutes}:${seconds}.${thousandths}`;
}

/**
 * A moment, or what is so much later than now.
 * @throws {ClockError} when it is neither
 */
export function momentFrom(when: Moment, now: number): number {
  const isDuration = typeof when === 'string' && /^\d+[a-z\d]*$/.test(when);
  return isDuration ? now + millisecondsOf(when) : momentOf(when);
}
