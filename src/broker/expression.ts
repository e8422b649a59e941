import { printString } from './term.ts';

/** RabbitMQ breaks the line within the term, as it would be too long with what stands before it. */
const INDENT = ' '.repeat('pattern should be regular expression but is invalid: {'.length);

/** `(?i)` at the beginning, which JavaScript has as flags beside the expression. */
const LEADING_FLAGS = /^\(\?([ims]+)\)(.*)$/s;

/** What means something else in RabbitMQ's expressions than in JavaScript's: `\A`, `\Q` and so on, `[[:alpha:]]`. */
const FOREIGN = /^(?:[^\\]|\\[^AGHKNQRXZhz])*?(\\[AGHKNQRXZhz]|\[\[:\w+:\])/s;

interface Fault {
  /** In RabbitMQ's words. */
  readonly text: string;
  /** It is noticed at the end. */
  readonly isUnfinished?: boolean;
}

/** By what JavaScript says; whatever is not here is told in its words. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'Unterminated group': { text: 'missing closing parenthesis', isUnfinished: true },
  'Unterminated character class': { text: 'missing terminating ] for character class', isUnfinished: true },
  '\\ at end of pattern': { text: '\\ at end of pattern', isUnfinished: true },
  'Nothing to repeat': { text: 'quantifier does not follow a repeatable item' },
  "Unmatched ')'": { text: 'unmatched closing parenthesis' },
  'numbers out of order in {} quantifier': { text: 'numbers out of order in {} quantifier' },
  'Range out of order in character class': { text: 'range out of order in character class' },
};

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

/** What is found in no name. */
const NOWHERE = /(?!)/;

/**
 * The expression of a policy; an empty one is found in every name. It was checked, but maybe by a newer Node, which
 * understood more: then it is found in no name.
 */
export function patternOf(expression: string): RegExp {
  try {
    return parsePattern(expression);
  } catch {
    return NOWHERE;
  }
}

function parsePattern(expression: string): RegExp {
  const [, flags = '', rest = expression] = LEADING_FLAGS.exec(expression) ?? [];
  return new RegExp(rest, flags);
}

/** What is wrong with the expression of a policy, as RabbitMQ prints it; undefined when nothing is (POL-10). */
export function expressionFault(expression: string): string | undefined {
  const fault = syntaxFault(expression);
  if (fault === undefined) return undefined;
  const known = FAULTS[fault];
  const end = known?.isUnfinished === true ? expression.length : faultEnd(expression, fault);
  return `{${printString(Buffer.from(known?.text ?? fault))},\n${INDENT}${end}}`;
}

/** The length of the shortest beginning that has the same fault; all longer ones have it. */
function faultEnd(expression: string, fault: string): number {
  let [good, end] = [0, expression.length];
  while (end - good > 1) {
    const middle = Math.floor((good + end) / 2);
    if (syntaxFault(expression.slice(0, middle)) === fault) end = middle;
    else good = middle;
  }
  return end;
}

function syntaxFault(expression: string): string | undefined {
  const [, foreign] = FOREIGN.exec(expression) ?? [];
  if (foreign !== undefined) return `${foreign} is not known here`;
  try {
    parsePattern(expression);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^Invalid regular expression: \/.*\/\w*: /s, '');
  }
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
