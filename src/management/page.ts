import { Script } from 'node:vm';
import { badRequest, Refusal } from './answer.ts';

const LARGEST_PAGE = 500;
const USUAL_PAGE = 100;
/** How long a regular expression may look at all names (ms). */
const LONGEST_MS = 200;

/** Which part of a list is asked for (API-10, API-11). */
export interface Page {
  /** From 1. */
  readonly number: number;
  readonly size: number;
  /** Those whose names are wanted. @throws {Refusal} 400 when that takes too long to find out */
  readonly filter: <T>(items: readonly T[], nameOf: (item: T) => string) => readonly T[];
}

/** Undefined: the whole list. @throws {Refusal} 400 */
export function pageOf(query: URLSearchParams): Page | undefined {
  const page = query.get('page');
  if (page === null) return undefined;
  const number = wholeNumber(page);
  const asked = query.get('page_size');
  const size = asked === null ? USUAL_PAGE : wholeNumber(asked);
  if (number < 1 || size < 1 || size > LARGEST_PAGE) {
    const shown = asked === null ? 'undefined' : String(size);
    const reason = `Invalid pagination parameters: page number ${number}, page size ${shown}`;
    throw new Refusal(400, { error: 'invalid_pagination_parameters', reason });
  }
  const matching = query.get('use_regex') === 'true' ? matchesExpression : matchesText;
  const wanted = query.get('name') ?? '';
  const filter: Page['filter'] = (items, nameOf) => {
    if (wanted === '') return items;
    const matches = matching(items.map(nameOf), wanted);
    return items.filter((_item, i) => matches[i]);
  };
  return { number, size, filter };
}

function wholeNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw badRequest('Pagination parameters are invalid');
  return Number(text);
}

/** A part of the name, whatever its case. */
function matchesText(names: readonly string[], wanted: string): readonly boolean[] {
  const part = wanted.toLowerCase();
  return names.map((name) => name.toLowerCase().includes(part));
}

/**
 * Nothing matches an expression that is none. There are expressions that would keep the broker busy for years: only where
 * it can be interrupted may one from a request be run.
 */
function matchesExpression(names: readonly string[], wanted: string): readonly boolean[] {
  try {
    const tests = TESTS.runInNewContext({ wanted, names }, { timeout: LONGEST_MS }) as readonly boolean[];
    return [...tests];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') return [];
    throw badRequest('the regular expression takes too long');
  }
}

const TESTS = new Script(
  "const expression = new RegExp(wanted, 'i'); names.map((name) => expression.test(name))",
);

/** The items of a page, and what the answer says beside them. @throws {Refusal} 400 when there is no such page */
export function cutPage<T>(
  items: readonly T[],
  { number, size }: Page,
  total: number,
): { readonly items: readonly T[]; readonly facts: Readonly<Record<string, number>> } {
  const pages = Math.ceil(items.length / size);
  if (number > Math.max(pages, 1)) {
    const reason = `Page out of range, page: ${number} page size: ${size}, len: ${items.length}`;
    throw new Refusal(400, { error: 'page_out_of_range', reason });
  }
  const shown = items.slice((number - 1) * size, number * size);
  return {
    items: shown,
    facts: {
      filtered_count: items.length,
      item_count: shown.length,
      page: number,
      page_count: pages,
      page_size: size,
      total_count: total,
    },
  };
}
