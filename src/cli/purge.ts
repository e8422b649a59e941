import type { Command } from 'commander';
import { addConnectionOptions, type ConnectionOptions } from './options.ts';
import { Output, plural } from './output.ts';
import { withChannel } from './session.ts';

/** Adds `purge <queue>`. */
export function addPurgeCommand(program: Command): void {
  const command = program
    .command('purge')
    .summary('delete the messages of a queue')
    .description(
      'Deletes every ready message of a queue. They are not dead-lettered, and those a consumer is working on stay.',
    )
    .argument('<queue>', 'the queue');
  addConnectionOptions(command).addHelpText('after', '\nExample:\n  $ leveret purge work').action(purge);
}

async function purge(queue: string, options: ConnectionOptions): Promise<void> {
  const output = new Output(options.json ?? false);
  const { messageCount: purged } = await withChannel(options, output, (channel) => channel.purgeQueue(queue));
  await output.result(`purged ${plural(purged, 'message')} from ${queue}`, { purged, queue });
}
