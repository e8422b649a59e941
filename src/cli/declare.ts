import type { Command } from 'commander';
import { addExchangeDeclaration } from './declare-exchange.ts';
import { addQueueDeclaration } from './declare-queue.ts';
import { addBindingDeclaration } from './declare-binding.ts';

/** Adds `declare exchange|queue|binding`. */
export function addDeclareCommand(program: Command): void {
  const declare = program
    .command('declare')
    .summary('create an exchange, a queue or a binding')
    .description(
      'Creates an exchange, a queue or a binding. What exists already with the same settings is left as it is; ' +
        'with other settings the broker refuses.',
    );
  addExchangeDeclaration(declare);
  addQueueDeclaration(declare);
  addBindingDeclaration(declare);
}
