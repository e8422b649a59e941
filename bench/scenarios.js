import { runBacklog } from './backlog.js';
import { runBurst } from './burst.js';
import { runDelay } from './delay.js';
import { runFlow } from './flow.js';
import { runSteady } from './steady.js';

/**
 * How one run of a scenario is to be done.
 * @typedef {object} Settings
 * @property {number} messages
 * @property {number} size octets of a body
 * @property {boolean} durable queues and messages
 * @property {number} [ackEvery] 1: each message is acked; more: `multiple` after so many; none: no acks
 */

/**
 * @typedef {object} Scenario
 * @property {string} about one line for the help text
 * @property {(Settings & { label: string })[]} variants
 * @property {(session: import('./session.js').Session, settings: Settings) => Promise<import('./figures.js').Figures>} run
 */

/**
 * In the order they run: the backlog first, since what a broker weighs is best seen before it has been busy.
 * @type {Record<string, Scenario>}
 */
export const SCENARIOS = {
  backlog: {
    about: 'messages that wait: memory for each, and whether publishing slows down',
    variants: [{ label: '', messages: 500_000, size: 100, durable: true }],
    run: runBacklog,
  },
  flow: {
    about: 'transient, no acks, one producer and one consumer',
    variants: [
      { label: '', messages: 300_000, size: 16, durable: false },
      { label: '', messages: 300_000, size: 1024, durable: false },
    ],
    run: runFlow,
  },
  durable: {
    about: 'persistent, confirms and acks, one producer and one consumer',
    variants: [
      { label: 'ack each', messages: 200_000, size: 1024, durable: true, ackEvery: 1 },
      { label: 'ack 100', messages: 200_000, size: 1024, durable: true, ackEvery: 100 },
    ],
    run: runFlow,
  },
  steady: {
    about: '500 durable messages a second: latency',
    variants: [{ label: '', messages: 5000, size: 1024, durable: true, ackEvery: 1 }],
    run: runSteady,
  },
  delay: {
    about: 'a queue with a TTL of 2 s and a dead-letter exchange: lateness',
    variants: [{ label: '', messages: 20_000, size: 1024, durable: true }],
    run: runDelay,
  },
  burst: {
    about: 'messages that expire at one moment: lateness, and delay for other clients',
    variants: [
      { label: 'durable', messages: 300_000, size: 100, durable: true },
      { label: 'transient', messages: 300_000, size: 100, durable: false },
    ],
    run: runBurst,
  },
};

/**
 * One scenario with everything decided: what the generator is told to do.
 * @typedef {object} Job
 * @property {string} scenario
 * @property {string} label for people
 * @property {Settings} settings
 */

/**
 * @param {string[]} names
 * @param {{ messages?: number | undefined, size?: number | undefined }} wishes
 * @returns {Job[]} one for each variant; those that a given size makes equal only once
 */
export function jobsOf(names, wishes) {
  /** @type {Map<string, Job>} */
  const jobs = new Map();
  for (const scenario of names) {
    for (const variant of SCENARIOS[scenario]?.variants ?? []) {
      const { label: tag, ...defaults } = variant;
      const messages = wishes.messages ?? defaults.messages;
      const size = wishes.size ?? defaults.size;
      const label = [scenario, tag, sizeText(size)].filter((word) => word !== '').join(' ');
      jobs.set(label, { scenario, label, settings: { ...defaults, messages, size } });
    }
  }
  return [...jobs.values()];
}

/** @param {number} size */
function sizeText(size) {
  return size % 1024 === 0 ? `${size / 1024} KiB` : `${size} B`;
}
