/** What `JSON.parse` says in one line. Node.js says how many characters come before the mistake; people count lines. */
export function mistakeInJson(error: Error, text: string): string {
  const message = error.message.split('\n').join(' ');
  const [place, at] = / at position (\d+).*$/.exec(message) ?? [];
  if (place === undefined) return message;
  const before = text.slice(0, Number(at)).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return message.replace(place, ` in line ${before.length}, column ${column}`);
}
