import type { Vhost } from '../broker/vhost.ts';
import type { Json } from './call.ts';
import type { ManagementContext } from './host.ts';
import { depth, messageStats, sumOfTotals, totalsByVhost, trafficMeasures } from './measures.ts';
import type { Totals } from './measures.ts';

/** What came of all channels of a vhost or of the broker, and what all queues hold. */
interface TotalsJson {
  readonly message_stats: Json;
  readonly queue_totals: Json;
}

function totalsJson(
  { sampler }: ManagementContext,
  owner: { readonly counts: object },
  totals: Totals,
): TotalsJson {
  return {
    message_stats: sampler.withRates(owner.counts, messageStats(totals.counts)),
    queue_totals: sampler.withRates(owner, depth(totals.ready, totals.unacked)),
  };
}

/** The whole broker. */
export function brokerTotals(context: ManagementContext): TotalsJson {
  const { broker } = context;
  return totalsJson(context, broker, sumOfTotals(broker, totalsByVhost(broker).values()));
}

/** Some vhosts together: for who may not see the others. */
export function totalsOf(context: ManagementContext, vhosts: readonly Vhost[]): TotalsJson {
  const totals = totalsByVhost(context.broker);
  const all = vhosts.flatMap((vhost) => {
    const of = totals.get(vhost.name);
    return of === undefined ? [] : [totalsJson(context, vhost, of)];
  });
  return {
    message_stats: sum(all.map(({ message_stats }) => message_stats)),
    queue_totals: sum(all.map(({ queue_totals }) => queue_totals)),
  };
}

/** Numbers, and rates in objects of their own. */
function sum(all: readonly Json[]): Json {
  const total: Record<string, unknown> = {};
  for (const json of all) {
    for (const [name, value] of Object.entries(json)) {
      const before = total[name];
      if (typeof value === 'number') total[name] = value + (typeof before === 'number' ? before : 0);
      else total[name] = sum(before === undefined ? [value as Json] : [before as Json, value as Json]);
    }
  }
  return total;
}

/** What vhosts show of what runs in them (API-43), by their names. */
export function vhostStats(context: ManagementContext): (vhost: Vhost) => Json {
  const totals = totalsByVhost(context.broker);
  return (vhost) => {
    const of = totals.get(vhost.name);
    if (of === undefined) return {};
    const { message_stats, queue_totals } = totalsJson(context, vhost, of);
    const traffic = context.sampler.withRates(vhost, trafficMeasures(of.traffic));
    return { ...queue_totals, ...traffic, message_stats };
  };
}
