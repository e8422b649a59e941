import { textOf } from '../../src/broker/term.ts';
import type { FieldTable, FieldValue } from '../../src/wire/table.ts';
import type { Seen } from './core.ts';

/** One entry of `x-death` as a test reads it. */
export interface SeenDeath {
  readonly count: number;
  readonly reason: string;
  readonly queue: string;
  /** Whole seconds. */
  readonly time: number;
  readonly exchange: string;
  readonly routingKeys: readonly string[];
  readonly originalExpiration: string | undefined;
}

function read(entry: FieldTable): SeenDeath {
  const text = (name: string): string => textOf(entry.get(name)) ?? '(absent)';
  const keys = entry.get('routing-keys');
  return {
    count: Number(entry.get('count')?.value),
    reason: text('reason'),
    queue: text('queue'),
    time: Number(entry.get('time')?.value),
    exchange: text('exchange'),
    routingKeys: keys?.tag === 'A' ? keys.value.map((key) => textOf(key) ?? '(no text)') : [],
    originalExpiration: textOf(entry.get('original-expiration')),
  };
}

/** The history of a message, newest first. */
export function deathsOf({ properties }: Seen): SeenDeath[] {
  const history = properties.headers?.get('x-death');
  if (history?.tag !== 'A') return [];
  return history.value.flatMap((one) => (one.tag === 'F' ? [read(one.value)] : []));
}

/** The history in short: `queue reason count`, newest first. */
export function deathLines(seen: Seen): string[] {
  return deathsOf(seen).map(({ queue, reason, count }) => `${queue} ${reason} ${count}`);
}

/** Short writing for the arguments of a queue. */
export const byte = (value: number): FieldValue => ({ tag: 'b', value });
export const int = (value: number): FieldValue => ({ tag: 'I', value });
