import type { FieldTable } from '../wire/table.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import { headersMatch } from './headers.ts';
import { tableText, textOf } from './term.ts';
import { TopicTrie } from './topic.ts';

export const exchangeTypes = ['direct', 'fanout', 'topic', 'headers'] as const;
export type ExchangeType = (typeof exchangeTypes)[number];

/** Where a binding leads. */
export type Destination = DeclaredQueue | Exchange;

/** A way from an exchange to a queue or to another exchange. */
export interface Binding {
  readonly source: Exchange;
  readonly destination: Destination;
  readonly bindingKey: string;
  readonly arguments: FieldTable;
}

/** What makes a binding the same binding: destination, key and arguments in any order (BND-01). */
function bindingId(binding: Omit<Binding, 'source'>): string {
  const { destination, bindingKey } = binding;
  return JSON.stringify([destination.kind, destination.name, bindingKey, tableText(binding.arguments)]);
}

/** What a message is routed by. Headers are decoded only if an exchange asks for them. */
export interface RoutingInput {
  readonly routingKeys: readonly string[];
  headers(): FieldTable;
}

/** Finds the bindings that match; one per type of exchange. */
interface BindingIndex {
  add(binding: Binding): void;
  remove(binding: Binding): void;
  match(input: RoutingInput, found: Set<Binding>): void;
}

/** direct: the routing key equals the binding key, byte for byte (RTE-01). */
class DirectIndex implements BindingIndex {
  readonly #byKey = new Map<string, Set<Binding>>();

  add(binding: Binding): void {
    const same = this.#byKey.get(binding.bindingKey);
    if (same === undefined) this.#byKey.set(binding.bindingKey, new Set([binding]));
    else same.add(binding);
  }

  remove(binding: Binding): void {
    const same = this.#byKey.get(binding.bindingKey);
    same?.delete(binding);
    if (same?.size === 0) this.#byKey.delete(binding.bindingKey);
  }

  match({ routingKeys }: RoutingInput, found: Set<Binding>): void {
    for (const key of routingKeys) {
      for (const binding of this.#byKey.get(key) ?? []) found.add(binding);
    }
  }
}

/** fanout: key and arguments are ignored (RTE-01). */
class FanoutIndex implements BindingIndex {
  readonly #bindings = new Set<Binding>();

  add(binding: Binding): void {
    this.#bindings.add(binding);
  }

  remove(binding: Binding): void {
    this.#bindings.delete(binding);
  }

  match(_input: RoutingInput, found: Set<Binding>): void {
    for (const binding of this.#bindings) found.add(binding);
  }
}

class TopicIndex implements BindingIndex {
  readonly #trie = new TopicTrie<Binding>();

  add(binding: Binding): void {
    this.#trie.add(binding.bindingKey, binding);
  }

  remove(binding: Binding): void {
    this.#trie.remove(binding.bindingKey, binding);
  }

  match({ routingKeys }: RoutingInput, found: Set<Binding>): void {
    for (const key of routingKeys) this.#trie.match(key, found);
  }
}

/** headers: the arguments decide, the key is ignored (RTE-15). */
class HeadersIndex implements BindingIndex {
  readonly #bindings = new Set<Binding>();

  add(binding: Binding): void {
    this.#bindings.add(binding);
  }

  remove(binding: Binding): void {
    this.#bindings.delete(binding);
  }

  match(input: RoutingInput, found: Set<Binding>): void {
    const headers = input.headers();
    for (const binding of this.#bindings) if (headersMatch(binding.arguments, headers)) found.add(binding);
  }
}

const indexes: Record<ExchangeType, new () => BindingIndex> = {
  direct: DirectIndex,
  fanout: FanoutIndex,
  topic: TopicIndex,
  headers: HeadersIndex,
};

/** What an exchange is, fixed when it is declared. */
export interface ExchangeIdentity {
  readonly vhost: string;
  readonly name: string;
  readonly type: ExchangeType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** Refuses publishes, but may be bound to and from (EXC-16). */
  readonly internal: boolean;
  readonly table: FieldTable;
}

/** An exchange and the bindings that leave it. The default exchange has none: it finds queues by name (BND-05). */
export class Exchange {
  readonly kind = 'exchange';
  readonly identity: ExchangeIdentity;
  /** Where messages go that found no destination here (RTE-03). */
  readonly alternate: string | undefined;
  /** Every binding that leads here. */
  readonly incoming = new Set<Binding>();
  readonly #bindings = new Map<string, Binding>();
  readonly #index: BindingIndex;

  constructor(identity: ExchangeIdentity) {
    this.identity = identity;
    this.alternate = textOf(identity.table.get('alternate-exchange'));
    this.#index = new indexes[identity.type]();
  }

  get name(): string {
    return this.identity.name;
  }

  get durable(): boolean {
    return this.identity.durable;
  }

  get isDefault(): boolean {
    return this.name === '';
  }

  /** `exchange 'X' in vhost 'VH'` (GEN-05). */
  get label(): string {
    return exchangeLabel(this.identity.vhost, this.name);
  }

  /** The bindings that leave it. */
  get bindings(): IterableIterator<Binding> {
    return this.#bindings.values();
  }

  get bindingCount(): number {
    return this.#bindings.size;
  }

  /** The binding that is the same as this one; undefined when there is none. */
  find(binding: Omit<Binding, 'source'>): Binding | undefined {
    return this.#bindings.get(bindingId(binding));
  }

  add(binding: Binding): void {
    this.#bindings.set(bindingId(binding), binding);
    this.#index.add(binding);
    binding.destination.incoming.add(binding);
  }

  remove(binding: Binding): void {
    this.#bindings.delete(bindingId(binding));
    this.#index.remove(binding);
    binding.destination.incoming.delete(binding);
  }

  match(input: RoutingInput, found: Set<Binding>): void {
    this.#index.match(input, found);
  }
}

export function exchangeLabel(vhost: string, name: string): string {
  return `exchange '${name}' in vhost '${vhost}'`;
}
