import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import type { RunningBroker } from '../app/running-broker.ts';
import { OptionError } from '../app/options.ts';
import type { BrokerOptions, OptionValues } from '../app/options.ts';
import { Failure } from './failure.ts';
import { addServeOptions, readServeOptions } from './serve-options.ts';
import type { ServeFlags } from './serve-options.ts';

const EXAMPLES = `
A flag beats the environment, the environment beats the file. The file is JSON with the names of the options:
  { "port": 5673, "data": "/var/lib/leveret", "logLevel": "info" }

Examples:
  A broker for this project, durable in ./leveret-data:
  $ leveret serve
  One that forgets, on a free port, for a test:
  $ leveret serve --memory --port 0 --json
  With the users, vhosts and queues that a RabbitMQ has exported, and for other machines with TLS only:
  $ leveret serve --definitions definitions.json --tls-host 0.0.0.0 --tls-port 5671 --tls-cert cert.pem --tls-key key.pem`;

const STOP_MS = 5_000;

/**
 * A regular expression of a policy or a permission that goes back and forth too often is gone on with by an engine that
 * never does. It belongs to the process, so a program that starts a broker decides for itself.
 */
const LINEAR_EXPRESSIONS = '--enable-experimental-regexp-engine-on-excessive-backtracks';

/** `leveret serve`: runs the broker until it is told to stop. */
export function addServeCommand(program: Command): void {
  const command = program
    .command('serve')
    .description('run the broker until SIGINT or SIGTERM')
    .addHelpText('after', EXAMPLES);
  addServeOptions(command).action(async (flags: ServeFlags) => {
    const options = await readServeOptions(flags);
    const stopped = stopSignal(); // before anybody can know that it runs
    const node = await start(options);
    announce(node, options['json'] === true);
    await stopped;
    setTimeout(() => process.exit(1), STOP_MS).unref();
    await node.stop();
    process.exit(0);
  });
}

async function start(options: OptionValues): Promise<RunningBroker> {
  setFlagsFromString(LINEAR_EXPRESSIONS);
  const { startNode } = await import('../app/node.ts'); // loaded here: the other commands start without it
  try {
    return await startNode({ data: undefined, ...options } as unknown as BrokerOptions, {
      onFailure: stopAtOnce,
      onCrash: () => process.kill(process.pid, 'SIGKILL'),
    });
  } catch (error) {
    if (error instanceof OptionError) throw new Failure('usage', error.message);
    throw new Failure('cannot-start', explain(error as NodeJS.ErrnoException, options));
  }
}

/** A write that failed: nothing more can be promised to anybody. */
function stopAtOnce(error: unknown): void {
  process.stderr.write(`leveret: the data directory cannot be written, stopping: ${String(error)}\n`);
  process.exit(1);
}

function explain(error: NodeJS.ErrnoException, options: OptionValues): string {
  const { address: host = options['host'], port = options['port'] } = error as {
    readonly address?: string;
    readonly port?: number;
  };
  const address = `${String(host)}:${String(port)}`;
  if (error.code === 'EADDRINUSE') return `another program listens on ${address}; ${wayOut(port, options)}`;
  if (error.code === 'EACCES') return `no permission to listen on ${address}; choose a port above 1023`;
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return `${String(host)} is not an address of this machine`;
  return error.message;
}

function wayOut(port: unknown, options: OptionValues): string {
  if (port === options['port']) return otherPort('--port');
  if (port === options['tlsPort']) return otherPort('--tls-port');
  if (port === options['metricsPort']) return otherPort('--metrics-port');
  return `${otherPort('--management-port')}, or do without the management API with --no-management`;
}

function otherPort(flag: string): string {
  return `choose another port with ${flag}, or a free one with ${flag} 0`;
}

function announce(node: RunningBroker, json: boolean): void {
  const { url: amqp, tlsUrl: amqps, managementUrl: management, metricsUrl: metrics, data } = node;
  const urls = [amqp, amqps, management, metrics].filter((url) => url !== undefined).join('  ');
  const line = { amqp, amqps, management, metrics, data: data ?? null, pid: process.pid }; // what there is not is left out
  if (json) process.stdout.write(`${JSON.stringify(line)}\n`);
  else process.stdout.write(`${urls}  ${data === undefined ? 'everything in memory' : `data in ${data}`}\n`);
}

/** Resolves at the first signal; the second ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false;
    const onSignal = (): void => {
      if (isStopping) process.exit(1);
      isStopping = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
