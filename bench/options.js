import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios.js';

/** A mistake on the command line. */
export class UsageError extends Error {}

/**
 * @typedef {object} Options
 * @property {{ url: string, pid?: number | undefined }[]} brokers
 * @property {string[]} scenarios
 * @property {number | undefined} messages
 * @property {number | undefined} size
 * @property {number} repeat
 * @property {boolean} json
 * @property {string | undefined} markdown
 * @property {boolean} help
 */

const ARGUMENTS = /** @type {const} */ ({
  url: { type: 'string', multiple: true },
  pid: { type: 'string', multiple: true },
  scenario: { type: 'string', multiple: true },
  messages: { type: 'string' },
  size: { type: 'string' },
  repeat: { type: 'string' },
  json: { type: 'boolean' },
  markdown: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
});

export const HELP = `Usage: npm run bench -- [options]

Measures Leveret, which it starts on a port of its own, or any AMQP 0-9-1 broker.

  --url URL         broker to measure: amqp://user:password@host:port/vhost, or the word leveret (the default);
                    give it several times to run brokers in turn and see ratios to the first
  --pid N           process of the --url before it, on this machine: shows its CPU and memory
  --scenario NAME   only this one; may be repeated
  --messages N      instead of each scenario's own number
  --size N          octets of a body, instead of each scenario's own
  --repeat N        run everything N times: medians, and the worst of maxima (default 1)
  --markdown FILE   also write the table and what it was measured on to FILE
  --json            print JSON instead of the table
  --help

Scenarios:
${Object.entries(SCENARIOS)
  .map(([name, { about }]) => `  ${name.padEnd(17)} ${about}`)
  .join('\n')}

Examples:
  npm run bench
  npm run bench -- --scenario flow --messages 50000
  npm run bench -- --url leveret --url amqp://guest:guest@127.0.0.1:5672 --pid 4711
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
    brokers: readBrokers(tokens),
    scenarios,
    messages: integer('messages', values.messages, 100, 100_000_000),
    size: integer('size', values.size, 16, 16 * 2 ** 20),
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
 * A --pid belongs to the --url before it, so their order matters.
 * @param {ReturnType<typeof parse>['tokens']} tokens
 */
function readBrokers(tokens) {
  /** @type {Options['brokers']} */
  const brokers = [];
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const value = token.value ?? '';
    if (token.name === 'url') brokers.push({ url: brokerUrl(value) });
    if (token.name === 'pid') {
      const broker = brokers.at(-1);
      if (broker === undefined)
        throw new UsageError('--pid belongs to the --url before it, and there is none');
      broker.pid = integer('pid', value, 1, 2 ** 31);
    }
  }
  return brokers.length > 0 ? brokers : [{ url: 'leveret' }];
}

/** @param {string} value */
function brokerUrl(value) {
  if (value === 'leveret') return value;
  if (!URL.canParse(value))
    throw new UsageError(`--url "${value}" is no URL: amqp://user:password@host:port`);
  if (new URL(value).protocol !== 'amqp:')
    throw new UsageError(`--url must start with amqp://, not "${value}"`);
  return value;
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
