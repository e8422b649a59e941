import { decodeProperties, encodeProperties, PropertyScan } from '../wire/properties.ts';
import { array, fieldTable, longstr } from '../wire/table.ts';
import type { FieldTable, FieldValue } from '../wire/table.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import { countDurablePlaces, NO_KEEPERS } from './keeper.ts';
import { allKeys, Message } from './message.ts';
import type { Entry } from './message.ts';
import type { Routed } from './publish.ts';
import { route } from './routing.ts';
import { RoutingInput } from './routing-input.ts';
import type { Vhost } from './vhost.ts';

/** Where the copies of what is traced are published. */
export const TRACE_EXCHANGE = 'amq.rabbitmq.trace';

/** Whose doing is traced. */
export interface TraceOrigin {
  readonly user: string;
  /** `HOST:PORT -> HOST:PORT` */
  readonly connection: string;
  /** The number of the channel. */
  readonly channel: number;
}

/**
 * Copies what one channel publishes and is delivered to `amq.rabbitmq.trace`, while its vhost is traced (RTE-31). A copy
 * is routed after what goes on: a queue must not be published to while it delivers.
 */
export class Tracer {
  readonly #vhost: Vhost;
  readonly #origin: TraceOrigin;

  constructor(vhost: Vhost, origin: TraceOrigin) {
    this.#vhost = vhost;
    this.#origin = origin;
  }

  /** Whether there is anything to do. */
  get isOn(): boolean {
    return this.#vhost.isTraced;
  }

  /** A message was published and routed, wherever to; in a transaction before its commit. */
  published({ exchange, routingKey, moreKeys, targets, properties }: Routed, body: Buffer): void {
    const keys = allKeys(routingKey, moreKeys);
    const routedQueues = exchange.isDefault
      ? [...new Set(keys)].sort() // whether there are such queues or not
      : targets.map(({ name }) => name);
    const more = { routed_queues: array(routedQueues.map(longstr)) };
    this.#copy(`publish.${exchange.name}`, exchange.name, keys, properties, body, more);
  }

  /** A message was handed to a consumer or to who asked for one; copies of our own are not copied. */
  delivered(queue: DeclaredQueue, { message, redelivered }: Entry, properties: Buffer, body: Buffer): void {
    const { exchange, routingKeys } = message;
    if (exchange === TRACE_EXCHANGE) return;
    const more = { redelivered: integer(redelivered ? 1 : 0) };
    this.#copy(`deliver.${queue.name}`, exchange, routingKeys, properties, body, more);
  }

  #copy(
    key: string,
    exchange: string,
    routingKeys: readonly string[],
    properties: Buffer,
    body: Buffer,
    more: Readonly<Record<string, FieldValue>>,
  ): void {
    const { user, connection, channel } = this.#origin;
    const headers = fieldTable({
      exchange_name: longstr(exchange),
      routing_keys: array(routingKeys.map(longstr)),
      properties: { tag: 'F', value: propertyTable(properties) },
      node: longstr(this.#vhost.nodeName),
      vhost: longstr(this.#vhost.name),
      connection: longstr(connection),
      channel: integer(channel),
      user: longstr(user),
      ...more,
    });
    const copied = { properties: propertiesWith(headers), body: Buffer.from(body) }; // what is copied may be gone soon
    this.#vhost.soon(() => publishCopy(this.#vhost, key, copied.properties, copied.body));
  }
}

/** Transient, and with nothing but its headers. */
function publishCopy(vhost: Vhost, key: string, properties: Buffer, body: Buffer): void {
  const exchange = vhost.exchanges.get(TRACE_EXCHANGE);
  if (exchange === undefined) return; // the vhost is gone
  const scan = new PropertyScan().scan(properties, 0, properties.length);
  const input = new RoutingInput([key], properties, scan);
  const targets = route(vhost, exchange, input);
  const keepers = input.keepers ?? NO_KEEPERS;
  if (targets.length === 0 && keepers.length === 0) return;
  const copy = new Message(vhost.nextMessageId(), TRACE_EXCHANGE, key, undefined, false, false, 0);
  vhost.journal.write(copy, properties, body, countDurablePlaces(false, targets, keepers));
  vhost.enqueue(copy, targets, keepers, Infinity);
}

/** The headers of what is copied are left out when they are nested too deep for another table, or named with no text. */
function propertiesWith(headers: FieldTable): Buffer {
  try {
    const properties = encodeProperties({ headers });
    new PropertyScan().scan(properties, 0, properties.length);
    return properties;
  } catch {
    const copied = headers.get('properties');
    const rest = copied?.tag === 'F' ? [...copied.value].filter(([name]) => name !== 'headers') : [];
    const properties: FieldValue = { tag: 'F', value: new Map(rest) };
    return encodeProperties({ headers: new Map([...headers, ['properties', properties]]) });
  }
}

function integer(value: number): FieldValue {
  return { tag: 'I', value };
}

/** What the properties are called in a table, and of which type they are there. */
function propertyTable(bytes: Buffer): FieldTable {
  const entries = new Map<string, FieldValue>();
  for (const [name, value] of Object.entries(decodeProperties(bytes))) {
    const key = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (typeof value === 'string') entries.set(key, longstr(value));
    else if (typeof value === 'number') entries.set(key, integer(value));
    else if (typeof value === 'bigint')
      entries.set(key, integer(Number(BigInt.asIntN(32, value)))); // as RabbitMQ does
    else entries.set(key, { tag: 'F', value });
  }
  return entries;
}
