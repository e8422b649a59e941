import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { Option, type Command } from 'commander';
import { Failure } from './failure.ts';
import { FIELD_HELP } from './fields.ts';
import {
  addConnectionOptions,
  collect,
  count,
  duration,
  field,
  octet,
  type ConnectionOptions,
} from './options.ts';
import { Output } from './output.ts';
import { messageProperties, PROPERTY_NAMES, type PropertyOptions } from './properties.ts';
import { Publication, publicationProblem, publicationText } from './publication.ts';
import { withChannel, withConfirmChannel } from './session.ts';

interface PublishOptions extends ConnectionOptions, PropertyOptions {
  readonly file?: string;
  readonly count: number;
  readonly confirm?: true;
  readonly mandatory?: true;
}

const EXAMPLES = `
Examples:
  $ leveret publish "" work 'hello'                 straight into the queue 'work'
  $ leveret publish orders order.created --file order.json --content-type application/json --confirm
  $ date | leveret publish logs '' --header host=a1 --mandatory
  $ leveret publish "" work 'soon gone' --expiration 10s --persistent`;

/** Adds `publish <exchange> <routing-key> [body]`. */
export function addPublishCommand(program: Command): void {
  const command = program
    .command('publish')
    .summary('publish a message')
    .description(
      'Publishes a message. An exchange hands it to the queues whose binding matches; the default exchange "" ' +
        'to the queue that the routing key names. The body is the argument, a file, or standard input.',
    )
    .argument('<exchange>', 'the exchange; "" is the default exchange')
    .argument('<routing-key>', 'the routing key')
    .argument('[body]', 'the body; without it, and without --file, it is read from standard input')
    .option('--file <path>', 'take the body from a file, byte for byte')
    .option('--count <number>', 'publish it this often', count, 1)
    .option('--confirm', 'wait until the broker has confirmed it; a refusal is exit code 7')
    .option('--mandatory', 'fail with exit code 7 when no queue takes it')
    .option('--persistent', 'keep it through a restart of the broker, if the queue is durable')
    .option('--expiration <duration>', 'how long it may wait in a queue', duration);
  addPropertyOptions(command);
  addConnectionOptions(command).addHelpText('after', EXAMPLES).action(publish);
}

function addPropertyOptions(command: Command): void {
  command
    .option('--header <name=value>', `a header; may be repeated (${FIELD_HELP})`, field)
    .option('--content-type <type>', 'what the body is, for example application/json')
    .option('--correlation-id <id>', 'what it is an answer to')
    .option('--message-id <id>', 'its own id')
    .option('--reply-to <queue>', 'where an answer should go')
    .option('--priority <number>', 'its priority in a priority queue', octet)
    .option('--type <name>', 'what kind of message it is')
    .option('--app-id <id>', 'which application sent it')
    .addOption(
      new Option(
        '--property <name=value>',
        `any property: ${PROPERTY_NAMES.join(', ')}; may be repeated`,
      ).argParser(collect),
    );
}

async function publish(
  exchange: string,
  key: string,
  body: string | undefined,
  options: PublishOptions,
): Promise<void> {
  const output = new Output(options.json ?? false);
  const properties = { ...messageProperties(options), mandatory: options.mandatory ?? false };
  const content = await readBody(body, options.file, output);
  const publication = new Publication({ exchange, key, content, properties }, options.count);
  if (options.confirm) await withConfirmChannel(options, output, (channel) => publication.confirm(channel));
  else await withChannel(options, output, (channel) => publication.send(channel));
  const record = publication.record();
  await output.result(publicationText(record), record);
  const problem = publicationProblem(record);
  if (problem !== undefined) throw new Failure('undelivered', problem);
}

async function readBody(body: string | undefined, file: string | undefined, output: Output): Promise<Buffer> {
  if (body !== undefined && file !== undefined)
    throw new Failure('usage', 'give the body or --file, not both');
  if (body !== undefined) return Buffer.from(body);
  if (file === undefined) {
    if (process.stdin.isTTY) output.note('type the body; Ctrl-D ends it');
    return buffer(process.stdin);
  }
  try {
    return await readFile(file);
  } catch (error) {
    throw new Failure('usage', `cannot read the body: ${(error as Error).message}`);
  }
}
