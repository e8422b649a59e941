import type { Command } from 'commander';
import { Failure } from './failure.ts';
import { addBrokerOptions, Management } from './management.ts';
import { collect } from './options.ts';
import { Output, plural } from './output.ts';

interface HealthOptions {
  readonly url: string;
  readonly json?: true;
  readonly port?: readonly string[];
  readonly protocol?: readonly string[];
  readonly certificates?: string;
}

/** A question to the broker. */
interface Check {
  readonly name: string;
  /** Below `/health/checks`. */
  readonly path: readonly string[];
}

const ALWAYS: readonly Check[] = [
  { name: 'alarms', path: ['alarms'] },
  { name: 'vhosts', path: ['virtual-hosts'] },
];

const EXAMPLES = `
Ends with 12 when something is wrong, and with 3 when there is no answer.

Examples:
  $ leveret health
  In a container, with nothing to read:
  $ leveret health --port 5672 >/dev/null
  Whether TLS is served, with certificates that last another month:
  $ leveret health --protocol amqps --certificates 1month`;

/** Adds `health`. */
export function addHealthCommand(program: Command): void {
  addBrokerOptions(
    program
      .command('health')
      .summary('check whether a broker is well')
      .description('Checks whether memory and disk of a running broker suffice and all of its vhosts run.'),
  )
    .option('--port <number>', 'also whether something listens on that port; may be repeated', collect)
    .option('--protocol <name>', 'also whether it speaks amqp, amqps or http; may be repeated', collect)
    .option(
      '--certificates <period>',
      'also whether certificates last as long: 10days, 2weeks, 1month, 1year',
    )
    .addHelpText('after', EXAMPLES)
    .action(checkHealth);
}

async function checkHealth(options: HealthOptions): Promise<void> {
  const management = new Management(options.url);
  const output = new Output(options.json ?? false);
  const bad: string[] = [];
  for (const { name, path } of checksOf(options)) {
    const { status, reason = '' } = await management.check(path);
    const isWell = status === 'ok';
    if (!isWell) bad.push(name);
    const text = `${isWell ? 'ok    ' : 'failed'}  ${name}${isWell ? '' : `: ${reason}`}`;
    await output.result(text, { check: name, ok: isWell, ...(isWell ? {} : { reason }) });
  }
  if (bad.length > 0) throw new Failure('unhealthy', `${management.name} is not well: ${bad.join(', ')}`);
}

function checksOf({ port = [], protocol = [], certificates }: HealthOptions): readonly Check[] {
  return [
    ...ALWAYS,
    ...port.map((number) => ({ name: `port ${number}`, path: ['port-listener', number] })),
    ...protocol.map((name) => ({ name: `protocol ${name}`, path: ['protocol-listener', wireName(name)] })),
    ...(certificates === undefined ? [] : [certificateCheck(certificates)]),
  ];
}

/** RabbitMQ calls it by another name than URLs do. */
function wireName(protocol: string): string {
  return protocol === 'amqps' ? 'amqp/ssl' : protocol;
}

function certificateCheck(period: string): Check {
  const [, number, unit] = /^(\d+) ?(day|week|month|year)s?$/.exec(period) ?? [];
  if (number === undefined || unit === undefined)
    throw new Failure(
      'usage',
      `--certificates is a time such as 10days, 2weeks, 1month or 1year, not '${period}'`,
    );
  return {
    name: `certificates for ${plural(Number(number), unit)}`,
    path: ['certificate-expiration', number, `${unit}s`],
  };
}
