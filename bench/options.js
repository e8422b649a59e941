import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { leveretOfHere } from './launch.js';
import { SCENARIOS } from './scenarios.js';

/** A mistake on the command line. */
export class UsageError extends Error {}

/** @typedef {import('./launch.js').Wanted} Wanted */

/**
 * @typedef {object} Options
 * @property {Wanted} first the broker that is measured
 * @property {Wanted[]} against those it is compared with
 * @property {boolean} relay also measure the relay and the load generator, where they can do the same
 * @property {string[]} scenarios
 * @property {boolean} large
 * @property {number | undefined} messages
 * @property {number | undefined} size
 * @property {number} repeat
 * @property {boolean} json
 * @property {string | undefined} markdown
 * @property {boolean} help
 */

const ARGUMENTS = /** @type {const} */ ({
  url: { type: 'string' },
  against: { type: 'string', multiple: true },
  pid: { type: 'string', multiple: true },
  data: { type: 'string', multiple: true },
  'no-relay': { type: 'boolean' },
  scenario: { type: 'string', multiple: true },
  large: { type: 'boolean' },
  messages: { type: 'string' },
  size: { type: 'string' },
  repeat: { type: 'string' },
  json: { type: 'boolean' },
  markdown: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
});

export const HELP = `Usage: npm run bench -- [options]

Measures Leveret, which it starts for every run on a port of its own with an empty store, and says which targets it
meets. Other brokers are measured in turn with it, so that ratios hold when the machine gets slower or faster.

  --against WHAT    compare with this one, too; may be repeated. A URL, amqp://user:password@host:port/vhost, of any
                    AMQP 0-9-1 broker, or the directory of another build of Leveret
  --pid N           process of the broker named before it, on this machine: shows its CPU and memory
  --data DIR        where the broker named before it has its files: shows the disk it takes
  --url URL         measure a broker that runs already instead of starting Leveret
  --no-relay        without the relay, which shows what cannot be done without, and the limit of the load generator
  --scenario NAME   only this one; may be repeated
  --large           also what takes minutes and gigabytes
  --messages N      instead of each scenario's own number
  --size N          octets of a body, instead of each scenario's own
  --repeat N        run everything N times: medians, and the worst of maxima (default 1)
  --markdown FILE   also write tables, charts and what it was measured on to FILE, and to "images" beside it
  --json            print JSON instead of the tables
  --help

Scenarios:
${Object.entries(SCENARIOS)
  .map(([name, { about }]) => `  ${name.padEnd(17)} ${about}`)
  .join('\n')}

Examples:
  npm run bench
  npm run bench -- --scenario flow --messages 50000
  npm run bench -- --against amqp://guest:guest@127.0.0.1:5672 --pid 4711
  npm run bench -- --against ../leveret-before --scenario durable --repeat 5 --no-relay
  npm run bench -- --repeat 3 --markdown docs/performance.md
`;

/**
 * @param {string[]} args
 * @returns {Options}
 */
export function readOptions(args) {
  const { values, tokens } = parse(args);
  const scenarios = values.scenario ?? Object.keys(SCENARIOS);
  for (const name of scenarios) {
    if (SCENARIOS[name] === undefined) {
      throw new UsageError(`there is no scenario "${name}", only ${Object.keys(SCENARIOS).join(', ')}`);
    }
  }
  return {
    ...readBrokers(tokens),
    relay: values['no-relay'] !== true,
    scenarios,
    large: values.large ?? false,
    messages: integer('messages', values.messages, 100, 100_000_000),
    size: integer('size', values.size, 16, 64 * 2 ** 20),
    repeat: integer('repeat', values.repeat, 1, 1000) ?? 1,
    json: values.json ?? false,
    markdown: values.markdown,
    help: values.help ?? false,
  };
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({ args, options: ARGUMENTS, tokens: true });
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message.split('. ')[0]);
  }
}

/**
 * --pid and --data belong to the broker before them, so their order matters.
 * @param {ReturnType<typeof parse>['tokens']} tokens
 * @returns {Pick<Options, 'first' | 'against'>}
 */
function readBrokers(tokens) {
  let first = leveretOfHere();
  /** @type {Wanted[]} */
  const against = [];
  /** @type {Wanted | undefined} */
  let last;
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const value = token.value ?? '';
    if (token.name === 'url') last = first = remote('url', value);
    if (token.name === 'against') against.push((last = otherBroker(value)));
    if (token.name !== 'pid' && token.name !== 'data') continue;
    if (last?.kind !== 'remote')
      throw new UsageError(`--${token.name} belongs to the URL of a broker before it, and there is none`);
    if (token.name === 'pid') last.pid = integer('pid', value, 1, 2 ** 31);
    else last.data = directory('data', value);
  }
  return { first, against };
}

/**
 * @param {string} value
 * @returns {Wanted}
 */
function otherBroker(value) {
  if (URL.canParse(value)) return remote('against', value);
  if (existsSync(join(value, 'bin/leveret.js'))) return { kind: 'leveret', directory: resolve(value) };
  throw new UsageError(
    `--against "${value}" is neither a URL (amqp://user:password@host:port) nor a directory with bin/leveret.js`,
  );
}

/**
 * @param {string} name
 * @param {string} value
 * @returns {Extract<Wanted, { kind: 'remote' }>}
 */
function remote(name, value) {
  if (!URL.canParse(value))
    throw new UsageError(`--${name} "${value}" is no URL: amqp://user:password@host:port`);
  if (new URL(value).protocol !== 'amqp:')
    throw new UsageError(`--${name} must start with amqp://, not "${value}"`);
  return { kind: 'remote', url: value };
}

/**
 * @param {string} name
 * @param {string} value
 */
function directory(name, value) {
  if (statSync(value, { throwIfNoEntry: false })?.isDirectory() === true) return resolve(value);
  throw new UsageError(`--${name} "${value}" is no directory`);
}

/**
 * @param {string} name
 * @param {string | undefined} value
 * @param {number} least
 * @param {number} most
 */
function integer(name, value, least, most) {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= least && number <= most) return number;
  throw new UsageError(`--${name} must be an integer from ${least} to ${most}, not "${value}"`);
}
