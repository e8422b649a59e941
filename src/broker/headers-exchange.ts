import type { Binding } from './exchange.ts';
import type { ExchangeType, Router } from './exchange-type.ts';
import { checkHeadersBinding, headersMatch } from './headers.ts';
import type { RoutingInput } from './routing-input.ts';

/** headers: the arguments decide, the key is ignored (RTE-15). */
class HeadersRouter implements Router {
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

export const headersExchange: ExchangeType = {
  checkBinding: (binding) => checkHeadersBinding(binding.arguments),
  createRouter: () => new HeadersRouter(),
};
