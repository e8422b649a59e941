import { Option } from 'commander';
import type { Command } from 'commander';
import type { Whereabouts } from '../advice/whereabouts.ts';
import type { Why } from '../advice/why.ts';
import { formatDuration } from '../app/durations.ts';
import { Failure } from './failure.ts';
import { Management, managementOption } from './management.ts';
import { Output, plural } from './output.ts';

interface WhyOptions {
  readonly url: string;
  readonly vhost: string;
  readonly message?: string;
  readonly format: 'text' | 'json';
}

const EXAMPLES = `
Examples:
  $ leveret why work
  $ leveret why work --message order-4711
  $ leveret why work --url http://admin:secret@broker:15672 --vhost orders`;

/** Adds `why`. */
export function addWhyCommand(program: Command): void {
  program
    .command('why')
    .summary('why messages of a queue are not delivered')
    .description(
      'Tells why messages of a queue are not delivered at this moment: no consumer, a prefetch that is full, a client ' +
        'that does not read, a head that keeps others waiting. Only a running Leveret tells it, at its management API.',
    )
    .argument('<queue>', 'the queue')
    .addOption(managementOption('the management API of the broker'))
    .option('--vhost <name>', 'the vhost', '/')
    .option('--message <id>', 'look for the message with this message-id, too')
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText('after', EXAMPLES)
    .action(explainWaiting);
}

async function explainWaiting(queue: string, { url, vhost, message, format }: WhyOptions): Promise<void> {
  const management = new Management(url);
  const query = message === undefined ? {} : { message };
  const answer = await ask(management, ['queues', vhost, queue, 'why'], query);
  if (answer === undefined) {
    const where = `in vhost '${vhost}'`;
    throw new Failure(
      'not-found',
      `there is no queue '${queue}' ${where}, or ${management.name} is no Leveret`,
    );
  }
  await new Output(format === 'json').result(describeWhy(answer), answer);
}

/** Undefined when there is no such queue, or the broker does not know what is asked: RabbitMQ calls the path bad. */
async function ask(
  management: Management,
  path: readonly string[],
  query: Readonly<Record<string, string>>,
): Promise<Why | undefined> {
  try {
    return await management.get<Why>(path, query);
  } catch (error) {
    if (error instanceof Failure && (error.kind === 'not-found' || error.kind === 'refused'))
      return undefined;
    throw error;
  }
}

function describeWhy({ vhost, queue, time, reasons, ready, unacked, consumers, message }: Why): string {
  return [
    `queue '${queue}' in vhost '${vhost}': ${ready} ready, ${unacked} unacked, ${plural(consumers.length, 'consumer')}`,
    ...reasons.map(({ text, until }) => `  ${text}${untilText(until, time)}`),
    ...(message === undefined ? [] : [describeMessage(message, time)]),
  ].join('\n');
}

function describeMessage({ messageId, state, text, expires, until }: Whereabouts, time: number): string {
  const deadline = expires === undefined ? '' : ` It expires at ${moment(expires, time)}.`;
  return `message '${messageId}' (${state})\n  ${text}${untilText(until, time)}${deadline}`;
}

function untilText(until: number | undefined, time: number): string {
  return until === undefined ? '' : ` That is at ${moment(until, time)}.`;
}

function moment(time: number, now: number): string {
  const left = Math.ceil(time - now);
  const distance = left >= 0 ? `in ${formatDuration(left)}` : `${formatDuration(-left)} ago`;
  return `${new Date(time).toISOString()}, ${distance}`;
}
