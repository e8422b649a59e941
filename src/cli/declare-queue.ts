import { Option, type Command } from 'commander';
import { mergeFields, type Field, type FieldTable } from './fields.ts';
import { addArgumentOption, addConnectionOptions, duration, limit, octet, size } from './options.ts';
import type { ConnectionOptions } from './options.ts';
import { Output, plural } from './output.ts';
import { withChannel } from './session.ts';

interface QueueOptions extends ConnectionOptions {
  readonly ttl?: number;
  readonly expires?: number;
  readonly deadLetterExchange?: string;
  readonly deadLetterRoutingKey?: string;
  readonly maxLength?: number;
  readonly maxLengthBytes?: number;
  readonly overflow?: string;
  readonly maxPriority?: number;
  readonly transient?: true;
  readonly autoDelete?: true;
  readonly argument?: FieldTable;
}

const EXAMPLES = `
Examples:
  Messages wait 10 minutes in 'retry' and then go back to 'work':
  $ leveret declare queue work
  $ leveret declare queue retry --ttl 10m --dead-letter-exchange "" --dead-letter-routing-key work

  A quorum queue, and a queue whose name the broker chooses:
  $ leveret declare queue orders --argument x-queue-type=quorum
  $ queue=$(leveret declare queue --expires 1h)`;

/** Adds `declare queue [name]`. */
export function addQueueDeclaration(declare: Command): void {
  const command = declare
    .command('queue')
    .summary('create a queue')
    .description('Creates a queue. Without a name the broker chooses one, and only that name is printed.')
    .argument('[name]', 'the name; names that begin with amq. are reserved')
    .option('--ttl <duration>', 'how long a message may wait before it expires (x-message-ttl)', duration)
    .option('--expires <duration>', 'delete the queue when it was unused this long (x-expires)', duration)
    .option(
      '--dead-letter-exchange <exchange>',
      'where expired, rejected and surplus messages go; "" is the default exchange',
    )
    .option('--dead-letter-routing-key <key>', 'their new routing key; without it they keep their own')
    .option('--max-length <number>', 'how many ready messages it holds', limit)
    .option('--max-length-bytes <size>', 'how many bytes of bodies it holds, for example 10MB', size)
    .addOption(
      new Option('--overflow <behaviour>', 'what happens when it is full').choices([
        'drop-head',
        'reject-publish',
        'reject-publish-dlx',
      ]),
    )
    .option('--max-priority <number>', 'make it a priority queue with priorities up to this one', octet)
    .option('--transient', 'forget it when the broker restarts (newer RabbitMQ may refuse it)')
    .option('--auto-delete', 'delete it when its last consumer goes');
  addArgumentOption(command, 'x-queue-type=quorum');
  addConnectionOptions(command).addHelpText('after', EXAMPLES).action(declareQueue);
}

async function declareQueue(name: string | undefined, options: QueueOptions): Promise<void> {
  const output = new Output(options.json ?? false);
  const { transient, autoDelete = false } = options;
  const durable = transient !== true;
  const table = queueArguments(options);
  const declared = await withChannel(options, output, (channel) =>
    channel.assertQueue(name ?? '', { durable, autoDelete, arguments: table }),
  );
  const { queue, messageCount: messages, consumerCount: consumers } = declared;
  const state = `${plural(messages, 'message')}, ${plural(consumers, 'consumer')}`;
  const text = `declared ${durable ? 'durable' : 'transient'} queue ${queue} (${state})`;
  const chosen = name === undefined || name === '';
  await output.result(chosen ? queue : text, {
    declared: 'queue',
    name: queue,
    durable,
    messages,
    consumers,
  });
}

function queueArguments(options: QueueOptions): FieldTable {
  const named: Record<string, Field | undefined> = {
    'x-message-ttl': options.ttl,
    'x-expires': options.expires,
    'x-dead-letter-exchange': options.deadLetterExchange,
    'x-dead-letter-routing-key': options.deadLetterRoutingKey,
    'x-max-length': options.maxLength,
    'x-max-length-bytes': options.maxLengthBytes,
    'x-overflow': options.overflow,
    'x-max-priority': options.maxPriority,
  };
  const given = Object.entries(named).filter((entry): entry is [string, Field] => entry[1] !== undefined);
  return mergeFields(Object.fromEntries(given), options.argument ?? {});
}
