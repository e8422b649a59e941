import type { Log } from '../server/log.ts';
import { printable } from './printable.ts';

export type Severity = keyof Log;

type Fields = Readonly<Record<string, unknown>>;

/** Values that are read at a glance as they are. */
const PLAIN = /^[\w./:@+-]+$/;

/** A line of the log for a person: `21:36:05.120 WARN  dead letters are lost  queue=orders reason=expired`. */
export function textLine(
  time: Date,
  severity: Severity,
  { stack, ...fields }: Fields,
  event: string,
): string {
  const shown = Object.entries(fields).filter(([, value]) => value !== undefined);
  const head = `${clockTime(time)} ${severity.toUpperCase().padEnd(5)} ${event}`;
  const pairs = shown.map(([name, value]) => `${name}=${valueText(value)}`);
  const line = [head, pairs.join(' ')].filter((part) => part !== '').join('  ');
  return typeof stack === 'string' ? `${line}\n${indented(stack)}\n` : `${line}\n`;
}

/** Of the time zone of the process. */
function clockTime(time: Date): string {
  const [hours, minutes, seconds] = [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits);
  return `${hours}:${minutes}:${seconds}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

function valueText(value: unknown): string {
  if (typeof value === 'string' && PLAIN.test(value)) return value;
  return printable(JSON.stringify(value));
}

function indented(stack: string): string {
  const lines = stack.split('\n').map((line) => `    ${printable(line)}`);
  return lines.join('\n');
}
