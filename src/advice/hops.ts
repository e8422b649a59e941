import { readHistory } from '../broker/death.ts';
import type { Death } from '../broker/death.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import { route } from '../broker/routing.ts';
import { RoutingInput } from '../broker/routing-input.ts';
import type { Vhost } from '../broker/vhost.ts';
import { encodeProperties, PropertyScan } from '../wire/properties.ts';
import type { Properties } from '../wire/properties.ts';
import { writeTable } from '../wire/table.ts';
import type { Hop, Loss, PlainDeath, Stay, Step } from './explanation.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A hop while it is being written down. */
export interface OpenHop extends Mutable<Hop> {
  readonly queues: Stay[];
  readonly lost: Loss[];
}

/** A message that is handed to an exchange. */
export interface HandedOver {
  readonly time: number;
  readonly exchange: string;
  readonly routingKey: string;
  /** All keys it is routed by: the routing key, those in CC, those in BCC. */
  readonly keys: readonly string[];
  readonly properties: Properties;
  /** Its history is the broker's, not something a client sent (XD-11). */
  readonly died: boolean;
}

/** Routes a message as the broker does, to see which way it takes. */
export function openHop(
  vhost: Vhost,
  handed: HandedOver,
): { hop: OpenHop; routed: readonly DeclaredQueue[] } {
  const { time, exchange, routingKey, properties, died } = handed;
  const trail: Step[] = [];
  const routed = routedTo(vhost, handed, trail);
  const hop: OpenHop = {
    time,
    exchange,
    routingKey,
    way: trail,
    deaths: died ? historyOf(properties).map(plainDeath) : [],
    queues: [],
    lost: [],
    delay: undefined,
  };
  return { hop, routed };
}

function routedTo(
  vhost: Vhost,
  { exchange: name, keys, properties }: HandedOver,
  way: Step[],
): readonly DeclaredQueue[] {
  const exchange = vhost.exchanges.get(name);
  if (exchange === undefined) return [];
  const bytes = encodeProperties(properties);
  const input = new RoutingInput(keys, bytes, new PropertyScan().scan(bytes, 0, bytes.length));
  input.trail = [];
  const queues = route(vhost, exchange, input);
  for (const one of input.trail) {
    if ('kind' in one) {
      way.push({ alternate: one.name });
      continue;
    }
    const { source, bindingKey, destination } = one;
    way.push({ source: source.name, bindingKey, to: destination.kind, destination: destination.name });
  }
  return queues;
}

/** What is in the `x-death` of a message, newest first. */
export function historyOf({ headers }: Properties): Death[] {
  return headers === undefined ? [] : readHistory(writeTable(headers));
}

function plainDeath({ queue, reason, count, exchange, routingKeys, originalExpiration }: Death): PlainDeath {
  return { queue, reason, count: Number(count), exchange, routingKeys, originalExpiration };
}
