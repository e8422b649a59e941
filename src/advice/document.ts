import { evaluate, parse } from '@humanwhocodes/momoa';
import type { ValueNode } from '@humanwhocodes/momoa';
import type { Path } from './finding.ts';

/** Where something stands in a text; lines and columns count from 1. */
export interface Region {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** A JSON document whose values can be found again in its text. */
export class JsonDocument {
  readonly value: unknown;
  readonly #root: ValueNode;

  /** @throws {Error} saying what is wrong in which line and column */
  constructor(text: string) {
    this.#root = parse(text.replace(/^\uFEFF/, '')).body;
    this.value = evaluate(this.#root);
  }

  /** The value at the end of the way, or the last on it that there is. */
  find(path: Path): Region {
    let node = this.#root;
    let { loc } = node;
    for (const step of path) {
      const inner = child(node, step);
      if (inner === undefined) break;
      ({ node, loc } = inner);
    }
    const { start, end } = loc;
    return { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column };
  }
}

interface Child {
  readonly node: ValueNode;
  /** Of a member: with its name. */
  readonly loc: ValueNode['loc'];
}

function child(node: ValueNode, step: string | number): Child | undefined {
  if (node.type === 'Array') {
    const element = typeof step === 'number' ? node.elements[step] : undefined;
    return element && { node: element.value, loc: element.value.loc };
  }
  if (node.type !== 'Object') return undefined;
  const member = node.members.findLast(({ name }) => name.type === 'String' && name.value === step);
  return member && { node: member.value, loc: member.loc };
}
