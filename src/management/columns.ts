import type { Json } from './call.ts';

/** Shows a part of an object. */
export type Projection = (json: Json) => unknown;

interface Tree extends Map<string, Tree> {}

/** What the parameter `columns` asks for: names with commas between, `a.b` for `b` inside `a`; undefined: everything (API-10). */
export function projection(query: URLSearchParams): Projection | undefined {
  const columns = query.get('columns');
  if (columns === null) return undefined;
  const tree: Tree = new Map();
  for (const column of columns.split(',')) {
    let node = tree;
    for (const name of column.split('.')) {
      const inner = node.get(name) ?? (new Map() as Tree);
      node.set(name, inner);
      node = inner;
    }
  }
  return (json) => cut(json, tree);
}

function cut(value: unknown, tree: Tree): unknown {
  if (tree.size === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((element: unknown) => cut(element, tree));
  const shown: Record<string, unknown> = {};
  for (const [name, inner] of tree) {
    const field = (value as Json)[name];
    if (field !== undefined) shown[name] = cut(field, inner);
  }
  return shown;
}

/** The value of `a.b` in an object; undefined when it is not there. */
export function fieldOf(json: Json, path: readonly string[]): unknown {
  let value: unknown = json;
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Json)[name];
  }
  return value;
}
