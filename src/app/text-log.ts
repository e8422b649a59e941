import type { Log } from '../server/log.ts';

export type Severity = keyof Log;

type Fields = Readonly<Record<string, unknown>>;

/** Values that are read at a glance as they are. */
const PLAIN = /^[\w./:@+-]+$/;
/** What a terminal might obey: clients choose the names of things. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u007f-\u009f\u2028\u2029]/g;

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
  return JSON.stringify(value).replace(CONTROL, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function indented(stack: string): string {
  return stack.replace(/^/gm, '    ');
}
