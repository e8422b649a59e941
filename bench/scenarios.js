import { runBacklog } from './backlog.js';
import { runBurst } from './burst.js';
import { runDelay } from './delay.js';
import { runFlow } from './flow.js';
import { runLatency } from './latency.js';
import { atLeast, atMost } from './targets.js';

/** @typedef {import('./targets.js').Target} Target */

/**
 * How one run of a scenario is to be done.
 * @typedef {object} Settings
 * @property {number} messages
 * @property {number} size octets of a body
 * @property {boolean} durable queues and messages
 * @property {number} [ackEvery] 1: each message is acked; more: `multiple` after so many; none: no acks
 */

/**
 * @typedef {object} Variant
 * @property {string} label
 * @property {Target[]} targets
 * @property {boolean} [large] only on request, since it takes minutes
 * @property {Others} [others]
 */

/**
 * What brokers that are not started here get instead, when they would take too long; 0 messages: nothing.
 * @typedef {{ messages: number, why: string }} Others
 */

/**
 * @typedef {object} Scenario
 * @property {string} about one line for the help text
 * @property {(Settings & Variant)[]} variants
 * @property {boolean} [limits] the relay and the one that does nothing can do it too
 * @property {boolean} [restarts] it starts and stops the broker, so only those that are ours can take part
 * @property {boolean} [probe] whether the event loop of ours is watched (default true), which costs it some timers
 * @property {(session: import('./session.js').Session, settings: Settings) => Promise<import('./figures.js').Figures>} run
 */

/** @type {Record<string, Scenario>} */
export const SCENARIOS = {
  flow: {
    about: 'transient, no acks, one producer and one consumer',
    variants: [16, 1024].map((size) => ({
      label: '',
      messages: 300_000,
      size,
      durable: false,
      targets: [atMost('brokerCpu', 2, 'relay'), atLeast('rate', 5, 'against')],
    })),
    limits: true,
    run: runFlow,
  },
  durable: {
    about: 'persistent, confirms and acks, one producer and one consumer',
    variants: [1, 100].map((ackEvery) => ({
      label: ackEvery === 1 ? 'ack each' : `ack ${ackEvery}`,
      messages: 200_000,
      size: 1024,
      durable: true,
      ackEvery,
      targets: [atMost('brokerCpu', 4, 'relay'), atLeast('rate', 6, 'against')],
    })),
    limits: true,
    run: runFlow,
  },
  latency: {
    about: '500 messages a second: how long each takes',
    variants: [true, false].map((durable) => ({
      label: durable ? 'durable' : 'transient',
      messages: 5000,
      size: 1024,
      durable,
      targets: [
        atMost('deliverP50', 1, 'against'),
        atMost('deliverP99', 1, 'against'),
        atMost('confirmP50', 1, 'against'),
        atMost('confirmP99', 1, 'against'),
      ],
    })),
    run: runLatency,
  },
  delay: {
    about: 'a queue with a TTL of 2 s and a dead-letter exchange: lateness',
    variants: [true, false].map((durable) => ({
      label: durable ? 'durable' : 'transient',
      messages: 20_000,
      size: 1024,
      durable,
      targets: [atMost('lateP50', 50), atMost('lateP99', 150), atMost('early', 0)],
    })),
    run: runDelay,
  },
  burst: {
    about: 'messages that expire at one moment: lateness, and delay for other clients',
    variants: [
      ...[true, false].map((durable) => ({
        label: durable ? 'durable' : 'transient',
        messages: 300_000,
        size: 100,
        durable,
        targets: [
          atMost('lateP50', 500),
          atMost('brokerCpu', 10),
          atMost('rssGrowth', 150),
          atMost('stallP99', 20),
          atMost('early', 0),
        ],
      })),
      {
        label: '1,000,000 durable',
        messages: 1_000_000,
        size: 100,
        durable: true,
        targets: [atMost('brokerCpu', 10), atMost('stallP99', 20), atMost('early', 0)],
        others: { messages: 0, why: 'it would take minutes' },
      },
    ],
    run: runBurst,
  },
  backlog: {
    about: 'messages that wait: memory for each, and whether publishing slows down',
    variants: [
      {
        label: '',
        messages: 1_000_000,
        size: 100,
        durable: true,
        targets: [atMost('rssPerMessage', 150), atLeast('lastToFirst', 0.9)],
      },
      {
        label: '10,000,000',
        messages: 10_000_000,
        size: 100,
        durable: true,
        large: true,
        targets: [atMost('rssPerMessage', 150), atLeast('lastToFirst', 0.9)],
        others: { messages: 0, why: 'it would take minutes' },
      },
    ],
    run: runBacklog,
  },
};

/**
 * One scenario with everything decided: what the generator is told to do.
 * @typedef {object} Job
 * @property {string} scenario
 * @property {string} label for people
 * @property {Settings} settings
 * @property {Target[]} targets
 * @property {boolean} limits
 * @property {boolean} restarts
 * @property {Others | undefined} others
 */

/**
 * @param {string[]} names
 * @param {{ messages?: number | undefined, size?: number | undefined, large?: boolean }} wishes
 * @returns {Job[]} one for each variant; those that wishes make equal only once
 */
export function jobsOf(names, wishes) {
  /** @type {Map<string, Job>} */
  const jobs = new Map();
  for (const scenario of names) {
    const found = SCENARIOS[scenario];
    if (found === undefined) continue;
    const { variants, limits = false, restarts = false } = found;
    for (const { label: tag, targets, large = false, others, ...defaults } of variants) {
      if (large && wishes.large !== true) continue;
      const settings = {
        ...defaults,
        messages: wishes.messages ?? defaults.messages,
        size: wishes.size ?? defaults.size,
      };
      const label = [scenario, tag, sizeText(settings.size)].filter((word) => word !== '').join(' ');
      const asWished = wishes.messages === undefined ? others : undefined;
      jobs.set(label, { scenario, label, settings, targets, limits, restarts, others: asWished });
    }
  }
  return [...jobs.values()];
}

/** @param {number} size */
function sizeText(size) {
  if (size === 0) return '';
  if (size % 2 ** 20 === 0) return `${size / 2 ** 20} MiB`;
  return size % 1024 === 0 ? `${size / 1024} KiB` : `${size} B`;
}
