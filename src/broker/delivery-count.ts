import { PropertyScan, withHeaders } from '../wire/properties.ts';
import { joinEntries, long, rawEntries, rawEntry } from '../wire/table.ts';
import type { RawEntry } from '../wire/table.ts';

const DELIVERIES = 'x-delivery-count';
const ACQUIRED = 'x-acquired-count';
const NO_HEADERS = Buffer.alloc(0);
const scan = new PropertyScan();

/** How often a message came back to a quorum queue. */
export interface ReturnCounts {
  /** Of these, the ones that count toward the delivery limit. */
  readonly failures: number;
  /** All; undefined where all count. */
  readonly all: number | undefined;
}

/**
 * Properties with the header `x-delivery-count`, and `x-acquired-count` where not all returns are failures, behind the
 * other headers (DLV-05).
 * @param properties flags and values as on the wire
 */
export function withReturnCounts(properties: Buffer, { failures, all = 0 }: ReturnCounts): Buffer {
  scan.scan(properties, 0, properties.length);
  const before = scan.headersStart < 0 ? NO_HEADERS : properties.subarray(scan.headersStart, scan.headersEnd);
  const own: RawEntry[] = [];
  if (all > 0) own.push(rawEntry(ACQUIRED, long(all)));
  if (failures > 0) own.push(rawEntry(DELIVERIES, long(failures)));
  const others = rawEntries(before).filter((other) => !own.some(({ key }) => key.equals(other.key)));
  return withHeaders(properties, scan, joinEntries([...others, ...own]));
}
