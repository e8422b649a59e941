import type { Binding } from './exchange.ts';
import type { ExchangeType, Router } from './exchange-type.ts';
import { hashText } from './hash.ts';
import type { RoutingInput } from './routing-input.ts';

/** x-modulus-hash: the keys of the message, as a number, modulo the number of bindings (RTE-24). */
class ModulusHashRouter implements Router {
  readonly #bindings = new Set<Binding>();
  /** By destination, so that a restart changes nothing; undefined when bindings have come or gone. */
  #sorted: readonly Binding[] | undefined = undefined;

  add(binding: Binding): void {
    this.#bindings.add(binding);
    this.#sorted = undefined;
  }

  remove(binding: Binding): void {
    this.#bindings.delete(binding);
    this.#sorted = undefined;
  }

  match({ routingKeys }: RoutingInput, found: Set<Binding>): void {
    this.#sorted ??= [...this.#bindings].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
    const binding = this.#sorted[hashText(routingKeys.join('\0')) % this.#sorted.length];
    if (binding !== undefined) found.add(binding);
  }
}

function orderOf({ destination: { kind, name } }: Binding): string {
  return `${kind} ${name}`;
}

export const modulusHashExchange: ExchangeType = { createRouter: () => new ModulusHashRouter() };
