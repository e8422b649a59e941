/** More changes than these make another word. */
const FARTHEST = 3;

/** The known name a wrong one was probably meant to be; undefined when none is near. */
export function nearest(wrong: string, known: Iterable<string>): string | undefined {
  let found: string | undefined;
  let least = FARTHEST + 1;
  for (const name of known) {
    if (Math.abs(name.length - wrong.length) >= least) continue; // and however long a wrong one is, it costs nothing
    const changes = distance(wrong.toLowerCase(), name.toLowerCase());
    if (changes >= least || changes >= name.length) continue; // all of it would be another word
    found = name;
    least = changes;
  }
  return found;
}

/** How many letters must be changed, added or taken away to make one word of the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
