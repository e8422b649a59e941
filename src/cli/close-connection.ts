import type { Command } from 'commander';
import { Failure } from './failure.ts';
import { addBrokerOptions, ifKnown, Management } from './management.ts';
import { Output, plural } from './output.ts';

interface CloseOptions {
  readonly url: string;
  readonly json?: true;
  readonly user?: string;
  readonly reason?: string;
}

const EXAMPLES = `
A name is as 'leveret list connections' shows it, or what the client calls itself there (user_provided_name).

Examples:
  $ leveret close-connection '127.0.0.1:40122 -> 127.0.0.1:5672' --reason 'maintenance'
  $ leveret close-connection orders-worker
  $ leveret close-connection --user anna`;

/** Adds `close-connection`. */
export function addCloseConnectionCommand(program: Command): void {
  addBrokerOptions(
    program
      .command('close-connection')
      .summary('close connections of clients')
      .description(
        'Closes a connection, or all those of a user. Clients are told (320), and many of them connect again.',
      )
      .argument('[name]', 'the connection'),
  )
    .option('--user <name>', 'all of this user')
    .option('--reason <text>', 'what the clients are told')
    .addHelpText('after', EXAMPLES)
    .action(closeConnections);
}

interface ShownConnection {
  readonly name: string;
  readonly user: string;
  readonly user_provided_name?: string;
}

async function closeConnections(name: string | undefined, options: CloseOptions): Promise<void> {
  const { user, reason } = options;
  if ((name === undefined) === (user === undefined))
    throw new Failure('usage', 'give the name of a connection, or --user');
  const management = new Management(options.url);
  const all = await management.get<readonly ShownConnection[]>(['connections'], {
    columns: 'name,user,user_provided_name',
  });
  const found = all.filter((one) => (user === undefined ? isNamed(one, name) : one.user === user));
  if (found.length === 0) {
    const who = user === undefined ? `named '${name}'` : `of user '${user}'`;
    const others =
      all.length === 0
        ? 'nobody is connected'
        : `${plural(all.length, 'other')} in: leveret list connections`;
    throw new Failure('not-found', `there is no connection ${who}; ${others}`);
  }
  const output = new Output(options.json ?? false);
  for (const connection of found) {
    const headers = reason === undefined ? {} : { 'x-reason': reason };
    await ifKnown(management.delete(['connections', connection.name], headers)); // it may have gone meanwhile
    await output.result(`closed ${connection.name} of user ${connection.user}`, {
      closed: connection.name,
      user: connection.user,
    });
  }
}

function isNamed(connection: ShownConnection, name: string | undefined): boolean {
  return connection.name === name || connection.user_provided_name === name;
}
