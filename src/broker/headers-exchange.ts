import type { Binding } from './exchange.ts';
import type { ExchangeType, Router } from './exchange-type.ts';
import { checkHeadersBinding, HeadersIndex } from './headers.ts';
import type { RoutingInput } from './routing-input.ts';

/** headers: the arguments decide, the key is ignored (RTE-15). */
class HeadersRouter implements Router {
  readonly #index = new HeadersIndex<Binding>();

  add(binding: Binding): void {
    this.#index.add(binding.arguments, binding);
  }

  remove(binding: Binding): void {
    this.#index.remove(binding);
  }

  match(input: RoutingInput, found: Set<Binding>): void {
    this.#index.match(input.headers(), found);
  }
}

export const headersExchange: ExchangeType = {
  checkBinding: (binding) => checkHeadersBinding(binding.arguments),
  createRouter: () => new HeadersRouter(),
};
