import { PropertyScan, withHeaders } from '../wire/properties.ts';
import { joinEntries, long, rawEntries, rawEntry } from '../wire/table.ts';

const NAME = 'x-delivery-count';
const NO_HEADERS = Buffer.alloc(0);
const scan = new PropertyScan();

/**
 * Properties with the header `x-delivery-count`, behind the other headers (DLV-05).
 * @param properties flags and values as on the wire
 * @param count how often the message came back, at least 1
 */
export function withDeliveryCount(properties: Buffer, count: number): Buffer {
  scan.scan(properties, 0, properties.length);
  const before = scan.headersStart < 0 ? NO_HEADERS : properties.subarray(scan.headersStart, scan.headersEnd);
  const others = rawEntries(before).filter(({ key }) => key.toString('latin1') !== NAME);
  return withHeaders(properties, scan, joinEntries([...others, rawEntry(NAME, long(count))]));
}
