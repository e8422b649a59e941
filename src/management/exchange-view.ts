import { createHash } from 'node:crypto';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import type { Binding, Exchange } from '../broker/exchange.ts';
import { tableText } from '../broker/term.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { FieldTable } from '../wire/table.ts';
import type { Json } from './call.ts';
import type { ManagementContext } from './host.ts';
import { exchangeStats } from './measures.ts';
import { tableJson } from './table-json.ts';

/** An exchange as lists show it (API-30). */
export function exchangeJson({ sampler }: ManagementContext, exchange: Exchange): Json {
  const { name, vhost, type, durable, autoDelete, internal, table, declaredBy } = exchange.identity;
  return {
    name,
    vhost,
    type,
    durable,
    auto_delete: autoDelete,
    internal,
    arguments: tableJson(table),
    user_who_performed_action: declaredBy,
    policy: exchange.policies.policy?.name,
    messages_delayed: type === 'x-delayed-message' ? exchange.delayedCount : undefined, // DLM-17
    message_stats:
      exchange.publishedIn > 0 ? sampler.withRates(exchange, exchangeStats(exchange)) : undefined,
  };
}

/** An exchange by itself. What came from whom is not counted, as in RabbitMQ with `rates_mode` basic. */
export function exchangeAloneJson(context: ManagementContext, exchange: Exchange): Json {
  return { ...exchangeJson(context, exchange), incoming: [], outgoing: [] };
}

/** The name of an exchange in a path: the default one has another there (API-01). */
export function exchangeInPath(segment: string): string {
  return segment === 'amq.default' ? '' : segment;
}

/** A binding as it is shown: also one of those that every queue has to the default exchange (API-40). */
export interface ShownBinding {
  readonly vhost: string;
  readonly source: string;
  readonly destination: string;
  readonly to: 'queue' | 'exchange';
  readonly bindingKey: string;
  readonly arguments: FieldTable;
}

export function shownBinding({ source, destination, bindingKey, arguments: table }: Binding): ShownBinding {
  const { kind: to, name } = destination;
  const { vhost } = source.identity;
  return { vhost, source: source.name, destination: name, to, bindingKey, arguments: table };
}

const NO_ARGUMENTS: FieldTable = new Map();

export function defaultBinding({ identity: { vhost, name } }: DeclaredQueue): ShownBinding {
  return { vhost, source: '', destination: name, to: 'queue', bindingKey: name, arguments: NO_ARGUMENTS };
}

/** All bindings of a vhost. */
export function* bindingsOf(vhost: Vhost): Generator<ShownBinding> {
  for (const queue of vhost.queues.values()) yield defaultBinding(queue);
  for (const exchange of vhost.exchanges.values()) {
    for (const binding of exchange.bindings) yield shownBinding(binding);
  }
}

export function bindingJson(binding: ShownBinding): Json {
  const { source, vhost, destination, to, bindingKey, arguments: table } = binding;
  return {
    source,
    vhost,
    destination,
    destination_type: to,
    routing_key: bindingKey,
    arguments: tableJson(table),
    properties_key: propertiesKey(binding),
  };
}

/** What names a binding among those with the same ends (API-42). */
export function propertiesKey({
  bindingKey,
  arguments: table,
}: Pick<ShownBinding, 'bindingKey' | 'arguments'>): string {
  if (table.size > 0) return `${formEncoded(bindingKey)}~${hashOf(table)}`;
  return bindingKey === '' ? '~' : formEncoded(bindingKey);
}

/** The same for the same arguments in any order. */
function hashOf(table: FieldTable): string {
  return createHash('sha256').update(tableText(table)).digest('base64url').slice(0, 22);
}

/** As in a form: what is neither letter nor digit nor `._-` is `%XX`, a space is `+`. */
function formEncoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
