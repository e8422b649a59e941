import { AmqpError } from '../wire/errors.ts';
import { typeNames } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import { comparable, printTerm, printUnicode, textOf } from './term.ts';

const MATCHES = ['all', 'any', 'all-with-x', 'any-with-x'];

/** Refuses a wrong `x-match` when a binding to a headers exchange is made (BND-09). */
export function checkHeadersBinding(table: FieldTable): void {
  const value = table.get('x-match');
  if (value === undefined) return;
  const text = textOf(value);
  const expected = 'expected all, any, all-with-x, or any-with-x';
  if (text === undefined) {
    const received = `Invalid x-match field type ${typeNames[value.tag]} (value ${printTerm(value, printUnicode)})`;
    throw new AmqpError('PRECONDITION_FAILED', `${received}; expected longstr`);
  }
  if (MATCHES.includes(text)) return;
  const printed = printUnicode(Buffer.from(text));
  throw new AmqpError('PRECONDITION_FAILED', `Invalid x-match field value ${printed}; ${expected}`);
}

/** One header that is asked for. */
interface Wanted {
  readonly key: string;
  /** Its value as it is compared (RTE-14); undefined: any value (RTE-13). */
  readonly text: string | undefined;
}

/** What a binding asks for, read once (RTE-10 to RTE-13). */
class Pattern<T> {
  readonly value: T;
  readonly isAny: boolean;
  readonly wanted: readonly Wanted[];
  /** Those under which it is found. */
  filed: readonly Wanted[] = [];

  constructor(table: FieldTable, value: T) {
    const match = textOf(table.get('x-match')) ?? 'all';
    const withX = match.endsWith('-with-x');
    const any = match.startsWith('any');
    this.value = value;
    this.isAny = any;
    this.wanted = [...table]
      .filter(([key]) => key !== 'x-match' && (withX || !key.startsWith('x-')))
      .map(([key, wanted]) => ({ key, text: wanted.tag === 'V' ? undefined : comparable(wanted) }));
  }

  /** Whether headers with which it was found are all it asks for. */
  holdsFor(headers: FieldTable): boolean {
    if (this.isAny) return true;
    for (const wanted of this.wanted) {
      if (wanted === this.filed[0]) continue;
      const value = headers.get(wanted.key);
      if (value === undefined || (wanted.text !== undefined && comparable(value) !== wanted.text))
        return false;
    }
    return true;
  }
}

/** Patterns that ask for the same header. */
class Header<T> {
  readonly #withAny = new Set<Pattern<T>>();
  readonly #byText = new Map<string, Set<Pattern<T>>>();

  get isEmpty(): boolean {
    return this.#withAny.size === 0 && this.#byText.size === 0;
  }

  count({ text }: Wanted): number {
    return text === undefined ? this.#withAny.size : (this.#byText.get(text)?.size ?? 0);
  }

  add({ text }: Wanted, pattern: Pattern<T>): void {
    if (text === undefined) {
      this.#withAny.add(pattern);
      return;
    }
    const same = this.#byText.get(text);
    if (same === undefined) this.#byText.set(text, new Set([pattern]));
    else same.add(pattern);
  }

  remove({ text }: Wanted, pattern: Pattern<T>): void {
    if (text === undefined) {
      this.#withAny.delete(pattern);
      return;
    }
    const same = this.#byText.get(text);
    same?.delete(pattern);
    if (same?.size === 0) this.#byText.delete(text);
  }

  /** @param value that a message has */
  match(value: FieldValue, headers: FieldTable, found: Set<T>): void {
    for (const pattern of this.#withAny) if (pattern.holdsFor(headers)) found.add(pattern.value);
    if (this.#byText.size === 0) return;
    const same = this.#byText.get(comparable(value));
    if (same === undefined) return;
    for (const pattern of same) if (pattern.holdsFor(headers)) found.add(pattern.value);
  }
}

/**
 * The arguments of bindings by the headers they ask for, so that a message is compared with those that may match, not
 * with all there are: to find one among 1,000 takes 2 us, and one by one 480. One of `any` is found under each of its headers, one
 * of `all` under the one that the fewest others ask for.
 */
export class HeadersIndex<T> {
  readonly #patterns = new Map<T, Pattern<T>>();
  /** They ask for nothing, which is what every message has (RTE-10). */
  readonly #always = new Set<T>();
  readonly #headers = new Map<string, Header<T>>();

  add(table: FieldTable, value: T): void {
    const pattern = new Pattern(table, value);
    this.#patterns.set(value, pattern);
    if (pattern.isAny) pattern.filed = pattern.wanted;
    else if (pattern.wanted.length > 0) pattern.filed = [this.#rarest(pattern.wanted)];
    else this.#always.add(value);
    for (const wanted of pattern.filed) {
      let header = this.#headers.get(wanted.key);
      if (header === undefined) this.#headers.set(wanted.key, (header = new Header<T>()));
      header.add(wanted, pattern);
    }
  }

  remove(value: T): void {
    const pattern = this.#patterns.get(value);
    if (pattern === undefined) return;
    this.#patterns.delete(value);
    this.#always.delete(value);
    for (const wanted of pattern.filed) {
      const header = this.#headers.get(wanted.key);
      header?.remove(wanted, pattern);
      if (header?.isEmpty === true) this.#headers.delete(wanted.key);
    }
  }

  /** Adds to `found` every value whose table matches. */
  match(headers: FieldTable, found: Set<T>): void {
    for (const value of this.#always) found.add(value);
    if (this.#headers.size === 0) return;
    for (const [key, value] of headers) this.#headers.get(key)?.match(value, headers, found);
  }

  #rarest(wanted: readonly Wanted[]): Wanted {
    const count = (one: Wanted): number => this.#headers.get(one.key)?.count(one) ?? 0;
    return wanted.reduce((rarest, one) => (count(one) < count(rarest) ? one : rarest));
  }
}
