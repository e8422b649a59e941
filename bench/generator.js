import { SCENARIOS } from './scenarios.js';
import { Session } from './session.js';

/**
 * A process that runs one scenario on one broker and then ends, so that its processor time is that of the load alone.
 * Whoever forked it tells it what to do, and stops it by hanging up.
 */

/** @typedef {import('./scenarios.js').Job & { url: string, pid?: number | undefined }} Task */
/** @typedef {{ figures?: import('./figures.js').Figures, error?: string }} Outcome */

/** @type {Session | undefined} */
let session;
let ended = false;

process.once('message', (task) => void perform(/** @type {Task} */ (task)));
process.once('disconnect', () => void abandon());
// an interrupt from the terminal reaches the whole group: the parent decides
process.on('SIGINT', () => {});

/** @param {Task} task */
async function perform({ scenario, settings, url, pid }) {
  session = new Session(url, pid);
  /** @type {Outcome} */
  let outcome;
  try {
    const run = SCENARIOS[scenario]?.run;
    if (run === undefined) throw new Error(`there is no scenario "${scenario}"`);
    outcome = { figures: await run(session, settings) };
  } catch (error) {
    outcome = { error: textOf(error) };
  }
  if (ended) return;
  ended = true;
  await session.end().catch((error) => {
    outcome.error ??= `queues are left behind: ${textOf(error)}`;
  });
  process.send?.(outcome, undefined, undefined, () => process.exit());
}

async function abandon() {
  if (ended) return;
  ended = true;
  await session?.end().catch((error) => {
    process.stderr.write(`bench: queues are left behind: ${textOf(error)}\n`);
  });
  process.exit();
}

/** @param {unknown} error */
function textOf(error) {
  return error instanceof Error ? error.message || String(error) : String(error);
}
