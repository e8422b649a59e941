// Compares what each hot path allocates for a message with what is recorded in budget.json: bytes do not depend on how
// busy the machine is, as times would.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { PATHS } from './budget-paths.js';
import { judge } from './budget-verdict.js';

/** @typedef {import('./allocations.js').Allocations} Allocations */

const FILE = new URL('budget.json', import.meta.url);
const PROGRAM = fileURLToPath(new URL('allocations.js', import.meta.url));
/** Nothing is collected while a sample is taken, since all of it has room. */
const FLAGS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];

const HELP = `Usage: npm run budget -- [--record]

Measures how many bytes the broker allocates for a message, on each path, and compares with bench/budget.json. Fails when
it is more than was recorded and a tolerance; what became cheaper is worth recording.

  --record  writes what was measured into bench/budget.json

Paths:
${Object.entries(PATHS)
  .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  .join('\n')}
`;

const { values } = parseArgs({
  options: { record: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
});
process.exitCode = values.help === true ? say(HELP) : await main(values.record === true);

/**
 * @param {boolean} isRecording
 * @returns {Promise<number>} the exit code
 */
async function main(isRecording) {
  /** @type {Record<string, Allocations>} */
  const measured = {};
  for (const path of Object.keys(PATHS)) measured[path] = await measure(path);
  const { lines, isExceeded } = judge(measured, JSON.parse(await readFile(FILE, 'utf8')));
  say(`${lines.join('\n')}\n`);
  if (isRecording) await writeFile(FILE, `${JSON.stringify(measured, undefined, 2)}\n`);
  return isExceeded && !isRecording ? 1 : 0;
}

/**
 * @param {string} path
 * @returns {Promise<Allocations>}
 */
async function measure(path) {
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, PROGRAM, path]);
  return JSON.parse(stdout);
}

/** @param {string} text */
function say(text) {
  process.stdout.write(text);
  return 0;
}
