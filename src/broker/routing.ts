import type { DeclaredQueue } from './declared-queue.ts';
import type { Binding, Destination, Exchange } from './exchange.ts';
import type { Replies } from './replies.ts';
import type { RoutingInput } from './routing-input.ts';

/** What routing needs of a vhost. */
export interface Topology {
  readonly queues: ReadonlyMap<string, DeclaredQueue>;
  readonly exchanges: ReadonlyMap<string, Exchange>;
  readonly replies: Replies;
}

/**
 * The queues a message reaches from an exchange: over bindings, through other exchanges and alternate ones. Each
 * exchange is visited once and each queue named once, however many ways lead there (RTE-02, BND-06).
 */
export function route(topology: Topology, from: Exchange, input: RoutingInput): DeclaredQueue[] {
  const queues = new Set<DeclaredQueue>();
  const visited = new Set<Exchange>();
  const waiting: Exchange[] = [from];
  for (let exchange = waiting.pop(); exchange !== undefined; exchange = waiting.pop()) {
    if (visited.has(exchange)) continue;
    visited.add(exchange);
    const destinations = exchange.isDefault ? queuesByName(topology, input) : matching(exchange, input);
    if (input.isHeldBack) input.isHeldBack = false;
    else if (destinations.size === 0) waiting.push(...alternate(topology, exchange, input));
    for (const destination of destinations) {
      if (destination.kind === 'queue') queues.add(destination);
      else waiting.push(destination);
    }
  }
  return [...queues];
}

function matching(exchange: Exchange, input: RoutingInput): Set<Destination> {
  const bindings = new Set<Binding>();
  exchange.match(input, bindings);
  const destinations = new Set<Destination>();
  for (const { destination } of bindings) destinations.add(destination);
  if (input.trail !== undefined) input.trail.push(...bindings);
  return destinations;
}

/** The default exchange: every queue is bound to it by its name (BND-05), and so are requesters (RTO-06). */
function queuesByName({ queues, replies }: Topology, { routingKeys }: RoutingInput): Set<Destination> {
  const found = new Set<Destination>();
  for (const key of routingKeys) {
    const queue = queues.get(key) ?? replies.find(key);
    if (queue !== undefined) found.add(queue);
  }
  return found;
}

/** Used only when the exchange itself yields no destination at all; one that does not exist is ignored (RTE-03). */
function alternate(
  { exchanges }: Topology,
  { alternate: name }: Exchange,
  { trail }: RoutingInput,
): Exchange[] {
  const exchange = name === undefined ? undefined : exchanges.get(name);
  if (exchange === undefined) return [];
  trail?.push(exchange);
  return [exchange];
}
