import type { Binding } from './exchange.ts';
import type { ExchangeHost, ExchangeType, Router } from './exchange-type.ts';
import type { RoutingInput } from './routing-input.ts';

/** x-random: one binding by chance, whatever the keys (RTE-24). */
class RandomRouter implements Router {
  readonly #host: ExchangeHost;
  readonly #bindings: Binding[] = [];

  constructor(host: ExchangeHost) {
    this.#host = host;
  }

  add(binding: Binding): void {
    this.#bindings.push(binding);
  }

  remove(binding: Binding): void {
    this.#bindings.splice(this.#bindings.indexOf(binding), 1);
  }

  match(input: RoutingInput, found: Set<Binding>): void {
    input.isOneOff = true;
    const binding = this.#bindings[this.#host.random(this.#bindings.length)];
    if (binding !== undefined) found.add(binding);
  }
}

export const randomExchange: ExchangeType = {
  createRouter: (_identity, host) => new RandomRouter(host),
};
