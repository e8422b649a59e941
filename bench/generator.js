import { SCENARIOS } from './scenarios.js';
import { Session } from './session.js';

/**
 * A process that runs one scenario on one broker and then ends, so that its processor time is that of the load alone.
 * Whoever forked it tells it what to do, and stops it by hanging up.
 */

/** @typedef {import('./scenarios.js').Job & { wanted: import('./launch.js').Wanted }} Task */
/** @typedef {{ figures?: import('./figures.js').Figures, error?: string }} Outcome */

/** @type {Promise<Session> | undefined} */
let session;
let ended = false;

process.once('message', (task) => void perform(/** @type {Task} */ (task)));
process.once('disconnect', () => void abandon());
// an interrupt reaches the whole group: the parent decides
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});

/** @param {Task} task */
async function perform(task) {
  /** @type {Outcome} */
  const outcome = await measure(task).catch((error) => ({ error: textOf(error) }));
  if (ended) return;
  ended = true;
  await endSession().catch((error) => {
    outcome.error ??= `something is left behind: ${textOf(error)}`;
  });
  process.send?.(outcome, undefined, undefined, () => process.exit());
}

/**
 * @param {Task} task
 * @returns {Promise<Outcome>}
 */
async function measure({ scenario, settings, wanted }) {
  const found = SCENARIOS[scenario];
  if (found === undefined) throw new Error(`there is no scenario "${scenario}"`);
  session = Session.start(wanted, { probe: found.probe ?? true });
  const started = await session;
  await started.loopDelay();
  const figures = await found.run(started, settings);
  const delay = await started.loopDelay();
  return { figures: delay === undefined ? figures : { ...figures, loopP99: delay.p99, loopMax: delay.max } };
}

async function endSession() {
  await (await session)?.end();
}

async function abandon() {
  if (ended) return;
  ended = true;
  await endSession().catch((error) => {
    process.stderr.write(`bench: something is left behind: ${textOf(error)}\n`);
  });
  process.exit();
}

/** @param {unknown} error */
function textOf(error) {
  return error instanceof Error ? error.message || String(error) : String(error);
}
