import type { Command } from 'commander';
import { nearest } from '../advice/nearest.ts';
import { existing } from './existing.ts';
import { Failure } from './failure.ts';
import { addListing } from './list.ts';
import { addBrokerOptions, ifKnown, Management } from './management.ts';
import { parser } from './options.ts';
import { Output } from './output.ts';

interface ParameterOptions {
  readonly url: string;
  readonly json?: true;
  readonly vhost: string;
}

/** Where a parameter is, and how it is called. */
interface Place {
  readonly path: readonly string[];
  /** Where the others are that it could be mistaken for. */
  readonly list: readonly string[];
  readonly name: string;
  readonly noun: string;
  /** What a script is told of it. */
  readonly record: Readonly<Record<string, string>>;
}

/** So that a value may be false. */
interface Value {
  readonly json: unknown;
}

const EXAMPLES = `
A value is JSON: 5, true, '"text"', '{"max-queues":5}'. Leveret has the components vhost-limits and operator_policy, and takes
any global parameter; RabbitMQ has those of its plugins, too.

Examples:
  $ leveret parameter set vhost-limits limits '{"max-queues":1000}' --vhost orders
  $ leveret parameter clear vhost-limits limits --vhost orders
  $ leveret parameter set-global owner '"the shop"'
  $ leveret parameter clear-global owner
  $ leveret list global-parameters`;

/** Adds `parameter set|clear|list|set-global|clear-global`. */
export function addParameterCommand(program: Command): void {
  const parent = program
    .command('parameter')
    .summary('set and clear parameters')
    .description(
      'Sets and clears parameters of vhosts and of the whole broker, as plugins of RabbitMQ have them.',
    )
    .addHelpText('after', EXAMPLES);
  withVhost(parent, 'set', 'set a parameter of a vhost')
    .argument('<value>', 'JSON', parser(valueOf))
    .action((component: string, name: string, value: Value, options: ParameterOptions) =>
      set(ofVhost(component, name, options), value, options),
    );
  withVhost(parent, 'clear', 'take a parameter of a vhost away').action(
    (component: string, name: string, options: ParameterOptions) =>
      clear(ofVhost(component, name, options), options),
  );
  addListing(parent, 'list', 'parameters');
  withName(parent, 'set-global', 'set a parameter of the broker')
    .argument('<value>', 'JSON', parser(valueOf))
    .action((name: string, value: Value, options: ParameterOptions) => set(ofBroker(name), value, options));
  withName(parent, 'clear-global', 'take a parameter of the broker away').action(
    (name: string, options: ParameterOptions) => clear(ofBroker(name), options),
  );
}

function withVhost(parent: Command, name: string, description: string): Command {
  return addBrokerOptions(parent.command(name).description(description))
    .option('--vhost <name>', 'the vhost', '/')
    .argument('<component>', 'what the parameter is of')
    .argument('<name>', 'the parameter');
}

function withName(parent: Command, name: string, description: string): Command {
  return addBrokerOptions(parent.command(name).description(description)).argument('<name>', 'the parameter');
}

function valueOf(text: string): Value {
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    throw new Failure('usage', `'${text}' is not JSON; a text is written '"text"'`);
  }
}

function ofVhost(component: string, name: string, { vhost }: ParameterOptions): Place {
  const list = ['parameters', component, vhost];
  return {
    path: [...list, name],
    list,
    name,
    noun: `parameter '${name}' of ${component} in vhost '${vhost}'`,
    record: { vhost, component, name },
  };
}

function ofBroker(name: string): Place {
  const list = ['global-parameters'];
  return { path: [...list, name], list, name, noun: `global parameter '${name}'`, record: { name } };
}

async function set({ path, noun, record }: Place, { json }: Value, options: ParameterOptions): Promise<void> {
  const management = new Management(options.url);
  await checkVhost(management, record);
  await management.put(path, { ...record, value: json });
  await done(options, `set ${noun}`, { set: path[0], ...record });
}

async function clear(place: Place, options: ParameterOptions): Promise<void> {
  const { path, list, name, noun, record } = place;
  const management = new Management(options.url);
  await checkVhost(management, record);
  if ((await ifKnown(management.get(path))) === undefined) {
    const others = (await ifKnown(management.get<readonly { readonly name: string }[]>(list))) ?? [];
    const meant = nearest(name, others.map((one) => one.name)); // prettier-ignore
    const hint = meant === undefined ? '' : `; did you mean '${meant}'?`;
    throw new Failure('not-found', `there is no ${noun}${hint}`);
  }
  await management.delete(path);
  await done(options, `cleared ${noun}`, { cleared: path[0], ...record });
}

async function checkVhost(management: Management, { vhost }: Place['record']): Promise<void> {
  if (vhost !== undefined) await existing(management, 'vhosts', vhost);
}

async function done({ json }: ParameterOptions, text: string, record: object): Promise<void> {
  await new Output(json ?? false).result(text, record);
}
