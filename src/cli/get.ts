import { Option, type Command } from 'commander';
import type { Channel } from 'amqplib';
import { Failure } from './failure.ts';
import { leftBehind, messageRecord, messageText } from './message.ts';
import { addConnectionOptions, count, type ConnectionOptions } from './options.ts';
import { Output, plural } from './output.ts';
import { withChannel } from './session.ts';

interface GetOptions extends ConnectionOptions {
  readonly count: number;
  readonly ack?: true;
  readonly requeue?: true;
}

const EXAMPLES = `
Examples:
  $ leveret get work                        look at the message that is next
  $ leveret get failed --count 10 --json | jq .deaths
  $ leveret get work --ack                  take it away`;

/** Adds `get <queue>`. */
export function addGetCommand(program: Command): void {
  const command = program
    .command('get')
    .summary('look at the next messages of a queue')
    .description(
      'Shows the next messages of a queue and puts them back in their places, marked as redelivered ' +
        '(a quorum queue may count this towards its delivery limit). With --ack they are removed. ' +
        'An empty queue ends with exit code 8.',
    )
    .argument('<queue>', 'the queue')
    .option('--count <number>', 'how many at most', count, 1)
    .option('--ack', 'remove each message once it was shown')
    .addOption(new Option('--requeue', 'put them back; the default').conflicts('ack'));
  addConnectionOptions(command).addHelpText('after', EXAMPLES).action(get);
}

async function get(queue: string, options: GetOptions): Promise<void> {
  const output = new Output(options.json ?? false);
  const shown = await withChannel(options, output, (channel) => show(channel, queue, options, output));
  if (shown === 0) throw new Failure('empty', `queue ${queue} is empty`);
  if (options.ack === true || options.requeue === true) return;
  output.note(`${plural(shown, 'message')} put back into ${queue}; --ack would remove what it shows`);
}

async function show(channel: Channel, queue: string, options: GetOptions, output: Output): Promise<number> {
  let shown = 0;
  while (shown < options.count) {
    const message = await channel.get(queue);
    if (message === false) break;
    shown++;
    const record = messageRecord(queue, message);
    await output.result(messageText(record, shown, leftBehind(message)), record);
    if (options.ack === true) channel.ack(message);
  }
  if (options.ack !== true && shown > 0) channel.nackAll(true);
  return shown;
}
