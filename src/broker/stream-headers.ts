import { withHeaders } from '../wire/properties.ts';
import type { PropertyScan } from '../wire/properties.ts';
import { joinEntries, long, rawEntries, rawEntry, readTable } from '../wire/table.ts';
import type { FieldTable } from '../wire/table.ts';
import { textOf } from './term.ts';

const OFFSET = 'x-stream-offset';
const VALUE = 'x-stream-filter-value';
/** The header as it stands on the wire, with offset 0. */
const ENTRY = joinEntries([rawEntry(OFFSET, long(0))]);
const NO_HEADERS = Buffer.alloc(0);

/**
 * The properties of a delivery: as they were published, and the offset among the headers (STR-09).
 * @param scan of these properties
 */
export function withOffset(properties: Buffer, scan: PropertyScan, offset: number): Buffer {
  const before = headersOf(properties, scan);
  const headers =
    before.indexOf(OFFSET) < 0
      ? before
      : joinEntries(rawEntries(before).filter(({ key }) => key.toString('latin1') !== OFFSET));
  const marked = Buffer.allocUnsafe(headers.length + ENTRY.length);
  headers.copy(marked, 0);
  ENTRY.copy(marked, headers.length);
  marked.writeUIntBE(offset, marked.length - 6, 6);
  return withHeaders(properties, scan, marked);
}

function headersOf(properties: Buffer, { headersStart, headersEnd }: PropertyScan): Buffer {
  return headersStart < 0 ? NO_HEADERS : properties.subarray(headersStart, headersEnd);
}

/** Which messages a consumer wants (STR-15). RabbitMQ lets whole chunks through; here each message is looked at. */
export class StreamFilter {
  readonly #values: ReadonlySet<string>;
  readonly #matchUnfiltered: boolean;

  constructor(values: ReadonlySet<string>, matchUnfiltered: boolean) {
    this.#values = values;
    this.#matchUnfiltered = matchUnfiltered;
  }

  /** @param scan of these properties */
  matches(properties: Buffer, scan: PropertyScan): boolean {
    const headers = headersOf(properties, scan);
    const value = headers.indexOf(VALUE) < 0 ? undefined : textOf(readTable(headers).get(VALUE));
    return value === undefined ? this.#matchUnfiltered : this.#values.has(value);
  }
}

/** The filter the arguments of a consumer ask for; what is no string in it counts for nothing. */
export function streamFilter(table: FieldTable): StreamFilter | undefined {
  const asked = table.get('x-stream-filter');
  const all = asked?.tag === 'A' ? asked.value : asked === undefined ? [] : [asked];
  const values = new Set(all.flatMap((value) => textOf(value) ?? []));
  if (values.size === 0) return undefined;
  return new StreamFilter(values, table.get('x-stream-match-unfiltered')?.value === true);
}
