import { printFloat, printUnicode } from './term.ts';

/** A JSON value as RabbitMQ prints it as a term: `<<"text">>`, `5`, `[1,true]`, `#{<<"key">> => 1}` (POL-10). */
export function printJson(value: unknown): string {
  if (typeof value === 'string') return printText(value);
  if (typeof value === 'number')
    return Number.isInteger(value) ? BigInt(value).toString() : printFloat(value);
  if (Array.isArray(value)) return `[${value.map(printJson).join()}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = sortedEntries(value).map(([key, one]) => `${printText(key)} => ${printJson(one)}`);
  return `#{${entries.join()}}`;
}

/** The entries of an object as a list of pairs: `[{<<"key">>,1}]`. */
export function printPairs(entries: readonly (readonly [string, unknown])[]): string {
  return `[${entries.map(([key, value]) => `{${printText(key)},${printJson(value)}}`).join()}]`;
}

/** In the order in which RabbitMQ has them. */
export function sortedEntries(value: object): (readonly [string, unknown])[] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}

function printText(text: string): string {
  return printUnicode(Buffer.from(text));
}
