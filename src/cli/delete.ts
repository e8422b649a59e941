import type { Command } from 'commander';
import { addBindingOptions, bindingKeys, type BindingOptions } from './binding.ts';
import { addConnectionOptions, type ConnectionOptions } from './options.ts';
import { Output, plural } from './output.ts';
import { withChannel } from './session.ts';

interface DeleteOptions extends ConnectionOptions {
  readonly ifUnused?: true;
  readonly ifEmpty?: true;
}

/** Adds `delete exchange|queue|binding`. */
export function addDeleteCommand(program: Command): void {
  const remove = program
    .command('delete')
    .summary('delete an exchange, a queue or a binding')
    .description('Deletes an exchange, a queue with the messages in it, or a binding.');
  const queue = remove
    .command('queue')
    .description('Deletes a queue and the messages in it. They are not dead-lettered.')
    .argument('<name>', 'the queue')
    .option('--if-unused', 'only when it has no consumers')
    .option('--if-empty', 'only when it has no messages');
  addConnectionOptions(queue)
    .addHelpText('after', '\nExample:\n  $ leveret delete queue work --if-empty')
    .action(deleteQueue);
  const exchange = remove
    .command('exchange')
    .description('Deletes an exchange and its bindings. Queues stay.')
    .argument('<name>', 'the exchange')
    .option('--if-unused', 'only when nothing is bound to it');
  addConnectionOptions(exchange)
    .addHelpText('after', '\nExample:\n  $ leveret delete exchange orders --if-unused')
    .action(deleteExchange);
  const binding = remove
    .command('binding')
    .summary('delete bindings')
    .description(
      'Deletes bindings. They are told by their key and arguments, which must be those they were made with.',
    );
  addBindingOptions(binding)
    .addHelpText('after', "\nExample:\n  $ leveret delete binding orders work --key 'order.*.created'")
    .action(deleteBinding);
}

async function deleteQueue(name: string, options: DeleteOptions): Promise<void> {
  const output = new Output(options.json ?? false);
  const { ifUnused = false, ifEmpty = false } = options;
  const { messageCount: messages } = await withChannel(options, output, async (channel) => {
    await channel.checkQueue(name); // deleting what is not there succeeds, and would hide a mistyped name
    return channel.deleteQueue(name, { ifUnused, ifEmpty });
  });
  const text = `deleted queue ${name} with ${plural(messages, 'message')}`;
  await output.result(text, { deleted: 'queue', name, messages });
}

async function deleteExchange(name: string, options: DeleteOptions): Promise<void> {
  const output = new Output(options.json ?? false);
  const { ifUnused = false } = options;
  await withChannel(options, output, async (channel) => {
    await channel.checkExchange(name);
    await channel.deleteExchange(name, { ifUnused });
  });
  await output.result(`deleted exchange ${name}`, { deleted: 'exchange', name });
}

async function deleteBinding(source: string, destination: string, options: BindingOptions): Promise<void> {
  const output = new Output(options.json ?? false);
  const keys = bindingKeys(options);
  await withChannel(options, output, async (channel) => {
    for (const key of keys) {
      if (options.to === 'queue') await channel.unbindQueue(destination, source, key, options.argument ?? {});
      else await channel.unbindExchange(destination, source, key, options.argument ?? {});
    }
  });
  for (const key of keys) {
    const text = `unbound ${options.to} ${destination} from exchange ${source} with key ${JSON.stringify(key)}`;
    await output.result(text, { deleted: 'binding', source, destination, to: options.to, key });
  }
}
