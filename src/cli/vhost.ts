import type { Command } from 'commander';
import { existing } from './existing.ts';
import { Failure } from './failure.ts';
import { addBrokerOptions, ifKnown, Management } from './management.ts';
import { Output } from './output.ts';

interface VhostOptions {
  readonly url: string;
  readonly json?: true;
  readonly description?: string;
  readonly tags?: string;
  readonly defaultQueueType?: string;
}

const EXAMPLES = `
Examples:
  $ leveret vhost add orders --description 'orders of all shops'
  $ leveret vhost delete orders
  $ leveret list vhosts`;

/** Adds `vhost add|delete`. */
export function addVhostCommand(program: Command): void {
  const vhost = program
    .command('vhost')
    .summary('add and delete vhosts')
    .description('Adds and deletes the vhosts of a running broker.')
    .addHelpText('after', EXAMPLES);
  addBrokerOptions(
    vhost
      .command('add')
      .description('add a vhost; the user who adds it may do everything in it')
      .argument('<name>', 'the vhost')
      .option('--description <text>', 'what it is for')
      .option('--tags <tags>', 'with commas between')
      .option(
        '--default-queue-type <type>',
        'what a queue is that does not say it: classic, quorum or stream',
      ),
  ).action(addVhost);
  addBrokerOptions(
    vhost
      .command('delete')
      .description('delete a vhost with all that is in it, and close its connections')
      .argument('<name>', 'the vhost'),
  ).action(deleteVhost);
}

async function addVhost(name: string, options: VhostOptions): Promise<void> {
  const management = new Management(options.url);
  if ((await ifKnown(management.get(['vhosts', name]))) !== undefined)
    throw new Failure('refused', `there is a vhost '${name}' already`);
  const { description, tags, defaultQueueType } = options;
  await management.put(['vhosts', name], { description, tags, default_queue_type: defaultQueueType });
  await new Output(options.json ?? false).result(`added vhost ${name}`, { added: 'vhost', name });
}

async function deleteVhost(name: string, options: VhostOptions): Promise<void> {
  const management = new Management(options.url);
  await existing(management, 'vhosts', name);
  await management.delete(['vhosts', name]);
  await new Output(options.json ?? false).result(`deleted vhost ${name}`, { deleted: 'vhost', name });
}
