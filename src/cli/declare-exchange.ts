import { InvalidArgumentError, type Command } from 'commander';
import { mergeFields, type FieldTable } from './fields.ts';
import { addArgumentOption, addConnectionOptions, type ConnectionOptions } from './options.ts';
import { Output } from './output.ts';
import { withChannel } from './session.ts';

const TYPES = ['direct', 'fanout', 'topic', 'headers'];

interface ExchangeOptions extends ConnectionOptions {
  readonly type: string;
  readonly transient?: true;
  readonly autoDelete?: true;
  readonly internal?: true;
  readonly alternateExchange?: string;
  readonly argument?: FieldTable;
}

const EXAMPLES = `
Examples:
  $ leveret declare exchange orders --type topic
  $ leveret declare exchange orders --type topic --alternate-exchange unrouted`;

/** Adds `declare exchange <name>`. */
export function addExchangeDeclaration(declare: Command): void {
  const command = declare
    .command('exchange')
    .summary('create an exchange')
    .description(
      'Creates an exchange: what messages are published to, and what hands them to the queues bound to it.',
    )
    .argument('<name>', 'the name; names that begin with amq. are reserved')
    .option(
      '--type <type>',
      `how it routes: ${TYPES.join(', ')}, or the type of a plugin`,
      exchangeType,
      'direct',
    )
    .option('--transient', 'forget it when the broker restarts')
    .option('--auto-delete', 'delete it when its last binding goes')
    .option('--internal', 'let only other exchanges publish to it')
    .option('--alternate-exchange <exchange>', 'where messages go that it cannot route');
  addArgumentOption(command, 'alternate-exchange=unrouted');
  addConnectionOptions(command).addHelpText('after', EXAMPLES).action(declareExchange);
}

function exchangeType(text: string): string {
  if (TYPES.includes(text) || text.startsWith('x-')) return text;
  throw new InvalidArgumentError(`It is one of ${TYPES.join(', ')}, or a plugin's type that begins with x-.`);
}

async function declareExchange(name: string, options: ExchangeOptions): Promise<void> {
  const output = new Output(options.json ?? false);
  const { type, transient, autoDelete = false, internal = false, alternateExchange } = options;
  const durable = transient !== true;
  const table = mergeFields(
    alternateExchange === undefined ? {} : { 'alternate-exchange': alternateExchange },
    options.argument ?? {},
  );
  await withChannel(options, output, (channel) =>
    channel.assertExchange(name, type, { durable, autoDelete, internal, arguments: table }),
  );
  await output.result(`declared ${durable ? 'durable' : 'transient'} ${type} exchange ${name}`, {
    declared: 'exchange',
    name,
    type,
    durable,
  });
}
