import { cpus, release, totalmem } from 'node:os';
import { basename, isAbsolute } from 'node:path';
import { withoutPassword } from './brokers.js';
import { figureTable, markdown, plain, remarks, verdictTable } from './tables.js';
import { judge } from './targets.js';

/** @typedef {import('./brokers.js').Broker} Broker */
/** @typedef {import('./run.js').Result} Result */

/**
 * For a terminal.
 * @param {Result[]} results
 * @param {Broker[]} brokers
 */
export function textReport(results, brokers) {
  const verdicts = judge(results);
  const parts = [
    plain(figureTable(results, brokers)),
    ...(verdicts.length > 0 ? [plain(verdictTable(verdicts))] : []),
    remarks(results)
      .map((line) => `${line}\n`)
      .join(''),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

/**
 * A part of a page: what was measured, on what, and what came of it.
 * @param {Result[]} results
 * @param {Broker[]} brokers
 * @param {string[]} args the command's arguments
 * @param {string} charts in Markdown
 */
export function markdownReport(results, brokers, args, charts) {
  const { cpu, cores, memory, kernel, node } = machine();
  const notes = remarks(results);
  return `Measured by \`${command(args)}\`; [benchmarks.md](benchmarks.md) says what the figures mean.

- Machine: ${cpu}, ${cores} cores shared by broker and load generator, ${memory} GiB of memory, Linux ${kernel}, Node ${node}
${brokers.map((broker) => `- ${broker.name}: ${described(broker)}\n`).join('')}${charts === '' ? '' : `\n${charts}`}
## Targets

${markdown(verdictTable(judge(results)))}
## All figures

${markdown(figureTable(results, brokers))}${notes.length > 0 ? `\n${notes.map((line) => `- ${line}\n`).join('')}` : ''}`;
}

/**
 * @param {Result[]} results
 * @param {Broker[]} brokers
 */
export function jsonReport(results, brokers) {
  return {
    machine: machine(),
    brokers: brokers.map(({ name, role, wanted, properties }) => ({
      name,
      role,
      ...(wanted.kind === 'remote' && { url: withoutPassword(wanted.url), pid: wanted.pid }),
      properties,
    })),
    results: results.map(({ job: { scenario, label, settings }, broker, figures, runs, note, error }) => ({
      scenario,
      label,
      settings,
      broker: broker.name,
      figures,
      runs,
      note,
      error,
    })),
    targets: judge(results).map(({ label, target, of, measured, met }) => ({
      label,
      ...target,
      of,
      measured,
      met,
    })),
  };
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
function described({ role, properties: { product, version, platform } }) {
  if (role === 'relay')
    return 'a program on Node.js that hands every publish to a consumer and remembers nothing';
  if (role === 'null')
    return 'discards what is published and makes deliveries up: the limit of the load generator';
  const words = [
    product && `product ${product}`,
    version && `version ${version}`,
    platform && `platform ${platform}`,
  ];
  return words.filter(Boolean).join(', ') || 'says nothing about itself';
}

/**
 * Without passwords, and without what says where this machine has its files.
 * @param {string[]} args
 */
function command(args) {
  const shown = args.map((arg) => {
    if (isAbsolute(arg)) return basename(arg);
    return URL.canParse(arg) && arg.startsWith('amqp:') ? withoutPassword(arg) : arg;
  });
  return ['npm run bench', ...(shown.length > 0 ? ['--', ...shown] : [])].join(' ');
}
