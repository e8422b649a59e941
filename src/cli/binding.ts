import { Option, type Command } from 'commander';
import type { FieldTable } from './fields.ts';
import { addArgumentOption, addConnectionOptions, collect, type ConnectionOptions } from './options.ts';

export interface BindingOptions extends ConnectionOptions {
  readonly to: 'queue' | 'exchange';
  readonly key?: readonly string[];
  readonly argument?: FieldTable;
}

/** What `declare binding` and `delete binding` have in common: which binding is meant. */
export function addBindingOptions(command: Command): Command {
  command
    .argument('<source>', 'the exchange that messages come from')
    .argument('<destination>', 'the queue (or exchange, see --to) that they go to')
    .addOption(
      new Option('--to <kind>', 'what the destination is').choices(['queue', 'exchange']).default('queue'),
    )
    .option('--key <binding-key>', 'the binding key; may be repeated, and is empty when not given', collect);
  addArgumentOption(command, 'x-match=any');
  return addConnectionOptions(command);
}

/** The bindings that were asked for, one for each key. */
export function bindingKeys({ key }: BindingOptions): readonly string[] {
  return key ?? [''];
}
