import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import { compareDefinitions } from '../advice/comparison.ts';
import type { Difference } from '../advice/comparison.ts';
import { parsePath } from '../advice/finding.ts';
import { printable } from '../app/printable.ts';
import { existing } from './existing.ts';
import { Failure } from './failure.ts';
import { addBrokerOptions, Management, Refusal } from './management.ts';
import { Output, plural } from './output.ts';
import { readDocument } from './topology.ts';
import type { NamedDocument } from './topology.ts';

interface DefinitionsOptions {
  readonly url: string;
  readonly json?: true;
  readonly vhost?: string;
}

type Json = Readonly<Record<string, unknown>>;

/** How many remarks about what an import left as it was are worth reading. */
const MOST_REMARKS = 20;

const EXAMPLES = `
Definitions are what makes an empty broker the same: vhosts, users with the hashes of their passwords, permissions, policies,
limits, durable exchanges, queues and bindings, but no messages. They are JSON as RabbitMQ exports and imports it.

Examples:
  $ leveret definitions export definitions.json
  $ leveret definitions export --vhost orders | jq .queues
  $ leveret definitions import definitions.json
  What an import would change, and whether two brokers are the same:
  $ leveret definitions diff definitions.json
  $ leveret definitions diff http://guest:guest@old:15672 http://guest:guest@new:15672`;

/** Adds `definitions export|import|diff`. */
export function addDefinitionsCommand(program: Command): void {
  const definitions = program
    .command('definitions')
    .summary('export, import and compare definitions')
    .description('Exports, imports and compares what there is in a broker, Leveret or RabbitMQ.')
    .addHelpText('after', EXAMPLES);
  addVhostOption(
    definitions
      .command('export')
      .description(
        'write the definitions of a broker to a file, which only you may read, or to standard output',
      )
      .argument('[file]', 'where to; - is standard output', '-'),
  ).action(exportDefinitions);
  addVhostOption(
    definitions
      .command('import')
      .description(
        'make what definitions ask for; nothing is deleted, and Leveret makes all of it or nothing',
      )
      .argument('<file>', 'definitions in JSON; - is standard input'),
  ).action(importDefinitions);
  addVhostOption(
    definitions
      .command('diff')
      .summary('compare definitions; ends with 1 when they differ')
      .description(
        'Compares definitions: - is only in the first, + only in the second. Ends with 1 when they differ.',
      )
      .argument('<first>', 'a file, - for standard input, or the URL of a management API')
      .argument('[second]', 'the same; without it the broker at --url'),
  ).action(diffDefinitions);
}

function addVhostOption(command: Command): Command {
  return addBrokerOptions(command).option('--vhost <name>', 'only what is in this vhost');
}

async function exportDefinitions(file: string, { url, vhost, json }: DefinitionsOptions): Promise<void> {
  const management = new Management(url);
  const text = JSON.stringify(await fetchDefinitions(management, vhost), null, 2);
  if (file === '-') return new Output(false).result(text, {});
  try {
    await writeSecret(file, `${text}\n`); // there are hashes of passwords in it
  } catch (error) {
    throw new Failure('usage', `cannot write the definitions: ${(error as Error).message}`);
  }
  const record = { exported: management.name, file };
  await new Output(json ?? false).result(`exported the definitions of ${management.name} to ${file}`, record);
}

/** Only you may read the file from now on, even if others could before. */
async function writeSecret(file: string, text: string): Promise<void> {
  const opened = await open(file, 'w', 0o600);
  try {
    if ((await opened.stat()).isFile()) await opened.chmod(0o600);
    await opened.writeFile(text);
  } finally {
    await opened.close();
  }
}

async function fetchDefinitions(management: Management, vhost: string | undefined): Promise<Json> {
  if (vhost === undefined) return management.get<Json>(['definitions']);
  await existing(management, 'vhosts', vhost);
  return management.get<Json>(['definitions', vhost]);
}

async function importDefinitions(file: string, { url, vhost, json }: DefinitionsOptions): Promise<void> {
  const named = await readDocument(file);
  const { name } = named;
  const definitions = definitionsIn(named);
  const management = new Management(url);
  if (vhost !== undefined) await existing(management, 'vhosts', vhost);
  try {
    await management.post(['definitions', ...(vhost === undefined ? [] : [vhost])], definitions);
  } catch (error) {
    throw withLine(error, named);
  }
  const output = new Output(json ?? false);
  const counts = countEntries(definitions);
  const what = Object.entries(counts).map(([section, number]) => `${section.replace('_', ' ')} ${number}`);
  const text = `imported ${name} into ${management.name}: ${what.length === 0 ? 'nothing' : what.join(', ')}`;
  await output.result(text, { imported: management.name, file: name, ...counts });
  if (vhost === undefined) await remark(output, definitions, await fetchDefinitions(management, undefined));
}

/** @throws {Failure} when it is no object */
function definitionsIn({ name, document: { value } }: NamedDocument): Json {
  if (isObject(value)) return value;
  throw new Failure('usage', `${name} should be an object with "users", "vhosts", "queues" and so on`);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function countEntries(definitions: Json): Record<string, number> {
  const lists = Object.entries(definitions).filter(([, items]) => Array.isArray(items) && items.length > 0);
  return Object.fromEntries(lists.map(([section, items]) => [section, (items as readonly unknown[]).length]));
}

/** The broker names the place as `bindings[3]`, where people count lines. */
function withLine(error: unknown, { name, document }: NamedDocument): unknown {
  if (!(error instanceof Refusal)) return error;
  const [, place, rest = ''] = /^([a-z_]+\[\d+\](?:\.[\w-]+)*)(.*)$/s.exec(error.reason) ?? [];
  if (place === undefined) return error;
  const line = document.find(parsePath(place)).startLine;
  return new Failure('refused', `line ${line} of ${name}: ${place}${rest}; nothing was imported`);
}

/** What is there in another way is left as it is, and the broker only says so in its log. */
async function remark(output: Output, asked: unknown, made: unknown): Promise<void> {
  const left = compareDefinitions(asked, made).filter(
    ({ kind, section }) => kind !== 'added' && section !== 'users',
  );
  for (const difference of left.slice(0, MOST_REMARKS)) {
    const how =
      difference.kind === 'removed' ? 'is not there' : describeFields(difference, 'asked for', 'there');
    output.note(`${printable(difference.subject)} ${how}`);
  }
  if (left.length > MOST_REMARKS) output.note(`and ${plural(left.length - MOST_REMARKS, 'other')}`);
}

function describeFields({ fields }: Difference, first: string, second: string): string {
  const texts = fields.map(
    ({ field, from, to }) =>
      `${field} ${shown(field, from)} is ${first}, and ${shown(field, to)} is ${second}`,
  );
  return `stays as it was: ${texts.join('; ')}`;
}

async function diffDefinitions(
  first: string,
  second: string | undefined,
  options: DefinitionsOptions,
): Promise<void> {
  if (first === '-' && second === '-') throw new Failure('usage', 'standard input can be read only once');
  const { vhost } = options;
  const [one, other] = [await readSide(first), await readSide(second ?? options.url)];
  const differences = compareDefinitions(one.value, other.value, vhost);
  const output = new Output(options.json ?? false);
  for (const difference of differences) await output.result(describe(difference), withoutSecrets(difference));
  if (differences.length === 0) return output.note(`${one.name} and ${other.name} are the same`);
  throw new Failure(
    'different',
    `${one.name} and ${other.name} have ${plural(differences.length, 'difference')}`,
  );
}

interface Side {
  readonly name: string;
  readonly value: unknown;
}

/** @param source a file, `-`, or the URL of a management API */
async function readSide(source: string): Promise<Side> {
  if (/^https?:\/\//.test(source)) {
    const management = new Management(source);
    return { name: management.name, value: await fetchDefinitions(management, undefined) };
  }
  const named = await readDocument(source);
  const definitions = definitionsIn(named);
  checkEntries(named.name, definitions);
  return { name: named.name, value: definitions };
}

/** @throws {Failure} naming the first that is no object: no broker has looked at them */
function checkEntries(name: string, definitions: Json): void {
  for (const [section, items] of Object.entries(definitions)) {
    const wrong = Array.isArray(items) ? items.findIndex((item) => !isObject(item)) : -1;
    if (wrong !== -1) throw new Failure('usage', `${section}[${wrong}] of ${name} should be an object`);
  }
}

const HIDDEN = '***';
const SIGNS = { removed: '-', added: '+', changed: '~' } as const;

function describe({ kind, subject, fields }: Difference): string {
  const lines = fields.map(
    ({ field, from, to }) => `    ${field}: ${shown(field, from)} -> ${shown(field, to)}`,
  );
  return [`${SIGNS[kind]} ${printable(subject)}`, ...lines].join('\n');
}

function shown(field: string, value: unknown): string {
  if (value === undefined) return 'nothing';
  return isSecret(field) ? HIDDEN : JSON.stringify(value);
}

function withoutSecrets(difference: Difference): Difference {
  const hide = (value: unknown): unknown => (value === undefined ? undefined : HIDDEN);
  const fields = difference.fields.map((one) =>
    isSecret(one.field) ? { ...one, from: hide(one.from), to: hide(one.to) } : one,
  );
  return { ...difference, fields };
}

/** A hash of a password is nobody's business, but that it is another one. */
function isSecret(field: string): boolean {
  return field.startsWith('password');
}
