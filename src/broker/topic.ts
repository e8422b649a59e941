/** A node of the trie: one word of a pattern. */
class Node<T> {
  readonly words = new Map<string, Node<T>>();
  star: Node<T> | undefined = undefined;
  hash: Node<T> | undefined = undefined;
  readonly values = new Set<T>();

  get isEmpty(): boolean {
    return (
      this.words.size === 0 && this.star === undefined && this.hash === undefined && this.values.size === 0
    );
  }
}

/**
 * Topic patterns as a trie of words, so that the cost of a match grows with what matches and not with the number of
 * patterns. `*` is one word, `#` any number of them; words may be empty, but an empty key has no word at all (RTE-05).
 */
export class TopicTrie<T> {
  readonly #root = new Node<T>();

  add(bindingKey: string, value: T): void {
    let node = this.#root;
    for (const word of wordsOf(bindingKey)) node = grow(node, word);
    node.values.add(value);
  }

  remove(bindingKey: string, value: T): void {
    prune(this.#root, wordsOf(bindingKey), 0, value);
  }

  /** Adds to `found` every value with a pattern that matches. */
  match(routingKey: string, found: Set<T>): void {
    const seen = new Map<Node<T>, number>();
    walk(this.#root, wordsOf(routingKey), 0, found, seen);
  }
}

function wordsOf(key: string): string[] {
  return key === '' ? [] : key.split('.');
}

function grow<T>(node: Node<T>, word: string): Node<T> {
  if (word === '*') return (node.star ??= new Node<T>());
  if (word === '#') return (node.hash ??= new Node<T>());
  let next = node.words.get(word);
  if (next === undefined) node.words.set(word, (next = new Node<T>()));
  return next;
}

function prune<T>(node: Node<T>, words: readonly string[], at: number, value: T): void {
  const word = words[at];
  if (word === undefined) {
    node.values.delete(value);
    return;
  }
  const next = word === '*' ? node.star : word === '#' ? node.hash : node.words.get(word);
  if (next === undefined) return;
  prune(next, words, at + 1, value);
  if (!next.isEmpty) return;
  if (word === '*') node.star = undefined;
  else if (word === '#') node.hash = undefined;
  else node.words.delete(word);
}

/**
 * `seen` remembers for each node behind a `#` the earliest word from which it was tried: a `#` tries its rest at every
 * later word too, so a second visit from a later word can find nothing new. Without it several `#` in one pattern
 * would be tried in all combinations.
 */
function walk<T>(
  node: Node<T>,
  words: readonly string[],
  at: number,
  found: Set<T>,
  seen: Map<Node<T>, number>,
): void {
  if (node.hash !== undefined) walkHash(node.hash, words, at, found, seen);
  const word = words[at];
  if (word === undefined) {
    for (const value of node.values) found.add(value);
    return;
  }
  if (node.star !== undefined) walk(node.star, words, at + 1, found, seen);
  const next = node.words.get(word);
  if (next !== undefined) walk(next, words, at + 1, found, seen);
}

function walkHash<T>(
  node: Node<T>,
  words: readonly string[],
  at: number,
  found: Set<T>,
  seen: Map<Node<T>, number>,
): void {
  const until = Math.min(seen.get(node) ?? Infinity, words.length + 1);
  if (at >= until) return;
  seen.set(node, at);
  for (let from = at; from < until; from++) walk(node, words, from, found, seen);
}
