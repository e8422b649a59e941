const LONGEST_NAME = 255;

/** A dead-letter exchange or routing key may be longer than a short string can be (DLX-05): it is shown cut. */
export function cut(name: string): string {
  if (name.length * 3 <= LONGEST_NAME) return name;
  const bytes = Buffer.from(name);
  if (bytes.length <= LONGEST_NAME) return name;
  let end = LONGEST_NAME;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
