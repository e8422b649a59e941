import type { FieldTable } from '../wire/table.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import type { ExchangeHost, ExchangeType, Router } from './exchange-type.ts';
import { exchangeTypes } from './exchange-types.ts';
import type { ExchangeTypeName } from './exchange-types.ts';
import type { Recovered } from './journal.ts';
import type { KeptMessage } from './keeper.ts';
import { LazySet } from './lazy-set.ts';
import { NO_POLICIES } from './policies.ts';
import type { AppliedPolicies } from './policies.ts';
import type { RoutingInput } from './routing-input.ts';
import { tableText, textOf } from './term.ts';

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

/** Whom what was declared by nobody is said to be of. */
export const BROKER_ITSELF = 'rmq-internal';

/** What an exchange is, fixed when it is declared. */
export interface ExchangeIdentity {
  /** Never used again, by a queue either: what it keeps of messages is found by it. 0 for the predeclared ones. */
  readonly id: number;
  readonly vhost: string;
  readonly name: string;
  readonly type: ExchangeTypeName;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** Refuses publishes, but may be bound to and from (EXC-16). */
  readonly internal: boolean;
  readonly table: FieldTable;
  /** The user who declared it (API-30). */
  readonly declaredBy: string;
}

/** An exchange and the bindings that leave it. The default exchange has none: it finds queues by name (BND-05). */
export class Exchange {
  readonly kind = 'exchange';
  readonly identity: ExchangeIdentity;
  /** Where messages go that found no destination here (RTE-03). */
  alternate: string | undefined;
  policies = NO_POLICIES;
  /** Every binding that leads here. */
  readonly incoming = new LazySet<Binding>();
  /** Messages that clients published here. */
  publishedIn = 0;
  /** The queues they reached, also by way of other exchanges: a message counts once for each. */
  publishedOut = 0;
  readonly #bindings = new Map<string, Binding>();
  readonly #type: ExchangeType;
  readonly #router: Router;

  constructor(identity: ExchangeIdentity, host: ExchangeHost) {
    this.identity = identity;
    this.alternate = textOf(identity.table.get('alternate-exchange'));
    this.#type = exchangeTypes[identity.type];
    this.#router = this.#type.createRouter(identity, host);
  }

  /** What policies say of it; the argument wins, and the default exchange has no alternate one (RTE-04). */
  govern(policies: AppliedPolicies): void {
    this.policies = policies;
    if (this.isDefault) return;
    const own = textOf(this.identity.table.get('alternate-exchange'));
    this.alternate = own ?? policies.definition['alternate-exchange'];
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

  /** @throws {AmqpError} PRECONDITION_FAILED when its type does not take such a binding (BND-09) */
  check(binding: Binding): void {
    this.#type.checkBinding?.(binding);
  }

  /** Messages that wait here for their time, whatever its type (DLM-17). */
  get delayedCount(): number {
    return this.#router.delayedCount ?? 0;
  }

  /** The binding that is the same as this one; undefined when there is none. */
  find(binding: Omit<Binding, 'source'>): Binding | undefined {
    return this.#bindings.get(bindingId(binding));
  }

  add(binding: Binding): void {
    this.#bindings.set(bindingId(binding), binding);
    this.#router.add(binding);
    binding.destination.incoming.add(binding);
  }

  remove(binding: Binding): void {
    this.#bindings.delete(bindingId(binding));
    this.#router.remove(binding);
    binding.destination.incoming.delete(binding);
  }

  /** A client made this binding, which is new. */
  bound(binding: Binding): void {
    this.#router.bound?.(binding);
  }

  /** What it keeps of messages. */
  kept(): Iterable<KeptMessage> {
    return this.#router.kept?.() ?? [];
  }

  /** What it kept of messages before a restart. */
  restore({ places }: Recovered): void {
    const kept = places.get(this.identity.id);
    if (kept !== undefined) this.#router.restore?.(kept);
  }

  /** It is gone. Called by the vhost only. */
  close(): void {
    this.#router.close?.();
  }

  /** @throws {AmqpError} PRECONDITION_FAILED when its type does not take such a message */
  checkMessage(input: RoutingInput): void {
    this.#router.checkMessage?.(input);
  }

  match(input: RoutingInput, found: Set<Binding>): void {
    this.#router.match(input, found);
  }
}

export function exchangeLabel(vhost: string, name: string): string {
  return `exchange '${name}' in vhost '${vhost}'`;
}
