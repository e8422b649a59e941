import type { DeclaredQueue } from '../broker/declared-queue.ts';
import { isDurable } from '../broker/declared-definitions.ts';
import type { Exchange } from '../broker/exchange.ts';
import { namedLimits, vhostLimitNames } from '../broker/limits.ts';
import { isPredeclared } from '../broker/predeclared.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { Json } from './call.ts';
import { shownBinding } from './exchange-view.ts';
import type { ManagementHost } from './host.ts';
import { inOrder } from './list.ts';
import { parametersOf } from './routes/parameters.ts';
import { policiesOf } from './routes/policies.ts';
import { userJson } from './routes/users.ts';
import { metadataOf } from './routes/vhosts.ts';
import { tableJson } from './table-json.ts';

/** Everything that is needed to set the broker up again, as RabbitMQ exports it (API-54). */
export function brokerDefinitions(host: ManagementHost): Json {
  const { users, vhosts, clusterName, globalParameters } = host.broker;
  const all = inOrder(vhosts.values(), ({ name }) => name);
  return {
    ...origin(host),
    rabbitmq_definition_format: 'cluster',
    original_cluster_name: clusterName,
    explanation: `Definitions of cluster '${clusterName}'`,
    users: inOrder(users.all.values(), ({ name }) => name).map(userJson),
    vhosts: all.map(vhostDefinition),
    permissions: inOrder(users.permissions(), ofVhost, ofUser),
    topic_permissions: inOrder(users.topics.all, ofVhost, ofUser, ({ exchange }) => exchange).map(
      ({ user, vhost, exchange, write, read }) => ({ user, vhost, exchange, write, read }),
    ),
    global_parameters: inOrder(globalParameters.all, ([name]) => name).map(([name, value]) => ({
      name,
      value,
    })),
    ...sections(all),
  };
}

/** The same for one vhost: what is in it does not name it (API-55). */
export function vhostDefinitions(host: ManagementHost, vhost: Vhost): Json {
  const { metadata, limits } = vhostDefinition(vhost);
  const inVhost = Object.entries(sections([vhost])).map(([name, items]) => [name, items.map(withoutVhost)]);
  return {
    ...origin(host),
    rabbitmq_definition_format: 'single_virtual_host',
    original_vhost_name: vhost.name,
    explanation: `Definitions of virtual host '${vhost.name}'`,
    metadata,
    limits,
    ...(Object.fromEntries(inVhost) as Json),
  };
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
function sections(vhosts: readonly Vhost[]): Readonly<Record<string, Json[]>> {
  return {
    parameters: vhosts.flatMap((vhost) => parametersOf(vhost)),
    policies: vhosts.flatMap((vhost) => policiesOf(vhost, 'policy')),
    exchanges: vhosts.flatMap(({ exchanges }) => named(exchanges).filter(isDeclared).map(exchangeDefinition)),
    queues: vhosts.flatMap(({ queues }) =>
      named(queues)
        .filter(({ durable }) => durable)
        .map(queueDefinition),
    ),
    bindings: vhosts.flatMap(bindingDefinitions),
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

function bindingDefinitions({ exchanges }: Vhost): Json[] {
  const all = named(exchanges).flatMap((exchange) => [...exchange.bindings].filter(isDurable));
  return inOrder(
    all.map(shownBinding),
    ({ source }) => source,
    ({ destination }) => destination,
    ({ bindingKey }) => bindingKey,
  ).map(({ vhost, source, destination, to, bindingKey, arguments: table }) => ({
    source,
    vhost,
    destination,
    destination_type: to,
    routing_key: bindingKey,
    arguments: tableJson(table),
  }));
}
