import { relative } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { checkIds, severities } from '../advice/checks.ts';
import type { Severity } from '../advice/checks.ts';
import type { JsonDocument } from '../advice/document.ts';
import type { Finding } from '../advice/finding.ts';
import { lintDefinitions } from '../advice/lint.ts';
import { sarifLog } from '../advice/sarif.ts';
import { suggestion } from '../app/suggest.ts';
import { packageVersion } from '../app/version.ts';
import { Failure } from './failure.ts';
import { countFindings, describeFindings } from './findings.ts';
import { Management, managementOption, refuseUrlBeside } from './management.ts';
import { collect } from './options.ts';
import { Output } from './output.ts';
import { channelFacts, queueFacts, readDocument } from './topology.ts';

interface LintOptions {
  readonly url: string;
  readonly format: 'text' | 'json' | 'sarif';
  readonly failOn: Severity | 'never';
  readonly ignore?: readonly string[];
}

const EXAMPLES = `
Ends with 11 when something was found that is as bad as --fail-on, or worse.

Examples:
  $ leveret lint definitions.json
  $ leveret lint definitions.json --format sarif > leveret.sarif
  $ leveret lint --fail-on error
  $ rabbitmqctl export_definitions - | leveret lint - --ignore unbound-queue`;

/** Adds `lint`. */
export function addLintCommand(program: Command): void {
  program
    .command('lint')
    .summary('find what is wrong with queues, exchanges and dead letters')
    .description(
      'Looks for messages that will be lost, come late or go round for ever, in definitions as RabbitMQ exports them, ' +
        'or in a running broker, Leveret or RabbitMQ. docs/lint.md explains each check.',
    )
    .argument('[file]', 'definitions in JSON; - is standard input')
    .addOption(managementOption('without a file: the management API of the broker'))
    .addOption(
      new Option('--format <format>', 'how to print what was found')
        .choices(['text', 'json', 'sarif'])
        .default('text'),
    )
    .addOption(
      new Option('--fail-on <severity>', 'from which severity on to end with 11')
        .choices([...severities, 'never'])
        .default('warning'),
    )
    .option('--ignore <check>', 'leave this check out; may be repeated', collect)
    .addHelpText('after', EXAMPLES)
    .action(lint);
}

/** What is looked at. */
interface Topology {
  readonly name: string;
  readonly findings: readonly Finding[];
  /** Undefined for a broker. */
  readonly document: JsonDocument | undefined;
}

async function lint(file: string | undefined, options: LintOptions, command: Command): Promise<void> {
  const ignored = options.ignore ?? [];
  for (const id of ignored) {
    if (checkIds.some((known) => known === id)) continue;
    throw new Failure('usage', `no check "${id}"; ${suggestion(id, checkIds)}`);
  }
  if (file !== undefined) refuseUrlBeside('a file', command);
  const {
    name,
    document,
    findings: all,
  } = file === undefined ? await lookAtBroker(new Management(options.url)) : await lookAtFile(file);
  const findings = all.filter(({ check }) => !ignored.includes(check));
  await print(findings, { name, document, findings }, options.format);
  const worst = options.failOn === 'never' ? -1 : severities.indexOf(options.failOn);
  const bad = findings.filter(({ severity }) => severities.indexOf(severity) <= worst);
  if (bad.length > 0) throw new Failure('findings', `${name} has ${countFindings(bad)}`);
}

async function lookAtFile(file: string): Promise<Topology> {
  const { name, document } = await readDocument(file);
  return { name, document, findings: lintDefinitions(document.value) };
}

async function lookAtBroker(management: Management): Promise<Topology> {
  const definitions = await management.get<object>(['definitions']);
  const [queues, channels] = [await queueFacts(management), await channelFacts(management)];
  return {
    name: management.name,
    document: undefined,
    findings: lintDefinitions(definitions, { queues, channels }),
  };
}

async function print(
  findings: readonly Finding[],
  { name, document }: Topology,
  format: LintOptions['format'],
): Promise<void> {
  const output = new Output(format !== 'text');
  if (format === 'sarif') {
    const file = document && { uri: uriOf(name), document };
    return output.result('', sarifLog(findings, { version: packageVersion(), file }));
  }
  const text = describeFindings(findings, ({ path }) => document?.find(path));
  const summary = `${name}: ${countFindings(findings)} found`;
  const records = findings.map((one) => ({ ...one, ...document?.find(one.path) }));
  await output.result(text === '' ? summary : `${text}\n\n${summary}`, { source: name, findings: records });
}

/** Relative to where the command runs, as code hosts want it. */
function uriOf(file: string): string {
  return relative(process.cwd(), file).split(/[\\/]/).map(encodeURIComponent).join('/');
}
