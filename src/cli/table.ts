import fastStringWidth from 'fast-string-width';
import { printable } from '../app/printable.ts';
import { dim } from './output.ts';

/** One line of a table: a value for each column. */
export type Row = readonly unknown[];

const GAP = '  ';

/**
 * Lays out rows below their headings, as wide as the widest of a column; numbers stand at the right.
 * Table printers of npm take seconds or a minute for 50,000 rows.
 * @returns the lines, that of the headings first
 */
export function* tableLines(headings: readonly string[], rows: readonly Row[]): Generator<string> {
  const cells = rows.map((row) => row.map(cell));
  const widths = headings.map((heading, i) =>
    cells.reduce((widest, row) => Math.max(widest, fastStringWidth(row[i] ?? '')), fastStringWidth(heading)),
  );
  const isNumeric = headings.map((_, i) => isOfNumbers(rows, i));
  const line = (row: readonly string[]): string =>
    row
      .map((text, i) => pad(text, widths[i] ?? 0, isNumeric[i] === true))
      .join(GAP)
      .trimEnd();
  yield dim(line(headings));
  for (const row of cells) yield line(row);
}

function isOfNumbers(rows: readonly Row[], column: number): boolean {
  const values = rows.map((row) => row[column]).filter((value) => value !== undefined && value !== null);
  return values.length > 0 && values.every((value) => typeof value === 'number');
}

function pad(text: string, width: number, atRight: boolean): string {
  const space = ' '.repeat(width - fastStringWidth(text));
  return atRight ? space + text : text + space;
}

/** A value of JSON in one line: texts as they are, lists of texts with commas, nothing for what is not there. */
function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return printable(value);
  if (isTexts(value)) return printable(value.join(', '));
  if (typeof value === 'object' && Object.keys(value).length === 0) return '';
  return printable(JSON.stringify(value));
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}
