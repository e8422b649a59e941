import type { Command } from 'commander';
import { nearest } from '../advice/nearest.ts';
import { existing } from './existing.ts';
import { Failure } from './failure.ts';
import type { FieldTable } from './fields.ts';
import { addListing } from './list.ts';
import { addBrokerOptions, ifKnown, Management } from './management.ts';
import { field, parser } from './options.ts';
import { Output } from './output.ts';

interface PolicyOptions {
  readonly url: string;
  readonly json?: true;
  readonly vhost: string;
  readonly applyTo: string;
  readonly priority: number;
  readonly operator?: true;
}

const EXAMPLES = `
Of the policies whose pattern matches only that with the highest priority applies. docs/policies.md lists the keys.

Examples:
  $ leveret policy set late '^work\\.' message-ttl=60000 dead-letter-exchange=late --apply-to queues
  $ leveret policy set short '.*' max-length=10000 overflow=reject-publish --priority 1
  $ leveret policy set roof '.*' max-length-bytes=1000000000 --operator
  $ leveret policy clear late
  $ leveret policy list`;

/** Adds `policy set|clear|list`. */
export function addPolicyCommand(program: Command): void {
  const policy = program
    .command('policy')
    .summary('set and clear policies')
    .description(
      'Sets and clears the policies of a running broker: settings of all queues or exchanges with certain names.',
    )
    .addHelpText('after', EXAMPLES);
  addPolicyOptions(
    policy
      .command('set')
      .description('set a policy, instead of one with that name')
      .argument('<name>', 'the policy')
      .argument('<pattern>', 'a regular expression: the names it applies to')
      .argument('<key=value...>', 'what is set, for example message-ttl=60000', field)
      .option('--apply-to <kind>', 'queues, exchanges, all, classic_queues, quorum_queues, streams', 'all')
      .option('--priority <number>', 'the highest one applies', parser(integer), 0),
  ).action(setPolicy);
  addPolicyOptions(
    policy
      .command('clear')
      .alias('delete')
      .description('take a policy away')
      .argument('<name>', 'the policy'),
  ).action(clearPolicy);
  addListing(policy, 'list', 'policies');
}

function addPolicyOptions(command: Command): Command {
  return addBrokerOptions(command)
    .option('--vhost <name>', 'the vhost', '/')
    .option('--operator', 'a policy of the operator, which limits what others set');
}

function integer(text: string): number {
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new Failure('usage', `'${text}' is not a whole number`);
}

async function setPolicy(
  name: string,
  pattern: string,
  definition: FieldTable,
  options: PolicyOptions,
): Promise<void> {
  const { vhost, priority, applyTo } = options;
  const management = new Management(options.url);
  await existing(management, 'vhosts', vhost);
  const body = { pattern, definition, priority, 'apply-to': applyTo };
  try {
    await management.put([kindOf(options), vhost, name], body);
  } catch (error) {
    throw await explained(error, definition);
  }
  const text = `set ${nounOf(options)} ${name} of vhost ${vhost}`;
  await new Output(options.json ?? false).result(text, { set: kindOf(options), vhost, name });
}

/** Of what was refused for a key that nobody knows: which was probably meant. */
async function explained(error: unknown, definition: FieldTable): Promise<unknown> {
  if (!(error instanceof Failure) || !error.message.includes('not recognised policy settings')) return error;
  const { misspeltPolicyKey } = await import('../advice/policy-key.ts');
  const misspelt = misspeltPolicyKey(definition);
  if (misspelt === undefined) return error;
  return new Failure(
    'refused',
    `there is no key '${misspelt.key}' of a policy; did you mean '${misspelt.meant}'?`,
  );
}

async function clearPolicy(name: string, options: PolicyOptions): Promise<void> {
  const { vhost } = options;
  const management = new Management(options.url);
  await existing(management, 'vhosts', vhost);
  const kind = kindOf(options);
  if ((await ifKnown(management.get([kind, vhost, name]))) === undefined) {
    const all = await management.get<readonly { readonly name: string }[]>([kind, vhost]);
    const meant = nearest(name, all.map((one) => one.name)); // prettier-ignore
    const hint = meant === undefined ? '' : `; did you mean '${meant}'?`;
    throw new Failure('not-found', `there is no ${nounOf(options)} '${name}' in vhost '${vhost}'${hint}`);
  }
  await management.delete([kind, vhost, name]);
  const text = `cleared ${nounOf(options)} ${name} of vhost ${vhost}`;
  await new Output(options.json ?? false).result(text, { cleared: kind, vhost, name });
}

function kindOf({ operator }: PolicyOptions): string {
  return operator === true ? 'operator-policies' : 'policies';
}

function nounOf({ operator }: PolicyOptions): string {
  return operator === true ? 'operator policy' : 'policy';
}
