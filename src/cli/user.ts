import type { Command } from 'commander';
import { existing } from './existing.ts';
import { Failure } from './failure.ts';
import { addBrokerOptions, ifKnown, Management } from './management.ts';
import { Output } from './output.ts';
import { addPasswordOptions, passwordFields } from './password.ts';
import type { PasswordOptions } from './password.ts';

interface UserOptions extends PasswordOptions {
  readonly url: string;
  readonly json?: true;
  readonly tags?: string;
}

/** A user as the management API shows one. */
interface ShownUser {
  /** A text with commas before RabbitMQ 3.9. */
  readonly tags: readonly string[] | string;
  readonly password_hash: string;
  readonly hashing_algorithm: string | null;
}

const EXAMPLES = `
Examples:
  $ leveret user add anna --tags monitoring <password.txt
  $ leveret permission set anna --vhost orders --write '^orders' --read '.*'
  $ leveret user password anna --password-file new-password.txt
  $ leveret user tags anna administrator
  $ leveret user delete anna
  $ leveret list users`;

/** Adds `user add|delete|password|tags`. */
export function addUserCommand(program: Command): void {
  const user = program
    .command('user')
    .summary('add and delete users, change passwords and tags')
    .description(
      'Adds, changes and deletes the users of a running broker. A new one may do nothing until it has permissions.',
    )
    .addHelpText('after', EXAMPLES);
  const add = withName(user, 'add', 'add a user').option(
    '--tags <tags>',
    'management, policymaker, monitoring, administrator, or others, with commas between',
  );
  addPasswordOptions(add).action(addUser);
  addPasswordOptions(withName(user, 'password', 'give a user another password')).action(setPassword);
  withName(user, 'tags', 'give a user these tags instead of those it has')
    .argument('[tag...]', 'none: take them all away')
    .action(setTags);
  withName(user, 'delete', 'delete a user and close its connections').action(deleteUser);
}

function withName(parent: Command, name: string, description: string): Command {
  return addBrokerOptions(parent.command(name).description(description).argument('<name>', 'the user'));
}

async function addUser(name: string, options: UserOptions): Promise<void> {
  const management = new Management(options.url);
  if ((await ifKnown(management.get(['users', name]))) !== undefined) {
    throw new Failure(
      'refused',
      `there is a user '${name}' already; change it with: leveret user password, leveret user tags`,
    );
  }
  const tags = options.tags === undefined ? [] : options.tags.split(',').map((tag) => tag.trim());
  await management.put(['users', name], { ...(await passwordFields(options)), tags });
  await done(options, `added user ${name}`, { added: 'user', name, tags });
}

async function setPassword(name: string, options: UserOptions): Promise<void> {
  const management = new Management(options.url);
  const { tags } = await existing<ShownUser>(management, 'users', name);
  await management.put(['users', name], { ...(await passwordFields(options)), tags });
  await done(options, `changed the password of user ${name}`, { changed: 'user', name });
}

/** A user who is put without a password has none from then on, so it is put again with what it has. */
async function setTags(name: string, tags: readonly string[], options: UserOptions): Promise<void> {
  const management = new Management(options.url);
  const user = await existing<ShownUser>(management, 'users', name);
  const { password_hash, hashing_algorithm } = user;
  await management.put(['users', name], {
    password_hash,
    hashing_algorithm: hashing_algorithm ?? undefined,
    tags,
  });
  const text =
    tags.length === 0 ? `user ${name} has no tags` : `user ${name} has the tags ${tags.join(', ')}`;
  await done(options, text, { changed: 'user', name, tags });
}

async function deleteUser(name: string, options: UserOptions): Promise<void> {
  const management = new Management(options.url);
  await existing(management, 'users', name);
  await management.delete(['users', name]);
  await done(options, `deleted user ${name}`, { deleted: 'user', name });
}

async function done({ json }: UserOptions, text: string, record: object): Promise<void> {
  await new Output(json ?? false).result(text, record);
}
