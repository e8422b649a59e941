import type { Command } from 'commander';
import { faultKindNames, fieldsOf, helpOf, readFault } from '../app/fault-options.ts';
import { OptionError } from '../app/options.ts';
import { Failure } from './failure.ts';
import { addBrokerOptions, Management } from './management.ts';
import { Output, plural } from './output.ts';

interface FaultCommandOptions {
  readonly url: string;
  readonly json?: boolean;
}

/** A fault as the broker shows it. */
interface ShownFault {
  readonly id: number;
  readonly kind: string;
  readonly count: number;
  readonly over: boolean;
}

const EXAMPLES = `
The broker must have been started with --faults allow, and its management API be reachable. docs/faults.md shows more.

Examples:
  $ leveret serve --memory --faults allow
  The next publish to orders is done, and its confirm never comes:
  $ leveret fault add withhold-confirm --queue orders
  Every third connection, by chance, is dropped in the middle of a publish:
  $ leveret fault add drop-connection --on content --times always --probability 0.33
  $ leveret fault list
  $ leveret fault clear`;

/** Adds `fault`. */
export function addFaultCommand(program: Command): void {
  const command = program
    .command('fault')
    .description('ask a running broker to misbehave, and see how often it did')
    .addHelpText('after', EXAMPLES);
  addAddCommand(command);
  addBrokerOptions(
    command.command('list').description('what the broker is asked to do wrong, and how often it did'),
  ).action(list);
  addBrokerOptions(
    command
      .command('clear')
      .description('remove faults: all of them, or those with these numbers')
      .argument('[number...]', 'as fault list shows them'),
  ).action(clear);
  addBrokerOptions(
    command
      .command('seed')
      .description('say where chance begins, for faults with a probability')
      .argument('<number>', 'a whole number: the same one gives the same again'),
  ).action(seed);
}

/** One command for each kind, whose options are those of the kind. */
function addAddCommand(parent: Command): void {
  const add = parent.command('add').description('ask for a fault');
  for (const kind of faultKindNames) {
    const command = add.command(kind).description(helpOf(kind));
    const fields = Object.entries(fieldsOf(kind));
    for (const [name, { help, fallback }] of fields) {
      const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      const shown =
        fallback === undefined || fallback === false
          ? help
          : `${help} (default ${fallback as string | number})`;
      command.option(fallback === false ? flag : `${flag} <${name === 'on' ? 'moment' : 'value'}>`, shown);
    }
    addBrokerOptions(command).action(({ url, json, ...said }: FaultCommandOptions) =>
      ask({ kind, ...said }, { url, json: json ?? false }),
    );
  }
}

async function ask(
  asked: Readonly<Record<string, unknown>>,
  { url, json }: FaultCommandOptions,
): Promise<void> {
  check(asked);
  const fault = await new Management(url).post<ShownFault>(['faults'], asked);
  await show(new Output(json ?? false), fault);
}

/** What is wrong can be said without asking the broker. */
function check(asked: object): void {
  try {
    readFault(asked);
  } catch (error) {
    if (error instanceof OptionError) throw new Failure('usage', error.message);
    throw error;
  }
}

async function list({ url, json }: FaultCommandOptions): Promise<void> {
  const output = new Output(json ?? false);
  const faults = await new Management(url).get<ShownFault[]>(['faults']);
  if (faults.length === 0) output.note('no faults');
  for (const fault of faults) await show(output, fault);
}

async function show(output: Output, fault: ShownFault): Promise<void> {
  const { id, kind, count, over, ...said } = fault;
  const usual: Readonly<Record<string, unknown>> = { after: 0, probability: 1, per: 'broker' };
  const shown = Object.entries(said).filter(([name, value]) => value !== usual[name] && value !== false);
  const text = shown.map(([name, value]) => `${name}=${String(value)}`).join(' ');
  await output.result(
    `${id}  ${kind} ${text}  happened ${plural(count, 'time')}${over ? ', over' : ''}`,
    fault,
  );
}

async function clear(numbers: readonly string[], { url }: FaultCommandOptions): Promise<void> {
  const management = new Management(url);
  if (numbers.length === 0) await management.delete(['faults']);
  for (const number of numbers) await management.delete(['faults', number]);
}

async function seed(number: string, { url }: FaultCommandOptions): Promise<void> {
  if (!/^-?\d+$/.test(number)) throw new Failure('usage', `a seed is a whole number, not '${number}'`);
  await new Management(url).put(['faults', 'seed'], { seed: Number(number) });
}
