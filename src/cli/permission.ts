import type { Command } from 'commander';
import { existing } from './existing.ts';
import { Failure } from './failure.ts';
import { addBrokerOptions, ifKnown, Management } from './management.ts';
import { Output } from './output.ts';

interface PermissionOptions {
  readonly url: string;
  readonly json?: true;
  readonly vhost: string;
  readonly configure?: string;
  readonly write?: string;
  readonly read?: string;
  readonly all?: true;
}

const EXAMPLES = `
A permission is a regular expression: what a user may declare and delete (configure), publish and bind to (write), consume
and bind from (read). What is not said is nothing. The expression is sought anywhere in a name: ^orders$ is only 'orders'.

Examples:
  $ leveret permission set anna --all
  $ leveret permission set anna --vhost orders --write '^orders' --read '^(orders|late)$'
  $ leveret permission set-topic anna amq.topic --write '^anna\\.' --read '.*'
  $ leveret permission clear anna --vhost orders
  $ leveret list permissions`;

/** Adds `permission set|clear|set-topic|clear-topic`. */
export function addPermissionCommand(program: Command): void {
  const permission = program
    .command('permission')
    .summary('say what users may do')
    .description('Says what users of a running broker may do in a vhost.')
    .addHelpText('after', EXAMPLES);
  withUser(permission, 'set', 'give a user these permissions instead of those it has')
    .option('--configure <expression>', 'what it may declare and delete')
    .option('--write <expression>', 'what it may publish and bind to')
    .option('--read <expression>', 'what it may consume and bind from')
    .option('--all', 'everything in this vhost')
    .action(setPermission);
  withUser(permission, 'clear', 'take all permissions from a user').action(clearPermission);
  withUser(permission, 'set-topic', 'say which routing keys a user may use at a topic exchange')
    .argument('<exchange>', 'the exchange')
    .option('--write <expression>', 'with which it may publish')
    .option('--read <expression>', 'with which it may bind')
    .action(setTopic);
  withUser(permission, 'clear-topic', 'allow a user any routing key again')
    .argument('[exchange]', 'at this exchange only')
    .action(clearTopic);
}

function withUser(parent: Command, name: string, description: string): Command {
  const command = parent.command(name).description(description).argument('<user>', 'the user');
  return addBrokerOptions(command).option('--vhost <name>', 'the vhost', '/');
}

async function setPermission(user: string, options: PermissionOptions): Promise<void> {
  const { configure, write, read, all, vhost } = options;
  const given = [configure, write, read].filter((one) => one !== undefined);
  if (all === true && given.length > 0)
    throw new Failure('usage', '--all is instead of --configure, --write and --read');
  if (all !== true && given.length === 0) {
    throw new Failure('usage', 'say what the user may do: --configure, --write, --read, or --all');
  }
  const rest = all === true ? '.*' : '';
  const rights = { configure: configure ?? rest, write: write ?? rest, read: read ?? rest };
  const management = await known(user, options);
  await management.put(['permissions', vhost, user], rights);
  const text = Object.entries(rights).map(
    ([name, right]) => `${name} ${right === '' ? 'nothing' : `'${right}'`}`,
  );
  await done(options, `user ${user} may in vhost ${vhost}: ${text.join(', ')}`, {
    set: 'permission',
    user,
    vhost,
    ...rights,
  });
}

async function clearPermission(user: string, options: PermissionOptions): Promise<void> {
  const { vhost } = options;
  const management = await known(user, options);
  if ((await ifKnown(management.get(['permissions', vhost, user]))) === undefined)
    throw new Failure('not-found', `user '${user}' has no permissions in vhost '${vhost}'`);
  await management.delete(['permissions', vhost, user]);
  await done(options, `user ${user} may do nothing in vhost ${vhost}`, {
    cleared: 'permission',
    user,
    vhost,
  });
}

async function setTopic(user: string, exchange: string, options: PermissionOptions): Promise<void> {
  const { vhost, write = '', read = '' } = options;
  const management = await known(user, options);
  const rights = { exchange, write, read };
  await management.put(['topic-permissions', vhost, user], rights);
  const text = `user ${user} may use at exchange ${exchange} routing keys: write '${write}', read '${read}'`;
  await done(options, text, { set: 'topic-permission', user, vhost, ...rights });
}

async function clearTopic(
  user: string,
  exchange: string | undefined,
  options: PermissionOptions,
): Promise<void> {
  const { vhost } = options;
  const management = await known(user, options);
  await management.delete(['topic-permissions', vhost, user, ...(exchange === undefined ? [] : [exchange])]);
  const where = exchange === undefined ? 'all exchanges' : `exchange ${exchange}`;
  await done(options, `user ${user} may use any routing key at ${where} of vhost ${vhost}`, {
    cleared: 'topic-permission',
    user,
    vhost,
    exchange: exchange ?? null,
  });
}

/** The broker, when it knows both names. */
async function known(user: string, { url, vhost }: PermissionOptions): Promise<Management> {
  const management = new Management(url);
  await existing(management, 'users', user);
  await existing(management, 'vhosts', vhost);
  return management;
}

async function done({ json }: PermissionOptions, text: string, record: object): Promise<void> {
  await new Output(json ?? false).result(text, record);
}
