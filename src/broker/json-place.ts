import { bool, long, longstr } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';

/** A mistake in definitions, in one sentence that names the place. */
export class DefinitionsError extends Error {
  override readonly name = 'DefinitionsError';
}

/** A value in a JSON document, with the way to it: `queues[3].arguments`. */
export class JsonPlace {
  readonly path: string;
  readonly value: unknown;

  constructor(path: string, value: unknown) {
    this.path = path;
    this.value = value;
  }

  /** @throws {DefinitionsError} always */
  fail(expected: string): never {
    const found = this.value === undefined ? 'is missing' : `is ${shorten(JSON.stringify(this.value))}`;
    throw new DefinitionsError(`${this.path} ${found}, and should be ${expected}`);
  }

  get isAbsent(): boolean {
    return this.value === undefined || this.value === null;
  }

  at(key: string): JsonPlace {
    const path = this.path === '' ? key : `${this.path}.${key}`;
    return new JsonPlace(path, this.record()[key]);
  }

  /** An object; RabbitMQ writes one without fields as an empty list (API-14). */
  record(): Readonly<Record<string, unknown>> {
    if (Array.isArray(this.value) && this.value.length === 0) return {};
    if (typeof this.value !== 'object' || this.value === null || Array.isArray(this.value)) {
      return this.fail('an object');
    }
    return this.value as Record<string, unknown>;
  }

  /** The elements of a list; none when there is no list. */
  list(): JsonPlace[] {
    if (this.isAbsent) return [];
    if (!Array.isArray(this.value)) return this.fail('a list');
    return this.value.map((element: unknown, i) => new JsonPlace(`${this.path}[${i}]`, element));
  }

  text(fallback?: string): string {
    if (this.isAbsent && fallback !== undefined) return fallback;
    return typeof this.value === 'string' ? this.value : this.fail('a text');
  }

  truth(fallback: boolean): boolean {
    if (this.isAbsent) return fallback;
    return typeof this.value === 'boolean' ? this.value : this.fail('true or false');
  }

  /** Texts in a list, or in one text with commas between them, as older versions have them. */
  texts(): string[] {
    if (typeof this.value !== 'string') return this.list().map((place) => place.text());
    return this.value
      .split(',')
      .map((text) => text.trim())
      .filter((text) => text !== '');
  }

  /** The x-arguments of something. Integers become 64 bits wide, as when RabbitMQ imports them. */
  table(): FieldTable {
    if (this.isAbsent) return new Map();
    return new Map(Object.keys(this.record()).map((key) => [key, this.at(key).#field()]));
  }

  #field(): FieldValue {
    const { value } = this;
    if (value === null) return { tag: 'V', value: null };
    if (typeof value === 'string') return longstr(value);
    if (typeof value === 'boolean') return bool(value);
    if (typeof value === 'number') return Number.isSafeInteger(value) ? long(value) : { tag: 'd', value };
    if (Array.isArray(value)) return { tag: 'A', value: this.list().map((element) => element.#field()) };
    return { tag: 'F', value: this.table() };
  }
}

const LONGEST = 60;

function shorten(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`;
}
