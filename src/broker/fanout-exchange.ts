import type { Binding } from './exchange.ts';
import type { ExchangeType, Router } from './exchange-type.ts';
import type { RoutingInput } from './routing-input.ts';

/** fanout: key and arguments are ignored (RTE-01). */
export class FanoutRouter implements Router {
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

export const fanoutExchange: ExchangeType = { createRouter: () => new FanoutRouter() };
