import type { Command } from 'commander';
import { nearest } from '../advice/nearest.ts';
import { existing } from './existing.ts';
import { Failure } from './failure.ts';
import { addBrokerOptions, Management } from './management.ts';
import { limit } from './options.ts';
import { Output } from './output.ts';

interface LimitOptions {
  readonly url: string;
  readonly json?: true;
}

type Kind = 'vhost' | 'user';

const NAMES: Readonly<Record<Kind, readonly string[]>> = {
  vhost: ['max-connections', 'max-queues'],
  user: ['max-connections', 'max-channels'],
};

const EXAMPLES = `
Examples:
  $ leveret limit vhost orders max-queues 1000
  $ leveret limit user anna max-connections 10
  $ leveret limit user anna max-connections off
  $ leveret list vhost-limits
  $ leveret list user-limits`;

/** Adds `limit vhost|user`. */
export function addLimitCommand(program: Command): void {
  const parent = program
    .command('limit')
    .summary('limit what vhosts hold and users have open')
    .description('Limits how much a vhost of a running broker may hold, and how much a user may have open.')
    .addHelpText('after', EXAMPLES);
  for (const kind of ['vhost', 'user'] as const) {
    addBrokerOptions(
      parent
        .command(kind)
        .description(`limit a ${kind}, or take a limit from it`)
        .argument(`<${kind}>`, `the ${kind}`)
        .argument('<limit>', NAMES[kind].join(' or '))
        .argument('<number>', 'how many at most, or off', limitOrOff),
    ).action((name: string, which: string, number: number | 'off', options: LimitOptions) =>
      setLimit(kind, { name, limit: which, number }, options),
    );
  }
}

function limitOrOff(text: string): number | 'off' {
  return text === 'off' ? text : limit(text);
}

interface Asked {
  readonly name: string;
  readonly limit: string;
  readonly number: number | 'off';
}

async function setLimit(
  kind: Kind,
  { name, limit: which, number }: Asked,
  options: LimitOptions,
): Promise<void> {
  if (!NAMES[kind].includes(which)) {
    const meant = nearest(which, NAMES[kind]);
    const hint = meant === undefined ? `known are ${NAMES[kind].join(' and ')}` : `did you mean '${meant}'?`;
    throw new Failure('usage', `there is no limit '${which}' of a ${kind}; ${hint}`);
  }
  const management = new Management(options.url);
  await existing(management, `${kind}s`, name);
  const path = [`${kind}-limits`, name, which];
  if (number === 'off') await management.delete(path);
  else await management.put(path, { value: number });
  const text = `${kind} ${name}: ${which} ${number}`;
  await new Output(options.json ?? false).result(text, {
    limit: which,
    [kind]: name,
    value: number === 'off' ? null : number,
  });
}
