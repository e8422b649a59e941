import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Command } from 'commander';
import type { Case, JudgeOptions, Report, Result, Target } from '../../spec/index.ts';
import { suggestion } from '../app/suggest.ts';
import { Failure } from './failure.ts';
import { interruptible } from './interrupt.ts';
import { collect, count } from './options.ts';
import { Output } from './output.ts';
import { shellRestart, spawnOwnBroker } from './own-broker.ts';

type Suite = typeof import('../../spec/index.ts');

interface ConformanceOptions {
  readonly url?: string;
  readonly http?: string;
  readonly restart?: string;
  readonly topic?: readonly string[];
  readonly rule?: readonly string[];
  readonly report?: readonly string[];
  readonly lanes?: number;
  readonly bail?: true;
  readonly list?: true;
  readonly json?: true;
}

const EXAMPLES = `
Without --url it starts a broker of its own, judges that and stops it.

Examples:
  $ leveret conformance
  $ leveret conformance --url amqp://guest:guest@localhost:5672 --http http://localhost:15672
  $ leveret conformance --topic dlx --topic cycles
  $ leveret conformance --rule XD-03 --report report.md --report junit.xml
  $ leveret conformance --list`;

/** Adds `conformance`. */
export function addConformanceCommand(program: Command): void {
  program
    .command('conformance')
    .summary('judge a broker by the rules of RabbitMQ')
    .description(
      'Tries on a broker what RabbitMQ does, rule by rule: TTL, dead letters and everything else a client can see. ' +
        'Each case works with names of its own and cleans up after itself, so the broker may be in use; it needs a ' +
        'user that may do everything on the vhost /. Ends with 10 when a case failed.',
    )
    .option('--url <amqp-url>', 'the broker: amqp://user:password@host:port')
    .option('--http <http-url>', 'its management HTTP API, for the cases that need it: http://host:15672')
    .option('--restart <command>', 'a shell command that restarts it, for the cases that need that')
    .option('--topic <topic>', 'only the cases of this topic; may be repeated', collect)
    .option(
      '--rule <rule>',
      'only the cases of this rule (XD-03) or these rules (XD); may be repeated',
      collect,
    )
    .option('--report <file>', 'also write a report: .md, .json or .xml (JUnit); may be repeated', collect)
    .option('--lanes <number>', 'how many cases run side by side', count)
    .option('--bail', 'stop at the first case that fails')
    .option('--list', 'print the cases and try none')
    .option('--json', 'print one JSON object per line')
    .addHelpText('after', EXAMPLES)
    .action(conformance);
}

async function conformance(options: ConformanceOptions): Promise<void> {
  const suite = await import('../../spec/index.ts'); // loaded here: the other commands start without it
  const output = new Output(options.json ?? false);
  const cases = choose(suite, options);
  for (const file of options.report ?? []) formatFor(suite, file);
  if (options.list) return list(output, suite, cases);
  const own = options.url === undefined ? await spawnOwnBroker() : undefined;
  try {
    const target = own ?? targetOf(options);
    const report = await interruptible(async (signal) => {
      signal.addEventListener('abort', () => void own?.stop()); // nobody else may use it: no case need clean up there
      return judge(suite, output, { ...target, cases, ...pace(options), signal });
    });
    for (const file of options.report ?? []) await writeReport(suite, file, report);
    if (report.counts.failed === 0) return;
    throw new Failure(
      'nonconforming',
      `${report.broker} failed ${report.counts.failed} of ${cases.length} cases`,
    );
  } finally {
    await own?.stop();
  }
}

function choose(
  { topics, cases, rules }: Suite,
  { topic: ids, rule: wanted }: ConformanceOptions,
): readonly Case[] {
  const known = Object.keys(rules);
  for (const id of ids ?? []) {
    if (topics.some((topic) => topic.id === id)) continue;
    throw new Failure(
      'usage',
      `no topic "${id}"; ${suggestion(
        id,
        topics.map((topic) => topic.id),
      )}`,
    );
  }
  const groups = [...new Set(known.map(groupOf))];
  for (const id of wanted ?? []) {
    if (known.includes(id) || groups.includes(id)) continue;
    const ofGroup = known.filter((rule) => groupOf(rule) === groupOf(id));
    throw new Failure('usage', `no rule "${id}"; ${suggestion(id, ofGroup.length > 0 ? ofGroup : groups)}`);
  }
  const isOfRule = (one: Case): boolean =>
    one.rules.some((id) => wanted?.includes(id) || wanted?.includes(groupOf(id)));
  const chosen = cases.filter(
    (one) => (ids === undefined || ids.includes(one.topic)) && (wanted === undefined || isOfRule(one)),
  );
  if (chosen.length > 0) return chosen;
  const unproven = (wanted ?? []).map((id) => `${id} ${describeUnproven(rules, id)}`);
  throw new Failure(
    'usage',
    unproven.length > 0 ? unproven.join('; ') : 'no case is of these topics and rules',
  );
}

/** `XD` of `XD-03`. */
function groupOf(rule: string): string {
  return rule.replace(/-.*/, '');
}

function describeUnproven(rules: Suite['rules'], id: string): string {
  const unproven = (rules as Readonly<Record<string, { readonly unproven?: string }>>)[id]?.unproven;
  return unproven === undefined
    ? 'has no case among these topics'
    : `cannot be proven from outside: ${unproven}`;
}

function formatFor({ formats }: Suite, file: string): (report: Report) => string {
  const format = formats[extname(file)];
  if (format !== undefined) return format;
  throw new Failure(
    'usage',
    `no format for the report ${file}: end it with ${Object.keys(formats).join(', ')}`,
  );
}

async function list(output: Output, { topics }: Suite, cases: readonly Case[]): Promise<void> {
  for (const { id, title } of topics) {
    const own = cases.filter(({ topic }) => topic === id);
    if (own.length > 0 && !output.json) await output.result(`${title} (${id})`, {});
    for (const { topic, name, rules } of own) {
      await output.result(`  ${name}  ${rules.join(' ')}`, { topic, name, rules });
    }
  }
}

function targetOf({ url = '', http, restart }: ConformanceOptions): Target {
  for (const [flag, text, protocol] of [
    ['--url', url, 'amqp:'],
    ['--http', http, 'http:'],
  ] as const) {
    if (text === undefined || (URL.canParse(text) && new URL(text).protocol === protocol)) continue;
    throw new Failure(
      'usage',
      `${flag} '${text}' is no ${protocol.slice(0, -1)} URL: write ${protocol}//host:port`,
    );
  }
  return { url, http, restart: restart === undefined ? undefined : shellRestart(restart) };
}

function pace({ lanes, bail }: ConformanceOptions): Pick<JudgeOptions, 'lanes' | 'bail'> {
  return { bail: bail === true, ...(lanes === undefined ? {} : { lanes }) };
}

async function judge(suite: Suite, output: Output, options: JudgeOptions): Promise<Report> {
  const onResult = (result: Result): void => {
    if (options.signal?.aborted === true) return; // it failed because it was interrupted
    if (output.json) void output.result('', suite.caseReport(result));
    else if (result.outcome === 'failed') void output.result(describeFailure(result), {});
  };
  try {
    const report = suite.reportOf(await suite.judge({ ...options, onResult }), suite.cases);
    const { broker, counts, seconds } = report;
    if (options.signal?.aborted === true) {
      throw new Failure(
        'interrupted',
        `interrupted before ${options.cases.length - report.cases.length} cases`,
      );
    }
    await output.result(suite.summary(report), { broker, ...counts, seconds });
    return report;
  } catch (error) {
    throw error instanceof Failure ? error : asFailure(error, options.url);
  }
}

function describeFailure({ case: { topic, name, rules }, error }: Result): string {
  const text = (error?.stack ?? '').split('\n').map((line) => `    ${line}`);
  return [`FAILED ${name} (${topic}, ${rules.join(' ')})`, ...text].join('\n');
}

function asFailure(error: unknown, url: string): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  const address = new URL(url).host;
  if (code === 'ECONNREFUSED') return new Failure('unreachable', `nobody listens on ${address}`);
  return new Failure('unreachable', `cannot judge ${address}: ${message}`);
}

async function writeReport(suite: Suite, file: string, report: Report): Promise<void> {
  try {
    await writeFile(file, formatFor(suite, file)(report));
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('usage', `cannot write the report ${file}: ${(error as Error).message}`);
  }
}
