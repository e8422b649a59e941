/** Compiled once, however often it is asked for; undefined: broken. */
const compiled = new Map<string, RegExp | undefined>();
/** Expressions with a user's or a vhost's name in them could go on for ever. */
const MOST_KEPT = 10_000;

/** Whether the expression of a permission is found anywhere in a name; a broken one is not (AUT-01). */
export function matches(expression: string, name: string): boolean {
  if (expression === '.*') return true;
  if (!compiled.has(expression)) {
    if (compiled.size >= MOST_KEPT) compiled.clear();
    compiled.set(expression, compile(expression));
  }
  return compiled.get(expression)?.test(name) ?? false;
}

/** Whether the expression of a permission can be understood. */
export function isExpression(expression: string): boolean {
  return compile(expression) !== undefined;
}

/** A text as an expression that is found where the text is. */
export function quote(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** The empty expression matches only the empty name (AUT-01). */
function compile(expression: string): RegExp | undefined {
  try {
    return new RegExp(expression === '' ? '^$' : expression);
  } catch {
    return undefined;
  }
}
