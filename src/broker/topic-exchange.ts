import type { Binding } from './exchange.ts';
import type { ExchangeType, Router } from './exchange-type.ts';
import type { RoutingInput } from './routing-input.ts';
import { TopicTrie } from './topic.ts';

/** topic: the binding key is a pattern (RTE-05). */
class TopicRouter implements Router {
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

export const topicExchange: ExchangeType = { createRouter: () => new TopicRouter() };
