import {
  array,
  fieldTable,
  joinEntries,
  long,
  longstr,
  rawEntries,
  rawEntry,
  readTable,
  timestamp,
} from '../wire/table.ts';
import type { FieldTable, FieldValue, RawEntry } from '../wire/table.ts';
import { textOf } from './term.ts';

/** One line of a message's history: it died in this queue for this reason, so many times (XD-02). */
export interface Death {
  readonly queue: string;
  readonly reason: string;
  readonly count: bigint;
  /** Whole seconds since the epoch, of the first death of this kind. */
  readonly time: bigint;
  /** Where it had been published to on its way into the queue (XD-04). */
  readonly exchange: string;
  /** By which keys, CC included and BCC not (XD-05). */
  readonly routingKeys: readonly string[];
  /** The `expiration` it had, in canonical decimal (XD-14); undefined when it had none. */
  readonly originalExpiration: string | undefined;
}

/**
 * The history after one more death: newest first, one entry for each queue and reason (XD-06).
 * @param death counted once
 */
export function recordDeath(history: readonly Death[], death: Death): Death[] {
  const isSame = (d: Death): boolean => d.queue === death.queue && d.reason === death.reason;
  const before = history.find(isSame);
  if (before === undefined) return [death, ...history];
  return [{ ...before, count: before.count + 1n }, ...history.filter((d) => !isSame(d))];
}

/** True when the message comes back to `queue` and no client rejected it on the way round (CYC-03). */
export function isCycle(history: readonly Death[], queue: string): boolean {
  const back = history.findIndex((d) => d.queue === queue);
  return back >= 0 && history.slice(0, back + 1).every((d) => d.reason !== 'rejected');
}

/** Headers a death writes; whatever a client sent under these names is replaced at the first one (XD-11). */
export const FIRST = ['x-first-death-exchange', 'x-first-death-queue', 'x-first-death-reason'];
export const LAST = ['x-last-death-exchange', 'x-last-death-queue', 'x-last-death-reason'];
export const X_DEATH = 'x-death';

/** The history in the headers of a message that died before. */
export function readHistory(headers: Buffer): Death[] {
  const entry = rawEntries(headers).find(({ key }) => key.toString('latin1') === X_DEATH);
  if (entry === undefined) return [];
  const value = readTable(joinEntries([entry])).get(X_DEATH);
  return value?.tag === 'A'
    ? value.value.flatMap((one) => (one.tag === 'F' ? [readDeath(one.value)] : []))
    : [];
}

function readDeath(entry: FieldTable): Death {
  const keys = entry.get('routing-keys');
  const [count, time] = [entry.get('count'), entry.get('time')];
  return {
    queue: textOf(entry.get('queue')) ?? '',
    reason: textOf(entry.get('reason')) ?? '',
    count: count?.tag === 'l' ? count.value : 1n,
    time: time?.tag === 'T' ? time.value : 0n,
    exchange: textOf(entry.get('exchange')) ?? '',
    routingKeys: keys?.tag === 'A' ? keys.value.map((key) => textOf(key) ?? '') : [],
    originalExpiration: textOf(entry.get('original-expiration')),
  };
}

/**
 * The headers after a death: the history (XD-01), its first and last entry (XD-08, XD-09), and everything else as it
 * was, sorted by name in byte order (XD-10).
 * @param headers the inside of the headers table before; empty when there was none
 * @param history with this death in front
 * @param last who died now: for an entry that was only counted on, where this death found it
 * @param isFirst nothing in the headers is ours yet
 */
export function writeHistory(
  headers: Buffer,
  history: readonly Death[],
  last: { readonly exchange: string; readonly queue: string; readonly reason: string },
  isFirst: boolean,
): Buffer {
  const ours = new Set([X_DEATH, ...LAST, ...(isFirst ? FIRST : [])]);
  const kept = rawEntries(headers).filter(({ key }) => !ours.has(key.toString('latin1')));
  const written: RawEntry[] = [rawEntry(X_DEATH, array(history.map(deathTable)))];
  const values = [last.exchange, last.queue, last.reason];
  for (const names of isFirst ? [FIRST, LAST] : [LAST]) {
    names.forEach((name, i) => written.push(rawEntry(name, longstr(values[i] ?? ''))));
  }
  return joinEntries([...kept, ...written].sort((a, b) => a.key.compare(b.key)));
}

function deathTable(death: Death): FieldValue {
  return { tag: 'F', value: deathFields(death) };
}

/** A line of `x-death`, in the field order of RabbitMQ 4 (XD-03). */
export function deathFields(death: Death): FieldTable {
  const { originalExpiration } = death;
  const expiration =
    originalExpiration === undefined ? {} : { 'original-expiration': longstr(originalExpiration) };
  return fieldTable({
    ...expiration,
    count: long(death.count),
    reason: longstr(death.reason),
    queue: longstr(death.queue),
    time: timestamp(death.time),
    exchange: longstr(death.exchange),
    'routing-keys': array(death.routingKeys.map((key) => longstr(key))),
  });
}
