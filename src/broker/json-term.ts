import { printBinary, printFloat } from './term.ts';

/** A JSON value as RabbitMQ prints what it was decoded to: `<<"text">>`, `5`, `[true]`, `#{<<"a">> => null}`. */
export function printJson(value: unknown): string {
  if (typeof value === 'string') return printBinary(Buffer.from(value));
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : printFloat(value);
  if (Array.isArray(value)) return `[${value.map(printJson).join()}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `#{${Object.entries(value)
    .map(([key, one]) => `${printJson(key)} => ${printJson(one)}`)
    .join()}}`;
}
