import type { DeathReason } from '../broker/queue-host.ts';
import type { Queue } from '../broker/queue.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import { writeHistory } from '../broker/death.ts';
import type { Exchange } from '../broker/exchange.ts';
import { route } from '../broker/routing.ts';
import { RoutingInput } from '../broker/routing-input.ts';
import type { Vhost } from '../broker/vhost.ts';
import { encodeProperties, PropertyScan } from '../wire/properties.ts';

const NO_PROPERTIES = encodeProperties({});
const NO_HEADERS = Buffer.alloc(0);

/** Where dead letters of a queue go. */
export interface DeadWay {
  readonly queues: readonly DeclaredQueue[];
  /** More than the key decides: headers, chance, or a moment that is still to come. */
  readonly isUncertain: boolean;
}

/** Routes a message without properties that died in a queue, by the broker's own routing. */
export function deadWay(
  vhost: Vhost,
  exchange: Exchange,
  queue: Queue,
  key: string,
  reason: DeathReason,
): DeadWay {
  const scan = new PropertyScan().scan(NO_PROPERTIES, 0, NO_PROPERTIES.length);
  const death = { queue: queue.name, reason, time: 0n, exchange: '', routingKeys: [key] };
  const history = [{ ...death, count: 1n, originalExpiration: undefined }];
  const headers = writeHistory(NO_HEADERS, history, death, true);
  const input = new RoutingInput([key], NO_PROPERTIES, scan, headers);
  const queues = route(vhost, exchange, input);
  return { queues, isUncertain: input.isOneOff };
}

/** The keys messages come into a queue with. */
export interface KeysIn {
  readonly known: readonly string[];
  /** There are others: patterns, or bindings that do not look at the key. */
  readonly hasOthers: boolean;
}

/** What bindings tell of the keys; a queue without bindings is reached by its name. */
export function keysInto(queue: DeclaredQueue): KeysIn {
  if (queue.incoming.size === 0) return { known: [queue.name], hasOthers: false };
  const known = new Set<string>();
  let hasOthers = false;
  for (const { source, bindingKey } of queue.incoming) {
    const { type } = source.identity;
    const isExact = type === 'direct' || (type === 'topic' && !/(^|\.)[*#](\.|$)/.test(bindingKey));
    if (isExact) known.add(bindingKey);
    else hasOthers = true;
  }
  return { known: [...known], hasOthers };
}
