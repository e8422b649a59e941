import type { Definition } from '../broker/journal.ts';
import { readTable, writeTable } from '../wire/table.ts';
import type { FieldTable } from '../wire/table.ts';
import { definitionKey } from './keys.ts';

/**
 * In the order in which they must be read back: what others refer to comes first. Places in this list are on disk: a new
 * kind goes to the end.
 */
const KINDS = [
  'vhost',
  'user',
  'permission',
  'exchange',
  'queue',
  'binding',
  'topic-permission',
  'global-parameter',
  'policy',
  'operator-policy',
] as const satisfies Definition['kind'][];

/** What makes a definition the same definition. Never a key on disk: names may hold anything. */
export function identityOf(definition: Definition): string {
  switch (definition.kind) {
    case 'vhost':
    case 'user':
    case 'global-parameter':
      return JSON.stringify([definition.kind, definition.name]);
    case 'permission':
      return JSON.stringify(['permission', definition.vhost, definition.user]);
    case 'topic-permission':
      return JSON.stringify([definition.kind, definition.vhost, definition.user, definition.exchange]);
    case 'exchange':
    case 'queue':
    case 'policy':
    case 'operator-policy':
      return JSON.stringify([definition.kind, definition.vhost, definition.name]);
    case 'binding': {
      const { vhost, source, destination, to, bindingKey, arguments: table } = definition;
      const sorted = new Map([...table].sort(([a], [b]) => (a < b ? -1 : 1)));
      const args = writeTable(sorted).toString('base64');
      return JSON.stringify(['binding', vhost, source, to, destination, bindingKey, args]);
    }
    default:
      return definition satisfies never;
  }
}

/** A definition as it is stored: JSON, with its arguments as the bytes they had on the wire. */
export function encodeDefinition(definition: Definition): Buffer {
  const table = 'arguments' in definition ? writeTable(definition.arguments).toString('base64') : undefined;
  return Buffer.from(JSON.stringify({ ...definition, arguments: table }));
}

/** Reads definitions back. Equal arguments become the same table: 50,000 queues have few kinds of them. */
export class DefinitionReader {
  readonly #tables = new Map<string, FieldTable>();

  read(value: Buffer): Definition {
    const stored = JSON.parse(value.toString()) as { arguments?: string | FieldTable };
    if (typeof stored.arguments === 'string') stored.arguments = this.#tableOf(stored.arguments);
    return stored as Definition;
  }

  #tableOf(base64: string): FieldTable {
    let table = this.#tables.get(base64);
    if (table === undefined) this.#tables.set(base64, (table = readTable(Buffer.from(base64, 'base64'))));
    return table;
  }
}

/** Gives every definition a number to be stored under, the same as long as it exists. */
export class DefinitionNumbers {
  readonly #numbers = new Map<string, number>();
  /** Those of queues, by vhost and then by name: a string of its own for each of 50,000 takes 5 MB. */
  readonly #queues = new Map<string, Map<string, number>>();
  #next = 1;

  /** The key of a definition, new or known. */
  keyOf(definition: Definition): Buffer {
    const [numbers, identity] = this.#find(definition);
    let number = numbers.get(identity);
    if (number === undefined) numbers.set(identity, (number = this.#next++));
    return definitionKey(KINDS.indexOf(definition.kind), number);
  }

  /** The key a definition had; undefined when there is none. */
  release(definition: Definition): Buffer | undefined {
    const [numbers, identity] = this.#find(definition);
    const number = numbers.get(identity);
    if (number === undefined) return undefined;
    numbers.delete(identity);
    if (numbers.size === 0 && definition.kind === 'queue') this.#queues.delete(definition.vhost);
    return definitionKey(KINDS.indexOf(definition.kind), number);
  }

  /** A definition found on disk. */
  restore(definition: Definition, number: number): void {
    const [numbers, identity] = this.#find(definition);
    numbers.set(identity, number);
    this.#next = Math.max(this.#next, number + 1);
  }

  #find(definition: Definition): readonly [Map<string, number>, identity: string] {
    if (definition.kind !== 'queue') return [this.#numbers, identityOf(definition)];
    const { vhost, name } = definition;
    let numbers = this.#queues.get(vhost);
    if (numbers === undefined) this.#queues.set(vhost, (numbers = new Map<string, number>()));
    return [numbers, name];
  }
}
