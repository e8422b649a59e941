import { Command, CommanderError } from 'commander';
import { packageVersion } from '../app/version.ts';
import { exitCodes, Failure, OutputClosed } from './failure.ts';

/** What every command adds to the program, in the order of the help. */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  serve: async () => (await import('./serve.ts')).addServeCommand,
  declare: async () => (await import('./declare.ts')).addDeclareCommand,
  publish: async () => (await import('./publish.ts')).addPublishCommand,
  get: async () => (await import('./get.ts')).addGetCommand,
  consume: async () => (await import('./consume.ts')).addConsumeCommand,
  move: async () => (await import('./move.ts')).addMoveCommand,
  purge: async () => (await import('./purge.ts')).addPurgeCommand,
  delete: async () => (await import('./delete.ts')).addDeleteCommand,
  demo: async () => (await import('./demo.ts')).addDemoCommand,
  list: async () => (await import('./list.ts')).addListCommand,
  status: async () => (await import('./status.ts')).addStatusCommand,
  health: async () => (await import('./health.ts')).addHealthCommand,
  user: async () => (await import('./user.ts')).addUserCommand,
  permission: async () => (await import('./permission.ts')).addPermissionCommand,
  vhost: async () => (await import('./vhost.ts')).addVhostCommand,
  limit: async () => (await import('./limit.ts')).addLimitCommand,
  policy: async () => (await import('./policy.ts')).addPolicyCommand,
  parameter: async () => (await import('./parameter.ts')).addParameterCommand,
  'close-connection': async () => (await import('./close-connection.ts')).addCloseConnectionCommand,
  definitions: async () => (await import('./definitions.ts')).addDefinitionsCommand,
  config: async () => (await import('./config.ts')).addConfigCommand,
  clock: async () => (await import('./clock.ts')).addClockCommand,
  conformance: async () => (await import('./conformance.ts')).addConformanceCommand,
  fault: async () => (await import('./fault.ts')).addFaultCommand,
  lint: async () => (await import('./lint.ts')).addLintCommand,
  explain: async () => (await import('./explain.ts')).addExplainCommand,
  why: async () => (await import('./why.ts')).addWhyCommand,
};

const ABOUT =
  "Leveret is an AMQP 0-9-1 broker: RabbitMQ's clients use it as if it were RabbitMQ. The commands that speak to a " +
  'broker work on any such broker, this one or RabbitMQ itself.';

const AFTER_HELP = `
Exit codes:
  0  done                            5  no such queue, exchange, user ...
  1  unexpected failure, or a diff   6  refused by the broker
  2  wrong option or argument        7  a message was returned or not confirmed
  3  no connection to the broker     8  'get' found the queue empty
  4  user or vhost refused           9  the broker cannot start
                                    10  'conformance' found failures
                                    11  'lint' or 'config' found something
                                    12  'health' found something
                                   130  interrupted

Examples:
  A queue whose messages move to another one when nobody takes them within 30 seconds:
  $ leveret declare queue late
  $ leveret declare queue work --ttl 30s --dead-letter-exchange "" --dead-letter-routing-key late
  $ leveret publish "" work 'hello'
  $ leveret consume late`;

/** Flags that are about the command line itself. */
const NO_BROKER = ['-h', '--help', '-V', '--version'];

/** Runs one command line and sets the exit code of the process. */
export async function main(argv: string[]): Promise<void> {
  // Without a listener a reader that went away would end the process with a stack trace; writes report it themselves.
  process.stdout.on('error', () => undefined);
  try {
    const line = withCommand(argv);
    const program = await buildProgram(line[2] ?? '');
    await program.parseAsync(line);
  } catch (error) {
    process.exitCode = report(error, wantsJson(argv));
  }
}

/** Flags without a command are those of the broker: `leveret --port 5673` is `leveret serve --port 5673`. */
function withCommand(argv: string[]): string[] {
  const [node = '', script = '', ...rest] = argv;
  const isServe = rest[0] === undefined || (rest[0].startsWith('-') && !NO_BROKER.includes(rest[0]));
  return isServe ? [node, script, 'serve', ...rest] : argv;
}

/** @param named the command that is run: others are loaded only when it is none of them, for help and suggestions */
async function buildProgram(named: string): Promise<Command> {
  const program = new Command('leveret')
    .description(ABOUT)
    .version(packageVersion(), '-V, --version', 'print the version of this package')
    .configureOutput({ outputError: () => undefined }) // report() says it, in one line
    .exitOverride();
  const needed = Object.hasOwn(commands, named) ? [named] : Object.keys(commands);
  for (const name of needed) (await commands[name]?.())?.(program);
  program.addHelpText('after', AFTER_HELP);
  pointToHelp(program, 'leveret');
  return program;
}

/** Makes every mistake in the arguments end with the command that explains them. */
function pointToHelp(command: Command, path: string): void {
  command.exitOverride((error) => {
    if (error.exitCode === 0) throw error;
    if (error.code === 'commander.help') throw error; // no command was given, and the help was shown
    throw new Failure('usage', `${mistake(error.message)}; see ${path} --help`);
  });
  for (const inner of command.commands) pointToHelp(inner, `${path} ${inner.name()}`);
}

/** What commander says of a mistake, in one line that names the wrong value once. */
function mistake(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/ argument ('.*?') is invalid\. \1/s, ': $1')
    .replace(/^command-argument value ('.*?') is invalid for (argument '.*?')\. \1/s, '$2: $1')
    .replace(/\.?\s*$/, '')
    .replaceAll('\n', ' ');
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const flags = argv.slice(0, end === -1 ? argv.length : end);
  return flags.some(
    (flag, i) =>
      flag === '--json' || flag === '--format=json' || (flag === '--format' && flags[i + 1] === 'json'),
  );
}

/** Tells the user what went wrong in one line, and returns the exit code. */
function report(error: unknown, json: boolean): number {
  if (error instanceof OutputClosed) return 0;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage; // it has shown the help
  const kind = error instanceof Failure ? error.kind : 'unexpected';
  const code = exitCodes[kind];
  const message = error instanceof Error ? error.message : String(error);
  const text = json ? JSON.stringify({ error: { code, kind, message } }) : `leveret: ${message}`;
  process.stderr.write(`${text}\n`);
  return code;
}
