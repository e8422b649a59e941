import { Option } from 'commander';
import type { Command } from 'commander';
import { nearest } from '../advice/nearest.ts';
import { existing } from './existing.ts';
import { Failure } from './failure.ts';
import { listings } from './listings.ts';
import type { Listing } from './listings.ts';
import { addBrokerOptions, Management } from './management.ts';
import { count, parser } from './options.ts';
import { Output } from './output.ts';
import { tableLines } from './table.ts';

interface ListOptions {
  readonly url: string;
  readonly json?: true;
  readonly vhost?: string;
  readonly columns?: readonly string[];
  readonly sort?: string;
  readonly reverse?: true;
  readonly match?: RegExp;
  readonly page?: number;
  readonly pageSize: number;
}

type Json = Readonly<Record<string, unknown>>;

/** What the API answers to a request for a page, where it has pages of that kind. */
interface Page {
  readonly items: readonly Json[];
  readonly page: number;
  readonly page_count: number;
  readonly filtered_count: number;
}

const LARGEST_PAGE = 500;
const LINES_AT_ONCE = 1_000;

const EXAMPLES = `
Examples:
  $ leveret list queues
  Which queues of a vhost hold most, as a script wants it:
  $ leveret list queues --vhost orders --sort messages --reverse --columns name,messages --json
  The third hundred of many:
  $ leveret list queues --page 3 --match '^orders\\.'
  $ leveret list connections --columns name,user,client_properties.product
  $ leveret list permissions --url http://admin:secret@broker:15672`;

/** Adds `list` and the kinds of things there are. */
export function addListCommand(program: Command): void {
  const list = program
    .command('list')
    .summary('list queues, connections, users ...')
    .description('Shows what there is in a running broker, Leveret or RabbitMQ, as a table or as JSON.')
    .addHelpText('after', EXAMPLES);
  for (const kind of Object.keys(listings)) addListing(list, kind, kind);
}

/** Adds a command that shows what there is of a kind. */
export function addListing(parent: Command, name: string, kind: keyof typeof listings): void {
  const listing = listings[kind] as Listing;
  const command = addBrokerOptions(
    parent.command(name).description(`Lists ${listing.help}.`).summary(listing.help),
  );
  if (listing.inVhost !== undefined) command.option('--vhost <name>', 'only those of this vhost');
  command
    .option('--columns <names>', 'which fields, with commas between; a.b is b inside a', parser(columnNames))
    .option('--sort <column>', 'in the order of this field')
    .option('--reverse', 'the other way round')
    .option(
      '--match <expression>',
      'only those whose name, or else user, matches the regular expression',
      parser(expression),
    )
    .option('--page <number>', 'only this page, from 1', count)
    .addOption(
      new Option('--page-size <number>', `how many a page has, ${LARGEST_PAGE} at most`)
        .argParser(parser(pageSize))
        .default(100),
    )
    .addHelpText(
      'after',
      `\nShown are ${listing.columns.join(', ')}, with --json all fields there are.${EXAMPLES}`,
    )
    .action((options: ListOptions) => show(kind, listing, options));
}

function columnNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new Failure('usage', `'${text}' is not names with commas between them`);
  return names;
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text, 'i'); // as the API takes it
  } catch (error) {
    throw new Failure('usage', `'${text}' is not a regular expression: ${(error as Error).message}`);
  }
}

function pageSize(text: string): number {
  const size = count(text);
  if (size <= LARGEST_PAGE) return size;
  throw new Failure('usage', `--page-size is ${LARGEST_PAGE} at most, got ${size}`);
}

async function show(kind: string, listing: Listing, options: ListOptions): Promise<void> {
  const management = new Management(options.url);
  const output = new Output(options.json ?? false);
  const columns = options.columns ?? (output.json ? undefined : shownColumns(listing, options));
  const rows = await fetchRows(management, listing, columns, options);
  await checkColumns(management, listing, rows, [
    ...(options.columns ?? []),
    ...(options.sort === undefined ? [] : [options.sort]),
  ]);
  if (rows.length === 0) return output.note(`no ${kind}`);
  if (output.json) {
    for (const row of rows) await output.result('', columns === undefined ? row : chosen(row, columns));
    return;
  }
  const headings = columns ?? listing.columns;
  const lines = [
    ...tableLines(
      headings,
      rows.map((row) => headings.map((column) => fieldOf(row, column))),
    ),
  ];
  for (let i = 0; i < lines.length; i += LINES_AT_ONCE) {
    await output.result(lines.slice(i, i + LINES_AT_ONCE).join('\n'), {});
  }
}

/** Where all are of one vhost, that needs no column. */
function shownColumns({ columns }: Listing, { vhost }: ListOptions): readonly string[] {
  return vhost === undefined ? columns : columns.filter((name) => name !== 'vhost' && name !== 'queue.vhost');
}

/**
 * Sorted and filtered here, as not every list of RabbitMQ does it; a page is cut by the broker where it can, which then
 * sorts and filters all.
 */
async function fetchRows(
  management: Management,
  { path, inVhost }: Listing,
  columns: readonly string[] | undefined,
  { vhost, sort, reverse, match, page, pageSize: size }: ListOptions,
): Promise<readonly Json[]> {
  if (vhost !== undefined) await existing(management, 'vhosts', vhost);
  const place = vhost === undefined || inVhost === undefined ? path : inVhost(vhost);
  const fields = columns && [...new Set([...columns, 'name', 'user', ...(sort === undefined ? [] : [sort])])];
  const query: Record<string, string> = fields === undefined ? {} : { columns: fields.join(',') };
  if (page !== undefined) {
    Object.assign(query, { page: String(page), page_size: String(size) });
    if (match !== undefined) Object.assign(query, { name: match.source, use_regex: 'true' });
    if (sort !== undefined) Object.assign(query, { sort, sort_reverse: String(reverse ?? false) });
  }
  const answer = await management.get<readonly Json[] | Page>(place, query);
  if (!isList(answer)) return answer.items;
  const rows = inOrder(
    match === undefined ? answer : answer.filter((row) => match.test(nameOf(row))),
    sort,
    reverse,
  );
  return page === undefined ? rows : rows.slice((page - 1) * size, page * size);
}

function isList(answer: readonly Json[] | Page): answer is readonly Json[] {
  return Array.isArray(answer);
}

function nameOf({ name, user }: Json): string {
  return typeof name === 'string' ? name : typeof user === 'string' ? user : '';
}

function inOrder(rows: readonly Json[], sort: string | undefined, reverse = false): readonly Json[] {
  const sorted =
    sort === undefined ? rows : [...rows].sort((a, b) => compare(fieldOf(a, sort), fieldOf(b, sort)));
  return reverse ? [...sorted].reverse() : sorted;
}

/** What is missing comes first, then numbers, then texts. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'number' || typeof b === 'number') return rank(a) - rank(b);
  const [one, other] = [text(a), text(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}

function rank(value: unknown): number {
  if (value === undefined || value === null) return 0;
  return typeof value === 'number' ? 1 : 2;
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The value of `a.b`; a name with a dot in it comes before. */
function fieldOf(row: Json, column: string): unknown {
  if (Object.hasOwn(row, column)) return row[column];
  return column.split('.').reduce<unknown>((value, name) => {
    if (typeof value !== 'object' || value === null) return undefined;
    return (value as Json)[name];
  }, row);
}

function chosen(row: Json, columns: readonly string[]): Json {
  return Object.fromEntries(columns.map((column) => [column, fieldOf(row, column) ?? null]));
}

/** A broker says nothing of a field that it does not know. @throws {Failure} when another was probably meant */
async function checkColumns(
  management: Management,
  { path }: Listing,
  rows: readonly Json[],
  asked: readonly string[],
): Promise<void> {
  const missing = asked.filter((column) => rows.every((row) => fieldOf(row, column) === undefined));
  if (missing.length === 0 || rows.length === 0) return;
  const answer = await management.get<readonly Json[] | Page>(path, { page: '1', page_size: '20' });
  const known = new Set((isList(answer) ? answer : answer.items).flatMap((row) => fieldNames(row)));
  for (const column of missing) {
    const meant = known.has(column) ? undefined : nearest(column, known);
    if (meant !== undefined) {
      throw new Failure('usage', `nothing here has a field '${column}'; did you mean '${meant}'?`);
    }
  }
}

function fieldNames(row: Json, before = ''): string[] {
  return Object.entries(row).flatMap(([name, value]) => [
    before + name,
    ...(typeof value === 'object' && value !== null && !Array.isArray(value) && before === ''
      ? fieldNames(value as Json, `${name}.`)
      : []),
  ]);
}
