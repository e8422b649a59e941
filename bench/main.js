import { meetAll } from './brokers.js';
import { NoBroker } from './launch.js';
import { HELP, UsageError, readOptions } from './options.js';
import { assertWritable, writePage } from './page.js';
import { jsonReport, textReport } from './report.js';
import { runAll } from './run.js';
import { jobsOf } from './scenarios.js';

const MISTAKE = 2;
const INTERRUPTED = 130;

process.exitCode = await main(process.argv.slice(2));

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
async function main(args) {
  try {
    const options = readOptions(args);
    if (!options.help) return await bench(options, args);
    process.stdout.write(HELP);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof NoBroker)) throw error;
    process.stderr.write(`bench: ${error.message}\n`);
    return MISTAKE;
  }
}

/**
 * @param {import('./options.js').Options} options
 * @param {string[]} args
 */
async function bench(options, args) {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort());
  if (options.markdown !== undefined) {
    await assertWritable(options.markdown).catch((/** @type {Error} */ error) => {
      throw new UsageError(`--markdown: ${error.message}`);
    });
  }
  const brokers = await meetAll(wishes(options));
  const how = { repeat: options.repeat, signal: stop.signal, say };
  const results = await runAll(jobsOf(options.scenarios, options), brokers, how);
  if (stop.signal.aborted) return INTERRUPTED;
  await show(results, brokers, options, args);
  return results.some((result) => result.error !== undefined) ? 1 : 0;
}

/**
 * @param {import('./options.js').Options} options
 * @returns {Parameters<typeof meetAll>[0]} the columns
 */
function wishes({ first, against, relay }) {
  return [
    { role: 'first', wanted: first },
    ...against.map((wanted) => ({ role: /** @type {const} */ ('against'), wanted })),
    ...(relay ? /** @type {const} */ (['relay', 'null']) : []).map((kind) => ({
      role: kind,
      wanted: { kind },
    })),
  ];
}

/**
 * @param {import('./run.js').Result[]} results
 * @param {import('./brokers.js').Broker[]} brokers
 * @param {import('./options.js').Options} options
 * @param {string[]} args
 */
async function show(results, brokers, { json, markdown }, args) {
  const report = json
    ? `${JSON.stringify(jsonReport(results, brokers), undefined, 2)}\n`
    : textReport(results, brokers);
  process.stdout.write(report);
  if (markdown !== undefined) await writePage(markdown, results, brokers, args);
}

/** Progress goes beside the results, which may be piped. */
function say(/** @type {string} */ line) {
  process.stderr.write(`bench: ${line}\n`);
}
