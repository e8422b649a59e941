import { runBacklog } from './backlog.js';
import { runBig } from './big.js';
import { runBurst } from './burst.js';
import { runDelay } from './delay.js';
import { runDisk } from './disk.js';
import { runFanout } from './fanout.js';
import { runFlow } from './flow.js';
import { runLatency } from './latency.js';
import { runMany } from './many.js';
import { runQueues } from './queues.js';
import { runHeaders, runTopic } from './routing.js';
import { runRecovery, runStart } from './starts.js';
import { runSteady } from './steady.js';
import { atLeast, atMost } from './targets.js';

/** @typedef {import('./targets.js').Target} Target */

/**
 * How one run of a scenario is to be done.
 * @typedef {object} Settings
 * @property {number} messages
 * @property {number} size octets of a body
 * @property {boolean} durable queues and messages
 * @property {number} [queues]
 * @property {number} [bindings]
 * @property {number} [ackEvery] 1: each message is acked; more: `multiple` after so many; none: no acks
 */

/**
 * @typedef {object} Variant
 * @property {string} label
 * @property {Target[]} targets
 * @property {boolean} [fixed] the number of messages stands for something else, and is not to be wished for
 * @property {boolean} [more] another variant, with more messages: left out where a number of messages is wished for
 * @property {boolean} [large] only on request, since it takes minutes
 * @property {Others} [others]
 */

/**
 * What brokers that are not started here get instead, when they would take too long; 0 messages: nothing.
 * @typedef {{ messages?: number, bindings?: number, why: string }} Others
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
  many: {
    about: '100 producers and 100 consumers on 100 connections, 50 queues, confirms and acks',
    variants: [
      {
        label: '',
        messages: 200_000,
        size: 256,
        durable: false,
        targets: [atLeast('rate', 4, 'against'), atLeast('slowest', 1 / 3)],
      },
    ],
    run: runMany,
  },
  fanout: {
    about: 'a fanout exchange with 10 and with 1,000 queues, transient; counted are deliveries',
    variants: [10, 1000].map((queues) => ({
      label: `to ${queues.toLocaleString('en-US')}`,
      messages: 300_000,
      size: 256,
      durable: false,
      queues,
      targets: [atLeast('rate', 3, 'against')],
    })),
    run: runFanout,
  },
  topic: {
    about: 'a topic exchange with 10,000 bindings, of which one matches',
    variants: [
      {
        label: '',
        messages: 100_000,
        size: 256,
        durable: false,
        bindings: 10_000,
        targets: [atLeast('rate', 3, 'against'), atLeast('toFew', 0.5)],
        others: { bindings: 1000, why: 'declaring and deleting more takes minutes' },
      },
    ],
    run: runTopic,
  },
  headers: {
    about: 'a headers exchange with 1,000 bindings, of which one matches',
    variants: [
      {
        label: '',
        messages: 50_000,
        size: 256,
        durable: false,
        bindings: 1000,
        targets: [atLeast('rate', 3, 'against'), atLeast('toFew', 0.5)],
        others: { messages: 10_000, why: 'it looks at every binding' },
      },
    ],
    run: runHeaders,
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
        more: true,
        messages: 1_000_000,
        size: 100,
        durable: true,
        targets: [atMost('brokerCpu', 10), atMost('stallP99', 20), atMost('early', 0)],
        others: { messages: 0, why: 'it would take minutes' },
      },
    ],
    run: runBurst,
  },
  steady: {
    about: '100,000 wait in delay queues of 1 s to 10 min, 5,000 a second go through them: lateness',
    variants: [
      {
        label: '',
        messages: 300_000,
        size: 256,
        durable: true,
        targets: [atMost('lateP99', 10), atMost('early', 0)],
      },
    ],
    run: runSteady,
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
        more: true,
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
  disk: {
    about: 'a queue that is filled and emptied while one message in 1,000 stays: what the disk takes',
    variants: [
      {
        label: '',
        messages: 1_000_000,
        size: 1024,
        durable: true,
        targets: [atMost('diskBeyond', 128)],
      },
    ],
    run: runDisk,
  },
  recovery: {
    about: 'a broker is killed with durable messages in its queue and starts again',
    variants: [
      {
        label: '',
        messages: 1_000_000,
        size: 100,
        durable: true,
        targets: [atLeast('recoveryRate', 500_000)],
      },
    ],
    restarts: true,
    run: runRecovery,
  },
  start: {
    about: 'how long an empty broker takes to accept connections',
    variants: [
      {
        label: 'empty',
        messages: 10,
        size: 0,
        durable: true,
        fixed: true,
        targets: [atMost('startedIn', 100)],
      },
    ],
    restarts: true,
    probe: false,
    run: runStart,
  },
  queues: {
    about: 'durable queues with a TTL, idle: memory for each, CPU, start (--messages: queues)',
    variants: [
      {
        label: 'idle',
        messages: 50_000,
        size: 0,
        durable: true,
        targets: [atMost('rssPerQueue', 2048), atMost('startedIn', 2000), atMost('idleCpu', 1)],
        others: { messages: 2000, why: 'declaring more takes minutes' },
      },
    ],
    probe: false,
    run: runQueues,
  },
  big: {
    about: 'large bodies through a durable queue: memory must not grow with their number',
    variants: [
      {
        label: '',
        messages: 200,
        size: 2 ** 20,
        durable: true,
        targets: [atMost('laterPeak', 1.1)],
      },
      {
        label: '',
        messages: 16,
        size: 64 * 2 ** 20,
        durable: true,
        targets: [atMost('laterPeak', 1.1)],
        others: { messages: 0, why: 'RabbitMQ takes no more than 16 MiB unless it is told to' },
      },
    ],
    run: runBig,
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
    for (const {
      label: tag,
      targets,
      large = false,
      fixed = false,
      more = false,
      others,
      ...defaults
    } of variants) {
      if ((large && wishes.large !== true) || (more && wishes.messages !== undefined)) continue;
      const settings = {
        ...defaults,
        messages: fixed ? defaults.messages : (wishes.messages ?? defaults.messages),
        size: defaults.size === 0 ? 0 : (wishes.size ?? defaults.size),
      };
      const label = [scenario, tag, sizeText(settings.size)].filter((word) => word !== '').join(' ');
      jobs.set(label, {
        scenario,
        label,
        settings,
        targets,
        limits,
        restarts,
        others: othersOf(others, wishes),
      });
    }
  }
  return [...jobs.values()];
}

/**
 * Who wishes for a number of messages gets it on every broker.
 * @param {Others | undefined} others
 * @param {{ messages?: number | undefined }} wishes
 * @returns {Others | undefined}
 */
function othersOf(others, { messages }) {
  if (others?.messages === undefined || messages === undefined) return others;
  const { messages: _, ...rest } = others;
  return rest.bindings === undefined ? undefined : rest;
}

/** @param {number} size */
function sizeText(size) {
  if (size === 0) return '';
  if (size % 2 ** 20 === 0) return `${size / 2 ** 20} MiB`;
  return size % 1024 === 0 ? `${size / 1024} KiB` : `${size} B`;
}
