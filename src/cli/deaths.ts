import { plain, type Plain } from './plain.ts';
import { formatDuration } from '../app/durations.ts';

/** One entry of the death history: how often a message died in one queue for one reason. */
export interface Death {
  readonly queue: string;
  readonly reason: string;
  readonly count: number;
  readonly exchange: string;
  readonly routing_keys: readonly string[];
  readonly time: Plain;
  readonly original_expiration?: string;
}

/** The death history of a message, newest first as the broker keeps it; undefined when the header is not one. */
export function readDeaths(header: unknown): Death[] | undefined {
  if (!Array.isArray(header)) return undefined;
  const deaths = header.map(readDeath);
  return deaths.every((death) => death !== undefined) ? deaths : undefined;
}

function readDeath(entry: unknown): Death | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { queue, reason, count, exchange, time, ...rest } = entry as Record<string, unknown>;
  const keys = rest['routing-keys'] ?? [];
  const expiration = rest['original-expiration'];
  if (typeof queue !== 'string' || typeof reason !== 'string' || !Array.isArray(keys)) return undefined;
  return {
    queue,
    reason,
    count: typeof count === 'number' ? count : 1,
    exchange: typeof exchange === 'string' ? exchange : '',
    routing_keys: keys.map(String),
    time: plain(time),
    ...(expiration === undefined ? {} : { original_expiration: text(expiration) }),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** One death as a sentence: `3x in work (rejected), first 2026-05-01T10:00:00Z, via exchange "", key "work"`. */
export function describeDeath(death: Death): string {
  const { count, queue, reason, time, exchange, routing_keys: keys, original_expiration: expiration } = death;
  const why =
    expiration === undefined ? reason : `${reason}, expiration was ${describeExpiration(expiration)}`;
  const first = typeof time === 'string' ? `, first ${time}` : '';
  const key = keys.map((name) => JSON.stringify(name)).join(', ');
  return `${count}x in ${queue} (${why})${first}, via exchange ${JSON.stringify(exchange)}, key ${key}`;
}

/** The expiration property is text; what is not a number of milliseconds is shown as it came. */
export function describeExpiration(expiration: string): string {
  return /^\d{1,15}$/.test(expiration) ? formatDuration(Number(expiration)) : expiration;
}
