import type { Command } from 'commander';
import { addBindingOptions, bindingKeys, type BindingOptions } from './binding.ts';
import { Output } from './output.ts';
import { withChannel } from './session.ts';

const EXAMPLES = `
Examples:
  $ leveret declare binding orders work --key 'order.*.created' --key order.retry
  $ leveret declare binding files pdfs --argument x-match=all --argument format=pdf
  $ leveret declare binding orders audit --to exchange --key '#'`;

/** Adds `declare binding <source> <destination>`. */
export function addBindingDeclaration(declare: Command): void {
  const command = declare
    .command('binding')
    .summary('bind a queue, or an exchange, to an exchange')
    .description(
      'Binds a queue, or another exchange, to an exchange: what matches the binding key goes there too.',
    );
  addBindingOptions(command).addHelpText('after', EXAMPLES).action(declareBinding);
}

async function declareBinding(source: string, destination: string, options: BindingOptions): Promise<void> {
  const output = new Output(options.json ?? false);
  const keys = bindingKeys(options);
  await withChannel(options, output, async (channel) => {
    for (const key of keys) {
      if (options.to === 'queue') await channel.bindQueue(destination, source, key, options.argument ?? {});
      else await channel.bindExchange(destination, source, key, options.argument ?? {});
    }
  });
  for (const key of keys) {
    const text = `bound ${options.to} ${destination} to exchange ${source} with key ${JSON.stringify(key)}`;
    await output.result(text, { declared: 'binding', source, destination, to: options.to, key });
  }
}
