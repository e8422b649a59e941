import type { Answer } from './answer.ts';
import { Breather } from './breather.ts';
import type { Call, Json } from './call.ts';
import { fieldOf, projection } from './columns.ts';
import { cutPage, pageOf } from './page.ts';

/** How many rows are written at once: many small pieces cost more than a few larger ones. */
const ROWS = 64;

/** Things to be listed, and how each is shown. */
export interface Rows<T> {
  readonly items: readonly T[];
  readonly view: (item: T) => Json;
  /** Fields that are cheaper to have than the whole view: for sorting and filtering by them. */
  readonly fields?: Readonly<Record<string, (item: T) => string>>;
}

/**
 * The answer to a request for a list: sorted, filtered, cut to a page and to columns as its query asks (API-10, API-11).
 * Rows are made when they are written, a few milliseconds in a row at most, so a long list holds up nobody.
 * @throws {Refusal} 400
 */
export async function list<T>({ query }: Call, rows: Rows<T>): Promise<Answer> {
  const page = pageOf(query);
  const nameOf = rows.fields?.['name'] ?? ((item: T) => shownName(rows.view(item)));
  const filtered = page === undefined ? rows.items : page.filter(rows.items, nameOf);
  const sorted = await sort(filtered, rows, query);
  if (page === undefined) return { status: 200, pieces: pieces('[', sorted, rows.view, ']', query) };
  const { items, facts } = cutPage(sorted, page, rows.items.length);
  const before = `${JSON.stringify(facts).slice(0, -1)},"items":[`;
  return { status: 200, pieces: pieces(before, items, rows.view, ']}', query) };
}

function shownName({ name }: Json): string {
  return typeof name === 'string' ? name : '';
}

/** What was asked for of an answer: lists and objects that are whole may still be cut (API-10). */
export async function shown(call: Call, answer: Answer): Promise<Answer> {
  const { json } = answer;
  if (typeof json !== 'object' || json === null || answer.status !== 200) return answer;
  if (Array.isArray(json)) return list(call, { items: json as Json[], view: (item) => item });
  const project = projection(call.query);
  return project === undefined ? answer : { ...answer, json: project(json as Json) };
}

async function* pieces<T>(
  before: string,
  items: readonly T[],
  view: (item: T) => Json,
  after: string,
  query: URLSearchParams,
): AsyncGenerator<string> {
  const breather = new Breather();
  const project = projection(query);
  let piece = before;
  let left = ROWS;
  for (const [i, item] of items.entries()) {
    const json = view(item);
    piece += (i === 0 ? '' : ',') + JSON.stringify(project === undefined ? json : project(json));
    if (--left > 0) continue;
    yield piece;
    piece = '';
    left = ROWS;
    if (breather.isDue) await breather.rest();
  }
  yield piece + after;
}

interface Keyed<T> {
  readonly item: T;
  readonly key: unknown;
}

/** By the field `sort`, which may be inside others; without it they stay as they are. */
async function sort<T>(
  items: readonly T[],
  { view, fields }: Rows<T>,
  query: URLSearchParams,
): Promise<readonly T[]> {
  const field = query.get('sort');
  if (field === null || field === '') return items;
  const known = fields !== undefined && Object.hasOwn(fields, field) ? fields[field] : undefined;
  const path = field.split('.');
  const breather = new Breather();
  const keyed: Keyed<T>[] = [];
  for (const item of items) {
    keyed.push({ item, key: known === undefined ? fieldOf(view(item), path) : known(item) });
    if (breather.isDue) await breather.rest();
  }
  const direction = query.get('sort_reverse') === 'true' ? -1 : 1;
  return keyed.sort((a, b) => direction * compare(a.key, b.key)).map(({ item }) => item);
}

const KINDS = ['undefined', 'number', 'boolean', 'string'];

/** What is missing comes first, then numbers, then texts. */
function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (typeof a !== typeof b) return KINDS.indexOf(typeof a) - KINDS.indexOf(typeof b);
  return (a as string) < (b as string) ? -1 : 1;
}

/** By the texts each has, the first before the second: as the lists of RabbitMQ stand when nothing is asked for. */
export function inOrder<T>(items: Iterable<T>, ...texts: readonly ((item: T) => string)[]): T[] {
  return [...items].sort((a, b) => {
    for (const text of texts) {
      const of = text(a);
      const than = text(b);
      if (of !== than) return of < than ? -1 : 1;
    }
    return 0;
  });
}
