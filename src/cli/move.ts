import { Option, type Command } from 'commander';
import { Failure } from './failure.ts';
import { interruptible } from './interrupt.ts';
import { addConnectionOptions, count, type ConnectionOptions } from './options.ts';
import { Output } from './output.ts';
import { withConfirmChannel } from './session.ts';
import { Transfer, type Destination } from './transfer.ts';

interface MoveOptions extends ConnectionOptions {
  readonly count?: number;
  readonly exchange?: string;
  readonly key?: string;
  readonly fresh?: true;
}

const EXAMPLES = `
Examples:
  $ leveret move work.failed work                      once more, with their death history
  $ leveret move work.failed work --count 1 --fresh    only the oldest, as if it had never failed
  $ leveret move work.failed --exchange orders         through an exchange, each with its own routing key`;

/** Adds `move <from> [to]`. */
export function addMoveCommand(program: Command): void {
  const command = program
    .command('move')
    .summary('move messages from one queue to another')
    .description(
      'Moves the messages that are in a queue now to another queue, or to an exchange, with their properties and ' +
        'headers. A message leaves its queue only when the broker has confirmed that the other one has it; at the ' +
        'first that is returned or refused it stops.',
    )
    .argument('<from>', 'the queue to take messages from')
    .argument('[to]', 'the queue to put them into')
    .option('--count <number>', 'how many at most', count)
    .addOption(new Option('--exchange <exchange>', 'publish to this exchange instead of to a queue'))
    .addOption(
      new Option('--key <routing-key>', 'with --exchange: the routing key; without it each keeps its own'),
    )
    .option('--fresh', 'leave out the death history (x-death and the x-first-death-, x-last-death- headers)');
  addConnectionOptions(command).addHelpText('after', EXAMPLES).action(move);
}

async function move(from: string, to: string | undefined, options: MoveOptions): Promise<void> {
  const output = new Output(options.json ?? false);
  const destination = readDestination(from, to, options);
  const transfer = new Transfer(from, destination, {
    limit: options.count ?? Infinity,
    fresh: options.fresh ?? false,
  });
  try {
    await interruptible((interrupt) =>
      withConfirmChannel(options, output, (channel) => transfer.run(channel, interrupt)),
    );
  } catch (error) {
    if (error instanceof Failure) await transfer.report(output, error);
    throw error;
  }
  await transfer.report(output);
}

function readDestination(from: string, to: string | undefined, options: MoveOptions): Destination {
  const { exchange, key } = options;
  if ((to === undefined) === (exchange === undefined)) {
    throw new Failure(
      'usage',
      'say where to: either a queue, as in `leveret move failed work`, or --exchange',
    );
  }
  if (exchange !== undefined) return { exchange, key };
  if (key !== undefined) throw new Failure('usage', '--key goes with --exchange; a queue is named by itself');
  if (to === from) throw new Failure('usage', `'${from}' is both where from and where to`);
  return { exchange: '', key: to };
}
