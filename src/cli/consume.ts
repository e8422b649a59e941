import type { Command } from 'commander';
import { Follower } from './follower.ts';
import { interruptible } from './interrupt.ts';
import { messageRecord, messageText } from './message.ts';
import { addConnectionOptions, count, prefetch, type ConnectionOptions } from './options.ts';
import { Output, plural } from './output.ts';
import { closeConnection, openConnection } from './session.ts';

interface ConsumeOptions extends ConnectionOptions {
  readonly count?: number;
  readonly ack?: true;
  readonly prefetch?: number;
}

const HELD_WITH_ACK = 100;
const HELD_WITHOUT_ACK = 1_000;
const PART_HELD = 0.1;

const EXAMPLES = `
Examples:
  $ leveret consume work                    watch, and leave everything in the queue
  $ leveret consume work --ack --count 10   take ten messages
  $ leveret consume work --ack --json | jq -r .body`;

/** Adds `consume <queue>`. */
export function addConsumeCommand(program: Command): void {
  const held = `how many to hold at once (default: ${HELD_WITH_ACK} with --ack, otherwise ${HELD_WITHOUT_ACK})`;
  const command = program
    .command('consume')
    .summary('follow the messages of a queue')
    .description(
      'Shows the messages of a queue as they come, until --count or Ctrl-C. They are held meanwhile, and go back into ' +
        'the queue at the end; with --ack each is removed once it was shown. A lost connection is made anew.',
    )
    .argument('<queue>', 'the queue')
    .option('--count <number>', 'stop after this many', count)
    .option('--ack', 'remove each message once it was shown')
    .option('--prefetch <number>', held, prefetch);
  addConnectionOptions(command).addHelpText('after', EXAMPLES).action(consume);
}

async function consume(queue: string, options: ConsumeOptions): Promise<void> {
  const output = new Output(options.json ?? false);
  const manager = await openConnection(options, output);
  const ack = options.ack ?? false;
  const follower = new Follower(manager, {
    url: options.url,
    queue,
    ack,
    prefetch: options.prefetch ?? usualPrefetch(options),
    limit: options.count ?? Infinity,
    note: (text) => output.note(text),
    show: (message, number) => {
      const record = messageRecord(queue, message);
      return output.result(messageText(record, number), record);
    },
  });
  try {
    const shown = await interruptible((interrupt) => follower.run(interrupt));
    if (!ack)
      output.note(`${plural(shown, 'message')} put back into ${queue}; --ack would remove what it shows`);
  } finally {
    await closeConnection(manager);
  }
}

/** With a count the last `prefetch` acks wait for the end (see Subscription), so it is a small part of the count. */
function usualPrefetch(options: ConsumeOptions): number {
  if (options.ack !== true) return HELD_WITHOUT_ACK;
  return Math.max(1, Math.min(HELD_WITH_ACK, Math.floor((options.count ?? Infinity) * PART_HELD)));
}
