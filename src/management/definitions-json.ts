import type { DeclaredQueue } from '../broker/declared-queue.ts';
import { isDurable } from '../broker/declared-definitions.ts';
import type { Exchange } from '../broker/exchange.ts';
import { namedLimits, vhostLimitNames } from '../broker/limits.ts';
import { isPredeclared } from '../broker/predeclared.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { Json } from './call.ts';
import { shownBinding } from './exchange-view.ts';
import type { ShownBinding } from './exchange-view.ts';
import type { ManagementHost } from './host.ts';
import { inOrder } from './list.ts';
import { parametersOf } from './routes/parameters.ts';
import { policiesOf } from './routes/policies.ts';
import { userJson } from './routes/users.ts';
import { metadataOf } from './routes/vhosts.ts';
import { tableJson } from './table-json.ts';

/** Definitions as JSON, in pieces of text. */
export type DefinitionsText = Generator<string, void>;

/** Everything that is needed to set the broker up again, as RabbitMQ exports it (API-54). */
export function brokerDefinitions(host: ManagementHost): DefinitionsText {
  const { users, vhosts, clusterName, globalParameters } = host.broker;
  const all = inOrder(vhosts.values(), ({ name }) => name);
  const head = {
    ...origin(host),
    rabbitmq_definition_format: 'cluster',
    original_cluster_name: clusterName,
    explanation: `Definitions of cluster '${clusterName}'`,
  };
  return textOf(head, {
    users: inOrder(users.all.values(), ({ name }) => name).map(userJson),
    vhosts: all.map(vhostDefinition),
    permissions: inOrder(users.permissions(), ofVhost, ofUser).map((one) => ({ ...one })),
    topic_permissions: inOrder(users.topics.all, ofVhost, ofUser, ({ exchange }) => exchange).map(
      ({ user, vhost, exchange, write, read }) => ({ user, vhost, exchange, write, read }),
    ),
    global_parameters: inOrder(globalParameters.all, ([name]) => name).map(([name, value]) => ({
      name,
      value,
    })),
    ...sections(all),
  });
}

/** The same for one vhost: what is in it does not name it (API-55). */
export function vhostDefinitions(host: ManagementHost, vhost: Vhost): DefinitionsText {
  const { metadata, limits } = vhostDefinition(vhost);
  const head = {
    ...origin(host),
    rabbitmq_definition_format: 'single_virtual_host',
    original_vhost_name: vhost.name,
    explanation: `Definitions of virtual host '${vhost.name}'`,
    metadata,
    limits,
  };
  const inVhost = Object.entries(sections([vhost])).map(([name, items]) => [
    name,
    shown(items, withoutVhost),
  ]);
  return textOf(head, Object.fromEntries(inVhost) as Sections);
}

/** What is listed under each name. */
type Sections = Readonly<Record<string, Iterable<Json>>>;

function* textOf(head: Json, lists: Sections): DefinitionsText {
  yield JSON.stringify(head).slice(0, -1);
  for (const [name, items] of Object.entries(lists)) {
    let before = `,"${name}":[`;
    for (const item of items) {
      yield before + JSON.stringify(item);
      before = ',';
    }
    yield before === ',' ? ']' : `${before}]`;
  }
  yield '}';
}

/** Which they are is decided now, how each is shown when its turn comes. */
function* shown<T>(items: Iterable<T>, view: (item: T) => Json): Generator<Json> {
  for (const item of items) yield view(item);
}

function origin({ actsAs }: ManagementHost): Json {
  return {
    rabbit_version: actsAs,
    rabbitmq_version: actsAs,
    product_name: 'RabbitMQ',
    product_version: actsAs,
  };
}

function ofVhost({ vhost }: { readonly vhost: string }): string {
  return vhost;
}

function ofUser({ user }: { readonly user: string }): string {
  return user;
}

function vhostDefinition({ name, settings }: Vhost): Json {
  const metadata = metadataOf(settings);
  return { name, metadata, limits: namedLimits(settings.limits, vhostLimitNames) };
}

function withoutVhost({ vhost: _vhost, ...rest }: Json): Json {
  return rest;
}

/** What is in vhosts, and a restart brings back. */
function sections(vhosts: readonly Vhost[]): Sections {
  const exchanges = vhosts.flatMap((vhost) => named(vhost.exchanges).filter(isDeclared));
  const queues = vhosts.flatMap((vhost) => named(vhost.queues).filter(({ durable }) => durable));
  return {
    parameters: vhosts.flatMap((vhost) => parametersOf(vhost)),
    policies: vhosts.flatMap((vhost) => policiesOf(vhost, 'policy')),
    exchanges: shown(exchanges, exchangeDefinition),
    queues: shown(queues, queueDefinition),
    bindings: shown(vhosts.flatMap(durableBindings), bindingDefinition),
  };
}

function named<T extends { readonly name: string }>(things: ReadonlyMap<string, T>): T[] {
  return inOrder(things.values(), ({ name }) => name);
}

/** Durable, and not one that every vhost has. */
function isDeclared({ name, durable }: Exchange): boolean {
  return durable && !isPredeclared(name);
}

function exchangeDefinition({ identity }: Exchange): Json {
  const { name, vhost, type, durable, autoDelete, internal, table } = identity;
  return { name, vhost, type, durable, auto_delete: autoDelete, internal, arguments: tableJson(table) };
}

function queueDefinition({ identity, arguments: { type } }: DeclaredQueue): Json {
  const { name, vhost, durable, autoDelete, table } = identity;
  const args = { 'x-queue-type': type.name, ...tableJson(table) };
  return { name, vhost, durable, auto_delete: autoDelete, arguments: args, type: type.name };
}

function durableBindings({ exchanges }: Vhost): ShownBinding[] {
  return named(exchanges).flatMap(({ bindings }) =>
    inOrder(
      [...bindings].filter(isDurable).map(shownBinding),
      ({ destination }) => destination,
      ({ bindingKey }) => bindingKey,
    ),
  );
}

function bindingDefinition(binding: ShownBinding): Json {
  const { vhost, source, destination, to, bindingKey, arguments: table } = binding;
  const ends = { source, vhost, destination, destination_type: to };
  return { ...ends, routing_key: bindingKey, arguments: tableJson(table) };
}
