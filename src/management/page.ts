import { badRequest, Refusal } from './answer.ts';

const LARGEST_PAGE = 500;
const USUAL_PAGE = 100;

/** Which part of a list is asked for (API-10, API-11). */
export interface Page {
  /** From 1. */
  readonly number: number;
  readonly size: number;
  /** Whether something of this name is wanted. */
  readonly matches: (name: string) => boolean;
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
  return { number, size, matches: nameFilter(query.get('name') ?? '', query.get('use_regex') === 'true') };
}

function wholeNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw badRequest('Pagination parameters are invalid');
  return Number(text);
}

/** A part of the name whatever its case, or a regular expression; nothing matches one that is none. */
function nameFilter(name: string, isExpression: boolean): (name: string) => boolean {
  const wanted = name.toLowerCase();
  if (!isExpression) return (other) => other.toLowerCase().includes(wanted);
  try {
    const expression = new RegExp(name, 'i');
    return (other) => expression.test(other);
  } catch {
    return () => false;
  }
}

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
