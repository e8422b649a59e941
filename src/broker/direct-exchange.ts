import type { Binding } from './exchange.ts';
import type { ExchangeType, Router } from './exchange-type.ts';
import type { RoutingInput } from './routing-input.ts';

/** direct: the routing key equals the binding key, byte for byte (RTE-01). */
class DirectRouter implements Router {
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

export const directExchange: ExchangeType = { createRouter: () => new DirectRouter() };
