import { FIGURES, FIGURE_NAMES } from './figures.js';

/** @typedef {import('./brokers.js').Broker} Broker */
/** @typedef {import('./run.js').Result} Result */
/** @typedef {import('./targets.js').Verdict} Verdict */

/**
 * @typedef {object} Table
 * @property {string[]} head
 * @property {string[][]} rows
 * @property {number} words how many of the first columns hold words; the others hold numbers
 */

/**
 * Every figure of every broker, and ratios to the first.
 * @param {Result[]} results
 * @param {Broker[]} brokers
 * @returns {Table}
 */
export function figureTable(results, brokers) {
  const shown = brokers.filter((broker) => results.some((of) => of.broker === broker && of.runs.length > 0));
  const labels = [...new Set(results.map((result) => result.job.label))];
  return {
    head: ['scenario', 'figure', ...shown.flatMap((broker) => columns(broker, broker.name, 'ratio'))],
    rows: labels.flatMap((label) => rowsOf(label, results, shown)),
    words: 2,
  };
}

/**
 * @param {string} label
 * @param {Result[]} results
 * @param {Broker[]} brokers
 * @returns {string[][]}
 */
function rowsOf(label, results, brokers) {
  const figures = brokers.map((broker) => {
    const found = results.find((result) => result.job.label === label && result.broker === broker);
    return found?.figures ?? {};
  });
  const names = FIGURE_NAMES.filter((name) => figures.some((of) => of[name] !== undefined));
  return names.map((name, row) => {
    const values = figures.map((of) => of[name]);
    const cells = brokers.flatMap((broker, i) =>
      columns(broker, numberText(values[i], FIGURES[name].decimals), ratioText(values[i], values[0])),
    );
    return [row === 0 ? label : '', FIGURES[name].label, ...cells];
  });
}

/**
 * Only a broker that competes has a ratio.
 * @param {Broker} broker
 * @param {string} value
 * @param {string} ratio
 */
function columns({ role }, value, ratio) {
  return role === 'against' ? [value, ratio] : [value];
}

/**
 * @param {Verdict[]} verdicts
 * @returns {Table}
 */
export function verdictTable(verdicts) {
  return {
    head: ['scenario', 'target', 'outcome', 'measured'],
    rows: verdicts.map((verdict, i) => [
      verdict.label === verdicts[i - 1]?.label ? '' : verdict.label,
      targetText(verdict),
      verdict.met === undefined ? '-' : verdict.met ? 'met' : 'not met',
      measuredText(verdict),
    ]),
    words: 3,
  };
}

/** @param {Verdict} verdict */
function targetText({ target: { figure, bound, value, times }, of }) {
  const { label } = FIGURES[figure];
  return `${label}: ${bound} ${times === undefined ? value.toLocaleString('en-US') : `${value}x ${of}`}`;
}

/** @param {Verdict} verdict */
function measuredText({ target, measured }) {
  const times = target.times !== undefined;
  return `${numberText(measured, times ? 2 : FIGURES[target.figure].decimals)}${times && measured !== undefined ? 'x' : ''}`;
}

/**
 * @param {number | undefined} value
 * @param {number} decimals
 */
function numberText(value, decimals) {
  if (value === undefined || Number.isNaN(value)) return '-';
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/**
 * @param {number | undefined} value
 * @param {number | undefined} base
 */
function ratioText(value, base) {
  if (value === undefined || base === undefined || !(value > 0) || !(base > 0)) return '-';
  const times = value / base;
  return `${times.toFixed(times >= 10 ? 0 : times >= 1 ? 1 : 2)}x`;
}

/**
 * Head and rows with cells as wide as the widest of their column: words to the left, numbers to the right.
 * @param {Table} table
 * @returns {string[][]}
 */
function aligned({ head, rows, words }) {
  const widths = head.map((name, i) => Math.max(3, name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row.map((cell, i) => (i < words ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))),
  );
}

/**
 * @param {Table} table
 * @returns {string} for a terminal
 */
export function plain(table) {
  return aligned(table)
    .map((row) => `${row.join('  ').trimEnd()}\n`)
    .join('');
}

/**
 * @param {Table} table
 * @returns {string} in Markdown, as its formatter would have it
 */
export function markdown(table) {
  const [head = [], ...rows] = aligned(table);
  const rule = head.map(({ length }, i) =>
    i < table.words ? '-'.repeat(length) : `${'-'.repeat(length - 1)}:`,
  );
  return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('');
}

/**
 * What went wrong, and what was not done alike on all.
 * @param {Result[]} results
 * @returns {string[]}
 */
export function remarks(results) {
  return results.flatMap(({ job, broker, error, note }) => [
    ...(error === undefined ? [] : [`${job.label} failed on ${broker.name}: ${error}`]),
    ...(note === undefined ? [] : [`${job.label} on ${broker.name} ${note}`]),
  ]);
}
