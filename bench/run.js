import { fork } from 'node:child_process';
import { combine } from './figures.js';

/** @typedef {import('./brokers.js').Broker} Broker */
/** @typedef {import('./figures.js').Figures} Figures */
/** @typedef {import('./scenarios.js').Job} Job */

/**
 * What came of one scenario on one broker.
 * @typedef {object} Result
 * @property {Job} job
 * @property {Broker} broker
 * @property {Figures[]} runs
 * @property {Figures} figures of all runs together
 * @property {string} [note] what was done otherwise on this broker, and why
 * @property {string} [error] why there are fewer runs than asked for
 */

/**
 * Runs every job on every broker, in turn: what disturbs the machine for a while disturbs them alike.
 * @param {Job[]} jobs
 * @param {Broker[]} brokers
 * @param {{ repeat: number, signal: AbortSignal, say: (line: string) => void }} how
 * @returns {Promise<Result[]>}
 */
export async function runAll(jobs, brokers, { repeat, signal, say }) {
  /** @type {Result[]} */
  const results = [];
  for (const job of jobs) {
    const ofJob = brokers.filter((broker) => takesPart(broker, job)).map((broker) => begin(job, broker));
    results.push(...ofJob);
    for (let round = 1; round <= repeat; round++) {
      for (const result of ofJob.filter((of) => of.job.settings.messages > 0)) {
        if (signal.aborted) return results;
        say(`${job.label}, ${result.broker.name}${repeat > 1 ? `, ${round} of ${repeat}` : ''}`);
        await runOnce(result, signal);
      }
    }
    for (const result of ofJob) result.figures = combine(result.runs);
  }
  return results;
}

/**
 * @param {Broker} broker
 * @param {Job} job
 */
function takesPart({ role, wanted }, job) {
  if (role === 'relay' || role === 'null') return job.limits;
  return !(job.restarts && wanted.kind === 'remote');
}

/**
 * @param {Job} job
 * @param {Broker} broker
 * @returns {Result}
 */
function begin(job, broker) {
  const { others } = job;
  if (others === undefined || broker.wanted.kind !== 'remote') return { job, broker, runs: [], figures: {} };
  const { why, ...instead } = others;
  const settings = { ...job.settings, ...instead };
  const words = Object.entries(instead).map(([name, count]) => `${count.toLocaleString('en-US')} ${name}`);
  const what = settings.messages === 0 ? 'left out' : `with ${words.join(' and ')}`;
  return { job: { ...job, settings }, broker, runs: [], figures: {}, note: `${what}: ${why}` };
}

/**
 * @param {Result} result
 * @param {AbortSignal} signal
 */
async function runOnce(result, signal) {
  const { job, broker } = result;
  const { figures, error } = await generate({ ...job, wanted: broker.wanted }, signal);
  if (figures !== undefined) result.runs.push(figures);
  if (error !== undefined) result.error = error;
}

/**
 * @param {import('./generator.js').Task} task
 * @param {AbortSignal} signal hangs up on the generator, which then tidies up and ends
 * @returns {Promise<import('./generator.js').Outcome>}
 */
function generate(task, signal) {
  const child = fork(new URL('./generator.js', import.meta.url));
  const hangUp = () => child.connected && child.disconnect();
  signal.addEventListener('abort', hangUp);
  child.send(task);
  return new Promise((resolve) => {
    /** @type {import('./generator.js').Outcome} */
    let outcome = { error: 'the load generator ended without a result' };
    child.once('message', (message) => (outcome = /** @type {import('./generator.js').Outcome} */ (message)));
    child.once('error', (error) => (outcome = { error: error.message }));
    child.once('exit', () => {
      signal.removeEventListener('abort', hangUp);
      resolve(outcome);
    });
  });
}
