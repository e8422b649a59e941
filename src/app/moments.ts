import { DURATION_HINT, readDuration } from './durations.ts';

/** A mistake in what a clock was asked for, in one sentence for the person who made it. */
export class ClockError extends Error {
  override readonly name = 'ClockError';
}

/** Milliseconds, a text such as `30m` or `1h30m`, or what its parts add up to. */
export type Duration = number | string | DurationParts;

export interface DurationParts {
  readonly weeks?: number;
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

/** A date, milliseconds since the epoch, or a text such as `2026-05-01T10:00:00Z`. */
export type Moment = Date | number | string;

const PARTS: Readonly<Record<string, number>> = {
  weeks: 604_800_000,
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1_000,
  milliseconds: 1,
};

/** The last moment a `Date` can hold. */
const LAST_MOMENT = 8.64e15;

/** Whole milliseconds. @throws {ClockError} */
export function millisecondsOf(duration: Duration): number {
  const milliseconds = countOf(duration);
  if (milliseconds !== undefined && Number.isSafeInteger(milliseconds) && milliseconds >= 0)
    return milliseconds;
  const shown = typeof duration === 'string' ? `'${duration}'` : JSON.stringify(duration);
  throw new ClockError(`${shown} is not a duration: ${DURATION_HINT}`);
}

function countOf(duration: unknown): number | undefined {
  if (typeof duration === 'string') return readDuration(duration);
  if (typeof duration === 'number') return duration;
  return typeof duration === 'object' && duration !== null ? sumOf(duration) : undefined;
}

function sumOf(parts: object): number | undefined {
  let sum = 0;
  for (const [name, count] of Object.entries(parts) as [string, unknown][]) {
    const size = PARTS[name];
    if (size === undefined || typeof count !== 'number') return undefined;
    sum += count * size;
  }
  return sum;
}

/** Milliseconds since the epoch; AMQP has no time before it. @throws {ClockError} */
export function momentOf(moment: Moment): number {
  const time = timeOf(moment);
  if (Number.isInteger(time) && time >= 0 && time <= LAST_MOMENT) return time;
  const shown = typeof moment === 'string' ? `'${moment}'` : String(moment);
  throw new ClockError(
    `${shown} is not a moment: write a date such as 2026-05-01T10:00:00Z, or milliseconds since 1970`,
  );
}

/** What time it is so much later. @throws {ClockError} when there is no such time */
export function laterThan(now: number, milliseconds: number): number {
  const time = now + milliseconds;
  if (time <= LAST_MOMENT) return time;
  throw new ClockError(
    `${milliseconds} ms from now is after ${new Date(LAST_MOMENT).toISOString()}, where time ends`,
  );
}

function timeOf(moment: unknown): number {
  if (typeof moment === 'string') return Date.parse(moment);
  return typeof moment === 'number' || moment instanceof Date ? Number(moment) : NaN;
}
