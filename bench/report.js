import { cpus, release, totalmem } from 'node:os';
import { withoutPassword } from './brokers.js';
import { FIGURES, FIGURE_NAMES } from './figures.js';

/** @typedef {import('./brokers.js').Broker} Broker */
/** @typedef {import('./run.js').Result} Result */

/** The first columns hold words, the others numbers. */
const TEXT_COLUMNS = 2;

/**
 * Aligned columns for a terminal.
 * @param {Result[]} results
 * @param {Broker[]} brokers
 */
export function textTable(results, brokers) {
  const rows = aligned([head(brokers), ...body(results, brokers)]);
  const lines = [...rows.map((row) => row.join('  ')), ...failures(results)];
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

/**
 * A page with the table, what was measured, and on what.
 * @param {Result[]} results
 * @param {Broker[]} brokers
 * @param {string[]} args the command's arguments
 */
export function markdownPage(results, brokers, args) {
  const { cpu, cores, memory, kernel, node } = machine();
  const [columns = [], ...rest] = aligned([head(brokers), ...body(results, brokers)]);
  const rule = columns.map(({ length }, i) =>
    i < TEXT_COLUMNS ? '-'.repeat(length) : `${'-'.repeat(length - 1)}:`,
  );
  const rows = [columns, rule, ...rest].map((row) => `| ${row.join(' | ')} |`);
  return `# Performance

Measured by \`${command(args)}\`; docs/benchmarks.md says what the figures mean.

- Machine: ${cpu}, ${cores} cores shared by broker and load generator, ${memory} GiB of memory, Linux ${kernel}, Node ${node}
${brokers.map((broker) => `- ${broker.name}: ${described(broker)}`).join('\n')}

${rows.join('\n')}
${failures(results)
  .map((line) => `\n${line}\n`)
  .join('')}`;
}

/**
 * @param {Result[]} results
 * @param {Broker[]} brokers
 */
export function jsonReport(results, brokers) {
  return {
    machine: machine(),
    brokers: brokers.map(({ name, url, pid, properties }) => ({
      name,
      url: withoutPassword(url),
      pid,
      properties,
    })),
    results: results.map(({ job, broker, figures, runs, error }) => ({
      ...job,
      broker: broker.name,
      figures,
      runs,
      error,
    })),
  };
}

/**
 * Cells as wide as the widest of their column: words to the left, numbers to the right.
 * @param {string[][]} rows
 */
function aligned(rows) {
  const widths =
    rows[0]?.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row.map((cell, i) => (i < TEXT_COLUMNS ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))),
  );
}

/** @param {Broker[]} brokers */
function head(brokers) {
  return ['scenario', 'figure', ...brokers.flatMap(({ name }, i) => (i === 0 ? [name] : [name, 'ratio']))];
}

/**
 * @param {Result[]} results
 * @param {Broker[]} brokers
 * @returns {string[][]}
 */
function body(results, brokers) {
  const labels = [...new Set(results.map((result) => result.job.label))];
  return labels.flatMap((label) => {
    const figures = brokers.map((broker) => {
      const found = results.find((result) => result.job.label === label && result.broker === broker);
      return found?.figures ?? {};
    });
    const names = FIGURE_NAMES.filter((name) => figures.some((of) => of[name] !== undefined));
    return names.map((name, i) => {
      const values = figures.map((of) => of[name]);
      return [i === 0 ? label : '', FIGURES[name].label, ...cells(values, FIGURES[name].decimals)];
    });
  });
}

/**
 * @param {(number | undefined)[]} values
 * @param {number} decimals
 */
function cells(values, decimals) {
  const format = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return values.flatMap((value, i) => {
    const text = value === undefined || Number.isNaN(value) ? '-' : value.toLocaleString('en-US', format);
    return i === 0 ? [text] : [text, ratio(value, values[0])];
  });
}

/**
 * @param {number | undefined} value
 * @param {number | undefined} base
 */
function ratio(value, base) {
  if (value === undefined || base === undefined || !(value > 0) || !(base > 0)) return '-';
  const times = value / base;
  return `${times.toFixed(times >= 10 ? 0 : times >= 1 ? 1 : 2)}x`;
}

/** @param {Result[]} results */
function failures(results) {
  return results.flatMap(({ job, broker, error }) =>
    error === undefined ? [] : [`${job.label} failed on ${broker.name}: ${error}`],
  );
}

function machine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? 'unknown processor',
    cores: cpus().length,
    memory: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
}

/** @param {Broker} broker */
function described({ properties: { product, version, platform } }) {
  const words = [
    product && `product ${product}`,
    version && `version ${version}`,
    platform && `platform ${platform}`,
  ];
  return words.filter(Boolean).join(', ') || 'says nothing about itself';
}

/** @param {string[]} args */
function command(args) {
  const shown = args.map((arg) =>
    URL.canParse(arg) && arg.startsWith('amqp:') ? withoutPassword(arg) : arg,
  );
  return ['npm run bench', ...(shown.length > 0 ? ['--', ...shown] : [])].join(' ');
}
