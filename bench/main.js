import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { NoBroker, closeBrokers, openBrokers } from './brokers.js';
import { HELP, UsageError, readOptions } from './options.js';
import { jsonReport, markdownPage, textTable } from './report.js';
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
  if (options.markdown !== undefined) await assertWritable(options.markdown);
  const brokers = await openBrokers(options.brokers);
  try {
    const how = { repeat: options.repeat, signal: stop.signal, say };
    const results = await runAll(jobsOf(options.scenarios, options), brokers, how);
    if (stop.signal.aborted) return INTERRUPTED;
    await show(results, brokers, options, args);
    return results.some((result) => result.error !== undefined) ? 1 : 0;
  } finally {
    await closeBrokers(brokers);
  }
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
    : textTable(results, brokers);
  process.stdout.write(report);
  if (markdown === undefined) return;
  await writeFile(markdown, markdownPage(results, brokers, args) + (await otherSections(markdown)));
}

/**
 * What the page has below its table was measured by others and stays.
 * @param {string} file
 */
async function otherSections(file) {
  const text = await readFile(file, 'utf8');
  const at = text.indexOf('\n## ');
  return at < 0 ? '' : text.slice(at);
}

/**
 * Known before minutes are spent on what goes into it.
 * @param {string} file
 */
async function assertWritable(file) {
  try {
    await appendFile(file, '');
  } catch (error) {
    throw new UsageError(`--markdown: ${/** @type {Error} */ (error).message}`);
  }
}

/** Progress goes beside the results, which may be piped. */
function say(/** @type {string} */ line) {
  process.stderr.write(`bench: ${line}\n`);
}
