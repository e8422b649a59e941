import type { Exchange } from '../broker/exchange.ts';
import type { ManagementHost } from '../management/host.ts';
import { counter, valuesOf } from './family.ts';
import type { Column, Family, Kind } from './family.ts';
import { figure, labelText, sample } from './figure.ts';
import type { Figure, Labels } from './figure.ts';

const published: readonly Column<Pick<Exchange, 'publishedIn'>>[] = [
  counter(
    'exchange_messages_published_total',
    'Total number of messages published into an exchange',
    ({ publishedIn }) => publishedIn,
  ),
];

const families: readonly Family<Exchange>[] = [
  {
    name: 'exchange_metrics',
    columns: published,
    whole: ({ counts }) => valuesOf(published, { publishedIn: counts.publish }),
    has: ({ publishedIn }) => publishedIn > 0,
  },
];

export const exchangeKind: Kind<Exchange> = {
  families,
  subjects: exchangesOf,
  labels: ({ identity: { vhost, name: exchange } }) => labelText({ vhost, exchange }),
};

function exchangesOf({ broker }: ManagementHost, isWanted: (vhost: string) => boolean): Exchange[] {
  return [...broker.vhosts.values()]
    .filter(({ name }) => isWanted(name))
    .flatMap(({ exchanges }) => [...exchanges.values()]);
}

type Listing = (host: ManagementHost, isWanted: (vhost: string) => boolean) => Figure;

/** What is only told when it is asked for by these names. */
export const clusterFamilies: Readonly<Record<string, Listing>> = {
  vhost_status: ({ broker }, isWanted) =>
    figure(
      'rabbitmq_cluster_vhost_status',
      'gauge',
      'Whether a given vhost is running',
      [...broker.vhosts.keys()].filter(isWanted).map((vhost) => sample(1, { vhost })),
    ),
  exchange_names: (host, isWanted) =>
    figure(
      'rabbitmq_cluster_exchange_name',
      'gauge',
      'Enumerates exchanges without any additional info',
      exchangesOf(host, isWanted).map((exchange) => sample(1, labelsOf(exchange))),
    ),
  exchange_bindings: (host, isWanted) =>
    figure(
      'rabbitmq_cluster_exchange_bindings',
      'gauge',
      'Number of bindings for an exchange',
      exchangesOf(host, isWanted).map((exchange) => sample(exchange.bindingCount, labelsOf(exchange))),
    ),
};

function labelsOf({ identity: { vhost, name: exchange, type } }: Exchange): Labels {
  return { vhost, exchange, type };
}
