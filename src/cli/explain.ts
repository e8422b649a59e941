import { Option } from 'commander';
import type { Command } from 'commander';
import { explainInDefinitions } from '../advice/explain.ts';
import type { Explanation } from '../advice/explanation.ts';
import { readQuestion } from '../advice/question.ts';
import type { AskedQuestion } from '../advice/question.ts';
import { describeExplanation } from './explanation.ts';
import { Failure } from './failure.ts';
import { FIELD_HELP } from './fields.ts';
import type { Field, FieldTable } from './fields.ts';
import { ifKnown, Management, managementOption, refuseUrlBeside } from './management.ts';
import { collect, duration, field, limit, octet } from './options.ts';
import { Output } from './output.ts';
import { currentTopology, queueFacts, readDocument } from './topology.ts';

interface ExplainOptions {
  readonly definitions?: string;
  readonly url: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly key: string;
  readonly expiration?: number;
  readonly header?: FieldTable;
  readonly priority?: number;
  readonly reject: number;
  readonly consumer?: readonly string[];
  readonly format: 'text' | 'json';
}

const EXAMPLES = `
Nothing is published: the message is played through in a broker in memory, with a clock moved by hand.

Examples:
  $ leveret explain publish --definitions definitions.json --exchange orders --key order.created
  $ leveret explain publish --definitions definitions.json --key work --expiration 5s --reject 3
  $ leveret explain publish --key work --format json`;

/** Adds `explain publish`. */
export function addExplainCommand(program: Command): void {
  const explain = program
    .command('explain')
    .summary('tell the future of a message')
    .description('Tells the future of a message.');
  explain
    .command('publish')
    .summary('what will become of a message that is published')
    .description(
      'Tells what will become of a message: which bindings take it, when it expires and why, where it goes then, ' +
        'with which death history, what gets lost, and where it ends.',
    )
    .option('--definitions <file>', 'the topology: definitions as RabbitMQ exports them; - is standard input')
    .addOption(managementOption('without definitions: the management API of the broker'))
    .option('--vhost <name>', 'the vhost', '/')
    .option('--exchange <name>', 'the exchange it is published to; "" is the default exchange', '')
    .requiredOption('--key <key>', 'the routing key')
    .option('--expiration <duration>', 'how long it may wait in a queue', duration)
    .option('--header <name=value>', `a header; may be repeated (${FIELD_HELP})`, field)
    .option('--priority <number>', 'its priority in a priority queue', octet)
    .option('--reject <number>', 'how often a consumer rejects it before one acknowledges it', limit, 0)
    .option('--consumer <queue>', 'take this queue for consumed; may be repeated', collect)
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText('after', EXAMPLES)
    .action(explainPublish);
}

async function explainPublish(options: ExplainOptions, command: Command): Promise<void> {
  const { definitions, url } = options;
  if (definitions !== undefined) refuseUrlBeside('--definitions', command);
  const explanation =
    definitions === undefined ? await ofBroker(url, options) : await ofFile(definitions, options);
  const output = new Output(options.format === 'json');
  await output.result(describeExplanation(explanation), explanation);
}

async function ofFile(file: string, options: ExplainOptions): Promise<Explanation> {
  const { document } = await readDocument(file);
  return explained(document.value, options, []);
}

/** Leveret answers the question itself, knowing its messages; of RabbitMQ it is answered here. */
async function ofBroker(url: string, options: ExplainOptions): Promise<Explanation> {
  const management = new Management(url);
  const { vhost } = options;
  const { vhost: _vhost, ...question } = questionOf(options, []);
  const answer = await ifKnown(management.post<Explanation>(['vhosts', vhost, 'explain'], question));
  if (answer !== undefined) return answer;
  const topology = await currentTopology(management, vhost);
  const facts = await queueFacts(management);
  const consumed = facts.filter((fact) => fact.vhost === vhost && fact.consumers > 0);
  return explained(
    topology,
    options,
    consumed.map(({ name }) => name),
  );
}

function explained(topology: unknown, options: ExplainOptions, consumed: readonly string[]): Explanation {
  const asked = questionOf(options, consumed);
  try {
    return explainInDefinitions(topology, readQuestion(asked), Date.now());
  } catch (error) {
    throw new Failure('refused', (error as Error).message);
  }
}

function questionOf(options: ExplainOptions, consumed: readonly string[]): AskedQuestion {
  const { vhost, exchange, key, expiration, header, priority, reject: rejects, consumer = [] } = options;
  const headers = header && plainHeaders(header);
  const consumers = [...consumed, ...consumer];
  return { vhost, exchange, routingKey: key, expiration, headers, priority, rejects, consumers };
}

function plainHeaders(headers: FieldTable): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, plainHeader(name, value)]));
}

/** Numbers of more than 53 bits would not be what they were. */
function plainHeader(name: string, value: Field): unknown {
  if (typeof value !== 'object' || value === null || !('!' in value)) return value;
  throw new Failure('usage', `the number of header '${name}' is too large here`);
}
