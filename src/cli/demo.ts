import type { Command } from 'commander';
import type { RunningBroker } from '../app/running-broker.ts';
import { mergeOptions, type BrokerOptions } from '../app/options.ts';
import { Failure } from './failure.ts';
import { interruptible } from './interrupt.ts';
import { Output } from './output.ts';
import { RetryDemo } from './retry-demo.ts';
import { drawLadder, JOBS, RETRY, waitQueue } from './retry-ladder.ts';
import { withConfirmChannel } from './session.ts';
import { formatDuration } from '../app/durations.ts';

interface DemoOptions {
  readonly fast?: true;
  readonly json?: true;
}

const WAITS = [10_000, 20_000, 30_000]; // milliseconds
const FASTER = 10;
const CONNECT_MILLISECONDS = 10_000;

const EXAMPLES = `
Examples:
  $ leveret demo                   as it would be in earnest: a minute
  $ leveret demo --fast            the same in six seconds
  $ leveret demo --fast --json | jq -r '[.at_ms, .queue, .message, .event] | @tsv'`;

/** Adds `demo`. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .summary('watch messages being retried')
    .description(
      'Starts a broker of its own, in memory and on a free port, declares queues that retry failed work after longer ' +
        'and longer waits, and tells what becomes of three messages. The waits are TTLs of the broker: the demo itself ' +
        'has no timer.',
    )
    .option('--fast', 'divide all waits by ten')
    .option('--json', 'print one JSON object per line')
    .addHelpText('after', EXAMPLES)
    .action(demo);
}

async function demo(options: DemoOptions): Promise<void> {
  const output = new Output(options.json ?? false);
  const waits = WAITS.map((wait) => wait / (options.fast ? FASTER : 1));
  const node = await startBroker();
  try {
    await introduce(output, node, waits, options.fast ?? false);
    const connection = { url: node.url, timeout: CONNECT_MILLISECONDS };
    await interruptible((interrupt) =>
      withConfirmChannel(connection, output, (channel) =>
        new RetryDemo(channel, output, waits).run(interrupt),
      ),
    );
  } finally {
    await node.stop();
  }
}

async function startBroker(): Promise<RunningBroker> {
  const { startNode } = await import('../app/node.ts'); // loaded here: the other commands start without it
  const options = mergeOptions({ memory: true, port: 0 }, {}, {});
  try {
    return await startNode({ data: undefined, ...options } as unknown as BrokerOptions, {
      onFailure: () => undefined,
    });
  } catch (error) {
    throw new Failure('cannot-start', (error as Error).message);
  }
}

async function introduce(
  output: Output,
  node: RunningBroker,
  waits: readonly number[],
  isFast: boolean,
): Promise<void> {
  const [first, second, third] = waits.map(formatDuration);
  const pace = isFast
    ? 'Waits are a tenth of the usual (--fast).'
    : 'It takes a minute; with --fast waits are a tenth.';
  const text = `A broker runs at ${node.url}, in memory, until this ends. ${pace}

Work that fails is tried again after ${first}, ${second} and ${third}, and then parked:

${drawLadder(waits).replace(/^/gm, '  ')}

[${JOBS}] and [${RETRY}] are exchanges, the rest are queues. The worker only acks or rejects; the broker
does everything else. What is rejected in work is dead-lettered to [${RETRY}]: its routing key says which
attempt it was, and so where it waits. Nobody consumes ${waitQueue(waits[0] ?? 0)} and its like: what expires there is
dead-lettered to [${JOBS}] under the key of the next attempt.

 seconds  where        message       what happens`;
  await output.result(text, { event: 'started', at_ms: 0, url: node.url, waits_ms: waits });
}
