import type { DeclaredQueue } from './declared-queue.ts';
import type { Binding, Exchange } from './exchange.ts';
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
    const count = exchange.isDefault
      ? addByName(topology, input, queues)
      : addBound(exchange, input, queues, waiting);
    if (input.isHeldBack) input.isHeldBack = false;
    else if (count === 0) waiting.push(...alternate(topology, exchange, input));
  }
  return [...queues];
}

/** Takes up where bindings lead; returns how many of them. */
function addBound(
  exchange: Exchange,
  input: RoutingInput,
  queues: Set<DeclaredQueue>,
  waiting: Exchange[],
): number {
  const bindings = new Set<Binding>();
  exchange.match(input, bindings);
  for (const { destination } of bindings) {
    if (destination.kind === 'queue') queues.add(destination);
    else waiting.push(destination);
  }
  if (input.trail !== undefined) input.trail.push(...bindings);
  return bindings.size;
}

/** The default exchange: every queue is bound to it by its name (BND-05), and so are requesters (RTO-06). */
function addByName(
  { queues, replies }: Topology,
  { routingKeys }: RoutingInput,
  found: Set<DeclaredQueue>,
): number {
  let count = 0;
  for (const key of routingKeys) {
    const queue = queues.get(key) ?? replies.find(key);
    if (queue === undefined) continue;
    found.add(queue);
    count++;
  }
  return count;
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
